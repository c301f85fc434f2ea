"""One request and its answer, over ASGI: reading with limits, answering in one piece or in a stream."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from typing import Any
from urllib.parse import parse_qsl, unquote

import msgspec

from quire.domain.errors import InvalidInput, QuireError
from quire.domain.protojson import encode

Scope = MutableMapping[str, Any]
ASGIMessage = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[ASGIMessage]]
Send = Callable[[ASGIMessage], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]
Headers = list[tuple[bytes, bytes]]

JSON = (b"content-type", b"application/json")
TEXT = (b"content-type", b"text/plain; charset=utf-8")
MEGABYTE = 1 << 20
_MAX_QUERY_FIELDS = 10_000
_DRAINED = 2 << 30


class TooLarge(QuireError):
    """The body is larger than this server takes."""

    error_code = "BAD_REQUEST"

    @property
    def http_status(self) -> int:
        """413: content too large."""
        return 413


class TooSlow(QuireError):
    """The client sends nothing more."""

    error_code = "BAD_REQUEST"

    @property
    def http_status(self) -> int:
        """408: request timeout."""
        return 408


class Disconnected(Exception):
    """The client went away before it had sent its request."""


class Reply(msgspec.Struct):
    """A whole answer."""

    body: bytes = b""
    status: int = 200
    headers: Headers = msgspec.field(default_factory=lambda: [JSON])


class Request:
    """One request. ``parameters`` are the variable parts of its path, decoded; ``message`` its body, once read."""

    __slots__ = ("_receive", "_timeout", "max_bytes", "message", "parameters", "scope")

    def __init__(self, scope: Scope, receive: Receive, *, max_bytes: int, timeout: float) -> None:
        self.scope = scope
        self._receive = receive
        self._timeout = timeout
        self.max_bytes = max_bytes
        self.parameters: dict[str, str] = {}
        self.message: Any = None

    @property
    def method(self) -> str:
        """The method, in capitals."""
        method: str = self.scope["method"]
        return method

    @property
    def path(self) -> str:
        """The path, decoded."""
        path: str = self.scope["path"]
        return path

    def header(self, name: bytes) -> str:
        """The value of a header, given in lower case; empty if it is absent."""
        return header(self.scope, name)

    @property
    def query(self) -> list[tuple[str, str]]:
        """The fields of the query, decoded. Raises InvalidInput for one that cannot be read."""
        raw: bytes = self.scope["query_string"]
        if not raw:
            return []
        try:
            return parse_qsl(
                raw.decode("ascii"),
                keep_blank_values=True,
                errors="strict",
                max_num_fields=_MAX_QUERY_FIELDS,
            )
        except ValueError:
            raise InvalidInput(
                f"The query of {self.path} cannot be read. Send at most {_MAX_QUERY_FIELDS:,} fields, percent-encoded "
                "as UTF-8."
            ) from None

    @property
    def length(self) -> int | None:
        """How many bytes the body is said to have; None if the client does not say."""
        text = self.header(b"content-length")
        return int(text) if text.isdecimal() else None

    async def body(self) -> bytes:
        """The whole body. Raises TooLarge, TooSlow, or Disconnected."""
        length = self.length
        if length is not None and length > self.max_bytes:
            raise await self._refused(length)
        try:
            async with asyncio.timeout(self._timeout) as timer:
                message = await self._receive()
                if not message.get("more_body") and message["type"] == "http.request":
                    whole: bytes = message.get("body", b"")
                    if len(whole) > self.max_bytes:  # without a length, and all of it at once
                        raise self._too_large(None)
                    return whole
                found = await self._rest(message, timer)
        except TimeoutError:
            raise _too_slow(self._timeout) from None
        if found is None:
            raise await self._refused(None)
        return found

    async def _rest(self, message: ASGIMessage, timer: asyncio.Timeout) -> bytes | None:
        """The body that begins with this message; None if it is too large and not at its end. Raises TooLarge at it."""
        parts: list[bytes] = []
        size = 0
        while True:
            part = _part(message)
            size += len(part)
            if size > self.max_bytes:
                if not message.get("more_body"):  # nothing follows that could be read on
                    raise self._too_large(None)
                return None
            parts.append(part)
            if not message.get("more_body"):
                return b"".join(parts)
            timer.reschedule(asyncio.get_running_loop().time() + self._timeout)
            message = await self._receive()

    async def chunks(self) -> AsyncIterator[bytes]:
        """The body as it comes, however long. Raises TooSlow or Disconnected."""
        more = True
        while more:
            try:
                async with asyncio.timeout(self._timeout):
                    message = await self._receive()
            except TimeoutError:
                raise _too_slow(self._timeout) from None
            part = _part(message)
            more = message.get("more_body", False)
            if part:
                yield part

    async def gone(self) -> None:
        """Wait until the client has gone away. To be awaited once the body has been read."""
        while (await self._receive())["type"] != "http.disconnect":
            continue

    async def drain(self) -> None:
        """Read what is left and throw it away, so that a client that is still sending reads the answer."""
        if self.header(b"expect").lower() == "100-continue":
            return
        dropped = 0
        try:
            async for part in self.chunks():
                dropped += len(part)
                if dropped > _DRAINED:
                    return
        except (Disconnected, TooSlow):
            return

    async def _refused(self, length: int | None) -> TooLarge:
        await self.drain()
        return self._too_large(length)

    def _too_large(self, length: int | None) -> TooLarge:
        said = f"has {length:,} bytes" if length is not None else "is longer than that"
        return TooLarge(
            f"The body of {self.method} {self.path} {said}; this server takes at most {self.max_bytes:,}. Send less "
            "at a time, or keep large data as an artifact."
        )


def _part(message: ASGIMessage) -> bytes:
    if message["type"] == "http.disconnect":
        raise Disconnected
    part: bytes = message.get("body", b"")
    return part


def _too_slow(timeout: float) -> TooSlow:
    return TooSlow(f"Nothing of the request came for {timeout:g} s. Send it again.")


def header(scope: Scope, name: bytes) -> str:
    """The value of a header, given in lower case; empty if it is absent."""
    for key, value in scope["headers"]:
        if key == name:
            text: str = value.decode("latin-1")
            return text
    return ""


def segments(scope: Scope) -> list[str]:
    """The parts of the path between its slashes, each decoded: an encoded slash is part of its segment."""
    raw: bytes = scope.get("raw_path") or scope["path"].encode()
    try:
        return [unquote(part, errors="strict") for part in raw.decode("ascii").split("/")]
    except UnicodeDecodeError:
        raise InvalidInput("The path is not UTF-8, percent-encoded. Encode it so.") from None


def json_reply(content: Any, status: int = 200) -> Reply:
    """An answer in JSON, by protobuf's rules."""
    return Reply(encode(content), status)


def text_reply(text: str, status: int = 200) -> Reply:
    """An answer in plain text."""
    return Reply(text.encode(), status, [TEXT])


async def send_reply(send: Send, reply: Reply) -> None:
    """Send a whole answer."""
    body = reply.body
    headers = [*reply.headers, (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": reply.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
