"""Live updates: ``GET /api/quire/v1/events`` says which topics changed, as server-sent events.

https://html.spec.whatwg.org/multipage/server-sent-events.html; ``docs/decisions/0501`` says how changes are noticed.
"""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec

from quire.server.calls import Calls
from quire.server.context import Context
from quire.server.http import Headers, Request, Send
from quire.server.live import Listener

calls = Calls("quire", "v1", tag="Live updates")
HEARTBEAT_SECONDS = 15.0
LEAST_SECONDS = 1.0
"""Between two events of one connection."""
LONGEST_SECONDS = 900.0
"""After which a connection is ended. The browser opens another, and the sign-in is looked at anew."""

_HEADERS: Headers = [
    (b"content-type", b"text/event-stream"),
    (b"cache-control", b"no-store, no-transform"),
    (b"x-accel-buffering", b"no"),
]
_BEGIN = b"retry: 2000\n: listening\n\n"
_HEARTBEAT = b": still here\n\n"
_STREAM: dict[str, Any] = {
    "responses": {
        "200": {
            "description": 'Events "change" whose data is {"topics": ["runs", …]}; the topic "all" stands for each.',
            "content": {"text/event-stream": {"schema": {"type": "string"}}},
        }
    }
}


@calls.stream("GET", "/api/quire/v1/events", openapi=_STREAM)
async def events(context: Context, request: Request, send: Send) -> None:
    """Say which topics change, as they do: at most one event a second, and never what changed in them."""
    listener = context.live.join()
    gone = asyncio.ensure_future(request.gone())
    gone.add_done_callback(lambda _: listener.end())
    try:
        async with asyncio.timeout(LONGEST_SECONDS) as timer:
            await send({"type": "http.response.start", "status": 200, "headers": _HEADERS})
            await _send(send, _BEGIN)
            await _tell(listener, send)
    except TimeoutError:
        if not timer.expired():
            raise
    finally:
        gone.cancel()
        context.live.leave(listener)
    await send({"type": "http.response.body", "body": b""})


async def _tell(listener: Listener, send: Send) -> None:
    while not listener.over:
        topics = await listener.changes(HEARTBEAT_SECONDS)
        if topics:
            await _send(send, b"event: change\ndata: " + msgspec.json.encode({"topics": topics}) + b"\n\n")
            await listener.pause(LEAST_SECONDS)
        elif not listener.over:
            await _send(send, _HEARTBEAT)


async def _send(send: Send, body: bytes) -> None:
    await send({"type": "http.response.body", "body": body, "more_body": True})
