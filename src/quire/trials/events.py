"""The record of a trial: what became of it, when, by whom and why."""

from __future__ import annotations

import msgspec

from quire.domain.trials import Decision, Trial, TrialEvent, TrialEventKind


def noted(
    trial: Trial, kind: TrialEventKind, at: int, *, by: str = "", reason: str = "", arm: str | None = None
) -> Trial:
    """The trial with one more event in its record."""
    event = TrialEvent(kind=kind, at=at, by=by, reason=reason, arm=arm)
    return msgspec.structs.replace(trial, events=[*events_of(trial), event])


def noted_as_decided(trial: Trial, kind: TrialEventKind, why: Decision, *, arm: str | None = None) -> Trial:
    """The trial with an event that says what was decided."""
    return noted(trial, kind, why.at, by=why.by, reason=why.said, arm=arm)


def events_of(trial: Trial) -> list[TrialEvent]:
    """The record of a trial, oldest first; of one that was started before records were kept, what is known of it."""
    if trial.events:
        return trial.events
    found = [TrialEvent(kind="started", at=trial.creation_time, by=trial.created_by)]
    begun = {phase.number: phase.start_time for phase in trial.phases}
    found += [
        TrialEvent(kind="arm added", at=begun.get(one.phase, trial.creation_time), arm=one.arm.name)
        for one in trial.added
    ]
    found += [
        TrialEvent(kind="arm removed", at=why.at, by=why.by, reason=why.said, arm=name)
        for name, why in trial.removed.items()
    ]
    if trial.decision is not None:
        kind: TrialEventKind = "ended" if trial.state == "ended" else "paused"
        why = trial.decision
        found.append(TrialEvent(kind=kind, at=why.at, by=why.by, reason=why.said, arm=why.winner))
    return sorted(found, key=lambda event: event.at)


def signed(trial: Trial, before: Trial, by: str) -> Trial:
    """The trial whose new events, of those that somebody caused, bear this name; as it is where there is no name."""
    if not by:
        return trial
    known = len(before.events)
    new = [msgspec.structs.replace(event, by=by) if event.by else event for event in trial.events[known:]]
    return msgspec.structs.replace(trial, events=[*trial.events[:known], *new])
