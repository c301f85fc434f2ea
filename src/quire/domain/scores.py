"""Scores: what scorers say of one answer, and what the answer cost."""

from __future__ import annotations

import math
from typing import Any, Literal

import msgspec

from quire.domain.entities import Entity

ScoreKind = Literal["binary", "number", "text"]
"""Right or wrong; a quantity; a word, such as a class."""
ScoreValue = bool | int | float | str


class Measured(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What one answer cost, and how it ended.

    Seconds for ``latency_s`` (the attempt that succeeded), US dollars for ``cost_usd`` (None where a price is not
    known). ``tool_calls`` are the calls that the model asked for, each with ``name`` and decoded ``arguments``;
    ``replayed`` marks an answer that was there already and was not paid again.
    """

    latency_s: float | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    cost_usd: float | None = None
    finish_reason: str | None = None
    refusal: str | None = None
    tool_calls: list[dict[str, Any]] = msgspec.field(default_factory=list)
    attempts: int = 1
    replayed: bool = False


class Score(Entity, frozen=True, kw_only=True):
    """One scorer's word on one answer.

    ``value`` is None where there is none: the scorer had nothing to say, failed (then ``error`` says why), or there
    was no answer to score. A number that is NaN counts as none.
    """

    name: str
    value: ScoreValue | None = None
    error: str | None = None
    rationale: str = ""
    metadata: dict[str, str] = msgspec.field(default_factory=dict)

    @property
    def number(self) -> float:
        """The value as a number, True being 1; NaN where there is none or it is text."""
        if self.value is None or isinstance(self.value, str):
            return math.nan
        return float(self.value)


class ScoredRow(Entity, frozen=True, kw_only=True):
    """One record, answered once by one variant, and its scores.

    ``record_id`` is what the record is known by: SHA-256 of its inputs, as in evaluation datasets. ``group`` names the
    cluster that the record belongs to, if any. ``outputs`` is None where ``error`` says why there are none.
    """

    record_id: str
    index: int
    repeat: int = 0
    inputs: dict[str, Any] = msgspec.field(default_factory=dict)
    expectations: dict[str, Any] | None = None
    group: str | None = None
    outputs: Any = None
    error: str | None = None
    measured: Measured = msgspec.field(default_factory=Measured)
    scores: list[Score] = msgspec.field(default_factory=list)
    trace_id: str | None = None


class ScoreSpread(msgspec.Struct, frozen=True, kw_only=True):
    """Counts of values in bins. ``labels`` say what each bin holds; ``edges`` are the bounds of bins of numbers, one
    more than bins, empty where each bin is one value. ``counts`` are by variant.
    """

    labels: list[str]
    counts: dict[str, list[int]]
    edges: list[float] = msgspec.field(default_factory=list)
