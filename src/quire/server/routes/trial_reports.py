"""What is known of a trial: ``/api/quire/v1/trials/{trial_id}/report`` and ``history``."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import msgspec

from quire.domain.assignment import phase_at, ramp_share
from quire.domain.errors import QuireError
from quire.domain.ids import now_ms
from quire.domain.protojson import Message, Required
from quire.domain.trials import EXPOSED, Tally, Trial, TrialEvent
from quire.server.calls import Calls
from quire.server.context import Context
from quire.server.kept import Kept
from quire.store.rest.wire.serving import OfTrial
from quire.store.serving import serving_of, timed_serving_of
from quire.trials.access import Places, places_of
from quire.trials.events import events_of
from quire.trials.homes import current, home_of
from quire.trials.phases import shares_of
from quire.trials.results import TrialReport
from quire.trials.subjects import SubjectKind, read_subject

calls = Calls("quire", "v1", tag="Trials")
_TRIAL = "/api/quire/v1/trials/{trial_id}"
_POINTS = 60
_MINUTE_MS = 60_000


class TrialHistoryRequest(Message, frozen=True, kw_only=True):
    """``GET trials/{trial_id}/history``: of a metric (by default the one that decides) at so many moments."""

    trial_id: Required
    metric: str = ""
    points: int = _POINTS


class TrialServing(Message, frozen=True, kw_only=True):
    """The alias by which a trial's subject serves, and where it is now; ``why`` tells where there is none."""

    alias: str = ""
    version: str | None = None
    why: str = ""


class ArmNow(Message, frozen=True, kw_only=True):
    """An arm as it takes part now: its share of the keys in the trial, 0 if it has left."""

    name: str
    model: str
    share: float
    control: bool = False
    removed: bool = False


class TrialReportResponse(Message, frozen=True, kw_only=True):
    """What is known of a trial, with what people read beside it.

    ``needed`` is the e-value at which a challenger is called better or worse. ``entering`` is the share of keys that
    enter the trial now, by its ramp and holdout. ``notes`` say how the figures may be read.
    """

    report: TrialReport
    subject_kind: SubjectKind
    subject_name: str
    headline: str
    notes: list[str]
    needed: float
    entering: float
    arms: list[ArmNow]
    serving: TrialServing
    events: list[TrialEvent]


class TrialFigures(Message, frozen=True, kw_only=True):
    """One arm's mean, or one challenger's difference, with its interval."""

    name: str
    n: int
    value: float
    low: float
    high: float


class TrialMoment(Message, frozen=True, kw_only=True):
    """What was known at a time (ms): each arm, each challenger against the control."""

    at: int
    arms: list[TrialFigures] = msgspec.field(default_factory=list)
    differences: list[TrialFigures] = msgspec.field(default_factory=list)


class TrialHistoryResponse(Message, frozen=True, kw_only=True):
    """One metric at moments, oldest first; ``at`` is when this was worked out."""

    metric: str
    at: int
    higher_is_better: bool = True
    exact: bool = False
    moments: list[TrialMoment] = msgspec.field(default_factory=list)


@calls.read("GET", f"{_TRIAL}/report")
def get_trial_report(context: Context, request: OfTrial) -> TrialReportResponse:
    """What is known of a trial now: verdict, arms, differences, guardrails, the check of its shares, its record."""
    places = places_of(context.store, context.registry)
    now = now_ms()
    trial = places.serving.get_trial(request.trial_id)
    tallies, serving = places.serving.tallies(trial.trial_id), _serving(places, trial)
    kept: Kept[TrialReportResponse] = context.extras.setdefault("quire.trial_reports", Kept())
    # Whoever acts sees what came of it; what is counted meanwhile is weighed a moment later where many look.
    question = (trial.trial_id, trial.revision, serving.alias, serving.version)
    stamp = (now // _MINUTE_MS, *((one.metric, one.arm, one.phase, one.n, one.total) for one in tallies))
    return kept.get(question, stamp, partial(_report, trial, tallies, serving, now))


def _report(trial: Trial, tallies: Sequence[Tally], serving: TrialServing, now: int) -> TrialReportResponse:
    from quire.trials.printing import footnotes, headline
    from quire.trials.verdict import judge, needed_evidence

    report = judge(trial, tallies, now)
    subject = read_subject(trial.spec.subject)
    return TrialReportResponse(
        report=report,
        subject_kind=subject.kind,
        subject_name=subject.name,
        headline=headline(report),
        notes=footnotes(report),
        needed=needed_evidence(trial),
        entering=_entering(trial, now),
        arms=_arms(trial, now),
        serving=serving,
        events=events_of(trial),
    )


def _arms(trial: Trial, now: int) -> list[ArmNow]:
    shares = shares_of(phase_at(trial, now))
    control = trial.spec.control
    return [
        ArmNow(
            name=arm.name,
            model=arm.model,
            share=shares.get(arm.name, 0.0),
            control=arm.name == control,
            removed=arm.name in trial.removed,
        )
        for arm in trial.arms
    ]


def _entering(trial: Trial, now: int) -> float:
    elapsed_s = (now - trial.phases[0].start_time) / 1000
    return (1 - trial.spec.holdout) * ramp_share(trial.spec.ramp, elapsed_s)


def _serving(places: Places, trial: Trial) -> TrialServing:
    try:
        home = home_of(places, read_subject(trial.spec.subject))
        return TrialServing(alias=str(home), version=current(places, home))
    except QuireError as error:
        return TrialServing(why=error.message)


@calls.read("GET", f"{_TRIAL}/history")
def get_trial_history(context: Context, request: TrialHistoryRequest) -> TrialHistoryResponse:
    """A metric of a trial over time: at each of some moments what had been counted by then, with its intervals."""
    serving = serving_of(context.store)
    trial = serving.get_trial(request.trial_id)
    metric = request.metric or trial.spec.stopping.metric
    counted = sum(tally.n for tally in serving.tallies(trial.trial_id) if tally.metric in (metric, EXPOSED))
    kept: Kept[TrialHistoryResponse] = context.extras.setdefault("quire.trial_histories", Kept())
    question, stamp = (trial.trial_id, metric, request.points), (trial.revision, counted)
    return kept.get(question, stamp, partial(_history, context, trial, metric, request.points))


def _history(context: Context, trial: Trial, metric: str, points: int) -> TrialHistoryResponse:
    from quire.trials.history import history_of

    found = history_of(timed_serving_of(context.store), trial, metric, points, now_ms())
    last = found.moments[-1].figures if found.moments else None
    return TrialHistoryResponse(
        metric=metric,
        at=found.at,
        higher_is_better=last is None or last.higher_is_better,
        exact=last is not None and last.exact,
        moments=[
            TrialMoment(
                at=moment.at,
                arms=[
                    TrialFigures(name=name, n=one.n, value=one.mean, low=one.low, high=one.high)
                    for name, one in moment.figures.arms.items()
                ],
                differences=[
                    TrialFigures(name=name, n=one.n, value=one.difference, low=one.low, high=one.high)
                    for name, one in moment.figures.differences.items()
                ],
            )
            for moment in found.moments
        ],
    )
