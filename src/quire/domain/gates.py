"""Gates: what a challenger has to show before it is promoted, as data."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import msgspec

from quire.domain.errors import InvalidInput

CHAMPION = "@champion"


class Gate(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Better on one score than what serves now, and not much worse on others. All of it must hold.

    ``scorer`` must be better than that of ``better_than`` (an alias of the same model such as ``@champion``, a model
    URI, or the name of a variant), shown one-sided at ``confidence``. ``not_worse`` bounds the ratio of the means,
    challenger to champion, of other scores: 1.2 for ``cost_usd`` (lower is better) allows a fifth more, 0.95 for a
    score of which higher is better allows a twentieth less; shown at the same confidence. At least ``min_rows`` records
    must have scores on both sides, and at most the share ``max_missing`` of the challenger's may be missing.
    """

    scorer: str
    better_than: str = CHAMPION
    confidence: float = 0.95
    not_worse: dict[str, float] = msgspec.field(default_factory=dict)
    min_rows: int = 1
    max_missing: float = 0.05

    def __post_init__(self) -> None:
        if not _is_text(self.scorer):
            raise InvalidInput(f"A gate's scorer is {self.scorer!r}; expected the name of a score.")
        _check_share("confidence", self.confidence, 0.5, 1, "a number from 0.5 to below 1, such as 0.95")
        _check_share("max_missing", self.max_missing, 0, 1.0000001, "a share from 0 to 1")
        if not _is_count(self.min_rows):
            raise InvalidInput(f"A gate's min_rows is {self.min_rows!r}; expected a whole number of at least 1.")
        for name, ratio in self.not_worse.items():
            if not _is_ratio(ratio):
                raise InvalidInput(f"A gate's not_worse[{name!r}] is {ratio!r}; expected a ratio above 0, such as 1.2.")
        if self.scorer in self.not_worse:
            raise InvalidInput(f"A gate asks for {self.scorer!r} to be better and not worse; say one of them.")


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """One condition of a gate: whether it held, and the figures in words."""

    name: str
    passed: bool
    said: str
    p_value: float | None = None


class GateResult(msgspec.Struct, frozen=True, kw_only=True):
    """What a gate says of two variants; it passed if every check did."""

    champion: str
    challenger: str
    checks: list[Check]

    @property
    def passed(self) -> bool:
        """Whether the challenger may be promoted."""
        return all(check.passed for check in self.checks)

    def __str__(self) -> str:
        lines = [f"{'passed' if check.passed else 'FAILED'}  {check.name}: {check.said}" for check in self.checks]
        verdict = "passed" if self.passed else "FAILED"
        return "\n".join([f"Gate {verdict}: {self.challenger} against {self.champion}", *lines])


def gate(
    scorer: str,
    better_than: str = CHAMPION,
    confidence: float = 0.95,
    not_worse: Mapping[str, float] | None = None,
    min_rows: int = 1,
    max_missing: float = 0.05,
) -> Gate:
    """What a challenger has to show: see :class:`Gate`. Raises InvalidInput, naming the value."""
    return Gate(
        scorer=scorer,
        better_than=better_than,
        confidence=confidence,
        not_worse=dict(not_worse or {}),
        min_rows=min_rows,
        max_missing=max_missing,
    )


def read_gate(data: Any) -> Gate:
    """A gate written as a mapping, as in a YAML file. Raises InvalidInput, naming the field."""
    if isinstance(data, Gate):
        return data
    if not isinstance(data, Mapping):
        raise InvalidInput(f"A gate is {type(data).__name__}; expected a mapping such as {{scorer: exact_answer}}.")
    try:
        return msgspec.convert(dict(data), Gate)
    except msgspec.ValidationError as error:
        fields = ", ".join(Gate.__struct_fields__)
        raise InvalidInput(f"The gate cannot be read: {error}. Its fields: {fields}.") from None


def _check_share(name: str, value: object, least: float, below: float, expected: str) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value < below:
        raise InvalidInput(f"A gate's {name} is {value!r}; expected {expected}.")


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value)


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 1


def _is_ratio(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < math.inf
