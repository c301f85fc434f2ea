"""A loaded model: prediction over one input or ten million, sync and async."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Generator, Iterator, Mapping
from typing import Any, Literal, Unpack, overload

from quire.caller import Caller
from quire.domain.calls import Call
from quire.domain.errors import InvalidInput, SchemaError
from quire.domain.package import Package
from quire.domain.schema import Schema
from quire.domain.signature import ModelSignature
from quire.models.inputs import async_rows, sync_rows
from quire.models.mlmodel import Model
from quire.models.read import LoadedPackage
from quire.pyfunc.job import Job, Numbered
from quire.pyfunc.options import PredictOptions
from quire.pyfunc.results import (
    AsyncResultIterator,
    PredictionError,
    Predictions,
    Result,
    ResultIterator,
    RowFailure,
)


class PyFuncModel:
    """A packaged model, loaded. Safe to share between threads and event loops.

    Input data may be text, a mapping, a list of either, a dataframe or column (pandas, polars, Arrow), a generator,
    and, for the methods that begin with ``a``, an async iterable. Where requests go and with which credential is read
    from the environment at each prediction; a variable that is missing is named before anything is sent.
    """

    def __init__(self, loaded: LoadedPackage) -> None:
        self._loaded = loaded

    @property
    def metadata(self) -> Model:
        """The content of its ``MLmodel``."""
        return self._loaded.model

    @property
    def package(self) -> Package:
        """The application itself: model name, task, template, fixed parameters, signature."""
        return self._loaded.package

    @property
    def model_id(self) -> str | None:
        """``m-`` and 32 hexadecimal digits; None for a model that was saved and not logged."""
        return self._loaded.model.model_id

    @property
    def signature(self) -> ModelSignature:
        """What it reads and answers, and the parameters that a caller may change."""
        return self._loaded.package.signature

    @property
    def input_schema(self) -> Schema | None:
        """The columns that it reads."""
        return self.signature.inputs

    @property
    def input_example(self) -> Any:
        """The input data of its example as plain lists and mappings; None without one."""
        from quire.models.example import read_example

        return read_example(self._loaded.folder, self._loaded.model.saved_input_example_info)

    def get_raw_model(self) -> dict[str, Any]:
        """The content of ``model.yaml``."""
        return self._loaded.package.saved()

    def __repr__(self) -> str:
        return f"PyFuncModel({self.package.model!r}, {self.package.task!r}, model_id={self.model_id!r})"

    # -- a batch ---------------------------------------------------------------------------------

    def predict(
        self, data: Any, params: Mapping[str, Any] | None = None, **options: Unpack[PredictOptions]
    ) -> Predictions:
        """The outputs for ``data``, one for each row in order: text, or a list of floats for embeddings.

        ``params`` are parameters that the signature opens. Data of known size is checked whole before anything is
        sent. Rows that failed raise PredictionError once all others have ended, unless ``on_error="return"``.
        Raises SchemaError, PolicyError, MissingConfiguration; on Ctrl-C, KeyboardInterrupt whose ``predictions``
        hold what had finished.
        """
        job = Job(self.package, params, options, self.model_id)
        rows, total = sync_rows(data, job.planner.columns)
        if total is not None and not job.keeps_failures:
            job.check(rows)
            rows, total = sync_rows(data, job.planner.columns)
        found: dict[int, Result] = {}
        try:
            found.update(_iterate(job, rows, total, ordered=False))
        except KeyboardInterrupt as error:
            error.predictions = _in_order(found, job)  # type: ignore[attr-defined]
            error.add_note(f"{len(found)} rows had finished; this error's `predictions` holds them.")
            raise
        return _complete(found, job)

    async def apredict(
        self, data: Any, params: Mapping[str, Any] | None = None, **options: Unpack[PredictOptions]
    ) -> Predictions:
        """As :meth:`predict`, in the running event loop."""
        job = Job(self.package, params, options, self.model_id)
        if not job.keeps_failures and not isinstance(data, AsyncIterable):
            rows, total = sync_rows(data, job.planner.columns)
            if total is not None:
                job.check(rows)
        found: dict[int, Result] = {}
        async for index, result in _aiterate(job, data, ordered=False):
            found[index] = result
        return _complete(found, job)

    # -- results as they come --------------------------------------------------------------------

    @overload
    def predict_iter(
        self,
        data: Any,
        params: Mapping[str, Any] | None = None,
        *,
        ordered: Literal[True] = True,
        **options: Unpack[PredictOptions],
    ) -> ResultIterator[Result]: ...

    @overload
    def predict_iter(
        self,
        data: Any,
        params: Mapping[str, Any] | None = None,
        *,
        ordered: Literal[False],
        **options: Unpack[PredictOptions],
    ) -> ResultIterator[Numbered]: ...

    def predict_iter(
        self,
        data: Any,
        params: Mapping[str, Any] | None = None,
        *,
        ordered: bool = True,
        **options: Unpack[PredictOptions],
    ) -> ResultIterator[Any]:
        """The outputs as an iterator, for inputs larger than memory: rows are read a bounded number ahead.

        In the order of the rows, or with ``ordered=False`` as they finish, each as a pair of its row's position
        and its output. A failed row raises PredictionError when its turn comes, unless ``on_error="return"``.
        """
        job = Job(self.package, params, options, self.model_id)
        rows, total = sync_rows(data, job.planner.columns)
        results = _raising(_iterate(job, rows, total, ordered=ordered), job)
        return ResultIterator(_values(results) if ordered else results, job.report)

    def apredict_iter(
        self,
        data: Any,
        params: Mapping[str, Any] | None = None,
        *,
        ordered: bool = True,
        **options: Unpack[PredictOptions],
    ) -> AsyncResultIterator[Any]:
        """As :meth:`predict_iter`, in the running event loop; ``data`` may be an async iterable."""
        job = Job(self.package, params, options, self.model_id)
        return AsyncResultIterator(_araising(job, data, ordered), job.report)

    # -- one input, streamed ---------------------------------------------------------------------

    def predict_stream(
        self, data: Any, params: Mapping[str, Any] | None = None, **options: Unpack[PredictOptions]
    ) -> Iterator[str]:
        """The text of one input's answer, piece by piece as it is written.

        Raises SchemaError for more than one input, InvalidInput for an embeddings model.
        """
        caller, call = self._one_call(data, params, options)
        return caller.stream(call)

    def apredict_stream(
        self, data: Any, params: Mapping[str, Any] | None = None, **options: Unpack[PredictOptions]
    ) -> AsyncIterator[str]:
        """As :meth:`predict_stream`, in the running event loop."""
        caller, call = self._one_call(data, params, options)
        return caller.astream(call)

    def _one_call(self, data: Any, params: Mapping[str, Any] | None, options: PredictOptions) -> tuple[Caller, Call]:
        if self.package.task == "embeddings":
            raise InvalidInput("An embeddings model answers with vectors, which do not stream. Use predict instead.")
        job = Job(self.package, params, options, self.model_id)
        rows = list(sync_rows(data, job.planner.columns)[0])
        if len(rows) != 1:
            raise SchemaError(f"predict_stream answers one input, and {len(rows)} were given. Use predict_iter.")
        return job.caller, next(job.planner.plan(rows))


def _iterate(job: Job, rows: Any, total: int | None, *, ordered: bool) -> Generator[Numbered]:
    """The numbered results of a job, in order or as they finish."""
    settings = job.settings(total, ordered=ordered)
    try:
        with contextlib.closing(job.caller.iterate(job.calls(rows), **settings)) as outcomes:
            for outcome in outcomes:
                yield from job.results(outcome)
        yield from job.last_results()
    finally:
        _close_journal(settings)


async def _aiterate(job: Job, data: Any, *, ordered: bool) -> AsyncGenerator[Numbered]:
    settings = job.settings(None, ordered=ordered)
    try:
        rows = async_rows(data, job.planner.columns)
        async with contextlib.aclosing(job.caller.run(job.acalls(rows), **settings)) as outcomes:
            async for outcome in outcomes:
                for numbered in job.results(outcome):
                    yield numbered
        for numbered in job.last_results():
            yield numbered
    finally:
        _close_journal(settings)


def _close_journal(settings: Mapping[str, Any]) -> None:
    if settings["journal"] is not None:
        settings["journal"].close()


def _values(results: Generator[Numbered]) -> Iterator[Result]:
    with contextlib.closing(results):
        for _index, result in results:
            yield result


def _raising(results: Generator[Numbered], job: Job) -> Generator[Numbered]:
    """The results; a failed row is raised where failures are not wanted as data."""
    with contextlib.closing(results):
        for index, result in results:
            if isinstance(result, RowFailure) and not job.keeps_failures:
                raise PredictionError(Predictions([result], job.report))
            yield index, result


async def _araising(job: Job, data: Any, ordered: bool) -> AsyncIterator[Any]:
    async with contextlib.aclosing(_aiterate(job, data, ordered=ordered)) as results:
        async for index, result in results:
            if isinstance(result, RowFailure) and not job.keeps_failures:
                raise PredictionError(Predictions([result], job.report))
            yield result if ordered else (index, result)


def _in_order(found: Mapping[int, Result], job: Job) -> Predictions:
    return Predictions([found[index] for index in sorted(found)], job.report)


def _complete(found: Mapping[int, Result], job: Job) -> Predictions:
    predictions = _in_order(found, job)
    if not job.keeps_failures and predictions.failures:
        raise PredictionError(predictions)
    return predictions
