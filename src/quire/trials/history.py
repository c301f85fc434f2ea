"""What was known of a trial's metric at moments since its start: the same statistics, of what had been counted by then.

Confidence sequences hold at every look, so each moment's interval means what it would have meant then. Arms and phases
are today's: what comparisons look at no more (units lost before a trial was resumed) is left out at every moment, and
the last moment is what the report says now.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from quire.domain.entities import Entity
from quire.domain.errors import InvalidInput
from quire.domain.trials import EXPOSED, Tally, Trial
from quire.store.serving import TimedServing
from quire.trials.results import MetricReport
from quire.trials.tallying import FAILED
from quire.trials.verdict import figures_of

MOST_POINTS = 200


class Moment(Entity, frozen=True, kw_only=True):
    """What was known at a time (ms)."""

    at: int
    figures: MetricReport


class TrialHistory(Entity, frozen=True, kw_only=True):
    """One metric of a trial at moments, oldest first, from the first that has units; the last is ``at``."""

    trial_id: str
    metric: str
    at: int
    moments: list[Moment]


def history_of(store: TimedServing, trial: Trial, metric: str, points: int, now: int) -> TrialHistory:
    """The history of a metric, at ``points`` moments from the start until ``now``, or until the trial's end.

    InvalidInput for a metric that the trial does not look at, or for another number than 1 to 200.
    """
    if not 1 <= points <= MOST_POINTS:
        raise InvalidInput(f"points is {points}; expected a whole number from 1 to {MOST_POINTS}.")
    figures_of(trial, [], metric)
    start, end = trial.phases[0].start_time, end_of(trial, now)
    width = max(1, -(-(end - start) // points))
    wanted = [metric, EXPOSED] if metric == FAILED else [metric]
    counted = store.tallies_over_time(trial.trial_id, wanted, start_ms=start, width_ms=width, parts=points)
    moments = [
        Moment(at=min(start + (part + 1) * width, end), figures=figures_of(trial, tallies, metric))
        for part, tallies in _grown(counted)
    ]
    return TrialHistory(trial_id=trial.trial_id, metric=metric, at=now, moments=moments)


def end_of(trial: Trial, now: int) -> int:
    """When a trial ended; now, if it has not."""
    if trial.state != "ended":
        return max(now, trial.phases[0].start_time + 1)
    ended = trial.decision.at if trial.decision is not None else 0
    return max(ended or trial.last_update_time, trial.phases[0].start_time + 1)


def _grown(counted: Iterable[tuple[int, Tally]]) -> Iterator[tuple[int, Sequence[Tally]]]:
    """What had been counted by the end of each part of the time that counted anything, all parts before it included."""
    parts: dict[int, list[Tally]] = {}
    for part, tally in counted:
        parts.setdefault(part, []).append(tally)
    sums: dict[tuple[str, str, int], Tally] = {}
    for part in sorted(parts):
        for one in parts[part]:
            place = (one.metric, one.arm, one.phase)
            before = sums.get(place)
            sums[place] = one if before is None else _added(before, one)
        yield part, list(sums.values())


def _added(one: Tally, other: Tally) -> Tally:
    return Tally(
        metric=one.metric,
        arm=one.arm,
        phase=one.phase,
        n=one.n + other.n,
        total=one.total + other.total,
        squares=one.squares + other.squares,
    )
