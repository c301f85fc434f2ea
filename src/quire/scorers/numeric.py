"""Numbers in answers: the one that an answer ends with, and whether it is right."""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from quire.domain.errors import InvalidInput
from quire.scorers.base import Scorer
from quire.scorers.reading import EXPECTED, answer_text, expected, shown

_NUMBER = re.compile(
    r"(?P<sign>(?<![\w.)\]])[-−+])?\s?[$€£¥]?\s?(?P<minus>(?<=[$€£¥])-)?"
    r"(?P<digits>[0-9]{1,3}(?:,[0-9]{3})+(?![0-9])(?:\.[0-9]+)?|[0-9]+(?:\.[0-9]+)?|(?<![0-9])\.[0-9]+)"
    r"(?P<exponent>[eE][-+]?[0-9]{1,3}(?![0-9]))?"
)
_SAYS_ANSWER = re.compile(r"\banswer(?: is)?\s*[:=]|\banswer is\b", re.IGNORECASE)
_MARKS = ("####", "\nA:", "\na:")


def numbers_in(text: str) -> list[Decimal]:
    """The numbers in a text, in order, without signs of currency and thousands separators ("$1,234.50" is 1234.5)."""
    return [_decimal(found) for found in _NUMBER.finditer(text)]


def final_number(text: str) -> Decimal | None:
    """The number that an answer ends with; None if it has none.

    It is the first one after the last marker ("####", a line that begins with "A:", "Answer:", "the answer is"), as
    GSM8K's answers end (Cobbe et al., 2021); in an answer without a marker, or with no number after it, the last one.
    """
    after = _after_marker(text)
    if after is not None:
        found = _NUMBER.search(text, after)
        if found is not None:
            return _decimal(found)
    numbers = list(_NUMBER.finditer(text))
    return _decimal(numbers[-1]) if numbers else None


def _after_marker(text: str) -> int | None:
    """Where the last marker ends."""
    ends = [place + len(mark) for mark in _MARKS if (place := text.rfind(mark)) >= 0]
    if text.startswith(("A:", "a:")):
        ends.append(2)
    if "nswer" in text or "NSWER" in text:
        ends += [found.end() for found in _SAYS_ANSWER.finditer(text)]
    return max(ends, default=None)


_expected_number = functools.lru_cache(maxsize=4096)(final_number)
"""Expected answers come again with each variant and repeat."""


def _decimal(found: re.Match[str]) -> Decimal:
    digits = found["digits"].replace(",", "") + (found["exponent"] or "")
    number = Decimal(digits)
    return -number if found["sign"] in ("-", "−") or found["minus"] else number


def read_number(value: Any, what: str) -> Decimal:
    """A number as it is, or the one that a text ends with. Raises InvalidInput for a value without one."""
    if isinstance(value, bool) or value is None:
        raise InvalidInput(f"{what} is {shown(value)}; expected a number, or text that holds one.")
    if isinstance(value, int | float | Decimal):
        return Decimal(str(value))
    found = _expected_number(answer_text(value))
    if found is None:
        raise InvalidInput(f"{what} holds no number: {shown(value)}.")
    return found


@dataclass(frozen=True, kw_only=True)
class ExactAnswer(Scorer):
    """Whether the answer ends with the number that was expected, exactly. Binary.

    Accepts ``outputs`` that are text or a number, and an expectation ``field`` that is a number or a text that ends
    with one (a whole solution as in GSM8K, "… #### 18", will do); both are read by :func:`final_number`, so that
    "A: $1,234.00" is 1234. An answer without a number is wrong; a record whose expectation has none gets an error.
    """

    name: str = "exact_answer"
    field: str = EXPECTED
    kind = "binary"

    def __call__(self, *, outputs: Any, expectations: Mapping[str, Any] | None) -> bool:
        """Whether the numbers are the same."""
        right = read_number(expected(expectations, self.field), f"The expectation {self.field!r}")
        if isinstance(outputs, str):
            return final_number(outputs) == right
        return read_number(outputs, "The answer") == right


@dataclass(frozen=True, kw_only=True)
class NumericMatch(Scorer):
    """Whether the answer's number is within a tolerance of the expected one. Binary.

    Accepts what :class:`ExactAnswer` accepts. It is right when the difference is at most ``absolute`` or at most
    ``relative`` times the expected number's size, whichever allows more; both are 0 by default, which asks for the
    same number. Raises InvalidInput, when made, for a tolerance below 0.
    """

    name: str = "numeric_match"
    field: str = EXPECTED
    absolute: float = 0.0
    relative: float = 0.0
    kind = "binary"

    def __post_init__(self) -> None:
        for option in ("absolute", "relative"):
            value = getattr(self, option)
            if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < float("inf"):
                raise InvalidInput(f"{option} is {value!r}; expected a number of at least 0.")

    def __call__(self, *, outputs: Any, expectations: Mapping[str, Any] | None) -> bool:
        """Whether it is near enough."""
        right = read_number(expected(expectations, self.field), f"The expectation {self.field!r}")
        given = final_number(outputs) if isinstance(outputs, str) else read_number(outputs, "The answer")
        if given is None or not given.is_finite():
            return False
        allowed = max(Decimal(str(self.absolute)), Decimal(str(self.relative)) * abs(right))
        return abs(given - right) <= allowed
