"""Records × repeats × variants as calls, and what comes of the calls as rows."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Protocol

import msgspec

from quire.caller.watching import is_watched
from quire.domain.calls import BATCH_FATAL, Answer, Call, Failure, Origin, Outcome
from quire.domain.errors import SchemaError
from quire.domain.outputs import UnreadableAnswer, read_outputs
from quire.domain.scores import Measured, ScoredRow
from quire.evaluate.earlier import EarlierTraces
from quire.evaluate.measuring import measure
from quire.evaluate.variants import ModelVariant, PromptVariant

Asked = ModelVariant | PromptVariant
VariantRow = tuple[str, ScoredRow]


class Example(Protocol):
    """One record, as :mod:`quire.datasets` gives it."""

    inputs: Mapping[str, Any]
    expectations: Mapping[str, Any] | None
    outputs: Any
    group: str | None
    record_id: str


class Placed(msgspec.Struct, frozen=True):
    """A record with its position."""

    index: int
    example: Any

    @property
    def trace_id(self) -> str | None:
        """The trace that the record was read from, if it was."""
        source = getattr(self.example, "source", None)
        found = None if source is None else source.source_data.get("trace_id")
        return None if found is None else str(found)

    def row(self, repeat: int, **fields: Any) -> ScoredRow:
        """A row of this record."""
        example = self.example
        return ScoredRow(
            record_id=example.record_id,
            index=self.index,
            repeat=repeat,
            inputs=example.inputs,
            expectations=example.expectations,
            group=example.group,
            **fields,
        )


class Plan:
    """The calls of all variants that are asked through the caller, in turn, so that none is ahead of the others.

    Variants that ask the very same are asked once and share the answer. Each position of a call stands for one
    variant, record and repeat.
    """

    def __init__(
        self,
        variants: Sequence[Asked],
        repeats: int,
        run_ids: Mapping[str, str],
        earlier: EarlierTraces | None = None,
    ) -> None:
        self._variants = list(variants)
        self._repeats = repeats
        self._run_ids = run_ids
        self._earlier = earlier
        self._sharing = _sharing(self._variants)
        self._open: deque[Placed] = deque()
        self._unfit: deque[tuple[int, str, ScoredRow]] = deque()
        self.stopped_by: Failure | None = None
        self.not_sent = 0

    @property
    def calls_per_record(self) -> int:
        """How many calls a record takes."""
        return len(self._sharing) * self._repeats

    def number(self, call: Call) -> int:
        """What tells a call apart from those that ask the same: its repeat."""
        return self._cell(call.rows[0])[1]

    def calls(self, records: Iterable[Placed]) -> Iterator[Call]:
        """The calls, record by record. Inputs that do not fit a variant become rows with an error."""
        for placed in records:
            self._open.append(placed)
            for repeat in range(self._repeats):
                for sharing in self._sharing:
                    positions = tuple(self._position(placed.index, repeat, variant) for variant in sharing)
                    call = self._call(placed, repeat, sharing[0], positions)
                    if call is not None:
                        yield call

    def _call(self, placed: Placed, repeat: int, variant: int, positions: tuple[int, ...]) -> Call | None:
        asked = self._variants[variant]
        try:
            return asked.call(placed.index, placed.example.inputs, repeat, positions, self._origin(asked))
        except SchemaError as error:
            for position in positions:
                name = self._variants[self._cell(position)[2]].described.name
                row = placed.row(repeat, error=f"invalid_row: {error.message}", measured=_NOTHING_SENT)
                self._unfit.append((position, name, row))
            return None

    def _origin(self, asked: Asked) -> Origin | None:
        if not is_watched():
            return None
        known = asked.described
        return Origin(self._run_ids.get(known.name), known.model_id, known.prompt_version)

    def rows(self, outcome: Outcome) -> Iterator[VariantRow]:
        """The rows that an outcome gives, after those that were never sent before it."""
        positions = outcome.call.rows
        yield from self._unfit_before(positions[0])
        index, repeat, _variant = self._cell(positions[0])
        placed = self._taken(index)
        if isinstance(outcome, Failure) and (outcome.kind in BATCH_FATAL or outcome.kind == "not_sent"):
            if self.stopped_by is None or self.stopped_by.kind == "not_sent":
                self.stopped_by = outcome
            self.not_sent += len(positions)
            return
        fields = _failed(outcome) if isinstance(outcome, Failure) else _answered(outcome)
        trace_id = self._trace_of(outcome)
        for place, position in enumerate(positions):
            if place == 1 and isinstance(outcome, Answer):
                fields["measured"] = msgspec.structs.replace(fields["measured"], replayed=True)
            name = self._variants[self._cell(position)[2]].described.name
            yield name, placed.row(repeat, trace_id=trace_id, **fields)

    def _trace_of(self, outcome: Outcome) -> str | None:
        """The trace that was made of a call now, or before the evaluation was interrupted."""
        call = outcome.call
        if call.origin is not None and call.origin.trace_id is not None:
            return call.origin.trace_id
        if self._earlier is None or not isinstance(outcome, Answer) or not outcome.replayed:
            return None
        return self._earlier.take(self._variants[self._cell(call.rows[0])[2]].described.name, call)

    def last_rows(self) -> Iterator[VariantRow]:
        """Rows that were never sent, at the end of the data."""
        while self._unfit:
            _position, name, row = self._unfit.popleft()
            yield name, row

    def _unfit_before(self, position: int) -> Iterator[VariantRow]:
        while self._unfit and self._unfit[0][0] < position:
            _position, name, row = self._unfit.popleft()
            yield name, row

    def _taken(self, index: int) -> Placed:
        """The record of an outcome. Outcomes come in the order of the calls, so those before it are done with."""
        while self._open[0].index < index:
            self._open.popleft()
        return self._open[0]

    def _position(self, index: int, repeat: int, variant: int) -> int:
        return (index * self._repeats + repeat) * len(self._variants) + variant

    def _cell(self, position: int) -> tuple[int, int, int]:
        rest, variant = divmod(position, len(self._variants))
        index, repeat = divmod(rest, self._repeats)
        return index, repeat, variant


_NOTHING_SENT = Measured(attempts=0)


def _sharing(variants: Sequence[Asked]) -> list[list[int]]:
    """The positions of variants, those that ask the same together."""
    found: dict[str, list[int]] = {}
    for position, variant in enumerate(variants):
        found.setdefault(variant.described.fingerprint, []).append(position)
    return list(found.values())


def _answered(answer: Answer) -> dict[str, Any]:
    alone = answer
    if len(answer.call.rows) > 1:
        alone = msgspec.structs.replace(answer, call=msgspec.structs.replace(answer.call, rows=answer.call.rows[:1]))
    try:
        outputs = read_outputs(alone)[0]
    except UnreadableAnswer as error:
        return {"error": f"invalid_response: {error.message}", "measured": measure(answer)}
    return {"outputs": outputs, "measured": measure(answer)}


def _failed(failure: Failure) -> dict[str, Any]:
    return {"error": f"{failure.kind}: {failure.message}", "measured": Measured(attempts=failure.attempts)}
