"""Feedback on an answer is stored on its trace, and counts once in the trial that the answer belongs to."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

import quire
from quire import trials
from quire.domain.errors import InvalidInput, NotFound
from quire.domain.ids import new_trace_id
from quire.domain.traces import trace_info
from quire.domain.trials import Served, Trial
from quire.store import Store
from quire.store.rest.wire.feedback import GiveFeedback
from quire.trials.feedback import take_feedback
from tests.spans import START, span
from tests.trials.conftest import NAMES, Answer, counted


def test_feedback_is_on_the_trace_and_in_the_trial(store: Store, trial: Trial, answer: Answer) -> None:
    served = answer()
    given = GiveFeedback(
        response_id=served.response_id, name="thumb", value=True, rationale="funny", metadata={"page": "3"}
    )
    told = take_feedback(store, given, by="ada")
    assert (told.counted, told.trial_id, told.arm) == (True, trial.trial_id, "bold")
    (stored,) = store.get_trace_info(served.trace_id).assessments
    assert stored == told.assessment
    assert (stored.assessment_name, stored.value, stored.rationale, stored.metadata) == (
        "thumb", True, "funny", {"page": "3", "quire.response_id": served.response_id},
    )  # fmt: skip
    assert (stored.source.source_type, stored.source.source_id) == ("HUMAN", "ada")
    assert counted(store, trial) == {"thumb": (1, 1.0)}


@pytest.mark.parametrize(
    ("name", "value", "total"),
    [("thumb", False, 0.0), ("thumb", 0.25, 0.25), ("stars", 4, 4.0), ("stars", True, 1.0)],
)
def test_numbers_and_booleans_count(
    store: Store, trial: Trial, answer: Answer, name: str, value: Any, total: float
) -> None:
    served = answer()
    given = GiveFeedback(trace_id=served.trace_id, name=name, value=value, source="LLM_JUDGE", source_id="judge")
    assert take_feedback(store, given).counted
    assert counted(store, trial) == {name: (1, total)}


def test_the_same_feedback_twice_counts_once(store: Store, trial: Trial, answer: Answer) -> None:
    served = answer()
    given = GiveFeedback(response_id=served.response_id, name="thumb", value=1)
    assert [take_feedback(store, given).counted for _ in range(3)] == [True, False, False]
    other = answer(unit=served.unit)
    assert not take_feedback(store, GiveFeedback(response_id=other.response_id, name="thumb", value=0)).counted
    assert counted(store, trial) == {"thumb": (1, 1.0)}


def test_feedback_of_several_at_once_counts_once(store: Store, trial: Trial, answer: Answer) -> None:
    served = answer(traced=False)
    barrier = threading.Barrier(4)

    def give(number: int) -> bool:
        barrier.wait()
        given = GiveFeedback(response_id=served.response_id, name="thumb", value=1, source_id=str(number))
        return take_feedback(store, given).counted

    with ThreadPoolExecutor(4) as pool:
        told = list(pool.map(give, range(4)))
    assert sorted(told) == [False, False, False, True]
    assert len(store.get_trace_info(served.trace_id).assessments) == 4
    assert counted(store, trial) == {"thumb": (1, 1.0)}


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("thumb", 1.5, "beyond its bounds 0 to 1"),
        ("stars", 0, "beyond its bounds 1 to 5"),
        ("stars", False, "beyond its bounds 1 to 5"),
        ("thumb", "yes", "'yes'; expected a finite number, or true or false"),
        ("thumb", [1], "expected a finite number"),
        ("thumb", 10**400, "expected a finite number"),
    ],
)
def test_what_a_trial_cannot_count_is_refused_and_not_stored(
    store: Store, trial: Trial, answer: Answer, name: str, value: Any, said: str
) -> None:
    served = answer()
    with pytest.raises(InvalidInput, match=said):
        take_feedback(store, GiveFeedback(response_id=served.response_id, name=name, value=value))
    assert store.get_trace_info(served.trace_id).assessments == []
    assert counted(store, trial) == {}


def test_what_no_trial_looks_at_is_stored_alone(store: Store, trial: Trial, answer: Answer) -> None:
    served, outside = answer(), answer(trial_id=None, arm=None, unit="")
    for one, name, value in ((served, "tone", "dry"), (served, "latency_s", 3), (outside, "thumb", 7)):
        told = take_feedback(store, GiveFeedback(trace_id=one.trace_id, name=name, value=value))
        assert (told.counted, told.trial_id, told.assessment.value) == (False, "", value)
    assert counted(store, trial) == {}


def test_a_trace_that_no_endpoint_made_takes_feedback(store: Store, trial: Trial) -> None:
    trace_id = new_trace_id()
    store.start_trace(trace_info(trace_id, "0", timestamp_ms=START, state="OK"))
    told = take_feedback(store, GiveFeedback(trace_id=trace_id, name="thumb", value=1))
    assert store.get_trace_info(trace_id).assessments == [told.assessment]


def test_feedback_may_come_before_the_trace(store: Store, trial: Trial, answer: Answer) -> None:
    served = answer(traced=False)
    told = take_feedback(store, GiveFeedback(response_id=served.response_id, name="thumb", value=1))
    waiting = store.get_trace_info(served.trace_id)
    assert (waiting.state, waiting.timestamp_ms, waiting.assessments) == (
        "STATE_UNSPECIFIED", START, [told.assessment],
    )  # fmt: skip
    experiment = store.get_experiment_by_name(f"endpoints/{served.endpoint}")
    assert experiment is not None
    assert waiting.experiment_id == experiment.experiment_id
    store.log_spans(experiment.experiment_id, [span(served.trace_id, "joker", ms=40)])
    whole = store.get_trace_info(served.trace_id)
    assert (whole.state, whole.execution_time_ms, whole.assessments) == ("OK", 40, [told.assessment])
    assert counted(store, trial) == {"thumb": (1, 1.0)}


def test_the_experiment_that_the_answer_names_gets_the_trace(store: Store, answer: Answer) -> None:
    name = f"jokes-{next(NAMES)}-{new_trace_id()}"
    served = answer(traced=False, experiment=name)
    take_feedback(store, GiveFeedback(response_id=served.response_id, name="thumb", value=1))
    experiment = store.get_experiment_by_name(name)
    assert experiment is not None
    assert store.get_trace_info(served.trace_id).experiment_id == experiment.experiment_id


def test_feedback_without_a_place_says_what_to_do_and_counts(store: Store, trial: Trial, answer: Answer) -> None:
    of_prompt = answer(traced=False, endpoint="prompts:/joker")
    with pytest.raises(NotFound, match="give the feedback again"):
        take_feedback(store, GiveFeedback(trace_id=of_prompt.trace_id, name="thumb", value=1))
    untraced = answer(traced=False, trace_id="")
    with pytest.raises(NotFound, match="without a trace"):
        take_feedback(store, GiveFeedback(response_id=untraced.response_id, name="thumb", value=1))
    assert counted(store, trial) == {"thumb": (2, 2.0)}


def test_an_answer_that_is_known_already_need_not_be_looked_up(store: Store, trial: Trial, answer: Answer) -> None:
    known = Served(
        response_id="not noted yet",
        trace_id=new_trace_id(),
        endpoint=trial.spec.subject.removeprefix("endpoint:"),
        at=START,
        trial_id=trial.trial_id,
        arm="control",
        unit="u",
    )
    given = GiveFeedback(response_id=known.response_id, name="thumb", value=1)
    assert take_feedback(store, given, served=known).counted
    assert store.get_trace_info(known.trace_id).assessments[0].value == 1


@pytest.mark.parametrize(
    ("fields", "error", "said"),
    [
        ({}, InvalidInput, "give response_id"),
        ({"response_id": "nobody-gave-this"}, NotFound, "noted within seconds"),
        ({"trace_id": "tr-" + "0" * 32}, NotFound, "No trace has the id"),
        ({"response_id": "r", "value": None}, InvalidInput, "has no value"),
        ({"response_id": "r", "name": "n" * 300}, InvalidInput, "at most 250"),
        ({"response_id": "r", "rationale": "a\0b"}, InvalidInput, "NUL"),
    ],
)
def test_feedback_that_cannot_be_kept_is_refused(
    store: Store, fields: dict[str, Any], error: type[Exception], said: str
) -> None:
    with pytest.raises(error, match=said):
        take_feedback(store, GiveFeedback(**{"name": "thumb", "value": 1, **fields}))


def test_a_credential_in_feedback_is_not_stored(store: Store, answer: Answer) -> None:
    served = answer()
    key = "sk-" + "a1B2" * 8
    told = take_feedback(store, GiveFeedback(response_id=served.response_id, name="note", value=f"use {key}"))
    assert key not in str(told.assessment)


@pytest.mark.parametrize("store", ["sqlite", "server"], indirect=True)
def test_a_script_gives_feedback_to_the_store_in_use(store: Store, trial: Trial, answer: Answer) -> None:
    served = answer()
    quire.set_tracking_uri(store.uri)
    told = trials.give_feedback(response_id=served.response_id, name="stars", value=5, source_id="ada")
    assert (told.counted, told.arm, told.assessment.source.source_id) == (True, "bold", "ada")
    assert counted(store, trial) == {"stars": (1, 5.0)}
