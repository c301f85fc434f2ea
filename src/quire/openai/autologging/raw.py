"""Raw responses (``with_raw_response``, ``with_streaming_response``), recorded as the program reads them."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from quire.openai.autologging.streams import watch_stream
from quire.openai.autologging.watching import Watch


def watch_raw(response: Any, watch: Watch) -> None:
    """Record a raw response: at once if its body was read, else when the program reads or closes it."""
    inner = response.http_response
    if inner.is_closed and not _is_stream(response):
        _record_body(inner, watch)
        return
    _after(response, "parse", lambda result: _parsed(result, inner, watch))
    for name in ("close", "read", "text", "json"):
        if callable(getattr(type(response), name, None)):
            _after(response, name, lambda result: _record_body(inner, watch))


def _is_stream(response: Any) -> bool:
    return bool(getattr(response, "_is_sse_stream", getattr(response, "_stream", False)))


def _parsed(result: Any, inner: Any, watch: Watch) -> None:
    if hasattr(result, "_iterator") and hasattr(result, "response"):
        if not watch.span.end_time_ns:
            watch_stream(result, watch)
    else:
        watch.answered(result)


def _record_body(inner: Any, watch: Watch) -> None:
    """The body as it came, if it is there."""
    if watch.span.end_time_ns:
        return
    try:
        body = inner.content
    except Exception:
        watch.ended()
        return
    watch.body(body)


def _after(response: Any, name: str, done: Callable[[Any], None]) -> None:
    """Have ``done`` called with what a method returned; the method is the program's, in type and result."""
    original = getattr(response, name)
    if inspect.iscoroutinefunction(original):

        async def coroutine(*args: Any, **kwargs: Any) -> Any:
            result = await original(*args, **kwargs)
            done(result)
            return result

        setattr(response, name, coroutine)
    else:

        def method(*args: Any, **kwargs: Any) -> Any:
            result = original(*args, **kwargs)
            done(result)
            return result

        setattr(response, name, method)
