"""What may become of a trial: its definition and what was written of it stay, its state, phases and arms go on."""

from __future__ import annotations

import math

from quire.domain.errors import InvalidInput, InvalidState
from quire.domain.trial_checks import arm_mistakes, typed
from quire.domain.trials import Phase, Trial


def check_change(before: Trial, after: Trial) -> None:
    """Refuse what is not a continuation of the trial as it is stored.

    InvalidState if its definition differs, if what was written of it is not there as it was, or if it has ended and
    would not stay so; InvalidInput for a phase, an arm or a decision that does not fit it.
    """
    what = f"The trial {before.trial_id}"
    if typed(after.spec, f"{what}: its definition") != before.spec:
        raise InvalidState(f"{what} has another definition, which never changes once it runs. Start another trial.")
    _check_kept(before, after, what)
    _check_arms(before, after, what)
    _check_phases(before, after, what)
    names = {arm.name for arm in after.arms}
    for name in after.removed:
        if name not in names or name == after.spec.control:
            raise InvalidInput(f"{what}: the arm {name!r} cannot be removed; expected one of its arms but the control.")
    winner = after.decision.winner if after.decision is not None else None
    if winner is not None and winner not in names:
        raise InvalidInput(f"{what}: the winner {winner!r} is none of its arms, {', '.join(sorted(names))}.")


def _check_kept(before: Trial, after: Trial, what: str) -> None:
    if before.state == "ended" and after.state != "ended":
        raise InvalidState(f"{what} has ended and cannot become {after.state!r}. Start another trial.")
    if after.phases[: len(before.phases)] != before.phases:
        raise InvalidState(
            f"{what}: its {len(before.phases)} phases are not all there as they were written. Read the trial again, "
            "and add to its phases."
        )
    if after.added[: len(before.added)] != before.added:
        raise InvalidState(f"{what}: arms that joined it are not there as they were. Read the trial again.")
    if after.events[: len(before.events)] != before.events:
        raise InvalidState(f"{what}: its record is not there as it was written. Read the trial again, and add to it.")
    gone = [name for name, decision in before.removed.items() if after.removed.get(name) != decision]
    if gone:
        raise InvalidState(f"{what}: the arm {gone[0]!r} had left it, and why is not there as it was. Read it again.")


def _check_arms(before: Trial, after: Trial, what: str) -> None:
    names = [arm.name for arm in after.arms]
    most = after.spec.max_arms or len(after.spec.arms)
    if len(names) > most:
        raise InvalidInput(
            f"{what} would have {len(names)} arms; at most {most} ever take part (max_arms), which its confidence is "
            "shared between. Start another trial with a larger max_arms."
        )
    numbers = {phase.number for phase in after.phases}
    for joined in after.added[len(before.added) :]:
        arm = joined.arm
        if names.count(arm.name) > 1:
            raise InvalidInput(f"{what} has an arm named {arm.name!r} already. Give the new one another name.")
        found = list(arm_mistakes(arm.name, arm.model, arm.weight, after.spec.subject))
        if found:
            raise InvalidInput(f"{what}: {found[0]}")
        if joined.phase not in numbers or joined.phase == 0:
            raise InvalidInput(f"{what}: the arm {arm.name!r} joins in phase {joined.phase}, which is not there.")


def _check_phases(before: Trial, after: Trial, what: str) -> None:
    names = {arm.name for arm in after.arms}
    last = before.phases[-1]
    for phase in after.phases[len(before.phases) :]:
        if phase.number != last.number + 1 or phase.start_time < last.start_time:
            raise InvalidInput(
                f"{what}: phase {phase.number} at {phase.start_time} cannot follow phase {last.number} at "
                f"{last.start_time}; expected the next number, and no earlier start."
            )
        _check_weights(phase, names, what)
        last = phase


def _check_weights(phase: Phase, names: set[str], what: str) -> None:
    strange = sorted(phase.weights.keys() - names)
    if strange:
        raise InvalidInput(f"{what}: phase {phase.number} weighs {strange[0]!r}, which is none of its arms.")
    bad = {name: weight for name, weight in phase.weights.items() if not 0 <= weight < math.inf}
    if bad or not sum(phase.weights.values()) > 0:
        raise InvalidInput(
            f"{what}: phase {phase.number} has the weights {phase.weights}; expected 0 or more each, not all 0."
        )
