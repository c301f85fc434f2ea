"""One prediction under way: rows into calls, outcomes into results. Shared by sync and async prediction."""

from __future__ import annotations

import hashlib
import sys
import warnings
from collections import deque
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from typing import Any

import msgspec

from quire.caller import Caller, Journal, Report, ServiceSettings
from quire.caller.progress import Progress, make_progress
from quire.domain.calls import Call, Failure, Outcome
from quire.domain.errors import SchemaError
from quire.domain.outputs import UnreadableAnswer, read_outputs
from quire.domain.package import Package
from quire.domain.rows import Row
from quire.pyfunc.options import PredictOptions, caller_options, checked_options
from quire.pyfunc.results import Result, RowFailure

Numbered = tuple[int, Result]


class Job:
    """A prediction with its parameters checked, its service known and its journal open.

    Raises PolicyError for a parameter that the package does not allow and MissingConfiguration, naming the
    environment variable, before anything is sent.
    """

    def __init__(
        self,
        package: Package,
        params: Mapping[str, Any] | None,
        options: PredictOptions,
        model_id: str | None = None,
    ) -> None:
        checked_options(options)
        self._options = options
        settings = ServiceSettings.from_environment()
        self.planner = package.planner(
            params,
            on_unknown=options.get("on_unknown_params", "raise"),
            default_batch_size=settings.default_batch_size,
        )
        self._warn_of_ignored()
        self.caller = Caller(settings, caller_options(options, self.planner.caller_params, model_id))
        _name_in_trace(model_id)
        self.report = Report()
        self.keeps_failures = options.get("on_error", "raise") == "return"
        self._fingerprint = _fingerprint(package, params)
        self._invalid: deque[Numbered] = deque()

    def _warn_of_ignored(self) -> None:
        if self.planner.ignored:
            names = ", ".join(map(repr, self.planner.ignored))
            warnings.warn(f"Parameters that this model does not open were left out: {names}.", stacklevel=4)

    def settings(self, total: int | None, *, ordered: bool) -> dict[str, Any]:
        """The keywords with which the caller carries out this job's calls."""
        return {
            "ordered": ordered,
            "journal": self._journal(),
            "report": self.report,
            "progress": self._progress(total),
        }

    def _journal(self) -> Journal | None:
        path = self._options.get("resume")
        return None if path is None else Journal(path, self._fingerprint)

    def _progress(self, total: int | None) -> Progress:
        return make_progress(self._options.get("progress"), total)

    # -- rows into calls -------------------------------------------------------------------------

    def check(self, rows: Iterable[Row]) -> None:
        """Raise SchemaError for the first row that does not fit, before any is sent."""
        for index, row in enumerate(rows):
            self.planner.check(index, row)

    def calls(self, rows: Iterable[Row]) -> Iterator[Call]:
        """The calls that answer the rows. A row that does not fit raises SchemaError, or becomes a failure."""
        return self.planner.plan_numbered(self._valid(enumerate(rows)))

    async def acalls(self, rows: AsyncIterator[Row]) -> AsyncIterator[Call]:
        """As :meth:`calls`, for rows that come asynchronously."""
        batch: list[tuple[int, Row]] = []
        index = 0
        async for row in rows:
            batch.append((index, row))
            index += 1
            if len(batch) >= self.planner.batch_size:
                for call in self.planner.plan_numbered(self._valid(batch)):
                    yield call
                batch = []
        for call in self.planner.plan_numbered(self._valid(batch)):
            yield call

    def _valid(self, numbered: Iterable[tuple[int, Row]]) -> Iterable[tuple[int, Row]]:
        return self._without_invalid(numbered) if self.keeps_failures else numbered

    def _without_invalid(self, numbered: Iterable[tuple[int, Row]]) -> Iterator[tuple[int, Row]]:
        for index, row in numbered:
            try:
                self.planner.check(index, row)
            except SchemaError as error:
                self._invalid.append((index, RowFailure(index, "invalid_row", error.message)))
                self.report.rows += 1
                self.report.failed += 1
            else:
                yield index, row

    # -- outcomes into results -------------------------------------------------------------------

    def results(self, outcome: Outcome) -> Iterator[Numbered]:
        """The results of one call, each with its row, after those of invalid rows before it."""
        for index, result in _results(outcome):
            yield from self._invalid_before(index)
            yield index, result

    def _invalid_before(self, index: int) -> Iterator[Numbered]:
        while self._invalid and self._invalid[0][0] < index:
            yield self._invalid.popleft()

    def last_results(self) -> Iterator[Numbered]:
        """Results that are left once every call has ended: invalid rows at the end of the input."""
        while self._invalid:
            yield self._invalid.popleft()


def _name_in_trace(model_id: str | None) -> None:
    """A trace inside of which a model predicts is that model's; without tracing there is none to look for."""
    if model_id is not None and "quire.tracing" in sys.modules:
        from quire.tracing.around import note_model_here

        note_model_here(model_id)


def _results(outcome: Outcome) -> Iterator[Numbered]:
    if isinstance(outcome, Failure):
        for row in outcome.call.rows:
            yield row, RowFailure(row, outcome.kind, outcome.message, outcome.status, outcome.attempts)
        return
    try:
        outputs = read_outputs(outcome)
    except UnreadableAnswer as error:
        for row in outcome.call.rows:
            yield row, RowFailure(row, "invalid_response", error.message, 200, outcome.attempts)
        return
    yield from zip(outcome.call.rows, outputs, strict=True)


def _fingerprint(package: Package, params: Mapping[str, Any] | None) -> str:
    """A name for what is asked of the service apart from the rows: the model and the parameters."""
    asked = [package.saved(), package.signature.to_dict(), dict(params or {})]
    return hashlib.blake2b(msgspec.json.encode(asked, order="deterministic", enc_hook=repr), digest_size=16).hexdigest()
