"""Handlers of the smaller paths: a function from a request to a reply, its errors answered as OpenAI does."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from quire.server.http import Disconnected, Receive, Reply, Scope, Send, send_reply
from quire.serving.wording import error_reply

Making = Callable[[Scope, Receive], Awaitable[Reply]]


async def guarded(make: Making, scope: Scope, receive: Receive, send: Send) -> None:
    """Answer with what ``make`` gives, or with its error: a handler once ``make`` is bound (functools.partial)."""
    try:
        reply = await make(scope, receive)
    except Disconnected:
        return
    except Exception as error:
        reply = error_reply(error)
    await send_reply(send, reply)
