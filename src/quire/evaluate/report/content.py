"""What a report says, before it is HTML or Markdown: verdicts, numbers, and the rows where two variants differ most."""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from quire.domain.errors import InvalidInput
from quire.domain.scores import Score, ScoredRow
from quire.evaluate.comparison import Comparison, averages_of
from quire.evaluate.ranking import Ranking
from quire.evaluate.table import MEASURES

if TYPE_CHECKING:
    from quire.evaluate.evaluation import Evaluation

LONGEST_TEXT = 6_000
_ALWAYS_DIFFER = frozenset({*MEASURES, "tokens"})


class Side(msgspec.Struct, frozen=True):
    """One variant's answer to a record."""

    outputs: str
    error: str | None
    scores: list[Score]
    latency_s: float | None
    cost_usd: float | None


class Difference(msgspec.Struct, frozen=True):
    """A record that two variants answered with other scores; ``disagreement`` is the sum over scores, each 0 to 1."""

    index: int
    record_id: str
    group: str | None
    inputs: str
    expectations: str
    a: Side
    b: Side
    disagreement: float


class Content(msgspec.Struct, frozen=True):
    """All that a report says.

    ``main`` is the comparison whose rows are shown, ``others`` those of the other variants with the same baseline.
    ``disagreeing`` counts the records whose scores differ, of which ``differences`` are the first.
    """

    evaluation: Any
    main: Comparison | None
    others: list[Comparison]
    ranking: Ranking | None
    differences: list[Difference]
    disagreeing: int
    confidence: float


def gather(evaluation: Evaluation, a: str | None, b: str | None, *, confidence: float, max_rows: int) -> Content:
    """The content of a report. An evaluation of one variant is described, not compared."""
    names = evaluation.variants
    if len(names) < 2:
        if a is not None or b is not None:
            evaluation.compare(a, b, confidence=confidence)
        return Content(evaluation, None, [], None, [], 0, confidence)
    base = a if a is not None else next(name for name in names if name != b)
    evaluation.table(base)
    others = [name for name in names if name != base] if b is None else [b]
    ranking = _ranking(evaluation, base, confidence) if len(others) > 1 else None
    shown = others[0] if ranking is None else next(one.name for one in ranking.variants if one.name != base)
    main = evaluation.compare(base, shown, confidence=confidence)
    rest = [evaluation.compare(base, other, confidence=confidence) for other in others if other != shown]
    disagreements = _disagreements(evaluation, main)
    chosen = heapq.nlargest(max_rows, disagreements.items(), key=lambda item: (item[1], -item[0]))
    differences = _differences(evaluation, main, dict(chosen))
    return Content(evaluation, main, rest, ranking, differences, len(disagreements), confidence)


def _ranking(evaluation: Evaluation, base: str, confidence: float) -> Ranking | None:
    try:
        return evaluation.ranking(baseline=base, confidence=confidence)
    except InvalidInput:
        return None


def _disagreements(evaluation: Evaluation, comparison: Comparison) -> dict[int, float]:
    """How much the two differ on each record where they do: the sum over scores, each in parts of its largest.

    Latency, cost and tokens differ on every record; they count only where nothing else is scored.
    """
    total: dict[int, float] = {}
    said = [name for name in comparison.metrics if name not in _ALWAYS_DIFFER]
    for name in said or comparison.metrics:
        first = averages_of(evaluation.table(comparison.a), name)
        second = averages_of(evaluation.table(comparison.b), name)
        apart = {place: _apart(x, y) for place, (x, y) in enumerate(zip(first.values(), second.values(), strict=True))}
        largest = max((value for value in apart.values() if value != math.inf), default=0.0) or 1.0
        for place, value in apart.items():
            if value:
                total[place] = total.get(place, 0.0) + min(value / largest, 1.0)
    return total


def _apart(first: float, second: float) -> float:
    """The distance of two scores; infinite where only one is missing."""
    if math.isnan(first) and math.isnan(second):
        return 0.0
    return math.inf if math.isnan(first + second) else abs(second - first)


def _differences(evaluation: Evaluation, comparison: Comparison, chosen: dict[int, float]) -> list[Difference]:
    if not chosen:
        return []
    first = _first_rows(evaluation.rows(comparison.a), chosen)
    second = _first_rows(evaluation.rows(comparison.b), chosen)
    made = []
    for place, disagreement in chosen.items():
        one = first.get(place) or second.get(place)
        if one is None:
            continue
        made.append(
            Difference(
                place,
                one.record_id,
                one.group,
                as_words(one.inputs),
                as_words(one.expectations) if one.expectations else "",
                _side(first.get(place)),
                _side(second.get(place)),
                disagreement,
            )
        )
    return made


def _first_rows(rows: Iterator[ScoredRow], places: dict[int, float]) -> dict[int, ScoredRow]:
    """The rows of the chosen records, of several repeats the first."""
    found: dict[int, ScoredRow] = {}
    for row in rows:
        if row.index in places:
            found.setdefault(row.index, row)
    return found


def _side(row: ScoredRow | None) -> Side:
    if row is None:
        return Side("", "not answered", [], None, None)
    outputs = "" if row.outputs is None else as_words(row.outputs)
    return Side(outputs, row.error, row.scores, row.measured.latency_s, row.measured.cost_usd)


def as_words(value: Any) -> str:
    """Data as text that reads well: a mapping's one text alone, else a line a field, else JSON. Cut when very long."""
    if isinstance(value, str):
        text = value
    elif isinstance(value, dict) and len(value) == 1 and isinstance(next(iter(value.values())), str):
        text = next(iter(value.values()))
    elif isinstance(value, dict):
        text = "\n".join(f"{key}: {_one_line(item)}" for key, item in value.items())
    else:
        text = _one_line(value)
    if len(text) <= LONGEST_TEXT:
        return text
    return f"{text[:LONGEST_TEXT]}… ({len(text) - LONGEST_TEXT:,} more characters)"


def _one_line(value: Any) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value, enc_hook=str).decode()


def methods(content: Content) -> list[str]:
    """How it was computed, in sentences."""
    evaluation = content.evaluation
    settings = evaluation.settings
    lines = [
        f"Run {evaluation.run_id}; data {settings.dataset.name} ({settings.dataset.records:,} records"
        + (f", digest {settings.dataset.digest}" if settings.dataset.digest else "")
        + f"), {settings.repeats} answer{'s' if settings.repeats > 1 else ''} to each, seed {settings.seed}.",
        "Records are matched by their inputs. A record counts where both variants have a score; those left out are "
        "counted as missing. Differences are the second variant's mean less the first's.",
        "A verdict of better or worse means that the p-value, corrected for the number of scores (Holm), is at most "
        f"{1 - content.confidence:.3g}. Everything else is no difference shown, which does not say that there is none. "
        "Intervals are not corrected, and of another method than p-values; where the two disagree, the verdict follows "
        "the p-value.",
    ]
    compared: Sequence[Comparison] = [*([content.main] if content.main else []), *content.others]
    for comparison in compared[:1]:
        lines += [
            f"{metric.name}: {metric.method}; interval: {metric.interval.method}; {metric.n:,} records."
            for metric in comparison.metrics.values()
        ]
    return lines
