"""What a report says, before it is HTML or Markdown: verdicts, numbers, and the rows where two variants differ most."""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from quire.domain.scores import Score, ScoredRow
from quire.evaluate.comparison import Comparison
from quire.evaluate.disagreement import disagreements_of, main_pair
from quire.evaluate.numbers import show
from quire.evaluate.ranking import Ranking

if TYPE_CHECKING:
    from quire.evaluate.evaluation import Evaluation

LONGEST_TEXT = 6_000


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


def gather(
    evaluation: Evaluation,
    a: str | None,
    b: str | None,
    *,
    confidence: float,
    max_rows: int,
    primary: str | Sequence[str] | None = None,
) -> Content:
    """The content of a report. An evaluation of one variant is described, not compared."""
    names = evaluation.variants
    if len(names) < 2:
        if a is not None or b is not None:
            evaluation.compare(a, b, confidence=confidence)
        return Content(evaluation, None, [], None, [], 0, confidence)
    base, shown, ranking = main_pair(evaluation, a, b, confidence=confidence, primary=primary)
    others = [name for name in names if name != base] if b is None else [b]
    main = evaluation.compare(base, shown, confidence=confidence, primary=primary)
    rest = [
        evaluation.compare(base, other, confidence=confidence, primary=primary) for other in others if other != shown
    ]
    disagreements = disagreements_of(evaluation, main)
    chosen = heapq.nlargest(max_rows, disagreements.items(), key=lambda item: (item[1], -item[0]))
    differences = _differences(evaluation, main, dict(chosen))
    return Content(evaluation, main, rest, ranking, differences, len(disagreements), confidence)


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


def paid(content: Content) -> list[str]:
    """What this evaluation paid, answers and scorers apart; nothing where no scorer asks a service."""
    costs = content.evaluation.costs
    if not costs.scorers_usd:
        return []
    each = ", ".join(f"{name} {show(usd, name='cost_usd')}" for name, usd in costs.scorers_usd.items())
    answers, total = show(costs.answers_usd, name="cost_usd"), show(costs.total_usd, name="cost_usd")
    return [f"Paid by this evaluation: {total}, of it {answers} for answers; scorers that ask a service: {each}."]


def methods(content: Content) -> list[str]:
    """How it was computed, in sentences."""
    compared = next(iter([*([content.main] if content.main else []), *content.others]), None)
    return method_lines(content.evaluation, compared, content.confidence)


def method_lines(evaluation: Evaluation, comparison: Comparison | None, confidence: float) -> list[str]:
    """How a comparison of this evaluation was computed, in sentences."""
    settings = evaluation.settings
    lines = [
        f"Run {evaluation.run_id}; data {settings.dataset.name} ({settings.dataset.records:,} records"
        + (f", digest {settings.dataset.digest}" if settings.dataset.digest else "")
        + f"), {settings.repeats} answer{'s' if settings.repeats > 1 else ''} to each, seed {settings.seed}.",
        "Records are matched by their inputs. A record counts where both variants have a score; those left out are "
        "counted as missing. Differences are the second variant's mean less the first's.",
        "A verdict of better or worse means that the p-value, corrected for the number of scores (Holm), is at most "
        f"{1 - confidence:.3g}. Everything else is no difference shown, which does not say that there is none. "
        "Intervals are not corrected, and of another method than p-values; where the two disagree, the verdict follows "
        "the p-value.",
    ]
    if comparison is None:
        return lines
    if comparison.primary:
        lines.append(
            f"The verdict is that of the primary scores, {', '.join(comparison.primary)}, corrected for their number "
            "alone. The others are secondary: corrected among themselves, and no part of the verdict."
        )
    lines += [
        f"{metric.name}: {metric.method}; interval: {metric.interval.method}; {metric.n:,} records."
        for metric in comparison.metrics.values()
    ]
    return lines
