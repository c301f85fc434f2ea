"""The body of a request, read within the limits of size and time."""

from __future__ import annotations

from quire.server.http import Receive, Request, Scope, TooLarge, TooSlow
from quire.serving.errors import Refused


async def read_body(scope: Scope, receive: Receive, max_bytes: int, wait_s: float) -> bytes:
    """The whole body. Refused (413, 408) where it is too large or stops coming; Disconnected where the caller left.

    ``wait_s`` bounds the wait for the next piece. What is too large is read and thrown away, so that a caller who
    is still sending gets to read the answer.
    """
    request = Request(scope, receive, max_bytes=max_bytes, timeout=wait_s)
    try:
        body = await request.body()
    except TooLarge:
        raise too_large(request.length, max_bytes) from None
    except TooSlow as error:
        raise Refused(error.message, status=408, code="request_timeout") from None
    if len(body) > max_bytes:
        raise too_large(None, max_bytes)
    return body


def too_large(size: int | None, most: int) -> Refused:
    """413, with what is allowed."""
    said = f"has {size:,} bytes" if size is not None else "is longer than that"
    return Refused(
        f"The body {said}; this server takes at most {most:,}. Send less at a time, refer to images and files by URL "
        "or id, or have the endpoint's limits.max_request_bytes raised.",
        status=413,
        code="request_too_large",
    )
