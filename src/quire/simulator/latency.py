"""How long an answer takes: a fixed time or a distribution, drawn from a uniform number. Pure."""

from __future__ import annotations

import math
from statistics import NormalDist

import msgspec

from quire.domain.errors import InvalidInput

_NORMAL = NormalDist()
_FORMS = "a number of milliseconds, 'fixed:MS', 'uniform:LOW:HIGH' or 'lognormal:MEDIAN:SIGMA'"


class Latency(msgspec.Struct, frozen=True):
    """A distribution of milliseconds. ``a`` and ``b``: value; low and high; median and sigma of the logarithm."""

    kind: str
    a: float
    b: float = 0.0

    def draw(self, uniform: float) -> float:
        """Seconds at the quantile ``uniform`` (0 ≤ uniform < 1) of the distribution."""
        if self.kind == "fixed":
            return self.a / 1000
        if self.kind == "uniform":
            return (self.a + uniform * (self.b - self.a)) / 1000
        quantile = _NORMAL.inv_cdf(min(max(uniform, 1e-9), 1 - 1e-9))
        return self.a * math.exp(self.b * quantile) / 1000


def parse_latency(given: float | str) -> Latency:
    """Read a number or one of the written forms. Raises InvalidInput with the accepted forms."""
    if isinstance(given, int | float) and not isinstance(given, bool):
        kind, numbers = "fixed", [float(given)]
    else:
        kind, numbers = _parse_text(given)
    expected = 1 if kind == "fixed" else 2
    ordered = kind != "uniform" or len(numbers) != 2 or numbers[0] <= numbers[1]
    if len(numbers) != expected or any(not 0 <= number < math.inf for number in numbers) or not ordered:
        raise InvalidInput(f"latency_ms is {given!r}. Give {_FORMS}, with numbers of 0 or more.")
    return Latency(kind, *numbers)


def _parse_text(given: object) -> tuple[str, list[float]]:
    parts = str(given).split(":")
    kind = "fixed" if len(parts) == 1 else parts.pop(0)
    try:
        numbers = [float(part) for part in parts]
    except ValueError:
        numbers = []
    if kind not in {"fixed", "uniform", "lognormal"} or not isinstance(given, str):
        numbers = []
    return kind, numbers
