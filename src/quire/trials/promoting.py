"""Promoting a trial's winner in steps that any process can take up where another died.

First the winner is written down and the trial is ``deciding``; then the alias is moved from the control's version to
the winner's, with a record that names the trial; then the trial is ``ended``. Each step is made only from the state
that the one before has left, and making it again changes nothing.
"""

from __future__ import annotations

import math

import msgspec

from quire.domain.alias_events import AliasEvent
from quire.domain.errors import InvalidInput, InvalidState, NotFound
from quire.domain.gates import Check
from quire.domain.ids import now_ms
from quire.domain.names import check_text
from quire.domain.promotions import Promotion
from quire.domain.redaction import redact
from quire.domain.trials import Decision, Trial
from quire.registry.moving import move_prompt_with_record, move_with_record
from quire.trials.access import Places, actor, here
from quire.trials.changing import change, ended, id_of
from quire.trials.events import noted, noted_as_decided
from quire.trials.homes import Home, check_arm, current, home_of
from quire.trials.pinning import version_of
from quire.trials.results import TrialReport
from quire.trials.subjects import read_subject
from quire.trials.verdict import judge

EVIDENCE = "trials:/"
"""How the record of a promotion names the trial that was won."""


def promote(trial: str | Trial, reason: str = "", *, arm: str | None = None, force: bool = False) -> Trial:
    """Promote a trial's winner, now: the alias that serves moves to its version, and the trial ends.

    Of a trial that ended with a winner and was only to report it, that winner. ``arm`` names another than the winner,
    or one before there is any: that needs ``force=True`` and a ``reason``, which the record keeps.

    Raises InvalidState if no arm is shown best, and if the alias is no longer at the control's version.
    """
    places, said = here(), redact(check_text(reason, "The reason"))
    found = places.serving.get_trial(id_of(trial))
    report = judge(found, places.serving.tallies(found.trial_id), now_ms())
    winner = _chosen(report, arm, force=force, reason=said)
    home = home_of(places, read_subject(found.spec.subject))
    check_arm(home, winner, model_of(found, winner))
    decision = _decision(report, winner, said)
    if found.state == "ended":
        _refuse_elsewhere(places, home, found, winner)
        move(places, home, msgspec.structs.replace(found, decision=decision), report)
        by = decision.by or actor()
        return change(
            places.serving,
            found.trial_id,
            lambda now: noted(now, "promoted", now_ms(), by=by, reason=decision.said, arm=winner),
        )
    decide(places, found.trial_id, decision)
    return finish(places, found.trial_id)


def _chosen(report: TrialReport, arm: str | None, *, force: bool, reason: str) -> str:
    shown = report.decision.winner if report.decision is not None else None
    if shown is not None and arm in (None, shown):
        return shown
    control = report.trial.spec.control
    if not force:
        raise InvalidState(
            f"{report.sentence} Nothing is promoted: wait for the trial to decide, or give an arm with force=True and "
            "a reason."
        )
    if not reason:
        raise InvalidInput("A promotion that is forced needs a reason, which its record keeps: reason='…'.")
    known = [one.name for one in report.trial.arms if one.name != control]
    if arm is None and len(known) == 1:
        return known[0]
    if arm not in known:
        raise InvalidInput(f"The arm to promote is {arm!r}; expected one of {', '.join(known)}.")
    return arm


def _decision(report: TrialReport, winner: str, reason: str) -> Decision:
    """The rule's own decision if it names the winner, else one that says that it was forced."""
    decided = report.decision
    if decided is not None and decided.winner == winner:
        said = f"{decided.said} {reason}" if reason else decided.said
        return msgspec.structs.replace(decided, said=said, by=actor())
    said = f"{FORCED}: {reason} ({report.sentence})"
    return Decision(kind="stopped", winner=winner, said=said, by=actor(), at=now_ms())


FORCED = "promoted by hand"


def _refuse_elsewhere(places: Places, home: Home, trial: Trial, winner: str) -> None:
    control, target = (_version(trial, name) for name in (trial.spec.control, winner))
    found = current(places, home)
    if found not in (control, target):
        raise InvalidState(_elsewhere(home, found, control))
    if found == target:
        raise InvalidState(f"{home} is at version {target} already; nothing was changed.")


def decide(places: Places, trial_id: str, decision: Decision) -> Trial:
    """Step one: the winner is written down. Of two servers at once the first one's decision stands."""

    def decided(found: Trial) -> Trial:
        if found.state not in ("running", "paused"):
            return found
        known = noted_as_decided(found, "decided", decision, arm=decision.winner)
        return msgspec.structs.replace(known, state="deciding", decision=decision)

    return change(places.serving, trial_id, decided)


def finish(places: Places, trial_id: str) -> Trial:
    """Steps two and three, of a trial that is ``deciding``; of another nothing.

    Where the alias was moved elsewhere meanwhile, or its version is gone, it stays, and the decision says so.
    """
    trial = places.serving.get_trial(trial_id)
    if trial.state != "deciding" or trial.decision is None:
        return trial
    winner, note = trial.decision.winner, ""
    if winner is not None and winner != trial.spec.control:
        try:
            home = home_of(places, read_subject(trial.spec.subject))
            check_arm(home, winner, model_of(trial, winner))
            move(places, home, trial, judge(trial, places.serving.tallies(trial_id), now_ms()))
        except (InvalidInput, InvalidState, NotFound) as error:
            note = f" Not promoted: {error.message}"
    return change(places.serving, trial_id, lambda found: _finished(found, note))


def _finished(trial: Trial, note: str) -> Trial:
    if trial.state != "deciding" or trial.decision is None:
        return trial
    said = msgspec.structs.replace(trial.decision, said=f"{trial.decision.said}{note}")
    if note or said.winner in (None, trial.spec.control):
        return ended(trial, said)
    over = noted(trial, "promoted", now_ms(), by=said.by, reason=said.said, arm=said.winner)
    return msgspec.structs.replace(over, state="ended", decision=said)


def move(places: Places, home: Home, trial: Trial, report: TrialReport) -> None:
    """Move the alias from the control's version to the winner's, with the record; nothing where it is there already.

    InvalidState if it is at neither, or if another moved it just now to a third.
    """
    assert trial.decision is not None
    assert trial.decision.winner is not None
    control, target = (_version(trial, name) for name in (trial.spec.control, trial.decision.winner))
    for _attempt in range(2):
        found = current(places, home)
        if found == target:
            return
        if found not in (control, None):
            break
        try:
            _move(places, home, found, target, trial, report)
        except InvalidState:
            continue  # another server was faster, or somebody moved it elsewhere: look again
        return
    raise InvalidState(_elsewhere(home, current(places, home), control))


def _move(places: Places, home: Home, old: str | None, new: str, trial: Trial, report: TrialReport) -> None:
    assert trial.decision is not None
    decision = trial.decision
    if home.is_prompt:
        event = AliasEvent(
            alias=home.alias,
            kind="set",
            old=None if old is None else int(old),
            new=int(new),
            by=decision.by or actor(),
            reason=f"{EVIDENCE}{trial.trial_id} {decision.said}"[:2_000],
        )
        move_prompt_with_record(places.registry, home.name, event)
        return
    promotion = Promotion(
        name=home.name,
        alias=home.alias,
        old=old,
        new=new,
        by=decision.by or actor(),
        reason=decision.said[:2_000],
        evidence=[f"{EVIDENCE}{trial.trial_id}"],
        checks=checks(report, decision),
        forced=decision.kind != "won",
    )
    move_with_record(places.registry, promotion)


def checks(report: TrialReport, decision: Decision) -> list[Check]:
    """What the record of a promotion says of the evidence: the metric that decides, and the winner's guardrails."""
    deciding, winner = report.deciding, decision.winner or ""
    found = deciding.differences.get(winner)
    made = []
    if found is not None:
        units = ", ".join(f"{figures.n:,} units of {arm}" for arm, figures in deciding.arms.items())
        evidence = "" if math.isnan(found.e_value) else f" e = {found.e_value:.3g},"
        said = f"{found.difference:+.4g} [{found.low:+.4g}, {found.high:+.4g}],{evidence} {units}"
        made.append(Check(name=f"{deciding.name} is better", passed=found.verdict == "better", said=said))
    for guard in report.guardrails:
        if guard.arm == winner:
            said = f"{guard.kind} {guard.estimate:.4g}, {guard.margin:.4g} allowed: {guard.verdict}"
            made.append(Check(name=f"{guard.metric} is kept", passed=guard.verdict != "violated", said=said))
    return made


def model_of(trial: Trial, name: str) -> str:
    """The URI of an arm. InvalidInput for a name that is none."""
    found = {arm.name: arm.model for arm in trial.arms}
    if name not in found:
        raise InvalidInput(f"The trial has no arm {name!r}; it has {', '.join(found)}.")
    return found[name]


def _version(trial: Trial, name: str) -> str:
    found = version_of(model_of(trial, name))
    if found is None:
        raise InvalidInput(f"The arm {name!r} is {model_of(trial, name)}, which is no registered version.")
    return found[1]


def _elsewhere(home: Home, found: str | None, control: str) -> str:
    return (
        f"{home} is at version {found}, and the trial compared with version {control}; the alias stays where it was "
        "moved meanwhile."
    )
