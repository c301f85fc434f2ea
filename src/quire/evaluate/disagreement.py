"""Which two variants of an evaluation are looked at first, and on which records they differ most."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from quire.domain.errors import InvalidInput
from quire.evaluate.comparison import Comparison, averages_of
from quire.evaluate.ranking import Ranking
from quire.evaluate.table import MEASURES

if TYPE_CHECKING:
    from quire.evaluate.evaluation import Evaluation
    from quire.evaluate.table import VariantTable

_ALWAYS_DIFFER = frozenset({*MEASURES, "tokens"})


def main_pair(
    evaluation: Evaluation,
    a: str | None = None,
    b: str | None = None,
    *,
    confidence: float = 0.95,
    primary: str | Sequence[str] | None = None,
) -> tuple[str, str, Ranking | None]:
    """The variants that are compared first, and the ranking where there are more than two.

    ``a``, by default the first variant, is what others are compared with; ``b``, by default the best of the others.
    Raises NotFound for a variant that there is not.
    """
    names = evaluation.variants
    base = a if a is not None else next(name for name in names if name != b)
    evaluation.table(base)
    if b is not None:
        return base, b, None
    others = [name for name in names if name != base]
    ranking = _ranking(evaluation, base, confidence, primary) if len(others) > 1 else None
    best = others[0] if ranking is None else next(one.name for one in ranking.variants if one.name != base)
    return base, best, ranking


def _ranking(
    evaluation: Evaluation, base: str, confidence: float, primary: str | Sequence[str] | None
) -> Ranking | None:
    """The variants by the first primary score, or by the first that is a number."""
    first = next(iter(evaluation.primary_of(primary)), None)
    try:
        return evaluation.ranking(first, base, confidence=confidence)
    except InvalidInput:
        return None


def disagreements_of(evaluation: Evaluation, comparison: Comparison) -> dict[int, float]:
    """How much two variants differ on each record where they do: the sum over scores, each in parts of its largest.

    Latency, cost and tokens differ on every record; they count only where nothing else is scored.
    """
    a, b = evaluation.table(comparison.a), evaluation.table(comparison.b)
    return disagreements(a, b, list(comparison.metrics))


def disagreements(a: VariantTable, b: VariantTable, scores: Sequence[str]) -> dict[int, float]:
    """The same for two variants, of one evaluation or of two, on these scores; by the record's place in ``b``."""
    said = [name for name in scores if name not in _ALWAYS_DIFFER] or list(scores)
    if a.records is b.records and a.repeats == b.repeats == 1:
        return _by_place(a, b, said)
    total: dict[int, float] = {}
    for name in said:
        first, second = averages_of(a, name), averages_of(b, name)
        apart = {
            place: _apart(first[record_id], second[record_id])
            for place, record_id in enumerate(b.records.ids)
            if record_id in first
        }
        largest = max((value for value in apart.values() if value != math.inf), default=0.0) or 1.0
        for place, value in apart.items():
            if value:
                total[place] = total.get(place, 0.0) + min(value / largest, 1.0)
    return total


def _by_place(a: VariantTable, b: VariantTable, scores: Sequence[str]) -> dict[int, float]:
    """The same where both answered each of the same records once, for all records at once."""
    import numpy as np

    total = np.zeros(len(b.records))
    for name in scores:
        first, second = a.matrix(name)[:, 0], b.matrix(name)[:, 0]
        with np.errstate(invalid="ignore"):
            apart = np.abs(second - first)
        apart[np.isnan(first) != np.isnan(second)] = np.inf
        apart[np.isnan(apart)] = 0.0
        finite = apart[np.isfinite(apart)]
        largest = (float(finite.max()) if len(finite) else 0.0) or 1.0
        total += np.minimum(apart / largest, 1.0)
    places = np.flatnonzero(total)
    return dict(zip(places.tolist(), total[places].tolist(), strict=True))


def _apart(first: float, second: float) -> float:
    """The distance of two scores; infinite where only one is missing."""
    if math.isnan(first) and math.isnan(second):
        return 0.0
    return math.inf if math.isnan(first + second) else abs(second - first)
