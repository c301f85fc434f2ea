"""The one place where calls of the SDK are seen: the request of its base clients, which every resource goes through.

So chat, completions, embeddings, responses, ``parse``, ``stream``, raw and streaming responses, Azure's clients and the
module's own client, synchronous or not, all pass here once, retries included; and a version of the SDK that adds
another way to call is seen too.
"""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable
from typing import Any

from quire.openai.autologging.around import note_request
from quire.openai.autologging.calls import TracedCall, traced_call
from quire.openai.autologging.options import complain
from quire.openai.autologging.raw import watch_raw
from quire.openai.autologging.streams import watch_stream
from quire.openai.autologging.usage import ask_for_usage, refused
from quire.openai.autologging.watching import Watch
from quire.tracing import activate, deactivate, is_enabled

_originals: dict[type, Callable[..., Any]] = {}
_lock = threading.Lock()


def install() -> None:
    """Watch the SDK's clients from now on, those that exist already too."""
    from openai._base_client import AsyncAPIClient, SyncAPIClient

    with _lock:
        if _originals:
            return
        for kind, wrap in ((SyncAPIClient, _watched), (AsyncAPIClient, _watched_async)):
            original = kind.__dict__["request"]
            _originals[kind] = original
            setattr(kind, "request", functools.wraps(original)(wrap(original)))  # noqa: B010 - a method is replaced


def uninstall() -> None:
    """Leave the SDK exactly as it was found. Calls under way are recorded to their end."""
    with _lock:
        for kind, original in _originals.items():
            setattr(kind, "request", original)  # noqa: B010 - as it was found
        _originals.clear()


def is_installed() -> bool:
    """Whether the SDK's clients are watched."""
    return bool(_originals)


def _watched(original: Callable[..., Any]) -> Callable[..., Any]:
    def request(self: Any, cast_to: Any, options: Any, *args: Any, **kwargs: Any) -> Any:
        watch = _begin(self, options, kwargs, asynchronous=False)
        if watch is None:
            return original(self, cast_to, options, *args, **kwargs)
        token = _activate(watch)
        try:
            try:
                result = original(self, cast_to, options, *args, **kwargs)
            except Exception as error:
                if not _unask(self, options, watch, error):
                    raise
                result = original(self, cast_to, options, *args, **kwargs)
        except BaseException as error:
            watch.failed(error)
            raise
        finally:
            _deactivate(token)
        _take(self, result, watch)
        return result

    return request


def _watched_async(original: Callable[..., Any]) -> Callable[..., Any]:
    async def request(self: Any, cast_to: Any, options: Any, *args: Any, **kwargs: Any) -> Any:
        watch = _begin(self, options, kwargs, asynchronous=True)
        if watch is None:
            return await original(self, cast_to, options, *args, **kwargs)
        token = _activate(watch)
        try:
            try:
                result = await original(self, cast_to, options, *args, **kwargs)
            except Exception as error:
                if not _unask(self, options, watch, error):
                    raise
                result = await original(self, cast_to, options, *args, **kwargs)
        except BaseException as error:
            watch.failed(error)
            raise
        finally:
            _deactivate(token)
        _take(self, result, watch)
        return result

    return request


def _is_callers(client: Any) -> bool:
    """Whether a client is that of Quire's own caller, which has its own transport."""
    transport = getattr(getattr(client, "_client", None), "_transport", None)
    return type(transport).__module__ == "quire.caller.wire"


def _begin(client: Any, options: Any, kwargs: dict[str, Any], *, asynchronous: bool) -> Watch | None:
    """The recording of a call; None for one that is not recorded, whatever the reason."""
    try:
        if not is_enabled():
            return None
        call: TracedCall | None = traced_call(options)
        if call is None:
            return None
        streamed = bool(kwargs.get("stream"))
        if _is_callers(client) and not streamed:
            return None  # Quire's own caller tells of its calls itself: the SDK sees only some of them
        watch = Watch(call, client, options, asynchronous=asynchronous)
        note_request()
    except Exception:
        complain("A call of the OpenAI SDK could not be recorded")
        return None
    if streamed and call.kind in ("chat", "text_completion"):
        _ask(client, options, watch)
    return watch


def _ask(client: Any, options: Any, watch: Watch) -> None:
    body = options.json_data
    try:
        if not _is_callers(client) and ask_for_usage(client, options):
            watch.ask_for_usage(body)
    except Exception:
        complain("The tokens of a stream could not be asked for")


def _unask(client: Any, options: Any, watch: Watch, error: Exception) -> bool:
    """Take back what was added to a request if it was refused for that; whether it is to be sent again."""
    try:
        if watch.asked_body is None or not refused(client, error):
            return False
        options.json_data = watch.asked_body
        watch.ask_for_usage(None)
    except Exception:
        complain("A refused request could not be looked at")
        return False
    return True


def _activate(watch: Watch) -> Any:
    try:
        return activate(watch.span)
    except Exception:
        complain("A span could not be made the current one")
        return None


def _deactivate(token: Any) -> None:
    try:
        if token is not None:
            deactivate(token)
    except Exception:
        complain("The span before could not be made current again")


def _take(client: Any, result: Any, watch: Watch) -> None:
    """Record an answer in whichever form the program gets it."""
    try:
        if hasattr(type(result), "model_dump_json"):
            watch.answered(result)
            return
        response = getattr(result, "http_response", None) or getattr(result, "response", None)
        if hasattr(result, "_iterator") and not _is_callers(client):
            watch_stream(result, watch)
        elif hasattr(response, "iter_raw"):
            watch_raw(response, watch)
        elif hasattr(result, "iter_raw") and hasattr(result, "is_closed"):
            watch_raw(result, watch)
        else:
            watch.answered(result)
    except Exception:
        watch.lost()
