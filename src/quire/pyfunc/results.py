"""What a prediction gives back: outputs, failures as data, the account of the batch."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any, Generic, Literal, TypeVar

import msgspec

from quire.caller import Report
from quire.domain.calls import FailureKind
from quire.domain.errors import QuireError
from quire.domain.outputs import Output

RowFailureKind = FailureKind | Literal["invalid_row"]
T_co = TypeVar("T_co", covariant=True)


class RowFailure(msgspec.Struct, frozen=True):
    """One input row without an output: why, in a stable word and for people.

    ``row`` is its position in the input; ``kind`` is ``invalid_row`` for a row that was never sent, else as in
    :class:`quire.domain.calls.Failure`; ``status`` the HTTP status where there was one.
    """

    row: int
    kind: RowFailureKind
    message: str
    status: int | None = None
    attempts: int = 0

    def __str__(self) -> str:
        return f"row {self.row}: {self.kind}: {self.message}"


Result = Output | RowFailure


class Predictions(list[Any]):
    """The outputs of a batch, one for each row in order; a failed row's place holds its :class:`RowFailure`.

    ``report`` is the account of the batch: requests, retries, tokens, cost, time.
    """

    def __init__(self, results: list[Result], report: Report) -> None:
        super().__init__(results)
        self.report = report

    @property
    def failures(self) -> list[RowFailure]:
        """The rows that failed."""
        return [result for result in self if isinstance(result, RowFailure)]


class PredictionError(QuireError):
    """Rows failed. ``predictions`` holds the outputs of all others, ``failures`` those that failed."""

    error_code = "TEMPORARILY_UNAVAILABLE"

    def __init__(self, predictions: Predictions) -> None:
        self.predictions = predictions
        self.failures = predictions.failures
        super().__init__(_describe(self.failures, len(predictions)))


def _describe(failures: list[RowFailure], rows: int) -> str:
    first = next((failure for failure in failures if failure.kind != "not_sent"), failures[0])
    words = f"{len(failures)} of {rows} rows failed; the first: {first}" if rows > 1 else f"Row {str(first)[4:]}"
    done = rows - len(failures)
    kept = f" The outputs of the other {done} are in this error's `predictions`." if done else ""
    return f"{words.rstrip('.')}.{kept} Pass on_error='return' to get failures as data."


class ResultIterator(Iterator[T_co], Generic[T_co]):
    """Results as they come, with the ``report`` of the batch so far. Closing it ends the batch."""

    def __init__(self, results: Iterator[T_co], report: Report) -> None:
        self._results = results
        self.report = report

    def __next__(self) -> T_co:
        return next(self._results)

    def close(self) -> None:
        """End the batch; what finished stays in the journal, if there is one."""
        close: Callable[[], None] | None = getattr(self._results, "close", None)
        if close is not None:
            close()


class AsyncResultIterator(AsyncIterator[T_co], Generic[T_co]):
    """As :class:`ResultIterator`, for async code."""

    def __init__(self, results: AsyncIterator[T_co], report: Report) -> None:
        self._results = results
        self.report = report

    async def __anext__(self) -> T_co:
        return await anext(self._results)

    async def aclose(self) -> None:
        """End the batch."""
        close = getattr(self._results, "aclose", None)
        if close is not None:
            await close()
