"""The protocol's front: finds the call, reads its message, has it run, sends the answer.

It stands before the framework that serves the pages, because it costs a third of what that would (see
docs/decisions/0100).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Any, Protocol

import msgspec

from quire.domain import protojson
from quire.server.calls import AnyCall, Call, Reads, StreamCall
from quire.server.context import Context
from quire.server.errors import error_reply
from quire.server.http import Application, Disconnected, Receive, Reply, Request, Scope, Send, send_reply
from quire.server.routing import Router
from quire.server.work import Work

Guard = Callable[[AnyCall, Request, msgspec.Struct | None], Awaitable[msgspec.Struct | None]]
"""Asked before each call, with its message once that is read; raises to refuse, or gives a message to use instead."""
Run = Callable[[], Any]
Wrapper = Callable[[Call, Request, msgspec.Struct, Run], Run]
"""Given what runs a call, in the thread where it will run; gives what runs in its place."""

# Bytes of a request that writes little: a batch of a hundred metrics.
_LITTLE = 16 * 1024
_READERS: dict[Reads, Callable[[Work, Run], Awaitable[Any]]] = {
    "point": Work.look,
    "much": Work.read,
    "files": Work.files,
}


class Observer(Protocol):
    """Told of each call that was answered."""

    def __call__(
        self, call: AnyCall, request: Request, message: msgspec.Struct | None, answer: Any, /
    ) -> Awaitable[None]:
        """``answer`` is the call's answer, or None for one that streams."""


class Front:
    """The calls of a protocol as an ASGI application; what none of them serves goes to ``otherwise``.

    ``guards`` are asked before a call, ``wrappers`` run it, ``observers`` are told after it: that is where
    authorization and an audit log belong. They are lists that modules add to before the server starts.
    """

    def __init__(self, context: Context, calls: Sequence[AnyCall], otherwise: Application) -> None:
        self.context = context
        self.router = Router(calls, context.settings.static_prefix)
        self.guards: list[Guard] = []
        self.wrappers: list[Wrapper] = []
        self.observers: list[Observer] = []
        self._otherwise = otherwise
        settings = context.settings
        self._limits: dict[str, Any] = {
            "max_bytes": settings.max_request_bytes,
            "timeout": settings.request_timeout,
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        request = Request(scope, receive, **self._limits)
        sent = False

        async def sending(message: Any) -> None:
            nonlocal sent
            sent = True
            await send(message)

        try:
            call = self.router.find(request)
            if call is None:
                await self._otherwise(scope, receive, send)
                return
            scope["quire.call"] = call.name
            if isinstance(call, StreamCall):
                await self._stream(call, request, sending)
            else:
                await send_reply(send, await self._answer(call, request))
        except Disconnected:
            return
        except Exception as error:
            if sent:
                raise
            await send_reply(send, error_reply(error))

    async def _answer(self, call: Call, request: Request) -> Reply:
        message = await _read(call.request, request)
        for guard in self.guards:
            message = await guard(call, request, message) or message
        work = self.context.work
        run: Run = partial(call.action, self.context, message)
        for wrap in self.wrappers:
            run = wrap(call, request, message, run)
        answer = await _place(call, request)(work, run)
        for observer in self.observers:
            await observer(call, request, message, answer)
        if isinstance(answer, Reply):
            return answer
        return Reply(b"{}" if answer is None else protojson.encode(answer), call.success)

    async def _stream(self, call: StreamCall, request: Request, send: Send) -> None:
        message = None if call.message is None else await _read(call.message, request)
        request.message = message
        for guard in self.guards:
            await guard(call, request, message)
        await call.stream(self.context, request, send)
        for observer in self.observers:
            await observer(call, request, message, None)


def _place(call: Call, request: Request) -> Callable[[Work, Run], Awaitable[Any]]:
    """Where a call runs. One that only reaches for artifacts must not keep the writer of the store waiting."""
    if call.kind == "write":
        if call.reads == "files":
            return Work.write_files
        return Work.write_little if call.brief and (request.length or 0) <= _LITTLE else Work.write
    return _READERS[call.reads]


async def _read(kind: type[msgspec.Struct], request: Request) -> msgspec.Struct:
    """The message of a request: in the query of a GET, else in the body; with the variables of the path."""
    if request.method in ("GET", "HEAD"):
        fields = [*request.query, *request.parameters.items()]
        return protojson.decode_query(fields, kind)
    body = await request.body()
    if request.parameters:
        return protojson.from_parts(body, request.parameters, kind)
    if not body:
        return protojson.decode_query(request.query, kind)
    return protojson.decode(body, kind)
