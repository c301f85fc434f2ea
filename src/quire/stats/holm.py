"""Holm's correction: p-values of many tests, raised so that all of them together keep the level."""

from __future__ import annotations

from collections.abc import Sequence

from quire.domain.errors import InvalidInput


def holm(p_values: Sequence[float]) -> list[float]:
    """The adjusted p-values, in the order given; an empty list for none.

    Rejecting what is below 0.05 after adjustment makes a mistake anywhere among the true hypotheses with a probability
    of at most 5 %, whatever the dependence between the tests. Use it whenever several scorers or variants are looked
    at and any of them may lead to a promotion; not for one planned test. Source: S. Holm, "A simple sequentially
    rejective multiple test procedure", Scandinavian Journal of Statistics 6 (1979). Raises InvalidInput for a value
    that is NaN or outside 0 to 1.
    """
    for place, p in enumerate(p_values):
        if not 0 <= p <= 1:
            raise InvalidInput(f"p_values[{place}] is {p}; expected a number from 0 to 1.")
    adjusted = [0.0] * len(p_values)
    highest = 0.0
    for rank, place in enumerate(sorted(range(len(p_values)), key=p_values.__getitem__)):
        highest = max(highest, min(1.0, (len(p_values) - rank) * float(p_values[place])))
        adjusted[place] = highest
    return adjusted
