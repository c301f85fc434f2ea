"""Feedback that is logged on a trace, by whichever call, counts in the trial that gave the trace's answer."""

from __future__ import annotations

import json
import logging
import sqlite3
from pathlib import Path
from typing import Any, cast

import pytest
from msgspec.structs import replace

import quire
from quire.domain.assessments import Assessment, AssessmentSource, Feedback
from quire.domain.endpoints import Endpoint
from quire.domain.errors import NotFound
from quire.domain.ids import new_trace_id
from quire.domain.traces import trace_info
from quire.domain.trials import Served, StoppingRule, Trial, TrialMetric, TrialSpec
from quire.store import Store, open_store
from quire.store.rest.wire.feedback import GiveFeedback
from quire.store.serving import serving_of
from quire.store.sql import SqlStore
from quire.trials.feedback import take_feedback
from tests.server.mlflow_program import answers_of
from tests.spans import START
from tests.trials.conftest import ARMS, METRICS, NAMES, Answer, counted

PROGRAM = Path(__file__).with_name("mlflow_feedback.py")


def _feedback(trace_id: str, name: str, value: Any, **fields: Any) -> Assessment:
    return Assessment(
        trace_id=trace_id,
        assessment_name=name,
        source=AssessmentSource(source_type="HUMAN", source_id="ada"),
        feedback=Feedback(value=value),
        **fields,
    )


def test_it_counts_once_for_its_unit(store: Store, trial: Trial, answer: Answer) -> None:
    served = answer()
    for value in (True, False, 0.5):
        store.create_assessment(_feedback(served.trace_id, "thumb", value))
    store.create_assessment(_feedback(answer(unit=served.unit).trace_id, "thumb", 0))
    store.create_assessment(_feedback(answer().trace_id, "stars", 4))
    assert counted(store, trial) == {"thumb": (1, 1.0), "stars": (1, 4.0)}
    assert [one.value for one in store.get_trace_info(served.trace_id).assessments] == [True, False, 0.5]


@pytest.mark.parametrize("store", ["sqlite", "server"], indirect=True)
def test_quire_log_feedback_counts(store: Store, trial: Trial, answer: Answer) -> None:
    served = answer()
    client = quire.Client(store.uri)
    client.log_feedback(trace_id=served.trace_id, name="stars", value=3)
    client.log_expectation(trace_id=served.trace_id, name="thumb", value=1)
    client.log_feedback(trace_id=served.trace_id, name="thumb", error="the judge was away")
    assert counted(store, trial) == {"stars": (1, 3.0)}


def test_what_comes_with_a_trace_counts(store: Store, trial: Trial, answer: Answer) -> None:
    served = answer(traced=False)
    info = trace_info(served.trace_id, "0", timestamp_ms=START, state="OK")
    given = replace(
        info, assessments=[_feedback(served.trace_id, "thumb", 1, assessment_id="a-" + served.trace_id[3:])]
    )
    for _ in range(2):
        store.start_trace(given)
    assert len(store.get_trace_info(served.trace_id).assessments) == 1
    assert counted(store, trial) == {"thumb": (1, 1.0)}


def test_it_may_be_faster_than_the_note_of_the_answer(store: Store, trial: Trial, answer: Answer) -> None:
    trace_id = new_trace_id()
    store.start_trace(trace_info(trace_id, "0", timestamp_ms=START, state="OK"))
    for value in (0.25, 1):
        store.create_assessment(_feedback(trace_id, "thumb", value))
    assert counted(store, trial) == {}
    served = answer(traced=False, trace_id=trace_id)
    assert counted(store, trial) == {"thumb": (1, 0.25)}
    serving_of(store).record_served([served])
    assert counted(store, trial) == {"thumb": (1, 0.25)}


def test_it_may_be_faster_than_the_trace(store: Store, trial: Trial, answer: Answer) -> None:
    served = answer(traced=False)
    made = store.create_assessment(_feedback(served.trace_id, "thumb", 1))
    waiting = store.get_trace_info(served.trace_id)
    experiment = store.get_experiment_by_name(f"endpoints/{served.endpoint}")
    assert experiment is not None
    assert (waiting.experiment_id, waiting.assessments) == (experiment.experiment_id, [made])
    assert counted(store, trial) == {"thumb": (1, 1.0)}
    for unknown in (new_trace_id(), answer(traced=False, endpoint="prompts:/joker").trace_id):
        with pytest.raises(NotFound, match="No trace has the id"):
            store.create_assessment(_feedback(unknown, "thumb", 1))


@pytest.mark.parametrize("value", [7, -1, "lovely", [1]])
def test_what_the_trial_cannot_count_is_stored(
    store: Store, trial: Trial, answer: Answer, value: Any, caplog: pytest.LogCaptureFixture
) -> None:
    served = answer()
    with caplog.at_level(logging.WARNING, "quire"):
        for _ in range(3):
            store.create_assessment(_feedback(served.trace_id, "thumb", value))
    assert len(store.get_trace_info(served.trace_id).assessments) == 3
    assert counted(store, trial) == {}
    if isinstance(store, SqlStore):  # a server's log is its own
        (said,) = caplog.messages
        assert served.trace_id in said
        assert "'thumb'" in said
    store.create_assessment(_feedback(served.trace_id, "thumb", 1))
    assert counted(store, trial) == {"thumb": (1, 1.0)}


def test_what_no_feedback_decides_is_not_counted(store: Store, answer: Answer) -> None:
    name = f"joker-{next(NAMES)}"
    serving_of(store).put_endpoint(Endpoint(name=name, model="models:/joker/1"))
    judged = TrialMetric(name="funny", scorer="Guidelines", parameters={"guidelines": "Be funny."}, low=0.0, high=1.0)
    scored = serving_of(store).create_trial(
        TrialSpec(
            subject=f"endpoint:{name}", arms=ARMS, metrics=[*METRICS, judged], stopping=StoppingRule(metric="thumb")
        )
    )
    served = answer(endpoint=name, trial_id=scored.trial_id)
    outside = answer(trial_id=None, arm=None, unit="")
    for metric, value in (("funny", 1), ("latency_s", 3), ("tone", "dry")):
        store.create_assessment(_feedback(served.trace_id, metric, value))
    store.create_assessment(_feedback(outside.trace_id, "thumb", 1))
    assert counted(store, scored) == {}


def test_of_a_trace_with_several_answers_each_trial_counts_its_first(
    store: Store, trial: Trial, answer: Answer
) -> None:
    first = answer()
    answer(traced=False, trace_id=first.trace_id, at=START + 1)
    name = f"writer-{next(NAMES)}"
    serving_of(store).put_endpoint(Endpoint(name=name, model="models:/joker/1"))
    other = serving_of(store).create_trial(
        TrialSpec(subject=f"endpoint:{name}", arms=ARMS, metrics=METRICS, stopping=StoppingRule(metric="thumb"))
    )
    answer(traced=False, trace_id=first.trace_id, at=START + 2, endpoint=name, trial_id=other.trial_id)
    store.create_assessment(_feedback(first.trace_id, "thumb", 1))
    assert counted(store, trial) == counted(store, other) == {"thumb": (1, 1.0)}


def test_feedback_on_one_of_several_answers_of_a_trace_counts_for_that_one(
    store: Store, trial: Trial, answer: Answer
) -> None:
    first = answer(arm="control")
    second = answer(traced=False, trace_id=first.trace_id, at=START + 1)
    told = take_feedback(store, GiveFeedback(response_id=second.response_id, name="thumb", value=1))
    assert (told.counted, told.arm) == (True, "bold")
    (tally,) = serving_of(store).tallies(trial.trial_id)
    assert (tally.arm, tally.n) == ("bold", 1)
    named = _feedback(first.trace_id, "stars", 4, metadata={"quire.response_id": second.response_id})
    store.create_assessment(named)
    store.create_assessment(replace(named, metadata={"quire.response_id": "another"}))
    stars = [(one.arm, one.n) for one in serving_of(store).tallies(trial.trial_id) if one.metric == "stars"]
    assert stars == [("bold", 1)]


@pytest.mark.parametrize("store", ["sqlite"], indirect=True)
def test_it_is_stored_and_counted_at_once_or_not_at_all(
    store: Store, trial: Trial, answer: Answer, tmp_path: Path
) -> None:
    served = answer()
    with sqlite3.connect(tmp_path / "own.db") as direct:
        direct.execute(
            "CREATE TRIGGER full BEFORE INSERT ON trial_tallies BEGIN SELECT RAISE(ABORT, 'disk I/O error'); END"
        )
    with pytest.raises(Exception, match="disk I/O error"):
        store.create_assessment(_feedback(served.trace_id, "thumb", 1))
    with sqlite3.connect(tmp_path / "own.db") as direct:
        direct.execute("DROP TRIGGER full")
    assert store.get_trace_info(served.trace_id).assessments == []
    store.create_assessment(_feedback(served.trace_id, "thumb", 1))
    assert counted(store, trial) == {"thumb": (1, 1.0)}


def test_a_trace_that_was_not_served_costs_one_look_up(tmp_path: Path) -> None:
    store = cast(SqlStore, open_store(f"sqlite:///{tmp_path}/plain.db", artifact_root="artifacts"))
    trace_id = new_trace_id()
    store.start_trace(trace_info(trace_id, "0", timestamp_ms=START, state="OK"))
    said: list[str] = []
    with store._database.write() as session:
        driver = cast(sqlite3.Connection, session.connection.connection.dbapi_connection)
        driver.set_trace_callback(said.append)
        store.create_assessment(_feedback(trace_id, "thumb", 1))
        driver.set_trace_callback(None)
        plan = driver.execute("EXPLAIN QUERY PLAN " + next(one for one in said if "FROM served" in one)).fetchall()
    store.close()
    assert sum("served" in one for one in said) == 1
    assert sum("trials" in one or "trial_outcomes" in one for one in said) == 1
    assert any("ix_served_trace" in step[3] for step in plan)


@pytest.mark.mlflow
@pytest.mark.slow
def test_a_real_mlflow_client_counts_and_never_fails(mlflow_python: Path, quire_server: str) -> None:
    store = open_store(quire_server)
    name = f"joker-{next(NAMES)}-{new_trace_id()[3:11]}"
    serving = serving_of(store)
    serving.put_endpoint(Endpoint(name=name, model="models:/joker/1"))
    trial = serving.create_trial(
        TrialSpec(subject=f"endpoint:{name}", arms=ARMS, metrics=METRICS, stopping=StoppingRule(metric="thumb"))
    )
    served = Served(
        response_id=f"chatcmpl-{name}",
        trace_id=new_trace_id(),
        endpoint=name,
        at=START,
        trial_id=trial.trial_id,
        arm="bold",
        unit="u",
    )
    serving.record_served([served])
    given = [["stars", 9], ["stars", 4], ["thumb", "great"], ["thumb", True], ["thumb", False], ["tone", "dry"]]
    found = answers_of(mlflow_python, PROGRAM, quire_server, served.trace_id, json.dumps(given))
    assert found == given
    assert [[one.assessment_name, one.value] for one in store.get_trace_info(served.trace_id).assessments] == given
    assert counted(store, trial) == {"stars": (1, 4.0), "thumb": (1, 1.0)}
