"""Rows of an evaluation as messages: in a list the beginnings of their texts, one by one all of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from quire.domain.assessments import Assessment
from quire.domain.scores import ScoredRow
from quire.evaluate.browsing import Browsed, Looked
from quire.evaluate.numbers import NOTHING, show
from quire.evaluate.rating import own_trace_id
from quire.evaluate.report.content import as_words
from quire.evaluate.table import VariantTable
from quire.server.context import Context
from quire.server.evaluations.messages import (
    AnswerRating,
    BriefAnswer,
    RowAnswer,
    RowResponse,
    RowsResponse,
    RowSummary,
)

_BEGINNING = 240
_AT_ONCE = 100


class Sides:
    """The two variants that are looked at: ``b`` of an evaluation; ``a`` of the same or another, or nothing."""

    def __init__(self, own: Browsed, b: VariantTable, other: Browsed, a: VariantTable | None) -> None:
        self.own, self.b, self.other, self.a = own, b, other, a
        self._places = None if a is None or a.records is b.records else _places(a)

    def rows(self, index: int) -> tuple[list[ScoredRow], list[ScoredRow]]:
        """What ``a`` and ``b`` answered to a record of ``b``'s evaluation."""
        second = self.own.rows(self.b.name, index)
        if self.a is None:
            return [], second
        place = index if self._places is None else self._places.get(self.b.records.ids[index], -1)
        return (self.other.rows(self.a.name, place) if place >= 0 else []), second


def _places(table: VariantTable) -> dict[str, int]:
    return {record_id: place for place, record_id in enumerate(table.records.ids)}


def listed(sides: Sides, looked: Looked, offset: int, limit: int) -> RowsResponse:
    """A part of the records that were asked for."""
    rows = [_summary(sides, looked, index) for index in looked.places[offset : offset + limit]]
    return RowsResponse(rows=rows, total=len(looked.places))


def _summary(sides: Sides, looked: Looked, index: int) -> RowSummary:
    first, second = sides.rows(index)
    one = next(iter([*second, *first]), None)
    return RowSummary(
        index=index,
        inputs=_beginning(one.inputs) if one else "",
        expectations=_beginning(one.expectations) if one and one.expectations else "",
        group=one.group if one else None,
        b=_brief(second, sides.b),
        a=None if sides.a is None else _brief(first, sides.a),
        disagreement=looked.disagreement.get(index, 0.0),
    )


def _beginning(value: Any) -> str:
    text = as_words(value)
    return text if len(text) <= _BEGINNING else f"{text[:_BEGINNING]}…"


def _brief(rows: Sequence[ScoredRow], table: VariantTable) -> BriefAnswer:
    """The answer in a list; of several repeats the first, with the averages of its scores."""
    if not rows:
        return BriefAnswer(shown="not answered", scores={}, failed=True)
    first = rows[0]
    shown = first.error if first.error is not None else _beginning(first.outputs)
    names = dict.fromkeys(score.name for row in rows for score in row.scores)
    scores = {name: _score_shown(rows, name, table) for name in names}
    return BriefAnswer(shown=shown[: _BEGINNING + 1], scores=scores, failed=first.error is not None)


def _score_shown(rows: Sequence[ScoredRow], name: str, table: VariantTable) -> str:
    said = [score for row in rows for score in row.scores if score.name == name]
    words = [score.value for score in said if isinstance(score.value, str)]
    if words:
        return ", ".join(words)[:_BEGINNING]
    numbers = [score.number for score in said if score.number == score.number]
    if not numbers:
        return "error" if any(score.error for score in said) else NOTHING
    if len(rows) == 1 and table.column(name).kind == "binary":
        return "yes" if numbers[0] else "no"
    return show(sum(numbers) / len(numbers), "number", name)


def whole(context: Context, sides: Sides, index: int, experiments: Iterable[str]) -> RowResponse:
    """A record with all that was said of it."""
    first, second = sides.rows(index)
    both = [*first, *second]
    given = [] if sides.a is None else [("a", sides.other, sides.a.name, row) for row in first]
    given += [("b", sides.own, sides.b.name, row) for row in second]
    own = [own_trace_id(browsed.evaluation.run_id, name, row.record_id, row.repeat) for _, browsed, name, row in given]
    ratings = ratings_of(context, [*own, *(row.trace_id for row in both if row.trace_id)], set(experiments))
    one = both[-1]
    answers = [
        _answer(
            side,
            browsed.evaluation.run_id,
            name,
            row,
            [*ratings.get(row.trace_id or "", []), *ratings.get(trace_id, [])],
        )
        for (side, browsed, name, row), trace_id in zip(given, own, strict=True)
    ]
    return RowResponse(
        index=index,
        record_id=one.record_id,
        inputs=one.inputs,
        input_text=_text(one.inputs),
        expectations=one.expectations,
        answers=answers,
        group=one.group,
    )


def _text(value: Any) -> str:
    """Data as text that reads well, whole."""
    if isinstance(value, dict) and len(value) == 1 and isinstance(only := next(iter(value.values())), str):
        return only
    return value if isinstance(value, str) else as_words(value)


def _answer(side: str, run_id: str, variant: str, row: ScoredRow, ratings: list[AnswerRating]) -> RowAnswer:
    measured = row.measured
    return RowAnswer(
        side=side,
        variant=variant,
        repeat=row.repeat,
        outputs=row.outputs,
        output_text="" if row.outputs is None else _text(row.outputs),
        scores=row.scores,
        ratings=ratings,
        error=row.error,
        trace_id=row.trace_id,
        run_id=run_id,
        index=row.index,
        latency_s=measured.latency_s,
        cost_usd=measured.cost_usd,
        input_tokens=measured.input_tokens,
        output_tokens=measured.output_tokens,
        finish_reason=measured.finish_reason,
        refusal=measured.refusal,
        tool_calls=measured.tool_calls,
        replayed=measured.replayed,
    )


def ratings_of(context: Context, trace_ids: Sequence[str], experiments: set[str]) -> dict[str, list[AnswerRating]]:
    """What people said of these traces, by trace; those that are not there, or of other experiments, are left out."""
    found: dict[str, list[AnswerRating]] = {}
    for start in range(0, len(trace_ids), _AT_ONCE):
        for info in context.store.get_trace_infos(list(trace_ids[start : start + _AT_ONCE])):
            if info.experiment_id in experiments:
                found[info.trace_id] = ratings_in(info.assessments)
    return found


def ratings_in(assessments: Iterable[Assessment]) -> list[AnswerRating]:
    """What people said, those that were taken back left out; the newest last."""
    human = [one for one in assessments if one.source.source_type == "HUMAN" and one.feedback is not None]
    said = sorted((one for one in human if one.valid is not False), key=lambda one: one.create_time_ms or 0)
    return [
        AnswerRating(
            by=one.source.source_id,
            name=one.assessment_name,
            value=one.value,
            comment=one.rationale,
            at_ms=one.create_time_ms,
        )
        for one in said
    ]
