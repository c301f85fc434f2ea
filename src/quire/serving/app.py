"""The application of a serving process: OpenAI's API as plain ASGI, one table from paths to handlers.

Where other parts are plugged in, each a plain list or mapping of :class:`App`, before the server starts:

``routes``
    path → method → handler, an async function of ``(scope, receive, send)``: ``/invocations``, ``/metrics``, ….
    :func:`quire.serving.handling.guarded` makes a handler of a function that returns a reply, with errors answered.
``patterns``
    The same for paths with a name in them: what such a path begins with, what it ends with, method → handler.
``context.observers``
    Told of each request that ended (:class:`quire.serving.request.Done`), in order, after the caller has its answer:
    measuring first, then traces, metrics, outcomes, shadows.
``context.refusals``
    Told of requests refused before it was known what they ask (path, status, code).
``guard``
    Says why a request is refused before anything else is looked at, or None.
``starting`` and ``ending``
    Functions, plain or async, called in the event loop when the process begins to serve and once it has answered the
    last request.

``context.live.table`` is what is served now: ``endpoints[name]`` has its ``endpoint``, ``champion``, ``trials``,
``shadows`` (each arm makes a request by ``arm.outgoing(ask)``) and the ``sender`` that sends it.
"""

from __future__ import annotations

import asyncio
import inspect
import logging
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

from quire._version import __version__
from quire.server.http import Receive, Reply, Scope, Send, send_reply, text_reply
from quire.serving.answering import serve
from quire.serving.context import Context
from quire.serving.errors import Refused
from quire.serving.following import Following
from quire.serving.keys import Keys
from quire.serving.listing import list_models, show_model
from quire.serving.live import Live, Table
from quire.serving.sender.sender import EndpointSender
from quire.serving.settings import ServeSettings
from quire.serving.wording import error_reply
from quire.store.access import access_of
from quire.store.current import get_registry_uri, get_tracking_uri, open_uri

Handler = Callable[[Scope, Receive, Send], Awaitable[None]]
_MODELS = "/v1/models/"
_logger = logging.getLogger("quire.serving")


class App:
    """One serving process as an ASGI application."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.routes: dict[str, dict[str, Handler]] = {
            "/v1/chat/completions": {"POST": partial(serve, context, "chat.completions")},
            "/v1/responses": {"POST": partial(serve, context, "responses")},
            "/v1/completions": {"POST": partial(serve, context, "completions")},
            "/v1/embeddings": {"POST": partial(serve, context, "embeddings")},
            "/v1/models": {"GET": partial(list_models, context)},
            "/health": {"GET": partial(_say, "OK")},
            "/ping": {"GET": partial(_say, "OK")},
            "/version": {"GET": partial(_say, __version__)},
        }
        self.patterns: list[tuple[str, str, dict[str, Handler]]] = []
        self.guard: Callable[[Scope], Refused | None] | None = None
        self.starting: list[Callable[[], Any]] = []
        self.ending: list[Callable[[], Any]] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, or the start and end of the server."""
        if scope["type"] == "http":
            await self._handler(scope)(scope, receive, send)
        elif scope["type"] == "lifespan":
            await self._live(receive, send)

    def _handler(self, scope: Scope) -> Handler:
        if self.guard is not None and (refused := self.guard(scope)) is not None:
            return partial(_refuse, refused)
        path: str = scope["path"]
        methods = self.routes.get(path)
        if methods is None:
            methods = next((found for first, last, found in self.patterns if _matches(path, first, last)), None)
        if methods is None:
            if path.startswith(_MODELS):
                methods = {"GET": partial(show_model, self.context, path.removeprefix(_MODELS))}
            else:
                return partial(_refuse, self._not_found(path))
        method: str = scope["method"]
        handler = methods.get(method) or (methods.get("GET") if method == "HEAD" else None)
        return handler or partial(_refuse, _not_allowed(method, path, methods), sorted(methods))

    def _not_found(self, path: str) -> Refused:
        listed = ", ".join(f"{' and '.join(sorted(methods))} {known}" for known, methods in sorted(self.routes.items()))
        return Refused(
            f"Nothing is served at {path[:200]!r}. Served are: {listed}. A client's base URL ends with /v1.",
            status=404,
            code="unknown_url",
        )

    # -- the life of the process -----------------------------------------------------------------

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        try:
            await self._start()
        except Exception as error:
            _logger.error("The server cannot start", exc_info=error)
            await send({"type": "lifespan.startup.failed", "message": str(error)})
            return
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self._end()
        await send({"type": "lifespan.shutdown.complete"})

    async def _start(self) -> None:
        context, loop = self.context, asyncio.get_running_loop()
        context.keys.start()
        context.following.start(partial(_install, loop, context.live))
        for call in self.starting:
            await _called(call)

    async def _end(self) -> None:
        context = self.context
        await asyncio.to_thread(context.following.stop)
        for call in reversed(self.ending):
            try:
                await _called(call)
            except Exception:
                _logger.warning("A part of the server did not end well", exc_info=True)
        await asyncio.to_thread(context.keys.close)
        context.loading.shutdown(wait=False, cancel_futures=True)
        await context.live.close()


def create_app(settings: ServeSettings) -> App:
    """The application of a serving process, with its first table loaded.

    Raises what is wrong with an endpoint that the settings name: InvalidInput, NotFound, MissingConfiguration, ….
    """
    uri = settings.tracking_uri or get_tracking_uri()
    registry_uri = settings.registry_uri or settings.tracking_uri or get_registry_uri()
    store, registry = open_uri(uri), open_uri(registry_uri)
    following = Following(settings, store, registry)
    table = following.first()
    context = Context(
        settings=settings,
        uri=uri,
        registry_uri=registry_uri,
        live=Live(table, grace_s=settings.drain_timeout),
        following=following,
        keys=_keys(settings, store),
        loading=ThreadPoolExecutor(1, thread_name_prefix="quire-loading"),
        observers=[],
        refusals=[],
    )
    return App(context)


def _keys(settings: ServeSettings, store: Any) -> Keys:
    if settings.auth is None:
        return Keys()
    return Keys(access_of(store), default=settings.auth.default_permission)


def _matches(path: str, first: str, last: str) -> bool:
    """Whether one part stands between the beginning and the end of a path."""
    inner = path[len(first) : len(path) - len(last)]
    return path.startswith(first) and path.endswith(last) and bool(inner) and "/" not in inner


def _install(loop: asyncio.AbstractEventLoop, live: Live, table: Table, retired: list[EndpointSender]) -> None:
    """Called by the thread that follows."""
    loop.call_soon_threadsafe(live.install, table, retired)


async def _called(call: Callable[[], Any]) -> None:
    result = call()
    if inspect.isawaitable(result):
        await result


async def _say(text: str, scope: Scope, receive: Receive, send: Send) -> None:
    await send_reply(send, text_reply(text))


async def _refuse(error: Refused, *rest: Any) -> None:
    *allowed, _scope, _receive, send = rest
    reply: Reply = error_reply(error)
    if allowed:
        reply.headers.append((b"allow", ", ".join(allowed[0]).encode()))
    await send_reply(send, reply)


def _not_allowed(method: str, path: str, methods: dict[str, Handler]) -> Refused:
    return Refused(
        f"{path} does not take {method[:20]}; it takes {', '.join(sorted(methods))}.",
        status=405,
        code="method_not_allowed",
    )
