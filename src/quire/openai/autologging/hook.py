"""The one place where calls of the SDK are seen: the request of its base clients, which every resource goes through.

So chat, completions, embeddings, responses, ``parse``, ``stream``, raw and streaming responses, Azure's clients and the
module's own client, synchronous or not, all pass here once, retries included; and a version of the SDK that adds
another way to call is seen too.
"""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable
from typing import Any

from quire.openai.autologging.calls import TracedCall, traced_call
from quire.openai.autologging.raw import watch_raw
from quire.openai.autologging.streams import watch_stream
from quire.openai.autologging.usage import ask_for_usage
from quire.openai.autologging.watching import Watch
from quire.tracing import activate, deactivate, is_enabled

log = logging.getLogger("quire")
_originals: dict[type, Callable[..., Any]] = {}


def install() -> None:
    """Watch the SDK's clients from now on."""
    from openai._base_client import AsyncAPIClient, SyncAPIClient

    if _originals:
        return
    for kind, wrap in ((SyncAPIClient, _watched), (AsyncAPIClient, _watched_async)):
        original = kind.__dict__["request"]
        _originals[kind] = original
        setattr(kind, "request", functools.wraps(original)(wrap(original)))  # noqa: B010 - a method is replaced


def uninstall() -> None:
    """Leave the SDK exactly as it was found."""
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
        token = activate(watch.span)
        try:
            result = original(self, cast_to, options, *args, **kwargs)
        except BaseException as error:
            watch.failed(error)
            raise
        finally:
            deactivate(token)
        _take(result, watch)
        return result

    return request


def _watched_async(original: Callable[..., Any]) -> Callable[..., Any]:
    async def request(self: Any, cast_to: Any, options: Any, *args: Any, **kwargs: Any) -> Any:
        watch = _begin(self, options, kwargs, asynchronous=True)
        if watch is None:
            return await original(self, cast_to, options, *args, **kwargs)
        token = activate(watch.span)
        try:
            result = await original(self, cast_to, options, *args, **kwargs)
        except BaseException as error:
            watch.failed(error)
            raise
        finally:
            deactivate(token)
        _take(result, watch)
        return result

    return request


def _begin(client: Any, options: Any, kwargs: dict[str, Any], *, asynchronous: bool) -> Watch | None:
    """The recording of a call; None for one that is not recorded, whatever the reason."""
    try:
        if not is_enabled():
            return None
        call: TracedCall | None = traced_call(options)
        if call is None:
            return None
        watch = Watch(call, client, options, asynchronous=asynchronous)
        if kwargs.get("stream") and call.kind in ("chat", "text_completion") and ask_for_usage(client, options):
            watch.ask_for_usage()
    except Exception:
        log.warning("A call of the OpenAI SDK could not be recorded", exc_info=True)
        return None
    return watch


def _take(result: Any, watch: Watch) -> None:
    """Record an answer in whichever form the program gets it."""
    try:
        if hasattr(result, "_iterator") and hasattr(result, "response"):
            watch_stream(result, watch)
        elif hasattr(result, "http_response") and hasattr(result, "parse"):
            watch_raw(result, watch)
        else:
            watch.answered(result)
    except Exception:
        watch.lost()
