"""``@quire.trace``: every call of a function is a span, with its arguments and what it gave."""

from __future__ import annotations

import functools
import inspect
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar, cast, overload

import msgspec

from quire.domain.errors import InvalidInput
from quire.tracing import beginning, state
from quire.tracing.arguments import Arguments
from quire.tracing.destination import experiment_at
from quire.tracing.finished import FinishedLink
from quire.tracing.levels import said_of_span
from quire.tracing.links import checked
from quire.tracing.sampling import Sampling
from quire.tracing.span import NO_SPAN, Span
from quire.tracing.values import as_data, to_json

F = TypeVar("F", bound=Callable[..., Any])
Reducer = Callable[[list[Any]], Any]
log = logging.getLogger("quire")


@overload
def trace(
    func: F,
    name: str | None = None,
    span_type: str = "UNKNOWN",
    attributes: Mapping[str, Any] | None = None,
    output_reducer: Reducer | None = None,
    trace_destination: Any = None,
    sampling_ratio_override: float | None = None,
    log_level: Any = None,
    links: Sequence[Any] | None = None,
    description: str | None = None,
) -> F: ...
@overload
def trace(
    func: None = None,
    name: str | None = None,
    span_type: str = "UNKNOWN",
    attributes: Mapping[str, Any] | None = None,
    output_reducer: Reducer | None = None,
    trace_destination: Any = None,
    sampling_ratio_override: float | None = None,
    log_level: Any = None,
    links: Sequence[Any] | None = None,
    description: str | None = None,
) -> Callable[[F], F]: ...
def trace(
    func: F | None = None,
    name: str | None = None,
    span_type: str = "UNKNOWN",
    attributes: Mapping[str, Any] | None = None,
    output_reducer: Reducer | None = None,
    trace_destination: Any = None,
    sampling_ratio_override: float | None = None,
    log_level: Any = None,
    links: Sequence[Any] | None = None,
    description: str | None = None,
) -> F | Callable[[F], F]:
    """Make every call of a function a span: of a function, a coroutine, a generator or an asynchronous generator.

    The arguments are its inputs by their names, ``self`` and ``cls`` left out; what the function returns is its
    output, unless it has set the span's outputs itself. A generator's output is the list of what it yielded, or what
    ``output_reducer`` makes of that list; its span is the current one only while the generator itself runs. Errors are
    recorded and go on.

    Where a call begins a trace, ``trace_destination`` (:class:`quire.entities.MlflowExperimentLocation`) says to which
    experiment it goes, and ``sampling_ratio_override`` (0 to 1) which share of them is kept, whatever share is
    configured; traces with errors and slow ones are kept as ever. ``log_level``, ``links`` and ``description`` are as
    in :func:`start_span`. Raises InvalidInput for values of these that are none, and for a reducer without a generator.
    """
    if sampling_ratio_override is not None:
        _check_share(sampling_ratio_override)
    said = _Said(
        name=name,
        span_type=span_type,
        attributes={**(attributes or {}), **said_of_span(log_level, description)},
        reducer=output_reducer,
        experiment_id=experiment_at(trace_destination),
        sample_rate=sampling_ratio_override,
        links=checked(links),
    )
    return functools.partial(_traced, said=said) if func is None else _traced(func, said=said)


def _check_share(share: object) -> None:
    if not isinstance(share, int | float):
        raise InvalidInput(f"The sampling_ratio_override is {share!r}; expected a share from 0 to 1.")
    Sampling(rate=share)


class _Said(msgspec.Struct, frozen=True, kw_only=True):
    """What a program says of the calls of a function."""

    name: str | None
    span_type: str
    attributes: dict[str, Any]
    reducer: Reducer | None
    experiment_id: str | None
    sample_rate: float | None
    links: list[FinishedLink]


def _traced(func: F, *, said: _Said) -> F:
    if isinstance(func, classmethod | staticmethod):
        return cast(F, type(func)(_traced(func.__func__, said=said)))
    if said.reducer is not None and not (inspect.isgeneratorfunction(func) or inspect.isasyncgenfunction(func)):
        raise InvalidInput(
            f"output_reducer is given for {getattr(func, '__name__', func)!r}, which is no generator: what it returns "
            "is its output. Leave it out."
        )
    return cast(F, functools.wraps(func)(_wrapper(func, _Call(func, said))))


def _wrapper(func: Callable[..., Any], call: _Call) -> Callable[..., Any]:
    if inspect.isasyncgenfunction(func):

        def wrapper(*args: Any, **kwargs: Any) -> Any:
            return _async_items(func(*args, **kwargs), call, args, kwargs)

    elif inspect.isgeneratorfunction(func):

        def wrapper(*args: Any, **kwargs: Any) -> Any:
            return _items(func(*args, **kwargs), call, args, kwargs)

    elif inspect.iscoroutinefunction(func):

        async def coroutine(*args: Any, **kwargs: Any) -> Any:
            with call.span(args, kwargs) as span:
                result = await func(*args, **kwargs)
                span.returned(result)
            return result

        return coroutine

    else:

        def wrapper(*args: Any, **kwargs: Any) -> Any:
            with call.span(args, kwargs) as span:
                result = func(*args, **kwargs)
                span.returned(result)
            return result

    return wrapper


class _Call:
    """What is known of a traced function."""

    def __init__(self, func: Callable[..., Any], said: _Said) -> None:
        self.name = said.name or str(getattr(func, "__name__", type(func).__name__))
        self.said = said
        self.attributes = {str(key): as_data(value) for key, value in said.attributes.items()}
        self.attributes["mlflow.spanFunctionName"] = getattr(func, "__name__", self.name)
        self._arguments = Arguments(func)

    def begin(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Span | None:
        """A span for one call, which is not current; None if it could not be made."""
        try:
            said = self.said
            span = beginning.begin(
                self.name,
                said.span_type,
                inputs=to_json(self._arguments.named(args, kwargs)),
                attributes=self.attributes,
                experiment_id=said.experiment_id,
                sample_rate=said.sample_rate,
            )
            for link in said.links:
                span.add_link(link)
            if said.experiment_id is not None:
                beginning.say_not_root(span, trace_destination=said.experiment_id)
        except Exception as failed:
            log.error("A span could not be begun: %r", failed)
            return None
        return span

    def span(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> _Running:
        """A span for one call, current inside of the block; nothing at all while tracing is off."""
        return _Running(self, args, kwargs)


class _Running:
    """One call of a traced function."""

    __slots__ = ("_args", "_call", "_kwargs", "_span", "_token")

    def __init__(self, call: _Call, args: Sequence[Any], kwargs: Mapping[str, Any]) -> None:
        self._call = call
        self._args = args
        self._kwargs = kwargs
        self._span: Span | None = None

    def __enter__(self) -> Span:
        if not state.is_on():
            return NO_SPAN
        span = self._call.begin(self._args, self._kwargs)
        if span is None:
            return NO_SPAN
        self._token = beginning.activate(span)
        self._span = span
        return span

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: Any) -> None:
        if self._span is not None:
            beginning.deactivate(self._token)
            self._span.finish(error=error)


class _Collected:
    """The span of a generator, and what it has yielded."""

    def __init__(self, call: _Call, args: Sequence[Any], kwargs: Mapping[str, Any]) -> None:
        self._reducer = call.said.reducer
        self._items: list[Any] = []
        self.span = call.begin(args, kwargs) if state.is_on() else None

    @contextmanager
    def running(self) -> Iterator[None]:
        """While the generator itself runs, its span is the current one."""
        if self.span is None:
            yield
            return
        token = beginning.activate(self.span)
        try:
            yield
        finally:
            beginning.deactivate(token)

    def add(self, item: Any) -> None:
        """Note what was yielded."""
        if self.span is not None:
            self._items.append(item)

    def finish(self, error: BaseException | None = None) -> None:
        """End the span with what was yielded so far."""
        if self.span is None:
            return
        if isinstance(error, GeneratorExit):
            error = None
        try:
            outputs = to_json(self._reducer(self._items) if self._reducer else self._items)
        except Exception as raised:
            outputs = to_json(f"output_reducer failed: {raised!r}")
        self.span.finish(outputs=outputs, error=error)


def _items(
    generator: Generator[Any, Any, Any], call: _Call, args: Sequence[Any], kwargs: Mapping[str, Any]
) -> Generator[Any, Any, Any]:
    collected = _Collected(call, args, kwargs)
    sent, error = None, None
    try:
        while True:
            try:
                with collected.running():
                    item = generator.throw(error) if error is not None else generator.send(sent)
            except StopIteration as stop:
                collected.finish()
                return stop.value
            collected.add(item)
            sent, error = None, None
            try:
                sent = yield item
            except GeneratorExit:
                generator.close()
                raise
            except BaseException as thrown:
                error = thrown
    except BaseException as raised:
        collected.finish(raised)
        raise


async def _async_items(
    generator: AsyncGenerator[Any, Any], call: _Call, args: Sequence[Any], kwargs: Mapping[str, Any]
) -> AsyncIterator[Any]:
    collected = _Collected(call, args, kwargs)
    sent, error = None, None
    try:
        while True:
            try:
                with collected.running():
                    item = await (generator.athrow(error) if error is not None else generator.asend(sent))
            except StopAsyncIteration:
                collected.finish()
                return
            collected.add(item)
            sent, error = None, None
            try:
                sent = yield item
            except GeneratorExit:
                await generator.aclose()
                raise
            except BaseException as thrown:
                error = thrown
    except BaseException as raised:
        collected.finish(raised)
        raise
