"""One batch over one file: read, predict, write, and an account of it.

The journal beside the output holds every answer that was paid for. A batch that was interrupted, by whatever, is run
again with the same words: the output is written anew from the start, in the order of the input, rows in the journal
are taken from there, and only the others are asked. The output appears when it is complete; then the journal goes,
unless rows failed: it stays, so that running the batch once more asks for these rows alone.
"""

from __future__ import annotations

import contextlib
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Literal

import msgspec

from quire.batch.destination import Destination, explain_os_error, is_regular
from quire.batch.formats import STANDARD_STREAM, FileFormat, file_format
from quire.batch.params import read_params
from quire.batch.sink import open_sink
from quire.batch.source import Source, open_source
from quire.caller import Report
from quire.domain.calls import BATCH_FATAL, Task
from quire.domain.errors import AlreadyExists, InvalidInput, InvalidState, QuireError
from quire.domain.rows import Row
from quire.pyfunc import PyFuncModel, RowFailure, load_model
from quire.pyfunc.options import PredictOptions
from quire.pyfunc.results import Result, ResultIterator

OnError = Literal["raise", "return"]
BARE_COLUMN = "input"
"""The column in which a bare string of a JSONL line is written."""
_STOPPING = BATCH_FATAL | {"not_sent"}


class FileBatch(msgspec.Struct, frozen=True, kw_only=True):
    """What to predict over. Paths may be ``-``; formats are told by the extensions unless given.

    ``options``: those of ``predict_iter`` that say how calls are carried out.
    ``params``: texts ``name=value``, typed by the model's signature. ``journal``: where finished rows are kept;
    ``OUTPUT.journal`` unless given, none when the output is not a file. ``on_error="return"`` puts a failed row's
    message into ``error_column``, whose cells are else empty; "raise" stops at the first.
    """

    model_uri: str
    input_path: str
    output_path: str
    input_format: str | None = None
    output_format: str | None = None
    params: tuple[str, ...] = ()
    options: PredictOptions = {}
    on_error: OnError = "raise"
    output_column: str = "output"
    error_column: str = "error"
    journal: str | None = None
    overwrite: bool = False

    @property
    def journal_path(self) -> Path | None:
        """The journal's file; None if none is kept."""
        if self.journal is not None:
            return Path(self.journal)
        return Path(f"{self.output_path}.journal") if is_regular(self.output_path) else None


class BatchSummary(msgspec.Struct, frozen=True, kw_only=True):
    """The account of a batch. ``cost_usd`` is None where a model's price is not known; times in seconds.

    ``replayed`` rows came from the journal; ``requests`` and ``retries`` are this run's alone, tokens and cost
    those of the whole batch. ``journal`` is the journal's path where it was kept, because rows failed.
    """

    model_uri: str
    output: str
    rows: int
    failed: int
    replayed: int
    requests: int
    retries: int
    input_tokens: int
    output_tokens: int
    cost_usd: float | None
    elapsed_s: float
    journal: str | None
    first_error: str | None


class BatchStopped(QuireError):
    """A batch ended before its last row; what was answered is in the journal."""

    error_code = "INVALID_STATE"


def predict_file(batch: FileBatch) -> BatchSummary:
    """Predict over every row of a file and write the rows with their outputs, in order.

    Raises InvalidInput, NotFound, PermissionDenied, PolicyError, MissingConfiguration or AlreadyExists before
    anything is sent; BatchStopped, naming the row's place, for a row that cannot be asked or fails (unless
    ``on_error="return"``), and when every further row would fail too; Unavailable when the disk is full. An
    interruption of any kind leaves the journal and no half-written output.
    """
    source_kind = file_format(batch.input_path, batch.input_format, "--input-format")
    sink_kind = file_format(batch.output_path, batch.output_format, "--output-format")
    _refuse_lost_output(batch)
    model = load_model(batch.model_uri)
    params = read_params(model.signature.params, batch.params)
    with open_source(batch.input_path, source_kind) as source:
        added = _added_columns(batch, model.package.task)
        _refuse_taken_columns(added, source.columns or (), "The input")
        return _Run(batch, model, params, source, added).write(sink_kind)


def _refuse_lost_output(batch: FileBatch) -> None:
    """Refuse to write over the input, or over an output that no journal goes on with."""
    output, source = Path(batch.output_path), Path(batch.input_path)
    if batch.output_path == STANDARD_STREAM or not output.exists():
        return
    if output.is_dir():
        raise InvalidInput(f"The output {batch.output_path!r} is a folder; expected a file.")
    if not is_regular(batch.output_path):
        return
    if source.exists() and output.samefile(source):
        raise InvalidInput(f"The output {batch.output_path!r} is the input itself; name another file.")
    journal = batch.journal_path
    if not batch.overwrite and not (journal is not None and journal.exists()):
        raise AlreadyExists(f"The output {batch.output_path!r} exists; name another file, or pass --overwrite.")


def _added_columns(batch: FileBatch, task: Task) -> dict[str, str]:
    added = {batch.output_column: "vector" if task == "embeddings" else "text"}
    if batch.on_error == "return":
        if batch.error_column == batch.output_column:
            raise InvalidInput(f"The output and the error column are both named {batch.output_column!r}.")
        added[batch.error_column] = "text"
    return added


def _refuse_taken_columns(added: Mapping[str, str], columns: Iterable[str], place: str) -> None:
    taken = sorted(added.keys() & set(columns))
    if taken:
        raise InvalidInput(
            f"{place} already has the column(s) {taken}; name others with --output-column or --error-column."
        )


class _Run:
    """The state of one run: rows wait in ``_pending`` from when they are read until their result comes."""

    def __init__(
        self, batch: FileBatch, model: PyFuncModel, params: Mapping[str, Any], source: Source, added: Mapping[str, str]
    ) -> None:
        self._batch = batch
        self._source = source
        self._added = added
        self._pending: deque[tuple[int, Row]] = deque()
        self._failed = 0
        self._first_error: str | None = None
        self._journal = batch.journal_path
        self._journal_is_new = self._journal is None or not self._journal.exists()
        options: PredictOptions = {**batch.options, "on_error": "return", "resume": self._journal}
        self._results: ResultIterator[Result] = model.predict_iter(self._rows(), params, **options)

    def write(self, kind: FileFormat) -> BatchSummary:
        """Write the whole output; the journal goes if nothing failed."""
        destination = Destination(self._batch.output_path)
        try:
            self._write_rows(kind, destination)
            destination.commit()
        except BaseException as error:
            destination.discard()
            self._results.close()
            if not isinstance(error, InvalidState):  # the journal may be another process's
                self._forget_empty_journal()
            raise
        finally:
            destination.close()
        if not self._failed:
            self._delete_journal()
        return self._summary(self._results.report)

    def _rows(self) -> Iterator[Row]:
        for number, row in self._source:
            self._pending.append((number, row))
            yield row

    def _write_rows(self, kind: FileFormat, destination: Destination) -> None:
        sink = open_sink(kind, destination.stream, self._source.arrow_schema, self._added)
        for index, result in enumerate(self._results):
            number, row = self._pending.popleft()
            place = self._source.place(number)
            values = self._values(place, row, self._checked(index, place, result))
            with self._explained():
                sink.write(place, values)
        with self._explained():
            sink.close(self._source.columns)

    @contextlib.contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except BrokenPipeError:
            raise
        except OSError as error:
            raise explain_os_error(error, self._batch.output_path) from None

    def _checked(self, index: int, place: str, result: Result) -> Result:
        """The result; a failure that ends the batch is raised, any other has its row named by place."""
        if not isinstance(result, RowFailure):
            return result
        stops = result.kind in _STOPPING
        message = _placed(index, place, result)
        if stops or self._batch.on_error == "raise":
            raise BatchStopped(f"{message.rstrip('.')}. {self._way_on()}".rstrip())
        self._failed += 1
        self._first_error = self._first_error or message
        return msgspec.structs.replace(result, message=message)

    def _way_on(self) -> str:
        if not self._has_answers():
            return "Nothing was answered yet."
        if self._journal is None:
            return "What was answered is not kept: write to a file, or name a --journal, to be able to go on."
        return f"Rows that were answered are kept in {self._journal}; run the same command again to go on."

    def _values(self, place: str, row: Row, result: Result) -> dict[str, Any]:
        columns = {BARE_COLUMN: row} if isinstance(row, str) else row
        _refuse_taken_columns(self._added, columns, place)
        failed = isinstance(result, RowFailure)
        values: dict[str, Any] = {**columns, self._batch.output_column: None if failed else result}
        if self._batch.on_error == "return":
            values[self._batch.error_column] = result.message if isinstance(result, RowFailure) else None
        return values

    def _forget_empty_journal(self) -> None:
        """A journal that this run began and wrote nothing into is of no use to the next."""
        if not self._has_answers():
            self._delete_journal()

    def _has_answers(self) -> bool:
        report = self._results.report
        return not self._journal_is_new or report.rows > report.failed

    def _delete_journal(self) -> None:
        if self._journal is not None:
            for suffix in ("", "-wal", "-shm"):
                Path(f"{self._journal}{suffix}").unlink(missing_ok=True)

    def _summary(self, report: Report) -> BatchSummary:
        return BatchSummary(
            model_uri=self._batch.model_uri,
            output=self._batch.output_path,
            rows=report.rows,
            failed=self._failed,
            replayed=report.replayed,
            requests=report.requests,
            retries=report.retries,
            input_tokens=report.usage.input_tokens,
            output_tokens=report.usage.output_tokens,
            cost_usd=report.cost_usd,
            elapsed_s=report.elapsed_s,
            journal=str(self._journal) if self._failed and self._journal else None,
            first_error=self._first_error,
        )


def _placed(index: int, place: str, failure: RowFailure) -> str:
    """The failure's message with the row named by its place in the file."""
    named = f"Row {index}"
    if failure.message.startswith(named):
        return failure.message.replace(named, place, 1)
    return f"{place}: {failure.message}"
