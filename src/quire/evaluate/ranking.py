"""Many variants by one score, each against a baseline."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec

from quire.domain.errors import InvalidInput
from quire.evaluate.comparison import (
    MetricComparison,
    adjusted,
    averages_of,
    check_confidence,
    clusters_of,
    compare_score,
)
from quire.evaluate.table import VariantTable
from quire.stats.results import Interval

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderResult


class Ranked(msgspec.Struct, frozen=True, kw_only=True):
    """One variant: its mean with the mean's interval, and its comparison with the baseline (None for that itself)."""

    place: int
    name: str
    mean: float
    interval: Interval
    missing: int
    comparison: MetricComparison | None


class Ranking(msgspec.Struct, frozen=True, kw_only=True):
    """Variants from the best to the worst mean. P-values are corrected for the number of variants (Holm)."""

    scorer: str
    baseline: str
    confidence: float
    higher_is_better: bool
    variants: list[Ranked]

    def __len__(self) -> int:
        return len(self.variants)

    def __str__(self) -> str:
        from quire.evaluate.printing import as_text

        return as_text(self)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        from quire.evaluate.printing import ranking_table

        yield ranking_table(self)


def rank(
    tables: Sequence[VariantTable],
    baseline: VariantTable,
    scorer: str,
    *,
    confidence: float = 0.95,
    method: str = "auto",
    seed: int = 0,
) -> Ranking:
    """The variants in the order of their means. Raises InvalidInput for a score that is words."""
    check_confidence(confidence)
    if any(table.column(scorer).kind == "text" for table in tables):
        raise InvalidInput(f"The score {scorer!r} is words, which have no order; rank by a score that is a number.")
    others = [table for table in tables if table is not baseline]
    found = [
        compare_score(baseline, table, scorer, confidence=confidence, method=method, seed=seed) for table in others
    ]
    against = dict(zip((table.name for table in others), adjusted(found, confidence), strict=True))
    higher = baseline.column(scorer).info.higher_is_better
    ordered = sorted(tables, key=lambda table: _key(table.column(scorer).mean, higher))
    return Ranking(
        scorer=scorer,
        baseline=baseline.name,
        confidence=confidence,
        higher_is_better=higher,
        variants=[
            Ranked(
                place=place,
                name=table.name,
                mean=table.column(scorer).mean,
                interval=mean_interval_of(table, scorer, confidence, seed),
                missing=table.missing(scorer),
                comparison=against.get(table.name),
            )
            for place, table in enumerate(ordered, 1)
        ],
    )


def _key(mean: float, higher: bool) -> float:
    """Orders means from the best; a variant without a score comes last."""
    if math.isnan(mean):
        return math.inf
    return -mean if higher else mean


def mean_interval_of(table: VariantTable, name: str, confidence: float, seed: int = 0) -> Interval:
    """The interval of a variant's mean over records, repeats averaged, groups as clusters."""
    from quire.stats import mean_interval

    averages = averages_of(table, name)
    places = [place for place, value in enumerate(averages.values()) if value == value]
    values = [value for value in averages.values() if value == value]
    if not values:
        return Interval(math.nan, math.nan, confidence, "none: no record has a score")
    clusters = clusters_of(table, places) if table.records.has_groups else None
    if clusters is not None and len(set(clusters)) < 2:
        return Interval(-math.inf, math.inf, confidence, "none: all records are of one group")
    return mean_interval(values, confidence=confidence, seed=seed, clusters=clusters)
