"""Trials: live A/B tests as data. What is tested, on whom, by which rule it ends, and what has come of it.

A trial's definition (:class:`TrialSpec`) never changes once it runs; what changes (its state, its phases) is beside it.
Statistics need only the tallies: how many units, their sum, their sum of squares, for each metric, arm and phase.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from quire.domain.entities import Entity

TrialState = Literal["running", "paused", "deciding", "ended"]
"""``deciding``: a winner is known and its promotion is under way, so that any server can finish it."""
AllocationKind = Literal["fixed", "thompson", "track-and-stop"]
MeasuredName = Literal["latency_s", "first_token_s", "cost_usd", "output_tokens", "failed"]
MEASURED: tuple[MeasuredName, ...] = ("latency_s", "first_token_s", "cost_usd", "output_tokens", "failed")
"""Metrics that the server measures by itself at each request; ``failed`` is 1 where the arm gave no answer."""
EXPOSED = "quire.exposed"
"""The metric under which a unit is counted when it first meets an arm; its value is 1."""
WinAction = Literal["report", "promote"]


class TrialMetric(Entity, frozen=True, kw_only=True):
    """What a trial looks at: one of :data:`MEASURED`, a name that feedback gives, or a scorer's.

    ``low`` and ``high`` bound its values (a thumb: 0 and 1; a rating: 1 and 5): then statistics are exact at every
    look. Without both, intervals hold asymptotically, from ``least_units`` of the rule on. ``scorer`` is a scorer's
    name, whose ``parameters`` follow; answers are scored at the rate ``sample``, in the background.
    """

    name: str
    higher_is_better: bool = True
    low: float | None = None
    high: float | None = None
    scorer: str | None = None
    parameters: dict[str, object] = msgspec.field(default_factory=dict)
    sample: float = 1.0

    @property
    def is_bounded(self) -> bool:
        """Whether its values have both bounds."""
        return self.low is not None and self.high is not None


class Guardrail(Entity, frozen=True, kw_only=True):
    """A metric that no arm may spoil: one shown worse than the control by more than ``margin`` leaves the trial.

    ``kind`` says what ``margin`` is: a difference of means, or a ratio of means, challenger to control (1.2 where lower
    is better allows a fifth more, 0.95 where higher is better a twentieth less).
    """

    metric: str
    margin: float
    kind: Literal["difference", "ratio"] = "difference"
    confidence: float = 0.99


class StoppingRule(Entity, frozen=True, kw_only=True):
    """When a trial ends and what then happens; fixed when it starts.

    It ends once an arm is shown best on ``metric`` (at ``confidence``, over all looks and all arms together), after
    ``most_units`` units or ``most_days`` days. ``least_units`` of each arm are seen before any verdict.
    """

    metric: str
    confidence: float = 0.95
    least_units: int = 0
    most_units: int | None = None
    most_days: float | None = None
    on_win: WinAction = "report"


class Allocation(Entity, frozen=True, kw_only=True):
    """How traffic is shared out: by the arms' weights, or anew every ``every_s`` seconds by what is known so far.

    No arm falls below the share ``floor`` while it is in the trial.
    """

    kind: AllocationKind = "fixed"
    floor: float = 0.05
    every_s: float = 60.0


class RampStep(Entity, frozen=True, kw_only=True):
    """From ``after_s`` seconds after the start, the share of keys that enter the trial."""

    after_s: float
    share: float


class Arm(Entity, frozen=True, kw_only=True):
    """One of what is compared: a model URI (or a prompt's), under a name, with its share of the traffic."""

    name: str
    model: str
    weight: float = 1.0


class TrialSpec(Entity, frozen=True, kw_only=True):
    """The definition of a trial. The first arm is the control.

    ``subject`` is ``endpoint:NAME`` or ``prompts:/NAME``. ``namespace`` limits it to one customer or tenant.
    ``holdout`` is the share of keys that stay out of it for good and are served the control. At most ``max_arms`` arms
    ever take part (by default as many as at the start): that is what the confidence is shared between.
    """

    subject: str
    arms: list[Arm]
    metrics: list[TrialMetric]
    stopping: StoppingRule
    allocation: Allocation = msgspec.field(default_factory=Allocation)
    guardrails: list[Guardrail] = msgspec.field(default_factory=list)
    name: str = ""
    namespace: str | None = None
    holdout: float = 0.0
    ramp: list[RampStep] = msgspec.field(default_factory=list)
    max_arms: int | None = None

    @property
    def control(self) -> str:
        """The name of the arm that others are compared with."""
        return self.arms[0].name


class Phase(Entity, frozen=True, kw_only=True):
    """A time in which weights and arms stay as they are.

    It begins at ``start_time`` (ms), which lies in the future when it is written, so that every server knows it before
    it begins.
    """

    number: int
    start_time: int
    weights: dict[str, float]


class Decision(Entity, frozen=True, kw_only=True):
    """Why a trial ended, or an arm left it: ``winner`` is an arm, None where none was shown best."""

    kind: Literal["won", "inconclusive", "stopped", "harmed"]
    winner: str | None = None
    said: str = ""
    by: str = ""
    at: int = 0


TrialEventKind = Literal["started", "paused", "resumed", "arm added", "arm removed", "decided", "promoted", "ended"]
"""``decided``: a winner was written down; ``promoted``: the alias that serves is at its version."""


class TrialEvent(Entity, frozen=True, kw_only=True):
    """Something that became of a trial: when (ms), by whom, and why. Without a name in ``by`` the trial's own rule did
    it. ``arm`` is the one that it is about: which came, left, or won."""

    kind: TrialEventKind
    at: int
    by: str = ""
    reason: str = ""
    arm: str | None = None


class Trial(Entity, frozen=True, kw_only=True):
    """A trial with what has become of it. ``revision`` grows with each change, so that two servers never both make one.

    ``added`` are arms that came later, each with the phase in which it came; ``removed`` those that left, and why.
    ``counted_from`` is the first phase that comparisons look at: those before it lost units of one arm. ``decision`` of
    a paused trial says why it was paused. ``events`` are its record, oldest first: it only grows.
    """

    trial_id: str
    spec: TrialSpec
    state: TrialState = "running"
    revision: int = 1
    phases: list[Phase]
    added: list[AddedArm] = msgspec.field(default_factory=list)
    removed: dict[str, Decision] = msgspec.field(default_factory=dict)
    decision: Decision | None = None
    counted_from: int = 0
    events: list[TrialEvent] = msgspec.field(default_factory=list)
    created_by: str = ""
    creation_time: int = 0
    last_update_time: int = 0

    @property
    def arms(self) -> list[Arm]:
        """Every arm that was ever in it, the control first."""
        return [*self.spec.arms, *(one.arm for one in self.added)]

    @property
    def joined(self) -> dict[str, int]:
        """The phase in which each arm joined: comparisons look at the control from there on."""
        return {arm.name: 0 for arm in self.spec.arms} | {one.arm.name: one.phase for one in self.added}


class AddedArm(Entity, frozen=True, kw_only=True):
    """An arm that joined a running trial, in the phase of that number."""

    arm: Arm
    phase: int


class Served(Entity, frozen=True, kw_only=True, gc=False):
    """An answer that was given, by its id: where feedback on it belongs. ``unit`` is the hash of the key.

    ``experiment`` is the name of the experiment of its trace: feedback may come before the trace is stored.
    """

    response_id: str
    trace_id: str
    endpoint: str
    at: int
    trial_id: str | None = None
    arm: str | None = None
    phase: int = 0
    unit: str = ""
    experiment: str = ""


class PrunedNotes(Entity, frozen=True, kw_only=True):
    """How many notes of answers were deleted; ``after`` says where to go on, None at the end."""

    deleted: int = 0
    after: int | None = None


class Outcome(Entity, frozen=True, kw_only=True, gc=False):
    """One value of a metric for a unit that was given an arm in a phase. Only a unit's first value counts."""

    trial_id: str
    metric: str
    arm: str
    phase: int
    unit: str
    value: float
    at: int


class Tally(Entity, frozen=True, kw_only=True, gc=False):
    """Units of one metric, arm and phase: how many, the sum of their values, the sum of the squares."""

    metric: str
    arm: str
    phase: int
    n: int
    total: float
    squares: float
