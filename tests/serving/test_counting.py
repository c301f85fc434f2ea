"""What is noted of a request: its unit once, what was measured, failures apart; on disk while the store is away."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import quire
from quire.domain.calls import Usage
from quire.domain.endpoints import Endpoint
from quire.domain.trials import EXPOSED, Arm, Outcome, StoppingRule, Trial, TrialMetric, TrialSpec
from quire.serving.counting import Counting
from quire.serving.request import Ask, Caller, Done, Given, Outgoing
from quire.store import open_store
from quire.store.serving import serving_of
from quire.trials.noting import Leaving, Note, OfServing, flush, submit
from tests.quire_server import QuireServer

SPEC = TrialSpec(
    subject="endpoint:joker",
    arms=[Arm(name="a", model="models:/joker/1"), Arm(name="b", model="models:/joker/2")],
    metrics=[
        TrialMetric(name="thumb", low=0, high=1),
        TrialMetric(name="latency_s", higher_is_better=False, low=0, high=2),
    ],
    stopping=StoppingRule(metric="thumb"),
)
TRIAL = Trial(trial_id="t-1", spec=SPEC, phases=[])


def done(unit: str = "u1", **changed: Any) -> Done:
    given = {"arm": "b", "model_uri": "models:/joker/2", "trial_id": "t-1", "unit": unit, "phase": 3}
    fields: dict[str, Any] = {
        "ask": Ask(route="chat.completions", endpoint="joker", body={}, stream=False, caller=Caller()),
        "out": Outgoing(route="chat.completions", body={}, stream=False),
        "given": Given(**{**given, **changed.pop("given", {})}),
        "ending": "answered",
        "status": 200,
        "start_ns": 5_000_000,
        "latency_s": 0.5,
        "response_id": "chatcmpl-1",
        "trace_id": "tr-1",
        "usage": Usage(3, 7),
        "cost_usd": 0.25,
    }
    return Done(**{**fields, **changed})


def counting() -> Counting:
    return Counting("sqlite://", lambda trial_id: TRIAL if trial_id == "t-1" else None, lambda _done: "jokes")


def values(note: Note | None) -> dict[str, float]:
    assert note is not None
    assert all((one.arm, one.phase, one.unit, one.at) == ("b", 3, "u1", 5) for one in note.outcomes)
    return {one.metric: one.value for one in note.outcomes}


def test_a_unit_is_counted_at_its_first_answer_with_what_was_measured() -> None:
    count = counting()
    first = count.note(done(first_token_s=0.1))
    assert values(first) == {
        EXPOSED: 1,
        "latency_s": 0.5,
        "first_token_s": 0.1,
        "cost_usd": 0.25,
        "output_tokens": 7,
    }
    assert first is not None
    (served,) = first.served
    assert (served.response_id, served.trace_id, served.endpoint, served.experiment, served.arm, served.unit) == (
        "chatcmpl-1",
        "tr-1",
        "joker",
        "jokes",
        "b",
        "u1",
    )
    again = count.note(done(response_id="chatcmpl-2"))
    assert again is not None
    assert (again.outcomes, again.served[0].response_id) == ([], "chatcmpl-2")


def test_what_is_not_known_is_not_measured_and_bounds_hold() -> None:
    assert values(counting().note(done(cost_usd=None, usage=Usage(), latency_s=9.0))) == {EXPOSED: 1, "latency_s": 2}


def test_an_answer_from_the_cache_exposes_and_measures_nothing_until_one_that_is_not() -> None:
    count = counting()
    assert values(count.note(done(cached=True))) == {EXPOSED: 1}
    assert set(values(count.note(done()))) == {EXPOSED, "latency_s", "cost_usd", "output_tokens"}


def test_a_caller_that_leaves_was_exposed() -> None:
    note = counting().note(done(ending="disconnected", status=499))
    assert values(note) == {EXPOSED: 1}
    assert note is not None
    assert note.served == []


@pytest.mark.parametrize("how", [{"ending": "failed", "fell_back": True}, {"ending": "broken"}, {"ending": "refused"}])
def test_a_unit_whose_arm_failed_counts_as_failed_and_leaves_all_else(how: dict[str, Any]) -> None:
    count = counting()
    count.note(done())
    note = count.note(done(**how))
    assert values(note) == {EXPOSED: 1, "failed": 1}
    assert note is not None
    assert note.served == []
    metrics = ["thumb", "latency_s", "first_token_s", "cost_usd", "output_tokens"]
    assert note.leaving == [Leaving("t-1", "u1", metrics)]


def test_the_answer_given_in_its_stead_belongs_to_no_arm() -> None:
    note = counting().note(done(fell_back=True, given={"arm": "a", "trial_id": None, "unit": ""}))
    assert note is not None
    assert (note.outcomes, note.leaving, note.served[0].trial_id, note.served[0].arm) == ([], [], None, None)


def test_without_a_trial_only_the_answer_is_noted() -> None:
    note = counting().note(done(given={"trial_id": None}))
    assert note is not None
    assert (note.outcomes, len(note.served)) == ([], 1)
    assert counting().note(done(given={"trial_id": None}, ending="failed")) is None


def test_notes_go_to_the_store_together_in_their_order() -> None:
    notes = [Note(outcomes=[_outcome("t-1", f"u{number}")]) for number in range(1_200)]
    joined = list(OfServing.merged(notes))
    assert [len(note.outcomes) for note, _places in joined] == [500, 500, 200]
    assert [place for _note, places in joined for place in places] == list(range(1_200))


def _outcome(trial_id: str, unit: str, metric: str = "thumb") -> Outcome:
    return Outcome(trial_id=trial_id, metric=metric, arm="a", phase=0, unit=unit, value=1.0, at=1)


@pytest.mark.slow
def test_what_is_noted_while_the_store_is_away_waits_on_disk_and_counts_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("QUIRE_OUTBOX", str(tmp_path / "outbox"))
    with QuireServer(tmp_path / "server") as server:
        quire.set_tracking_uri(server.url)
        serving = serving_of(open_store(server.url))
        serving.put_endpoint(Endpoint(name="joker", model="models:/joker/1"))
        trial = serving.create_trial(SPEC)
        submit(server.url, Note(outcomes=[_outcome(trial.trial_id, "before")]))
        assert flush(server.url, 30)
        server.stop()
        for number in range(20):
            submit(server.url, Note(outcomes=[_outcome(trial.trial_id, f"u{number % 10}")]))
        assert not flush(server.url, 30, while_away=False)
        assert list((tmp_path / "outbox").glob("serving-*.db"))
        server.start()
        submit(server.url, Note(outcomes=[_outcome(trial.trial_id, "after"), _outcome(trial.trial_id, "u1")]))
        submit(server.url, Note(outcomes=[_outcome("t-none", "u1")]))
        submit(server.url, Note(leaving=[Leaving(trial.trial_id, "u1", ["thumb"])]))
        assert flush(server.url, 60)
        (tally,) = serving.tallies(trial.trial_id)
        assert tally.n == 11
