"""A change of a trial is refused unless it goes on from what was written of it."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from quire.domain.errors import InvalidInput, InvalidState
from quire.domain.trial_changes import check_change
from quire.domain.trials import AddedArm, Arm, Decision, Phase, StoppingRule, Trial, TrialMetric, TrialSpec

ARMS = [Arm(name="control", model="models:/joker/1"), Arm(name="bold", model="models:/joker@bold")]
SPEC = TrialSpec(
    subject="endpoint:joker",
    arms=ARMS,
    metrics=[TrialMetric(name="thumb", low=0.0, high=1.0)],
    stopping=StoppingRule(metric="thumb"),
)
TRIAL = Trial(
    trial_id="t-1",
    spec=replace(SPEC, max_arms=3),
    phases=[Phase(number=0, start_time=10, weights={"control": 1.0, "bold": 1.0})],
)
NEXT = Phase(number=1, start_time=20, weights={"control": 1.0, "bold": 0.0})
THIRD = AddedArm(arm=Arm(name="third", model="models:/joker/3"), phase=1)


def test_a_continuation_passes() -> None:
    grown = replace(TRIAL, phases=[*TRIAL.phases, NEXT], added=[THIRD], removed={"bold": Decision(kind="harmed")})
    check_change(TRIAL, grown)
    check_change(grown, replace(grown, state="ended", decision=Decision(kind="won", winner="third")))


@pytest.mark.parametrize(
    ("changes", "error", "said"),
    [
        ({"spec": SPEC}, InvalidState, "another definition"),
        ({"phases": [NEXT]}, InvalidState, "not all there as they were"),
        ({"phases": [*TRIAL.phases, replace(NEXT, number=2)]}, InvalidInput, "expected the next number"),
        ({"phases": [*TRIAL.phases, replace(NEXT, start_time=9)]}, InvalidInput, "no earlier start"),
        ({"phases": [*TRIAL.phases, replace(NEXT, weights={"nobody": 1.0})]}, InvalidInput, "none of its arms"),
        ({"phases": [*TRIAL.phases, replace(NEXT, weights={"bold": 0.0})]}, InvalidInput, "not all 0"),
        ({"phases": [*TRIAL.phases, replace(NEXT, weights={"bold": -1.0})]}, InvalidInput, "0 or more each"),
        ({"added": [THIRD]}, InvalidInput, "joins in phase 1, which is not there"),
        ({"phases": [*TRIAL.phases, NEXT], "added": [replace(THIRD, arm=ARMS[1])]}, InvalidInput, "already"),
        ({"phases": [*TRIAL.phases, NEXT], "added": [THIRD, THIRD]}, InvalidInput, "at most 3"),
        ({"removed": {"control": Decision(kind="harmed")}}, InvalidInput, "but the control"),
        ({"removed": {"nobody": Decision(kind="harmed")}}, InvalidInput, "cannot be removed"),
        ({"decision": Decision(kind="won", winner="nobody")}, InvalidInput, "none of its arms"),
    ],
)
def test_what_is_no_continuation_is_refused(changes: dict[str, Any], error: type[Exception], said: str) -> None:
    with pytest.raises(error, match=said):
        check_change(TRIAL, replace(TRIAL, **changes))


def test_what_left_or_joined_stays_so_and_an_end_is_one() -> None:
    grown = replace(TRIAL, phases=[*TRIAL.phases, NEXT], added=[THIRD], removed={"bold": Decision(kind="harmed")})
    for changes in ({"added": []}, {"removed": {}}, {"removed": {"bold": Decision(kind="harmed", said="other")}}):
        with pytest.raises(InvalidState):
            check_change(grown, replace(grown, **changes))
    with pytest.raises(InvalidState, match="has ended"):
        check_change(replace(TRIAL, state="ended"), TRIAL)
