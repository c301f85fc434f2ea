"""What servers do about a trial: each step once, whoever dies in between and however many look at once."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import quire
from quire import trials
from quire.domain.assignment import unit_of
from quire.domain.endpoints import Endpoint, Shadow
from quire.domain.errors import InvalidState
from quire.domain.ids import now_ms
from quire.domain.trials import EXPOSED, Outcome, StoppingRule, Trial, TrialMetric
from quire.rollout import promotions
from quire.rollout.live import Done, tick
from quire.store.current import current_store
from quire.store.serving import serving_of
from quire.trials.access import here
from quire.trials.promoting import decide, finish
from quire.trials.shadows import shadow_trial

PACKAGE = {"model": "gpt-4o-mini", "task": "chat.completions"}


@pytest.fixture(params=["sqlite", "postgres"])
def uri(request: pytest.FixtureRequest, workspace: Path) -> Iterator[str]:
    """The store in use, of either kind."""
    if request.param == "sqlite":
        yield quire.get_tracking_uri()
        return
    found = request.getfixturevalue("postgres_copy")
    quire.set_tracking_uri(found)
    yield found
    current_store().close()


@pytest.fixture
def jokers(uri: str) -> str:
    """An endpoint that serves the champion of a model with three versions, of which 1 is the champion."""
    registry = quire.Client().registry_store
    registry.create_registered_model("joker")
    for number in (1, 2, 3):
        registry.create_model_version("joker", source=f"/nowhere/{number}")
    quire.promote("models:/joker/1", reason="the first")
    serving_of(current_store()).put_endpoint(Endpoint(name="joker", model="models:/joker@champion"))
    return "joker"


def started(**given: Any) -> Trial:
    chosen = {"arms": {"new": "models:/joker/2"}, "metrics": ["thumb"], "on_win": "promote", **given}
    return trials.start("joker", **chosen)


def count(
    trial: Trial, arm: str, n: int, good: int, metric: str = "thumb", phase: int = 0, exposed: bool = True
) -> None:
    rows = []
    for number in range(n):
        unit = unit_of(trial.trial_id, f"{arm}-{phase}-{number}")
        values = [(metric, float(number < good)), *([(EXPOSED, 1.0)] if exposed else [])]
        rows += [
            Outcome(trial_id=trial.trial_id, metric=name, arm=arm, phase=phase, unit=unit, value=value, at=1)
            for name, value in values
        ]
    serving_of(current_store()).record_outcomes(rows)


def won(**given: Any) -> Trial:
    """A trial whose challenger is clearly better."""
    trial = started(**given)
    count(trial, "champion", 200, 60)
    count(trial, "new", 200, 160)
    return trial


def look(trial: Trial, now: int | None = None) -> Done | None:
    return tick(current_store(), trials.get(trial.trial_id), now or now_ms())


def champion() -> str:
    return quire.Client().registry_store.get_registered_model("joker").aliases["champion"]


def test_a_winner_is_promoted_with_the_trial_as_evidence_and_can_be_rolled_back(jokers: str) -> None:
    trial = won()
    done = look(trial)
    assert done is not None
    assert (done.step, done.trial.state) == ("promoted", "ended")
    assert champion() == "2"
    record = promotions("joker")[-1]
    assert (record.old, record.new, record.forced) == ("1", "2", False)
    assert record.evidence == [f"trials:/{trial.trial_id}"]
    assert [check.passed for check in record.checks] == [True, True]
    assert "new is better than champion on thumb by +0.5" in record.reason
    assert look(trial) is None
    assert quire.rollback("models:/joker@champion").new == "1"
    assert champion() == "1"


def test_a_trial_that_is_to_report_only_reports_and_is_promoted_by_hand(jokers: str) -> None:
    trial = won(on_win="report")
    done = look(trial)
    assert done is not None
    assert (done.step, champion()) == ("ended", "1")
    trials.promote(trial, "looks good")
    assert champion() == "2"
    assert promotions("joker")[-1].reason.endswith("looks good")
    with pytest.raises(InvalidState, match="at version 2 already"):
        trials.promote(trial)


def test_nothing_is_done_while_nothing_is_shown(jokers: str) -> None:
    trial = started()
    count(trial, "champion", 150, 75)
    count(trial, "new", 150, 80)
    assert look(trial) is None
    with pytest.raises(InvalidState, match="Nothing is promoted"):
        trials.promote(trial)
    with pytest.raises(quire.QuireError, match="needs a reason"):
        trials.promote(trial, force=True)
    assert trials.promote(trial, "we know", force=True).state == "ended"
    assert champion() == "2"
    assert promotions("joker")[-1].forced


def test_an_alias_that_was_moved_meanwhile_stays_and_the_decision_says_so(jokers: str) -> None:
    trial = won()
    quire.promote("models:/joker/3", force=True, reason="by hand")
    done = look(trial)
    assert done is not None
    assert champion() == "3"
    assert done.trial.state == "ended"
    assert "Not promoted: models:/joker@champion is at version 3" in done.said


def test_a_control_that_wins_moves_nothing(jokers: str) -> None:
    trial = started()
    count(trial, "champion", 200, 160)
    count(trial, "new", 200, 60)
    done = look(trial)
    assert done is not None
    assert done.trial.decision is not None
    assert (done.trial.state, done.trial.decision.winner, champion()) == ("ended", "champion", "1")
    assert len(promotions("joker")) == 1


def test_a_harmful_arm_leaves_and_the_only_challenger_ends_the_trial(jokers: str) -> None:
    trial = started(arms={"a": "models:/joker/1", "b": "models:/joker/2", "c": "models:/joker/3"})
    for arm in "abc":
        count(trial, arm, 200, 100)
    count(trial, "b", 60, 60, "failed", exposed=False)
    done = look(trial)
    assert done is not None
    assert done.step == "removed"
    assert list(done.trial.removed) == ["b"]
    assert done.trial.phases[-1].weights == pytest.approx({"a": 0.5, "c": 0.5})
    assert look(trial) is None
    count(trial, "c", 60, 60, "failed", exposed=False)
    done = look(trial)
    assert done is not None
    assert done.trial.decision is not None
    assert (done.step, done.trial.decision.kind, champion()) == ("ended", "harmed", "1")


def test_adaptive_shares_move_in_a_phase_that_begins_later_and_only_when_they_moved_enough(jokers: str) -> None:
    trial = started(
        allocation={"kind": "thompson", "every_s": 60.0}, stopping=StoppingRule(metric="thumb"), on_win=None
    )
    assert trial.spec.stopping.on_win == "report"
    count(trial, "champion", 40, 20)
    count(trial, "new", 40, 28)
    assert look(trial, trial.phases[0].start_time + 59_000) is None
    now = trial.phases[0].start_time + 60_000
    done = look(trial, now)
    assert done is not None
    assert done.step == "reallocated"
    assert done.trial.phases[-1].start_time == now + 5_000
    assert done.trial.phases[-1].weights["new"] > 0.8
    assert look(trial, now + 60_000) is None
    assert look(trial, now + 65_000) is None


def test_days_end_a_trial(jokers: str) -> None:
    trial = started(stopping={"metric": "thumb", "most_days": 2, "least_units": 0}, on_win="report")
    done = look(trial, trial.phases[0].start_time + 2 * 86_400_000)
    assert done is not None
    assert done.trial.decision is not None
    assert done.trial.decision.kind == "inconclusive"


def test_of_many_servers_at_once_one_promotes(jokers: str) -> None:
    trial = won()
    barrier, found, errors = threading.Barrier(6), [], []

    def serve() -> None:
        seen = trials.get(trial.trial_id)
        barrier.wait()
        try:
            found.append(tick(current_store(), seen, now_ms()))
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=serve) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert len(promotions("joker")) == 2
    assert trials.get(trial.trial_id).state == "ended"
    assert champion() == "2"


def test_of_many_servers_at_once_one_moves_the_shares(jokers: str) -> None:
    trial = started(allocation={"kind": "thompson", "every_s": 60.0})
    count(trial, "champion", 40, 20)
    count(trial, "new", 40, 28)
    now, barrier, found = trial.phases[0].start_time + 60_000, threading.Barrier(4), []

    def serve() -> None:
        barrier.wait()
        found.append(tick(current_store(), trial, now))

    threads = [threading.Thread(target=serve) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(done is None for done in found) == [False, True, True, True]
    assert len(trials.get(trial.trial_id).phases) == 2


KILLED = """
import os, signal, sys
import quire
from quire import trials
from quire.domain.ids import now_ms
from quire.rollout.live import tick
from quire.store.current import current_store
import quire.trials.promoting as promoting
import quire.trials.changing as changing

point, trial_id = sys.argv[1:]

def die(*args, **more):
    os.kill(os.getpid(), signal.SIGKILL)

if point == "decided":  # the winner is written down, the alias has not moved
    promoting.move = die
elif point == "moved":  # the alias has moved, the trial has not ended
    promoting._finished = die
tick(current_store(), trials.get(trial_id), now_ms())
"""


@pytest.mark.parametrize(("point", "alias"), [("decided", "1"), ("moved", "2")])
def test_a_server_killed_between_the_steps_is_followed_by_another_that_finishes(
    jokers: str, uri: str, point: str, alias: str
) -> None:
    trial = won()
    environment = {**os.environ, "QUIRE_TRACKING_URI": uri}
    died = subprocess.run([sys.executable, "-c", KILLED, point, trial.trial_id], env=environment, check=False)
    assert died.returncode == -signal.SIGKILL
    found = trials.get(trial.trial_id)
    assert (found.state, champion()) == ("deciding", alias)
    assert found.decision is not None
    assert found.decision.winner == "new"
    done = look(trial)
    assert done is not None
    assert (done.step, done.trial.state, champion()) == ("promoted", "ended", "2")
    assert len(promotions("joker")) == 2
    assert quire.rollback("models:/joker@champion").new == "1"


def test_each_step_may_be_made_again(jokers: str) -> None:
    trial = won()
    places, report = here(), trials.report(trial)
    assert report.decision is not None
    decided = decide(places, trial.trial_id, report.decision)
    assert decide(places, trial.trial_id, report.decision) == decided
    first = finish(places, trial.trial_id)
    assert finish(places, trial.trial_id) == first
    assert len(promotions("joker")) == 2


def test_a_prompts_alias_is_promoted_with_a_record_too(uri: str) -> None:
    for text in ("{{a}}", "{{a}}, please"):
        quire.register_prompt("asker", text)
    quire.set_prompt_alias("asker", "production", 1)
    trial = trials.start("prompts:/asker", {"new": 2}, ["thumb"], on_win="promote")
    count(trial, "champion", 200, 60)
    count(trial, "new", 200, 160)
    done = look(trial)
    assert done is not None
    event = quire.prompt_alias_history("asker", "production")[-1]
    assert (event.old, event.new) == (1, 2)
    assert trial.trial_id in event.reason
    assert quire.load_prompt("prompts:/asker@production").version == 2
    assert quire.rollback_prompt_alias("asker", "production").new == 1


@pytest.mark.parametrize(("on_win", "served"), [("report", "1"), ("promote", "2")])
def test_a_shadow_is_promoted_only_where_it_is_to_be(jokers: str, on_win: Any, served: str) -> None:
    right = TrialMetric(name="right", low=0, high=1, scorer="exact_answer")
    shadow = Shadow(name="new", model="models:/joker/2", metrics=[right], on_win=on_win)
    endpoint = Endpoint(name="joker", model="models:/joker@champion", shadows=[shadow])
    serving = serving_of(current_store())
    trial = shadow_trial(serving, endpoint, shadow, "models:/joker/1", "models:/joker/2")
    assert shadow_trial(serving, endpoint, shadow, "models:/joker/1", "models:/joker/2") == trial
    count(trial, "new", 120, 100, "right")
    done = look(trial)
    assert (done is not None) == (on_win == "promote")
    assert champion() == served
    if done is not None:
        assert done.trial.state == "ended"
        assert promotions("joker")[-1].evidence == [f"trials:/{trial.trial_id}"]
