"""A running trial is paused, resumed, stopped, given arms: each change is made on what the others left."""

from __future__ import annotations

import threading

import pytest

import quire
from quire import trials
from quire.domain.errors import InvalidInput, InvalidState, NotFound
from quire.domain.ids import now_ms
from quire.domain.trials import Trial
from quire.rollout.live import tick
from quire.store import open_store
from quire.store.current import current_store
from quire.store.serving import serving_of
from quire.trials.phases import LEAD_MS
from tests.trials.conftest import Units


@pytest.fixture
def trial(joker: str) -> Trial:
    return trials.start("prompts:/joker", {"short": 2}, ["thumb"], max_arms=3)


def test_a_paused_trial_serves_the_control_and_goes_on_where_it_was(trial: Trial) -> None:
    given = [trials.assign(trial, f"u{number}") for number in range(20)]
    assert trials.pause(trial).state == "paused"
    assert trials.pause(trial.trial_id).revision == 2
    assert [trials.assign(trial, f"u{number}") for number in range(20)] == [None] * 20
    assert not trials.record(trial, "u1", "thumb", True)
    resumed = trials.resume(trial)
    assert (resumed.state, resumed.phases) == ("running", trial.phases)
    assert trials.resume(trial).revision == resumed.revision
    assert [trials.assign(trial, f"u{number}") for number in range(20)] == given


def test_a_stopped_trial_keeps_why_and_cannot_go_on(trial: Trial) -> None:
    stopped = trials.stop(trial, "the wrong prompt, and sk-abcdefghijklmnopqrstuvwxyz0123456789ABCD")
    assert stopped.state == "ended"
    assert stopped.decision is not None
    assert (stopped.decision.kind, stopped.decision.winner) == ("stopped", None)
    assert "the wrong prompt" in stopped.decision.said
    assert "sk-abcdefgh" not in stopped.decision.said
    for change in (trials.stop, trials.pause, trials.resume):
        with pytest.raises(InvalidState, match="ended"):
            change(trial)
    with pytest.raises(InvalidState, match="no arm can join"):
        trials.add_arm(trial, "long", "3")
    assert "Ended: the wrong prompt" in str(trials.report(trial))


def test_an_arm_joins_in_a_phase_that_every_server_knows_before_it_begins(trial: Trial) -> None:
    before = now_ms()
    grown = trials.add_arm(trial, "long", ("3", 0.2))
    assert [arm.model for arm in grown.arms][2] == "prompts:/joker/3"
    assert grown.joined == {"champion": 0, "short": 0, "long": 1}
    phase = grown.phases[-1]
    assert phase.start_time >= before + LEAD_MS
    assert phase.weights == pytest.approx({"champion": 0.4, "short": 0.4, "long": 0.2})
    assert trials.add_arm(trial, "long", ("3", 0.2)) == grown
    with pytest.raises(InvalidState, match="At most 3 arms take part"):
        trials.add_arm(trial, "longer", "3")
    with pytest.raises(InvalidInput, match="has had an arm 'short'"):
        trials.add_arm(trial, "short", "3")


def test_arms_that_cannot_join_are_refused(trial: Trial) -> None:
    with pytest.raises(NotFound):
        trials.add_arm(trial, "long", "9")
    with pytest.raises(InvalidInput, match=r"share of a new arm is 1\.5"):
        trials.add_arm(trial, "long", ("3", 1.5))
    with pytest.raises(NotFound, match="No trial has the id"):
        trials.add_arm("t-none", "long", "3")
    with pytest.raises(InvalidInput, match="named by its id"):
        trials.get(3)  # type: ignore[arg-type]


def test_an_arm_leaves_and_the_others_share_its_traffic(trial: Trial) -> None:
    trials.add_arm(trial, "long", "3")
    left = trials.remove_arm(trial, "short", "too short")
    assert left.removed["short"].said == "too short"
    assert left.phases[-1].weights == pytest.approx({"champion": 0.5, "long": 0.5})
    assert left.phases[-1].start_time > left.phases[-2].start_time
    with pytest.raises(InvalidInput, match="the only challenger"):
        trials.remove_arm(trial, "long")
    with pytest.raises(InvalidInput, match="no challenger"):
        trials.remove_arm(trial, "champion")


def test_a_trial_that_lost_units_begins_to_count_anew(trial: Trial, units: Units) -> None:
    units(trial, "champion", 600, 300)
    units(trial, "short", 400, 390)
    done = tick(current_store(), trial, now_ms())
    assert done is not None
    assert done.step == "paused"
    assert "Paused: Units did not fall" in str(trials.report(trial))
    resumed = trials.resume(trial)
    assert (resumed.counted_from, resumed.decision) == (1, None)
    assert tick(current_store(), resumed, now_ms()) is None
    assert trials.report(trial)["thumb"].arms["short"].n == 0


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_changes_at_once_are_all_made(kind: str, joker: str, request: pytest.FixtureRequest) -> None:
    if kind == "postgres":
        quire.set_tracking_uri(request.getfixturevalue("postgres_copy"))
        for text in ("{{a}}", "{{a}} b"):
            quire.register_prompt("joker", text)
    trial = trials.start("prompts:/joker", {"one": "1", "two": "2"}, ["thumb"], max_arms=10)
    barrier, errors = threading.Barrier(4), []

    def join(number: int) -> None:
        barrier.wait()
        try:
            trials.add_arm(trial, f"more-{number}", "2")
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=join, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    found = trials.get(trial.trial_id)
    assert len(found.added) == 4
    assert [phase.number for phase in found.phases] == [0, 1, 2, 3, 4]
    assert sorted(one.phase for one in found.added) == [1, 2, 3, 4]
    if kind == "postgres":
        current_store().close()


def test_the_store_of_a_trial_is_the_one_in_use(trial: Trial, workspace) -> None:  # type: ignore[no-untyped-def]
    other = open_store(f"sqlite:///{workspace}/quire.db")
    assert serving_of(other).get_trial(trial.trial_id) == trial
