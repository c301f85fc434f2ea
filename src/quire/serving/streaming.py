"""Passing a stream on, event by event as they come.

Only whole events go out, so that what stands after a break is still an event. Where the upstream breaks off, the caller
is told by an error event in OpenAI's form, and the connection ends there: never by a ``[DONE]`` that was not said.
With its last event a stream is answered, whatever becomes of either connection after it: clients leave once they have
read it, often before the upstream has closed its side.
"""

from __future__ import annotations

import asyncio

import msgspec

from quire.serving.connection import connection_of
from quire.serving.errors import BrokenStream, NoAnswer
from quire.serving.events import Events
from quire.serving.exchange import Exchange
from quire.serving.request import Route
from quire.serving.sender.sender import Piecewise

_BROKE_OFF = "The answer broke off: the upstream ended it in the middle. Ask again."


async def pass_on(exchange: Exchange, stream: Piecewise) -> None:
    """Pass a stream on to the caller, and tell the observers how it ended."""
    assert exchange.out is not None
    events = Events(exchange.out.route, hides_usage=exchange.out.hides_usage)
    pieces: list[bytes] = []
    send = exchange.send
    headers = exchange.headers(stream.headers, cached=getattr(stream, "cached", False))
    headers.append((b"cache-control", b"no-cache"))
    headers.append((b"x-accel-buffering", b"no"))
    await exchange.begin(stream.status, headers)
    error = ""
    is_whole = False
    try:
        async for piece in stream.chunks():
            pieces.append(piece)
            whole = events.feed(piece)
            if whole:
                if exchange.first_token_s is None:
                    exchange.mark_first()
                await send({"type": "http.response.body", "body": whole, "more_body": True})
                is_whole = events.ended
        rest = events.rest()
        if rest:
            await send({"type": "http.response.body", "body": rest, "more_body": True})
        if not events.ended:
            error = _BROKE_OFF
    except (BrokenStream, NoAnswer) as broken:
        error = "" if is_whole else broken.message
    except asyncio.CancelledError:
        if not is_whole:
            raise
    body = b"".join(pieces)
    if error:
        await send({"type": "http.response.body", "body": _error_event(exchange.out.route), "more_body": True})
        connection_of(exchange.scope).abandon()
        exchange.tell("broken", stream.status, body=body, upstream=stream.upstream, error=error)
        return
    await send({"type": "http.response.body", "body": b""})
    exchange.tell(
        "answered",
        stream.status,
        body=body,
        upstream=stream.upstream,
        attempts=stream.attempts,
        cached=getattr(stream, "cached", False),
    )


def _error_event(route: Route) -> bytes:
    if route == "responses":
        event = {"type": "error", "code": "server_error", "message": _BROKE_OFF, "param": None, "sequence_number": 0}
        return b"event: error\ndata: " + msgspec.json.encode(event) + b"\n\n"
    words = {"message": _BROKE_OFF, "type": "server_error", "param": None, "code": "stream_broken"}
    return b"data: " + msgspec.json.encode({"error": words}) + b"\n\n"
