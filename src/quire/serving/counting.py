"""Counting what trials need of each request: who was answered by which arm, and what was measured.

A unit is counted as exposed once, when its first request ends. Where its arm failed it is counted under ``failed`` and
leaves every other comparison. An answer from the cache is no measurement of an arm.
"""

from __future__ import annotations

from collections.abc import Callable

from quire.domain.trials import EXPOSED, MEASURED, Outcome, Served, Trial, TrialMetric
from quire.serving.lately import Lately
from quire.serving.request import Done
from quire.store.current import absolute_uri
from quire.trials.noting import Leaving, Note, desks

FindTrial = Callable[[str], Trial | None]
FAILED = "failed"


class Counting:
    """An observer that notes answers and outcomes for the store of a URI."""

    def __init__(self, uri: str, trial_of: FindTrial, experiment_of: Callable[[Done], str] = lambda done: "") -> None:
        """``trial_of`` gives a trial by its id, from what the server knows already; it must not ask a store.

        ``experiment_of`` names the experiment that has the trace of a request.
        """
        self._uri = absolute_uri(uri)
        self._trial_of = trial_of
        self._experiment_of = experiment_of
        self._counted = Lately()

    def __call__(self, done: Done, /) -> None:
        """Note a request that ended."""
        note = self.note(done)
        if note is not None:
            desks.lay(self._uri, note)

    def note(self, done: Done) -> Note | None:
        """What there is to note of a request; None for nothing."""
        at = done.start_ns // 1_000_000
        served = []
        if done.ending == "answered" and (done.response_id or done.trace_id):
            served = [served_of(done, at, self._experiment_of(done))]
        given = done.given
        if given.trial_id is None or not given.unit:
            return Note(served) if served else None
        if arm_failed(done):
            return Note(served, [_outcome(done, EXPOSED, 1.0, at), _outcome(done, FAILED, 1.0, at)], [self._left(done)])
        if (given.trial_id, given.unit) in self._counted:  # the store would not count it again
            return Note(served) if served else None
        outcomes = [_outcome(done, EXPOSED, 1.0, at)]
        if done.ending == "answered" and not done.cached:
            trial = self._trial_of(given.trial_id)
            outcomes += [_outcome(done, name, _within(trial, name, value), at) for name, value in measurements(done)]
            self._counted.add((given.trial_id, given.unit))
        return Note(served, outcomes)

    def _left(self, done: Done) -> Leaving:
        trial_id, unit = done.given.trial_id or "", done.given.unit
        self._counted.add((trial_id, unit))
        return Leaving(trial_id, unit, quality_metrics(self._trial_of(trial_id)))


def quality_metrics(trial: Trial | None) -> list[str]:
    """The metrics that a unit leaves when its arm fails: all but ``failed``."""
    own = [] if trial is None else [metric.name for metric in trial.spec.metrics]
    return [name for name in dict.fromkeys([*own, *MEASURED]) if name != FAILED]


def arm_failed(done: Done) -> bool:
    """Whether the arm that a request was given did not answer it: it fell back, failed, broke off or was refused."""
    return done.fell_back or done.ending in ("failed", "broken", "refused")


def served_of(done: Done, at: int, experiment: str = "") -> Served:
    """The answer as feedback finds it. One that another arm gave in its stead belongs to no arm."""
    given = done.given
    its_own = given.trial_id is not None and not done.fell_back
    return Served(
        response_id=done.response_id,
        trace_id=done.trace_id,
        endpoint=done.ask.endpoint,
        at=at,
        trial_id=given.trial_id if its_own else None,
        arm=given.arm if its_own else None,
        phase=given.phase if its_own else 0,
        unit=given.unit if its_own else "",
        experiment=experiment,
    )


def measurements(done: Done) -> list[tuple[str, float]]:
    """What was measured of an answer; of costs what is known."""
    found: list[tuple[str, float | None]] = [
        ("latency_s", done.latency_s),
        ("first_token_s", done.first_token_s),
        ("cost_usd", done.cost_usd),
        ("output_tokens", float(done.usage.output_tokens) if done.usage.output_tokens else None),
    ]
    return [(name, value) for name, value in found if value is not None]


def _within(trial: Trial | None, name: str, value: float) -> float:
    """A measured value within the bounds that the trial gives it."""
    metric = None if trial is None else metric_of(trial, name)
    if metric is None:
        return value
    if metric.low is not None:
        value = max(metric.low, value)
    return value if metric.high is None else min(metric.high, value)


def metric_of(trial: Trial, name: str) -> TrialMetric | None:
    """A metric of a trial's definition; None for one that it does not name."""
    return next((metric for metric in trial.spec.metrics if metric.name == name), None)


def _outcome(done: Done, metric: str, value: float, at: int) -> Outcome:
    given = done.given
    return Outcome(
        trial_id=given.trial_id or "",
        metric=metric,
        arm=given.arm,
        phase=given.phase,
        unit=given.unit,
        value=value,
        at=at,
    )
