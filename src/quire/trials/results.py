"""What is known of a trial at a moment: plain data that prints as tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import msgspec

from quire.domain.entities import Entity
from quire.domain.errors import NotFound
from quire.domain.trials import Decision, Trial

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderResult

Shown = Literal["better", "worse", "no difference shown"]
"""Of a challenger against the control, at the level that the trial set aside for it."""
Held = Literal["holds", "not shown", "violated"]
"""Of a guardrail: shown to hold, neither shown, shown violated."""


class ArmFigures(Entity, frozen=True, kw_only=True):
    """One arm on one metric: units, their mean, and the interval that holds its true mean at every look."""

    n: int
    mean: float
    low: float
    high: float


class Difference(Entity, frozen=True, kw_only=True):
    """A challenger against the control of the same time: the difference of means with its interval.

    ``e_value`` is the evidence against "no difference in favour of the side that leads": 1 is none, and what the
    verdict needs is 1 over the level. Of a shadow it is the mean of the differences, request by request.
    """

    n: int
    difference: float
    low: float
    high: float
    e_value: float
    verdict: Shown


class MetricReport(Entity, frozen=True, kw_only=True):
    """One metric: each arm, and each challenger against the control.

    ``exact`` says that the statistics hold at every look for certain; otherwise they hold asymptotically.
    """

    name: str
    higher_is_better: bool
    decides: bool
    exact: bool
    arms: dict[str, ArmFigures]
    differences: dict[str, Difference]


class GuardrailReport(Entity, frozen=True, kw_only=True):
    """One guardrail on one arm. ``estimate`` is the difference or the ratio that ``margin`` bounds."""

    metric: str
    arm: str
    kind: Literal["difference", "ratio"]
    margin: float
    estimate: float
    e_value: float
    needed: float
    verdict: Held


class RatioCheck(Entity, frozen=True, kw_only=True):
    """Whether units fell to the arms as they were shared out: an alarm says that something loses units of one arm."""

    units: dict[str, int]
    expected: dict[str, float]
    e_value: float
    needed: float
    alarm: bool


class TrialReport(Entity, frozen=True, kw_only=True):
    """What is known of a trial at ``at`` (ms). It prints as tables.

    ``confidence`` is that of the whole trial; each comparison has its part. ``excluded`` counts units by arm that left
    the comparison because their arm failed. ``units_left`` and ``days_left`` are None where the rule sets no such end.
    ``decision`` is what the rule says now, if it says anything (of a trial that has ended, what was decided);
    ``harmed`` are the arms that guardrails say should leave.
    """

    trial: Trial
    at: int
    confidence: float
    metrics: dict[str, MetricReport]
    guardrails: list[GuardrailReport]
    ratio: RatioCheck | None = None
    excluded: dict[str, int]
    units: dict[str, int]
    rule: str
    sentence: str
    units_left: int | None = None
    days_left: float | None = None
    decision: Decision | None = None
    harmed: dict[str, Decision] = msgspec.field(default_factory=dict)

    def __getitem__(self, name: str) -> MetricReport:
        """What is known of one metric. NotFound lists them."""
        if name not in self.metrics:
            raise NotFound(f"The trial has no metric {name!r}; it has {', '.join(self.metrics)}.")
        return self.metrics[name]

    @property
    def deciding(self) -> MetricReport:
        """What is known of the metric that decides."""
        return self.metrics[self.trial.spec.stopping.metric]

    def __str__(self) -> str:
        from quire.trials.printing import as_text

        return as_text(self)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        from quire.trials.printing import report_parts

        yield from report_parts(self)
