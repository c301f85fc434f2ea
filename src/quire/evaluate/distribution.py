"""How the values of a score are spread, for each variant and between two of them, as counts that a picture shows."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import msgspec

from quire.domain.scores import ScoreKind, ScoreSpread
from quire.evaluate.comparison import averages_of
from quire.evaluate.numbers import show, show_difference

if TYPE_CHECKING:
    from quire.evaluate.table import VariantTable

BINS = 24
_MOST_VALUES = 24
_MOST_WORDS = 24
OTHER = "(other)"


class Distribution(msgspec.Struct, frozen=True, kw_only=True):
    """One score of several variants: its values, how many lack one, and how records differ between two of them."""

    score: str
    kind: ScoreKind
    values: ScoreSpread
    missing: dict[str, int]
    differences: ScoreSpread | None = None


def distribution(
    tables: Mapping[str, VariantTable], score: str, pair: tuple[VariantTable, VariantTable] | None = None
) -> Distribution:
    """The spread of a score; of the differences (second − first, record by record) too, where a pair is given.

    Raises NotFound for a score that a variant does not have.
    """
    columns = {name: table.column(score) for name, table in tables.items()}
    kinds = {column.kind for column in columns.values()}
    kind: ScoreKind = "text" if "text" in kinds else "binary" if kinds == {"binary"} else "number"
    missing = {name: table.missing(score) for name, table in tables.items()}
    if kind == "text":
        return Distribution(
            score=score, kind=kind, values=_words({n: c.words for n, c in columns.items()}), missing=missing
        )
    numbers = {name: [value for value in column.values if value == value] for name, column in columns.items()}
    return Distribution(
        score=score,
        kind=kind,
        values=_right_or_wrong(numbers) if kind == "binary" else _numbers(numbers, score, sign=False),
        missing=missing,
        differences=None if pair is None else _differences(*pair, score),
    )


def _differences(a: VariantTable, b: VariantTable, score: str) -> ScoreSpread:
    first, second = averages_of(a, score), averages_of(b, score)
    apart = [value - first[record_id] for record_id, value in second.items() if record_id in first]
    return _numbers({"difference": [value for value in apart if value == value]}, score, sign=True)


def _right_or_wrong(numbers: Mapping[str, Sequence[float]]) -> ScoreSpread:
    counts = {
        name: [sum(1 for one in values if not one), sum(1 for one in values if one)] for name, values in numbers.items()
    }
    return ScoreSpread(labels=["no", "yes"], counts=counts)


def _words(said: Mapping[str, Counter[str]]) -> ScoreSpread:
    total: Counter[str] = Counter()
    for words in said.values():
        total += words
    shown = [word for word, _count in total.most_common(_MOST_WORDS)]
    rest = len(total) > len(shown)
    counts = {
        name: [words[word] for word in shown] + ([words.total() - sum(words[word] for word in shown)] if rest else [])
        for name, words in said.items()
    }
    return ScoreSpread(labels=[*shown, OTHER] if rest else shown, counts=counts)


def _numbers(numbers: Mapping[str, Sequence[float]], score: str, *, sign: bool) -> ScoreSpread:
    """A bin for each value where there are few, else bins of equal width over all variants."""
    written = show_difference if sign else show
    distinct: set[float] = set()
    for values in numbers.values():
        distinct.update(values)
        if len(distinct) > _MOST_VALUES:
            return _binned(numbers, score, sign=sign)
    ordered = sorted(distinct)
    found = {name: Counter(values) for name, values in numbers.items()}
    return ScoreSpread(
        labels=[written(value, "number", score) for value in ordered],
        counts={name: [counts[value] for value in ordered] for name, counts in found.items()},
    )


def _binned(numbers: Mapping[str, Sequence[float]], score: str, *, sign: bool) -> ScoreSpread:
    import numpy as np

    written = show_difference if sign else show
    everything = np.concatenate([np.asarray(values, dtype=np.float64) for values in numbers.values()])
    finite = everything[np.isfinite(everything)]
    edges = np.histogram_bin_edges(finite, bins=BINS) if len(finite) else np.array([0.0, 1.0])
    counts = {
        name: np.histogram(np.clip(np.asarray(values, dtype=np.float64), edges[0], edges[-1]), bins=edges)[0].tolist()
        for name, values in numbers.items()
    }
    words = [written(float(edge), "number", score) for edge in edges]
    labels = [f"{low} to {high}" for low, high in itertools.pairwise(words)]
    return ScoreSpread(labels=labels, counts=counts, edges=[float(edge) for edge in edges])
