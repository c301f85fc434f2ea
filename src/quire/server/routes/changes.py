"""What changed since a time, for the first page of the interface: ``GET /api/quire/v1/changes``.

Each part is what may be read by who asks. What takes long is kept for a while (:mod:`quire.server.kept`), by what the
answer depends on and who may read what.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from functools import partial

import msgspec

from quire.domain.access import Identity, Resource
from quire.domain.changes import (
    AliasMoved,
    ErrorsChanged,
    RunsChanged,
    Spent,
    UsageChanged,
    bucket_of,
    error_groups,
    without_echoes,
)
from quire.domain.comments import Comment
from quire.domain.errors import InvalidInput
from quire.domain.evaluation_tags import ROLE
from quire.domain.ids import now_ms
from quire.domain.protojson import Int64, Message
from quire.domain.trials import Trial
from quire.review.definition import DEFINITION_TAG, NAME_TAG, decoded
from quire.server.auth.asking import current
from quire.server.auth.places import subject_place
from quire.server.calls import Calls
from quire.server.context import Context
from quire.server.evaluations.listing import summary_of
from quire.server.evaluations.messages import EvaluationSummary
from quire.server.kept import Kept
from quire.server.readable import readable_experiments
from quire.server.routes.comments import mentions_for
from quire.store.changes import changes_of
from quire.store.serving import serving_of

calls = Calls("quire", "v1", tag="Changes")
LINES = 8
_MOST_MOVES = 50
_MOST_TRIALS = 20
_MOST_ERRORS = 500
_MOST_QUEUES = 50
_LONGEST_MS = 366 * 86_400_000


class OfChanges(Message, frozen=True, kw_only=True):
    """``GET changes``: since a time (ms), up to another (now). ``name`` is who asks, on a server without auth."""

    since: Int64
    until: Int64 = 0
    name: str = ""


class TrialLine(Message, frozen=True, kw_only=True):
    """A trial that runs, or ended since: what is known of it in a sentence."""

    trial_id: str
    name: str
    subject: str
    state: str
    started: int
    units: int
    sentence: str
    decision: str = ""
    harmed: list[str] = msgspec.field(default_factory=list)


class QueueLine(Message, frozen=True, kw_only=True):
    """A review queue that who asks may answer. Without reviewers anybody may."""

    run_id: str
    experiment_id: str
    name: str
    created: int
    pairs: bool = False
    reviewers: list[str] = msgspec.field(default_factory=list)


class ChangesResponse(Message, frozen=True, kw_only=True):
    """What changed. ``empty`` is a store that holds nothing at all; ``you`` is who asks, if the server knows."""

    since: int
    until: int
    you: str = ""
    empty: bool = False
    runs: RunsChanged
    moves: list[AliasMoved]
    trials: list[TrialLine]
    evaluations: list[EvaluationSummary]
    usage: UsageChanged
    errors: ErrorsChanged
    mentions: list[Comment]
    reviews: list[QueueLine]


@calls.read("GET", "/api/quire/v1/changes")
def list_changes(context: Context, request: OfChanges) -> ChangesResponse:
    """What changed since a time: runs, promotions, trials, evaluations, cost, errors, mentions, review queues."""
    since, until = _window(request)
    asking = current.get(None)
    identity = None if asking is None else asking.identity
    name = request.name if identity is None else identity.name
    experiments = readable_experiments(context, [])
    kept = changes_of(context.store)
    errors = kept.failed_traces(experiments, since, until, _MOST_ERRORS)
    usage = _usage(context, experiments, since, until)
    return ChangesResponse(
        since=since,
        until=until,
        you="" if identity is None else identity.name,
        empty=not kept.holds_anything() and not changes_of(context.registry).holds_anything(),
        runs=kept.runs_changed(experiments, since, until, LINES),
        moves=_moves(context, identity, since, until),
        trials=_trials(context, identity, since),
        evaluations=_evaluations(context, experiments, since),
        usage=usage,
        errors=ErrorsChanged(total=usage.now.errors, looked_at=len(errors), groups=error_groups(errors, LINES)),
        mentions=mentions_for(context, identity, name, since, LINES),
        reviews=_reviews(context, experiments, name),
    )


def _window(request: OfChanges) -> tuple[int, int]:
    until = request.until or now_ms()
    if not 0 <= request.since < until or until - request.since > _LONGEST_MS:
        raise InvalidInput(
            f"The time from {request.since} to {until} is none that changes are told of: give since as ms since the "
            "epoch, before until, and no more than a year before it."
        )
    return request.since, until


def _usage(context: Context, experiments: Sequence[str], since: int, until: int) -> UsageChanged:
    """Sums since the time and in as long before it; the time before does not change, and is kept."""
    kept = changes_of(context.store)
    bucket = bucket_of(since, until)
    buckets = kept.spent(experiments, since, until, bucket)
    earlier: Kept[Spent] = context.extras.setdefault("quire.spent_before", Kept())
    length = until - since
    asked: Hashable = (tuple(experiments), since // 60_000, length // 60_000)
    before = earlier.get(asked, asked, partial(_spent_before, context, experiments, since, length))
    return UsageChanged(now=_sum(buckets, since), before=before, bucket_ms=bucket, buckets=buckets)


def _spent_before(context: Context, experiments: Sequence[str], since: int, length: int) -> Spent:
    found = changes_of(context.store).spent(experiments, max(0, since - length), since, length)
    return _sum(found, since - length)


def _sum(parts: Sequence[Spent], at: int) -> Spent:
    costs = [part.cost for part in parts if part.cost is not None]
    return Spent(
        at=at,
        traces=sum(part.traces for part in parts),
        errors=sum(part.errors for part in parts),
        tokens=sum(part.tokens for part in parts),
        cost=sum(costs) if costs else None,
    )


def _moves(context: Context, identity: Identity | None, since: int, until: int) -> list[AliasMoved]:
    found = changes_of(context.registry).aliases_moved(since, until)
    seen = [move for move in found if identity is None or identity.reads(Resource("registered_model", move.name))]
    return without_echoes(seen)[:_MOST_MOVES]


def _trials(context: Context, identity: Identity | None, since: int) -> list[TrialLine]:
    serving = serving_of(context.store)
    found = serving.list_trials(states=("running", "deciding", "paused"))
    found += [
        trial
        for trial in serving.list_trials(states=("ended",))[:_MOST_TRIALS]
        if trial.decision is not None and trial.decision.at >= since
    ]
    seen = [trial for trial in found if identity is None or _reads(identity, trial)]
    return [_trial_line(context, trial) for trial in seen[:_MOST_TRIALS]]


def _reads(identity: Identity, trial: Trial) -> bool:
    return all(identity.reads(resource) for resource in subject_place(trial.spec.subject).resources)


def _trial_line(context: Context, trial: Trial) -> TrialLine:
    tallies = serving_of(context.store).tallies(trial.trial_id)
    kept: Kept[TrialLine] = context.extras.setdefault("quire.trial_lines", Kept())
    stamp = (trial.revision, sum(tally.n for tally in tallies))

    def make() -> TrialLine:
        from quire.trials.verdict import judge

        report = judge(trial, tallies, now_ms())
        return TrialLine(
            trial_id=trial.trial_id,
            name=trial.spec.name,
            subject=trial.spec.subject,
            state=trial.state,
            started=trial.phases[0].start_time,
            units=sum(report.units.values()),
            sentence=report.sentence,
            decision="" if report.decision is None else report.decision.kind,
            harmed=list(report.harmed),
        )

    return kept.get(trial.trial_id, stamp, make)


def _evaluations(context: Context, experiments: list[str], since: int) -> list[EvaluationSummary]:
    if not experiments:
        return []
    found = context.store.search_runs(
        experiments,
        filter_string=f"tags.`{ROLE}` = 'evaluation' AND attributes.start_time >= {since}",
        max_results=LINES,
    )
    return [summary_of(run) for run in found]


def _reviews(context: Context, experiments: list[str], name: str) -> list[QueueLine]:
    """Queues that who asks may answer: those that name them, and those that name nobody."""
    lines = []
    for run_id in changes_of(context.store).open_runs_tagged(experiments, NAME_TAG, _MOST_QUEUES):
        run = context.store.get_run(run_id)
        tags = run.data.tags
        if DEFINITION_TAG not in tags:
            continue
        definition = decoded(tags[DEFINITION_TAG])
        if definition.reviewers and name not in definition.reviewers:
            continue
        lines.append(
            QueueLine(
                run_id=run.info.run_id,
                experiment_id=run.info.experiment_id,
                name=definition.name,
                created=run.info.start_time,
                pairs=definition.pairs,
                reviewers=definition.reviewers,
            )
        )
    return lines[:LINES]
