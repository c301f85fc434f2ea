"""Scores of what an answer cost: seconds, US dollars, tokens."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass
from typing import Literal

from quire.domain.errors import InvalidInput
from quire.domain.scores import Measured
from quire.scorers.base import Scorer

_COUNTED = ("total", "input", "output")


@dataclass(frozen=True, kw_only=True)
class Latency(Scorer):
    """Seconds that the successful request took. A number; lower is better; missing where it was not measured.

    Accepts any outputs: it reads ``measured`` alone.
    """

    name: str = "latency_s"
    kind = "number"
    higher_is_better = False

    def __call__(self, *, measured: Measured) -> float | None:
        """The seconds."""
        return measured.latency_s


@dataclass(frozen=True, kw_only=True)
class Cost(Scorer):
    """US dollars that the answer cost. A number; lower is better; missing where the model's price is not known.

    Accepts any outputs: it reads ``measured`` alone.
    """

    name: str = "cost_usd"
    kind = "number"
    higher_is_better = False

    def __call__(self, *, measured: Measured) -> float | None:
        """The US dollars."""
        return measured.cost_usd


@dataclass(frozen=True)
class Tokens(Scorer):
    """Tokens of the request and its answer: ``counted`` is ``total``, ``input`` or ``output``. A number; lower is
    better; missing where the service did not count.

    Accepts any outputs: it reads ``measured`` alone. Named ``tokens``, ``input_tokens`` or ``output_tokens``.
    """

    counted: Literal["total", "input", "output"] = "total"
    _: KW_ONLY
    name: str = ""
    kind = "number"
    higher_is_better = False

    def __post_init__(self) -> None:
        if self.counted not in _COUNTED:
            raise InvalidInput(f"counted is {self.counted!r}; expected one of {', '.join(_COUNTED)}.")
        if not self.name:
            object.__setattr__(self, "name", "tokens" if self.counted == "total" else f"{self.counted}_tokens")

    def __call__(self, *, measured: Measured) -> int | None:
        """The tokens."""
        if self.counted == "input":
            return measured.input_tokens
        if self.counted == "output":
            return measured.output_tokens
        if measured.input_tokens is None or measured.output_tokens is None:
            return None
        return measured.input_tokens + measured.output_tokens
