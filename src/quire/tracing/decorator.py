"""``@quire.trace``: every call of a function is a span, with its arguments and what it gave."""

from __future__ import annotations

import functools
import inspect
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar, cast, overload

from quire.tracing import beginning, state
from quire.tracing.arguments import Arguments
from quire.tracing.span import NO_SPAN, Span
from quire.tracing.values import as_data, to_json

F = TypeVar("F", bound=Callable[..., Any])
Reducer = Callable[[list[Any]], Any]
log = logging.getLogger("quire")


@overload
def trace(func: F) -> F: ...
@overload
def trace(
    func: None = None,
    name: str | None = None,
    span_type: str = "UNKNOWN",
    attributes: Mapping[str, Any] | None = None,
    output_reducer: Reducer | None = None,
) -> Callable[[F], F]: ...
def trace(
    func: F | None = None,
    name: str | None = None,
    span_type: str = "UNKNOWN",
    attributes: Mapping[str, Any] | None = None,
    output_reducer: Reducer | None = None,
) -> F | Callable[[F], F]:
    """Make every call of a function a span: of a function, a coroutine, a generator or an asynchronous generator.

    The arguments are its inputs by their names, ``self`` and ``cls`` left out; what the function returns is its
    output. A generator's output is the list of what it yielded, or what ``output_reducer`` makes of that list; its
    span is the current one only while the generator itself runs. Errors are recorded and go on.
    """
    if func is None:
        return functools.partial(_traced, name=name, span_type=span_type, attributes=attributes, reducer=output_reducer)
    return _traced(func, name=name, span_type=span_type, attributes=attributes, reducer=output_reducer)


def _traced(
    func: F, *, name: str | None, span_type: str, attributes: Mapping[str, Any] | None, reducer: Reducer | None
) -> F:
    if isinstance(func, classmethod | staticmethod):
        inner = _traced(func.__func__, name=name, span_type=span_type, attributes=attributes, reducer=reducer)
        return cast(F, type(func)(inner))
    call = _Call(func, name, span_type, attributes or {}, reducer)
    return cast(F, functools.wraps(func)(_wrapper(func, call)))


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
                span.set_outputs(result)
            return result

        return coroutine

    else:

        def wrapper(*args: Any, **kwargs: Any) -> Any:
            with call.span(args, kwargs) as span:
                result = func(*args, **kwargs)
                span.set_outputs(result)
            return result

    return wrapper


class _Call:
    """What is known of a traced function."""

    def __init__(
        self,
        func: Callable[..., Any],
        name: str | None,
        span_type: str,
        attributes: Mapping[str, Any],
        reducer: Reducer | None,
    ) -> None:
        self.name = name or str(getattr(func, "__name__", type(func).__name__))
        self.span_type = span_type
        self.attributes = {str(key): as_data(value) for key, value in attributes.items()}
        self.attributes["mlflow.spanFunctionName"] = getattr(func, "__name__", self.name)
        self.reducer = reducer
        self._arguments = Arguments(func)

    def begin(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Span | None:
        """A span for one call, which is not current; None if it could not be made."""
        try:
            return beginning.begin(
                self.name,
                self.span_type,
                inputs=to_json(self._arguments.named(args, kwargs)),
                attributes=self.attributes,
            )
        except Exception as failed:
            log.error("A span could not be begun: %r", failed)
            return None

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
        self._reducer = call.reducer
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
