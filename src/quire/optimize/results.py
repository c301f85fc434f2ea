"""What an optimisation found: every template that it tried, what decided, and the version that came of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import msgspec

from quire.domain.prompt_text import PromptTemplate
from quire.domain.prompts import PromptVersion
from quire.evaluate.comparison import Comparison
from quire.optimize.proposing import Discarded

if TYPE_CHECKING:
    from quire.domain.promptdiff import PromptDiff

ORIGINAL = "original"
Decision = Literal["better", "worse", "no difference shown", "no candidate", "undecided"]
"""Of the best candidate against the original on the held-out split; "no candidate" was better on the development split,
or the budget ended before it could be decided."""


class Candidate(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A template that was evaluated on the development split.

    ``score`` is its mean on the first ``records`` records of the sample, a missing score counting as the worst there
    was; None while it was not evaluated. ``cost_usd`` is what its answers cost. ``round`` 0 is the original.
    """

    name: str
    template: PromptTemplate
    round: int = 0
    parent: str | None = None
    score: float | None = None
    records: int = 0
    cost_usd: float = 0.0


class Record(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the run keeps as ``optimization/optimization.json``."""

    format: str = "quire-optimization-1"
    prompt: str
    model: str
    objective: str
    seed: int
    candidates: list[Candidate]
    discarded: list[Discarded]
    calls: int
    spent_usd: float
    stopped: str | None = None
    decision: Decision | None = None
    best: str | None = None
    evaluation: str | None = None


class Optimized(msgspec.Struct, frozen=True, kw_only=True):
    """The outcome of :func:`quire.optimize_prompt`. It prints as what was found.

    ``prompt`` is the version to go on with: the new one if one was registered, else the original. ``best`` is the
    candidate that was best on the development split (the original, where none was better). ``comparison`` is that of
    the held-out split, ``evaluation_run_id`` the evaluation that it is of; None where nothing was compared.
    ``calls`` and ``spent_usd`` are what proposals, answers and judgements took together; what was answered from
    earlier runs is not in it. ``stopped`` says why the search ended early, if it did.
    """

    prompt: PromptVersion
    original: PromptVersion
    best: Candidate
    decision: Decision
    objective: str
    registered: bool
    candidates: list[Candidate]
    discarded: list[Discarded]
    run_id: str
    calls: int
    spent_usd: float
    comparison: Comparison | None = None
    evaluation_run_id: str | None = None
    stopped: str | None = None

    @property
    def better(self) -> bool:
        """Whether the held-out split shows that the best candidate is better."""
        return self.decision == "better"

    def diff(self) -> PromptDiff:
        """What the best candidate changes in the original."""
        from quire.domain.promptdiff import diff_prompts

        return diff_prompts(self.original, msgspec.structs.replace(self.original, template=self.best.template))

    def __str__(self) -> str:
        lines = [self._head(), f"{len(self.candidates) - 1} candidates tried, {len(self.discarded)} discarded; "]
        lines[1] += f"{self.calls} calls, US$ {self.spent_usd:.6f}."
        if self.comparison is not None:
            lines.insert(1, figures(self.comparison, self.objective) + ".")
        if self.stopped:
            lines.append(f"The search ended early: {self.stopped}")
        return "\n".join(lines)

    def _head(self) -> str:
        if self.decision == "no candidate":
            return f"{self.original.uri}: no candidate was better on the development split."
        if self.decision == "undecided":
            return (
                f"{self.original.uri}: a candidate was found, and the budget ended before the held-out split decided."
            )
        made = f", registered as {self.prompt.uri}" if self.registered else ""
        return f"{self.original.uri}: on the held-out split the best candidate is {_words(self.decision)}{made}."


def figures(comparison: Comparison, objective: str) -> str:
    """The figures of a comparison on one score, on one line."""
    one = comparison[objective]
    low, high = one.interval.low, one.interval.high
    return (
        f"{objective} {one.mean_a:.4g} → {one.mean_b:.4g} ({one.difference:+.4g}, {comparison.confidence:.0%} interval "
        f"{low:+.4g} to {high:+.4g}, p = {one.p_value:.3g}, n = {one.n})"
    )


def _words(decision: Decision) -> str:
    return "not shown to be better" if decision == "no difference shown" else decision
