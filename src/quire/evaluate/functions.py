"""Calling a user's function for many records at once: ordinary ones in threads, async ones in an event loop."""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextvars
import inspect
import sys
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

import msgspec

from quire.caller.bridge import LoopThread
from quire.domain.errors import InvalidInput
from quire.domain.redaction import redact
from quire.evaluate.spool import plain

T = TypeVar("T")
Arguments = tuple[tuple[Any, ...], dict[str, Any]]


class Returned(msgspec.Struct, frozen=True):
    """What one call of a function gave: outputs, or the error that it raised; how long it took; its trace."""

    outputs: Any = None
    error: str | None = None
    seconds: float | None = None
    trace_id: str | None = None


class Calling:
    """A function that is called with the inputs of a record: by keyword where its parameters are their names.

    A function of one parameter that is no name of the inputs is given them all as a mapping. A context manager: at
    its end no call is left running. Raises InvalidInput for a function whose parameters fit no record.
    """

    def __init__(self, function: Callable[..., Any], context: contextvars.Context, at_once: int) -> None:
        self._function = function
        self._context = context
        self._at_once = at_once
        called = function if inspect.isroutine(function) else type(function).__call__
        self._is_async = inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(called)
        self._parameters = parameters_of(function)
        self._loop: LoopThread | None = None
        self._pool: concurrent.futures.ThreadPoolExecutor | None = None

    def __enter__(self) -> Calling:
        if self._is_async:
            self._loop = LoopThread()
        else:
            self._pool = concurrent.futures.ThreadPoolExecutor(self._at_once, "quire-evaluate")
        return self

    def __exit__(self, *_exception: object) -> None:
        if self._loop is not None:
            self._loop.stop()
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)

    def results(self, items: Iterable[tuple[T, Mapping[str, Any]]]) -> Iterator[tuple[T, Returned]]:
        """What the function gave for each, in order; at most ``at_once`` calls run, and few more wait."""
        return in_order(items, lambda item: self._submit(item[1]), self._at_once)

    def _submit(self, inputs: Mapping[str, Any]) -> concurrent.futures.Future[Returned]:
        context = self._context.copy()
        if self._loop is not None:
            return context.run(asyncio.run_coroutine_threadsafe, self._await(inputs), self._loop.loop)
        assert self._pool is not None
        return self._pool.submit(context.run, self._call, inputs)

    def _call(self, inputs: Mapping[str, Any]) -> Returned:
        began, before = time.perf_counter(), _trace_id()
        try:
            args, keywords = self._arguments(inputs)
            outputs = _as_data(self._function(*args, **keywords))
        except Exception as error:
            return Returned(None, _said(error), time.perf_counter() - began, _trace_since(before))
        return Returned(outputs, None, time.perf_counter() - began, _trace_since(before))

    async def _await(self, inputs: Mapping[str, Any]) -> Returned:
        began, before = time.perf_counter(), _trace_id()
        try:
            args, keywords = self._arguments(inputs)
            outputs = _as_data(await self._function(*args, **keywords))
        except Exception as error:
            return Returned(None, _said(error), time.perf_counter() - began, _trace_since(before))
        return Returned(outputs, None, time.perf_counter() - began, _trace_since(before))

    def _arguments(self, inputs: Mapping[str, Any]) -> Arguments:
        return arguments_of(self._function, self._parameters, inputs)


def arguments_of(
    function: Callable[..., Any], parameters: Sequence[inspect.Parameter] | None, inputs: Mapping[str, Any]
) -> Arguments:
    """What a function is called with: inputs by keyword where its parameters bear their names, else one mapping.

    Raises InvalidInput, naming the parameters that are not among the inputs.
    """
    if parameters is None:
        return (inputs,), {}
    named = [one for one in parameters if one.kind in (one.POSITIONAL_OR_KEYWORD, one.KEYWORD_ONLY)]
    lacking = [one.name for one in named if one.default is one.empty and one.name not in inputs]
    positional = [one.name for one in parameters if one.kind is one.POSITIONAL_ONLY]
    takes_all = any(one.kind is one.VAR_KEYWORD for one in parameters)
    if not lacking and not positional and (takes_all or any(one.name in inputs for one in named)):
        known = {one.name for one in named}
        return (), {name: value for name, value in inputs.items() if takes_all or name in known}
    if len(named) + len(positional) == 1:
        return (inputs,), {}
    raise InvalidInput(
        f"The function {getattr(function, '__name__', function)!r} takes "
        f"{[*positional, *(one.name for one in named)]}, and the record's inputs are {list(inputs)[:20]}. Name its "
        "parameters as the inputs, or take one mapping of them all."
    )


def in_order(
    items: Iterable[T], submit: Callable[[T], concurrent.futures.Future[Any]], at_once: int
) -> Iterator[tuple[Any, Any]]:
    """The first part of each item with what its work gave, in order; at most twice ``at_once`` are under way."""
    waiting: deque[tuple[Any, concurrent.futures.Future[Any]]] = deque()
    try:
        for item in items:
            waiting.append((item[0], submit(item)))  # type: ignore[index]
            if len(waiting) >= 2 * at_once:
                first, future = waiting.popleft()
                yield first, future.result()
        while waiting:
            first, future = waiting.popleft()
            yield first, future.result()
    finally:
        for _first, future in waiting:
            future.cancel()


def parameters_of(function: Callable[..., Any]) -> list[inspect.Parameter] | None:
    """The parameters; None where a function (of C code) does not say."""
    try:
        return list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):
        return None


def _said(error: Exception) -> str:
    return redact(f"{type(error).__name__}: {error}" if str(error) else type(error).__name__)[:2000]


def _as_data(outputs: Any) -> Any:
    """Outputs as plain data: scorers and the rows' file see the same."""
    if outputs is None or isinstance(outputs, str | bool | int | float):
        return outputs
    return msgspec.to_builtins(outputs, enc_hook=plain, str_keys=True)


def _trace_since(before: str | None) -> str | None:
    """The trace that was made here since, if one was."""
    made = _trace_id()
    return None if made == before else made


def _trace_id() -> str | None:
    """The trace that was made here last, if tracing is in use."""
    if "quire.tracing" not in sys.modules:
        return None
    from quire.tracing.state import last_trace_id

    return last_trace_id(here=True)
