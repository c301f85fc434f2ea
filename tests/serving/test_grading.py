"""Scorers and judges on what was served: sampled, bounded, once for a unit; what cannot be scored hurts nobody."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

import quire
from quire.domain.endpoints import Endpoint
from quire.domain.errors import InvalidInput
from quire.domain.trials import Arm, StoppingRule, Trial, TrialMetric, TrialSpec
from quire.entities import Feedback
from quire.scorers import Scorer
from quire.serving.graders import scorer_of
from quire.serving.grading import Grading
from quire.serving.request import Ask, Caller, Done, Given
from quire.serving.texts import answer_text, asked
from quire.store.current import current_store
from quire.store.serving import serving_of
from quire.testing import Simulator
from quire.trials.noting import flush

WORDS = TrialMetric(name="words", low=0, high=1, scorer="regex_match", parameters={"pattern": "good"})


@pytest.fixture(autouse=True)
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("QUIRE_OUTBOX", str(tmp_path / "outbox"))
    uri = f"sqlite:///{tmp_path}/quire.db"
    quire.set_tracking_uri(uri)
    return uri


def trial(*metrics: TrialMetric) -> Trial:
    serving = serving_of(current_store())
    serving.put_endpoint(Endpoint(name="joker", model="models:/joker/1"))
    arms = [Arm(name="a", model="models:/joker/1"), Arm(name="b", model="models:/joker/2")]
    spec = TrialSpec(
        subject="endpoint:joker", arms=arms, metrics=list(metrics), stopping=StoppingRule(metric=metrics[0].name)
    )
    return serving.create_trial(spec)


def done(of: Trial, unit: str, said: str = "a good one", **changed: Any) -> Done:
    answer = {"choices": [{"index": 0, "message": {"role": "assistant", "content": said}, "finish_reason": "stop"}]}
    body = {"model": "joker", "messages": [{"role": "user", "content": "hi"}]}
    fields: dict[str, Any] = {
        "ask": Ask(route="chat.completions", endpoint="joker", body=body, stream=False, caller=Caller()),
        "out": None,
        "given": Given(arm="b", model_uri="models:/joker/2", trial_id=of.trial_id, unit=unit),
        "ending": "answered",
        "status": 200,
        "start_ns": 1_000_000,
        "latency_s": 0.1,
        "body": msgspec.json.encode(answer),
    }
    return Done(**{**fields, **changed})


@pytest.fixture
def started() -> Iterator[list[Grading]]:
    found: list[Grading] = []
    yield found
    for one in found:
        one.close()


def grading(started: list[Grading], store: str, of: Trial, **options: Any) -> Grading:
    made = Grading(store, lambda trial_id: of if trial_id == of.trial_id else None, **options)
    made.start()
    started.append(made)
    return made


def values(store: str, of: Trial) -> tuple[int, float]:
    assert flush(store, 10)
    tallies = serving_of(current_store()).tallies(of.trial_id)
    return sum(one.n for one in tallies), sum(one.total for one in tallies)


def test_each_unit_is_scored_once(store: str, started: list[Grading]) -> None:
    of = trial(WORDS)
    grade = grading(started, store, of)
    for unit, said in (("u1", "a good one"), ("u2", "a bad one"), ("u1", "a bad one")):
        grade(done(of, unit, said))
    grade.flush()
    assert values(store, of) == (2, 1)


@pytest.mark.parametrize("how", [{"ending": "failed"}, {"fell_back": True}, {"ending": "disconnected"}])
def test_what_was_not_answered_is_not_scored(store: str, started: list[Grading], how: dict[str, Any]) -> None:
    of = trial(WORDS)
    grade = grading(started, store, of)
    grade(done(of, "u1", **how))
    grade.flush()
    assert values(store, of) == (0, 0)


def test_a_sample_of_answers_is_scored(store: str, started: list[Grading]) -> None:
    of = trial(msgspec.structs.replace(WORDS, sample=0.5))
    draws = iter([0.4, 0.6, 0.49, 0.51])
    grade = grading(started, store, of, draw=lambda: next(draws))
    for number in range(4):
        grade(done(of, f"u{number}"))
    grade.flush()
    assert values(store, of) == (2, 2)


def test_what_finds_no_room_is_dropped_and_counted_and_comes_again(store: str, started: list[Grading]) -> None:
    of = trial(WORDS)
    held = threading.Event()

    def scorer(metric: TrialMetric) -> Any:
        assert held.wait(10)
        return scorer_of(metric)

    grade = grading(started, store, of, most_waiting=2, scorer_of=scorer)
    for number in range(12):
        grade(done(of, f"u{number}"))
    assert grade.dropped >= 12 - 2 - 2
    held.set()
    grade.flush()
    assert values(store, of)[0] == 12 - grade.dropped
    grade(done(of, "u11"))
    grade.flush()
    assert values(store, of)[0] == 13 - grade.dropped


def test_large_answers_find_no_room_either(store: str, started: list[Grading], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("quire.serving.grading.MOST_BYTES", 500)
    of = trial(WORDS)
    grade = grading(started, store, of)
    grade(done(of, "u1", "good " * 200))
    grade(done(of, "u2"))
    grade.flush()
    assert (grade.dropped, values(store, of)) == (1, (1, 1))
    for number in range(20):
        grade(done(of, f"more-{number}"))
        grade.flush()
    assert (grade.dropped, values(store, of)[0]) == (1, 21)


@pytest.mark.parametrize(
    ("metric", "said"),
    [
        (TrialMetric(name="x", scorer="no_such_scorer"), "There is no scorer 'no_such_scorer'"),
        (TrialMetric(name="x", scorer="regex_match", parameters={"way": 1}), "does not take that"),
        (TrialMetric(name="x", scorer="rubric", parameters={"levels": {"one": "a"}}), "does not take that"),
    ],
)
def test_a_scorer_that_cannot_be_made_is_said_once_and_nothing_is_lost(
    store: str, started: list[Grading], caplog: pytest.LogCaptureFixture, metric: TrialMetric, said: str
) -> None:
    of = trial(metric, WORDS)
    grade = grading(started, store, of)
    for number in range(3):
        grade(done(of, f"u{number}"))
    grade.flush()
    assert values(store, of) == (3, 3)
    assert [said in record.message for record in caplog.records].count(True) == 1
    with pytest.raises(InvalidInput, match=said):
        scorer_of(metric)


def test_a_value_beyond_the_bounds_does_not_count(
    store: str, started: list[Grading], caplog: pytest.LogCaptureFixture
) -> None:
    of = trial(TrialMetric(name="words", low=0, high=0.5, scorer="regex_match", parameters={"pattern": "good"}))
    grade = grading(started, store, of)
    grade(done(of, "u1"))
    grade(done(of, "u2", "bad"))
    grade.flush()
    assert values(store, of) == (1, 0)
    assert "said 1, beyond the bounds" in caplog.text


def test_a_judge_is_asked_in_the_background(
    store: str, started: list[Grading], monkeypatch: pytest.MonkeyPatch
) -> None:
    with Simulator() as simulator:
        monkeypatch.setenv("OPENAI_BASE_URL", simulator.base_url)
        monkeypatch.setenv("OPENAI_API_KEY", "any")
        of = trial(
            TrialMetric(name="kind", low=0, high=1, scorer="guidelines", parameters={"guidelines": ["Be kind."]})
        )
        grade = grading(started, store, of)
        grade(done(of, "u1"))
        grade.flush()
        (request,) = simulator.requests
        assert "a good one" in str(request.body)
    n, _total = values(store, of)
    assert n == 1


@pytest.mark.parametrize("keeps", [True, False])
def test_reasons_are_kept_only_where_content_is(store: str, started: list[Grading], keeps: bool) -> None:
    class Quoting(Scorer):
        name = "quoting"

        def __call__(self, *, outputs: Any) -> Feedback:
            return Feedback(value=True, rationale=f"It says {outputs}")

    of = trial(WORDS)
    grade = grading(
        started,
        store,
        of,
        scorer_of=lambda metric: Quoting(),
        experiment_of=lambda done: "jokes",
        keeps_content=lambda done: keeps,
    )
    trace_id = f"tr-{'ab' * 16}"
    grade(done(of, "u1", trace_id=trace_id))
    grade.flush()
    assert flush(store, 10)
    trace = quire.get_trace(trace_id)
    assert trace is not None
    (said,) = trace.search_assessments(name="words")
    assert said.value is True
    assert bool(said.rationale) == keeps


def test_answers_and_streams_are_read_as_text() -> None:
    chunk = b'data: {"id":"c","object":"chat.completion.chunk","choices":[{"index":0,"delta":{"content":"%b"}}]}\n\n'
    assert answer_text("chat.completions", chunk % b"Hel" + chunk % b"lo" + b"data: [DONE]\n\n") == "Hello"
    assert answer_text("completions", b'{"choices":[{"index":0,"text":"Hi"}]}') == "Hi"
    assert answer_text("chat.completions", b"not json") is None
    ask = Ask(
        route="responses", endpoint="j", body={"input": "hi", "prompt": {"id": "j"}}, stream=False, caller=Caller()
    )
    ask.variables = {"animal": "cat"}
    of = Done(
        ask=ask, out=None, given=Given(arm="a", model_uri=""), ending="answered", status=200, start_ns=0, latency_s=0
    )
    assert asked(of) == {"animal": "cat", "input": "hi"}
