"""Where requests of the SDK are taken: one that its clients have built, on its way to their HTTP library.

``BaseClient._build_request`` makes every request of every client, and what it makes is sent by the ``send`` of the
client's ``httpx`` (or ``httpx2``) client. The former is replaced on the class; the latter on the one object, and only
requests that the former has marked are taken, so that other requests through a program's own HTTP client are let be.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import inspect
import threading
import weakref
from collections.abc import Awaitable, Callable
from typing import Any, Protocol

import msgspec

from quire.caller import shortcut
from quire.domain.errors import InvalidState
from quire.domain.recordings import AskedFor, asked_for

MARK = "quire.recording"
_PREFIXES = ("/openai/v1/", "/openai/", "/v1/")
_lock = threading.Lock()
_active: list[tuple[Interceptor, Callable[..., Any]]] = []
_senders: weakref.WeakKeyDictionary[Any, Any] = weakref.WeakKeyDictionary()


class Interceptor(Protocol):
    """What takes the requests."""

    def built(self, request: Any, asked: AskedFor) -> None:
        """A request was built; what this raises, the program gets."""

    def send(self, send: Callable[..., Any], request: Any, *, stream: bool, **options: Any) -> Any:
        """Answer a request in place of ``send``."""

    async def asend(self, send: Callable[..., Awaitable[Any]], request: Any, *, stream: bool, **options: Any) -> Any:
        """The same, asynchronously."""


def install(interceptor: Interceptor) -> None:
    """Take requests from now on. Raises InvalidState while another takes them."""
    from openai._base_client import BaseClient

    with _lock:
        if _active:
            raise InvalidState(
                f"Requests are being taken by a {type(_active[0][0]).__name__} already; close it before another begins."
            )
        original = BaseClient.__dict__["_build_request"]
        _active.append((interceptor, original))
        replaced = functools.wraps(original)(_building(original, interceptor))
        setattr(BaseClient, "_build_request", replaced)  # noqa: B010 - a method is replaced
        shortcut.close(interceptor)


def uninstall(interceptor: Interceptor) -> None:
    """Leave the SDK and its HTTP clients as they were found."""
    from openai._base_client import BaseClient

    with _lock:
        if not _active or _active[0][0] is not interceptor:
            return
        setattr(BaseClient, "_build_request", _active.pop()[1])  # noqa: B010 - as it was found
        shortcut.open_again(interceptor)
        for client, before in list(_senders.items()):
            client.__dict__.pop("send", None)
            if before is not None:
                client.send = before
        _senders.clear()


def _building(original: Callable[..., Any], interceptor: Interceptor) -> Callable[..., Any]:
    def build(self: Any, *args: Any, **kwargs: Any) -> Any:
        request = original(self, *args, **kwargs)
        asked = _asked(self, request)
        request.extensions[MARK] = asked
        interceptor.built(request, asked)
        _take(self._client, interceptor)
        return request

    return build


def _take(client: Any, interceptor: Interceptor) -> None:
    """Have what an HTTP client sends for the SDK given to the interceptor."""
    with _lock:
        if client in _senders:
            return
        _senders[client] = client.__dict__.get("send")
        send = client.send
        make = _async_sender if inspect.iscoroutinefunction(send) else _sender
        client.send = make(send, interceptor)


def _sender(original: Callable[..., Any], interceptor: Interceptor) -> Callable[..., Any]:
    @functools.wraps(original)
    def send(request: Any, *, stream: bool = False, **options: Any) -> Any:
        if MARK not in request.extensions:
            return original(request, stream=stream, **options)
        return interceptor.send(original, request, stream=stream, **options)

    return send


def _async_sender(original: Callable[..., Any], interceptor: Interceptor) -> Callable[..., Any]:
    @functools.wraps(original)
    async def send(request: Any, *, stream: bool = False, **options: Any) -> Any:
        if MARK not in request.extensions:
            return await original(request, stream=stream, **options)
        return await interceptor.asend(original, request, stream=stream, **options)

    return send


def _asked(client: Any, request: Any) -> AskedFor:
    path = _below(client.base_url.path, request.url.path)
    return asked_for(request.method, path, request.url.query.decode("latin-1"), _body(request))


def _below(base: str, path: str) -> str:
    """A path without that of the API's base."""
    for prefix in (base.rstrip("/") + "/", *_PREFIXES):
        if path.startswith(prefix) and prefix != "/":
            return path[len(prefix) :]
    return path


def _body(request: Any) -> Any:
    """What the body says: its JSON, else a digest, without the boundary that each form chooses anew."""
    content = b""
    with contextlib.suppress(Exception):  # a body that can be read only once is not read here
        content = request.read()
    kind = request.headers.get("content-type", "")
    if not content:
        return None
    if kind.startswith("application/json"):
        with contextlib.suppress(msgspec.DecodeError):
            return msgspec.json.decode(content)
    boundary = kind.partition("boundary=")[2].encode()
    if boundary:
        content = content.replace(boundary, b"")
    return {"sha256": hashlib.sha256(content).hexdigest()}
