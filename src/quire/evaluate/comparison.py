"""Two variants on the same records: paired differences with their evidence, score by score.

Repeats are averaged within a record; a record counts where both sides have a score, and those left out are counted.
Records of one group are a cluster: they are drawn, and signs are flipped, together. The tests and intervals are those
of :mod:`quire.stats`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

import msgspec

from quire.domain.errors import InvalidInput, NotFound
from quire.domain.scores import ScoreKind
from quire.evaluate.table import VariantTable
from quire.stats.results import Interval, TestResult

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderResult


Verdict = Literal["better", "worse", "no difference shown"]
"""Of b against a, at the confidence that was asked for."""
Overall = Literal["better", "worse", "mixed", "no difference shown"]


class Pairs(msgspec.Struct, frozen=True):
    """The scores of two variants on the records that both have one of, and how many records were left out."""

    a: list[float]
    b: list[float]
    clusters: list[str] | None
    record_ids: list[str]
    missing_a: int
    missing_b: int

    @property
    def differences(self) -> list[float]:
        """b − a, record by record."""
        return [second - first for first, second in zip(self.a, self.b, strict=True)]

    @property
    def one_cluster(self) -> bool:
        """Whether all records belong to one group, so that nothing shows how much groups differ."""
        return self.clusters is not None and len(set(self.clusters)) < 2


class MetricComparison(msgspec.Struct, frozen=True, kw_only=True):
    """One score of two variants: means, their difference (b − a) with its interval, p-value and verdict.

    ``n`` records have a score on both sides; ``missing_a`` and ``missing_b`` have none on that side. Won, lost and
    tied count records as b sees them. ``p_adjusted`` is corrected for the number of scores compared (Holm), primary
    ones among themselves and the others among themselves; the verdict follows from it. ``clusters`` is the number of
    groups, None without any.
    """

    name: str
    kind: ScoreKind
    higher_is_better: bool
    n: int
    missing_a: int
    missing_b: int
    mean_a: float
    mean_b: float
    difference: float
    interval: Interval
    p_value: float
    p_adjusted: float
    method: str
    won: int
    lost: int
    tied: int
    verdict: Verdict
    clusters: int | None = None

    @property
    def ratio(self) -> float:
        """The mean of b in times the mean of a; NaN where that is 0."""
        return self.mean_b / self.mean_a if self.mean_a else math.nan


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """``b`` against ``a``: what the verdicts on their scores say together, and each of them.

    ``verdict`` is ``better`` or ``worse`` when the scores that differ all say so, ``mixed`` when they disagree. Where
    ``primary`` names scores, it is the verdict of these alone; the others are secondary. ``left_out`` are scores that
    are words, and have no difference. It prints as a table.
    """

    a: str
    b: str
    confidence: float
    records: int
    repeats: int
    metrics: dict[str, MetricComparison]
    verdict: Overall
    left_out: list[str] = msgspec.field(default_factory=list)
    primary: list[str] = msgspec.field(default_factory=list)

    @property
    def secondary(self) -> list[str]:
        """The scores that do not count for the verdict: none unless some are primary."""
        return [name for name in self.metrics if name not in self.primary] if self.primary else []

    @property
    def deciding(self) -> list[MetricComparison]:
        """The scores that the verdict is made of: the primary ones, or all."""
        return [metric for name, metric in self.metrics.items() if not self.primary or name in self.primary]

    def __getitem__(self, name: str) -> MetricComparison:
        """The comparison on one score."""
        if name not in self.metrics:
            raise NotFound(f"The comparison has no score {name!r}; it has {', '.join(self.metrics) or 'none'}.")
        return self.metrics[name]

    @property
    def sentence(self) -> str:
        """The verdict in words."""
        return describe(self)

    def __str__(self) -> str:
        from quire.evaluate.printing import as_text

        return as_text(self)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        from quire.evaluate.printing import comparison_parts

        yield from comparison_parts(self)


def compare_tables(
    a: VariantTable,
    b: VariantTable,
    *,
    confidence: float = 0.95,
    scorers: Sequence[str] | None = None,
    primary: Sequence[str] = (),
    method: str = "auto",
    seed: int = 0,
) -> Comparison:
    """Compare two variants, of one evaluation or of two. Raises InvalidInput if they have no record in common.

    With ``primary`` the verdict is that of these scores; their p-values are corrected for their number alone, so that
    a score more beside them does not weaken what they show.
    """
    check_confidence(confidence)
    names = _names(a, b, scorers)
    _check_primary(a, b, primary, names)
    words = [name for name in names if "text" in (a.column(name).kind, b.column(name).kind)]
    if scorers is not None and words:
        raise InvalidInput(
            f"The score {words[0]!r} is words, which have no difference; compare scores that are numbers."
        )
    compared = [name for name in names if name not in words]
    found = [compare_score(a, b, name, confidence=confidence, method=method, seed=seed) for name in compared]
    families = [[one for one in found if (one.name in primary) is first] for first in (True, False)]
    corrected = {metric.name: metric for family in families for metric in adjusted(family, confidence)}
    metrics = {name: corrected[name] for name in compared}
    return Comparison(
        a=a.name,
        b=b.name,
        confidence=confidence,
        records=len(b.records),
        repeats=max(a.repeats, b.repeats),
        metrics=metrics,
        verdict=_overall([metric for name, metric in metrics.items() if not primary or name in primary]),
        left_out=words,
        primary=list(dict.fromkeys(primary)),
    )


def check_confidence(confidence: object) -> None:
    """Raise InvalidInput unless it is a number between a half and 1."""
    if isinstance(confidence, bool) or not isinstance(confidence, int | float) or not 0.5 <= confidence < 1:
        raise InvalidInput(f"confidence is {confidence!r}; expected a number from 0.5 to below 1, such as 0.95.")


def _names(a: VariantTable, b: VariantTable, scorers: Sequence[str] | None) -> list[str]:
    if scorers is not None:
        for name in scorers:
            a.column(name)
            b.column(name)
        return list(dict.fromkeys(scorers))
    names = [name for name in a.columns if name in b.columns]
    if not names:
        raise InvalidInput(f"The variants {a.name!r} and {b.name!r} have no score in common, so nothing is compared.")
    return names


def _check_primary(a: VariantTable, b: VariantTable, primary: Sequence[str], names: Sequence[str]) -> None:
    """Raise NotFound for a primary score that there is not, InvalidInput for one that is words or is not compared."""
    for name in primary:
        if "text" in (a.column(name).kind, b.column(name).kind):
            raise InvalidInput(f"The primary score {name!r} is words, which have no difference; name one in numbers.")
        if name not in names:
            raise InvalidInput(
                f"The primary score {name!r} is not among those compared, {', '.join(names)}; add it to `scorers`."
            )


def compare_score(
    a: VariantTable, b: VariantTable, name: str, *, confidence: float, method: str = "auto", seed: int = 0
) -> MetricComparison:
    """Compare two variants on one score; its p-value is not corrected yet."""
    pairs = pair(a, b, name)
    info, kind = b.column(name).info, _kind(a, b, name)
    differences = pairs.differences
    interval = _interval(pairs, confidence, seed)
    tested = _test(pairs, kind, method, seed)
    sign = 1 if info.higher_is_better else -1
    return MetricComparison(
        name=name,
        kind=kind,
        higher_is_better=info.higher_is_better,
        n=len(differences),
        missing_a=pairs.missing_a,
        missing_b=pairs.missing_b,
        mean_a=_mean(pairs.a),
        mean_b=_mean(pairs.b),
        difference=_mean(differences),
        interval=interval,
        p_value=tested.p_value,
        p_adjusted=tested.p_value,
        method=tested.method,
        won=sum(1 for value in differences if value * sign > 0),
        lost=sum(1 for value in differences if value * sign < 0),
        tied=sum(1 for value in differences if value == 0),
        verdict="no difference shown",
        clusters=len(set(pairs.clusters)) if pairs.clusters is not None else None,
    )


def adjusted(found: Sequence[MetricComparison], confidence: float) -> list[MetricComparison]:
    """The comparisons with p-values corrected for their number, and the verdicts that follow.

    One without any record that has both scores is no test, and does not count among them.
    """
    from quire.stats import holm

    tested = [metric for metric in found if metric.n]
    corrected = dict(zip((id(metric) for metric in tested), holm([metric.p_value for metric in tested]), strict=True))
    return [
        msgspec.structs.replace(metric, p_adjusted=p, verdict=_verdict(metric, p, confidence))
        for metric, p in ((metric, corrected.get(id(metric), 1.0)) for metric in found)
    ]


def _verdict(metric: MetricComparison, p: float, confidence: float) -> Verdict:
    gain = metric.difference if metric.higher_is_better else -metric.difference
    if not p <= 1 - confidence or gain == 0 or math.isnan(gain):
        return "no difference shown"
    return "better" if gain > 0 else "worse"


def _overall(metrics: Sequence[MetricComparison]) -> Overall:
    verdicts = {metric.verdict for metric in metrics}
    if {"better", "worse"} <= verdicts:
        return "mixed"
    return "better" if "better" in verdicts else "worse" if "worse" in verdicts else "no difference shown"


def pair(a: VariantTable, b: VariantTable, name: str) -> Pairs:
    """The two variants' scores on the records that both have one of; a record of one side alone misses on the other.

    Raises InvalidInput if they have no record in common.
    """
    first, second = averages_of(a, name), averages_of(b, name)
    common = [place for place, record_id in enumerate(b.records.ids) if record_id in first]
    if not common:
        raise InvalidInput(
            f"The variants {a.name!r} and {b.name!r} have no record in common; they were evaluated on other data. "
            "Records are matched by their inputs."
        )
    kept: list[int] = []
    missing_a, missing_b = len(second) - len(common), len(first) - len(common)
    for place in common:
        record_id = b.records.ids[place]
        missing_a += math.isnan(first[record_id])
        missing_b += math.isnan(second[record_id])
        if not math.isnan(first[record_id] + second[record_id]):
            kept.append(place)
    ids = [b.records.ids[place] for place in kept]
    return Pairs(
        [first[record_id] for record_id in ids],
        [second[record_id] for record_id in ids],
        clusters_of(b, kept) if b.records.has_groups else None,
        ids,
        missing_a,
        missing_b,
    )


def averages_of(table: VariantTable, name: str) -> dict[str, float]:
    """The average over repeats of each record; NaN where no repeat has a score."""
    values, repeats = table.column(name).values, table.repeats
    if repeats == 1:
        padded = [*values, *[math.nan] * (len(table.records) - len(values))]
        return dict(zip(table.records.ids, padded, strict=True))
    made = {}
    for place, record_id in enumerate(table.records.ids):
        there = [value for value in values[place * repeats : (place + 1) * repeats] if value == value]
        made[record_id] = math.fsum(there) / len(there) if there else math.nan
    return made


def clusters_of(table: VariantTable, places: Sequence[int]) -> list[str]:
    """The group of each record; one without is a cluster by itself."""
    groups = table.records.groups
    return [f"record {place}" if groups[place] is None else f"group {groups[place]}" for place in places]


def _kind(a: VariantTable, b: VariantTable, name: str) -> ScoreKind:
    """Right or wrong stays so only with one answer to a record; averages are numbers."""
    kinds = {a.column(name).kind, b.column(name).kind}
    return "binary" if kinds == {"binary"} and a.repeats == b.repeats == 1 else "number"


def _interval(pairs: Pairs, confidence: float, seed: int) -> Interval:
    from quire.stats import mean_interval

    differences = pairs.differences
    if not differences:
        return Interval(math.nan, math.nan, confidence, "none: no record has both scores")
    if pairs.one_cluster:
        return Interval(-math.inf, math.inf, confidence, "none: all records are of one group")
    return mean_interval(differences, confidence=confidence, seed=seed, clusters=pairs.clusters)


def _test(pairs: Pairs, kind: ScoreKind, method: str, seed: int) -> TestResult:
    from quire.stats import paired_test

    if not pairs.a:
        return TestResult(1.0, "none: no record has both scores")
    if pairs.one_cluster:
        return TestResult(1.0, "none: all records are of one group")
    return paired_test(pairs.a, pairs.b, kind=kind, method=method, clusters=pairs.clusters, seed=seed)  # type: ignore[arg-type]


def _mean(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values) if values else math.nan


def describe(comparison: Comparison) -> str:
    """The verdict in one sentence, with the scores that decide it, and in another what secondary scores show."""
    better, worse = _shown(comparison.deciding)
    b, a = comparison.b, comparison.a
    at = f"at {comparison.confidence:.0%} confidence"
    other = (
        "; no other primary score shows a difference" if comparison.primary else "; no other score shows a difference"
    )
    other = "" if len(comparison.primary) == 1 else other
    if comparison.verdict == "mixed":
        said = f"{b} is better than {a} on {', '.join(better)}, and worse on {', '.join(worse)}, {at}."
    elif comparison.verdict == "better":
        said = f"{b} is better than {a} on {', '.join(better)}, {at}{other}."
    elif comparison.verdict == "worse":
        said = f"{b} is worse than {a} on {', '.join(worse)}, {at}{other}."
    elif comparison.primary:
        said = f"No difference between {b} and {a} is shown on {', '.join(comparison.primary)}, {at}."
    else:
        said = f"No difference between {b} and {a} is shown {at}."
    return said + _beside(comparison)


def _shown(metrics: Sequence[MetricComparison]) -> tuple[list[str], list[str]]:
    """The names of the scores on which b is better, and of those on which it is worse."""
    better = [metric.name for metric in metrics if metric.verdict == "better"]
    return better, [metric.name for metric in metrics if metric.verdict == "worse"]


def _beside(comparison: Comparison) -> str:
    """What secondary scores show, besides the verdict."""
    better, worse = _shown([comparison.metrics[name] for name in comparison.secondary])
    said = [f"{word} on {', '.join(names)}" for word, names in (("better", better), ("worse", worse)) if names]
    return f" Of the secondary scores: {', '.join(said)}." if said else ""
