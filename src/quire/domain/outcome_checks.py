"""Whether an outcome can be counted in its trial, and whether an answer that was given can be noted."""

from __future__ import annotations

import math
from collections.abc import Iterable

from quire.domain.errors import InvalidInput
from quire.domain.names import check_integer, check_text
from quire.domain.trial_checks import known_metrics
from quire.domain.trials import EXPOSED, Outcome, Served, Trial

MAX_UNIT = 100
MAX_ID = 500
MAX_ARM = 100
_SHOWN = 60
MOST = 10_000
"""How many outcomes or answers one call may record."""


class Countable:
    """What can be counted in one trial; made once for many outcomes."""

    def __init__(self, trial: Trial) -> None:
        self._trial = trial
        self._bounds: dict[str, tuple[float, float]] = dict.fromkeys(
            (*known_metrics(trial.spec), EXPOSED), (-math.inf, math.inf)
        )
        for metric in trial.spec.metrics:
            low = -math.inf if metric.low is None else metric.low
            self._bounds[metric.name] = (low, math.inf if metric.high is None else metric.high)
        self._arms = {arm.name for arm in trial.arms}
        self._phases = {phase.number for phase in trial.phases}

    def check(self, outcome: Outcome) -> None:
        """Refuse a metric, arm or phase that the trial does not have, and a value beyond the metric's bounds."""
        self.check_metrics((outcome.metric,))
        self.number(outcome.metric, outcome.value)
        if outcome.arm not in self._arms:
            raise self._unknown("arm", outcome.arm, sorted(self._arms))
        if outcome.phase not in self._phases:
            raise self._unknown("phase", outcome.phase, sorted(self._phases))
        check_unit(outcome.unit)
        check_integer(outcome.at, "The outcome's time")

    def check_metrics(self, metrics: Iterable[str]) -> None:
        """Refuse a metric that the trial does not look at."""
        for metric in metrics:
            if metric not in self._bounds:
                raise self._unknown("metric", metric, sorted(self._bounds))

    def number(self, metric: str, value: object) -> float:
        """A value as the number that it counts as. Refuses what is none, or beyond the metric's bounds: names them."""
        what = f"The metric {metric!r} of the trial {self._trial.trial_id}"
        number = _finite(value)
        if number is None:
            raise InvalidInput(f"{what} has the value {_short(value)}; expected a finite number, or true or false.")
        low, high = self._bounds[metric]
        if not low <= number <= high:
            raise InvalidInput(
                f"{what} has the value {number:g}, beyond its bounds {low:g} to {high:g}, which the trial's statistics "
                "rest on. Give a value within them."
            )
        return number

    def _unknown(self, what: str, given: object, known: list[object] | list[str] | list[int]) -> InvalidInput:
        shown = ", ".join(map(str, known))
        return InvalidInput(
            f"The trial {self._trial.trial_id} has no {what} {given!r:.120}; expected one of {shown}. Nothing of this "
            "call was counted."
        )


def _finite(value: object) -> float | None:
    try:
        number = float(value) if isinstance(value, int | float) else math.nan
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


def _short(value: object) -> str:
    shown = repr(value)
    return shown if len(shown) <= _SHOWN else f"{shown[:_SHOWN]}…"


def check_unit(unit: object) -> str:
    """The hash of a key, by which a trial counts it."""
    if not isinstance(unit, str) or not unit:
        raise InvalidInput(f"The unit is {unit!r:.60}; expected the hash of a key (quire.domain.assignment.unit_of).")
    return check_text(unit, "The unit", MAX_UNIT)


def check_served(served: Served) -> None:
    """Refuse an answer that cannot be found again, or whose texts are too long."""
    if not served.response_id and not served.trace_id:
        raise InvalidInput("An answer needs its own id or its trace's; response_id and trace_id are both empty.")
    check_text(served.response_id, "response_id", MAX_ID)
    check_text(served.trace_id, "trace_id", MAX_ID)
    check_text(served.endpoint, "The endpoint of an answer", MAX_ID)
    check_text(served.trial_id or "", "trial_id", MAX_UNIT)
    check_text(served.arm or "", "The arm of an answer", MAX_ARM)
    check_text(served.unit, "The unit", MAX_UNIT)
    check_text(served.experiment, "The experiment of an answer", MAX_ID)
    check_integer(served.at, "The time of an answer")
    check_integer(served.phase, "The phase of an answer")


def check_many(count: int, what: str) -> None:
    """Refuse more than one call may record."""
    if count > MOST:
        raise InvalidInput(f"A call may record at most {MOST:,} {what}; got {count:,}. Split them into several calls.")
