"""One connection to an upstream: a request out, its answer in. HTTP/1.1, taken apart by httptools.

aiohttp's client does more (cookies, redirects, compression, uploads) and costs four times as much a request; here a
request is two byte strings, and an answer is its head and the pieces of its body as they come.
"""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import Callable
from typing import cast

import httptools
from multidict import CIMultiDict, CIMultiDictProxy

HIGH_WATER = 256 * 1024
"""Bytes that wait to be read, beyond which no more are taken from the connection."""
_TOGETHER = 64 * 1024
_NO_BODY = frozenset({204, 304})
_INTERIM = 200
_UPGRADED = 101
_ANY_ZLIB = zlib.MAX_WBITS | 32


class Garbled(OSError):
    """What came is not HTTP."""


class Incoming:
    """An answer whose head has come. It is its own ``content``, as aiohttp's has one."""

    __slots__ = (
        "_ended",
        "_error",
        "_is_zipped",
        "_parts",
        "_pipe",
        "_size",
        "_unzip",
        "_waiter",
        "_whole",
        "headers",
        "status",
    )

    def __init__(self, pipe: Pipe) -> None:
        self._pipe: Pipe | None = pipe
        self._parts: list[bytes] = []
        self._size = 0
        self._ended = False
        self._error: BaseException | None = None
        self._waiter: asyncio.Future[None] | None = None
        self._whole = False
        self._is_zipped = False
        self._unzip: zlib._Decompress | None = None
        self.status = 0
        self.headers: CIMultiDictProxy[str] = CIMultiDictProxy(CIMultiDict())

    @property
    def content(self) -> Incoming:
        """What reads the body: this."""
        return self

    @property
    def content_length(self) -> int | None:
        """How many bytes the body has; None if the upstream does not say."""
        said = self.headers.get("content-length")
        return int(said) if said is not None and said.isdecimal() else None

    async def readany(self) -> bytes:
        """What has come, as soon as something has; empty at the end. Raises what broke the connection."""
        while not self._parts:
            if self._error is not None:
                raise self._error
            if self._ended:
                return b""
            await self._more()
        return self._take()

    async def read(self) -> bytes:
        """The whole body. Raises what broke the connection."""
        self._whole = True
        if self._pipe is not None:
            self._pipe.resume()  # so much may have come with the head that it was paused
        while not self._ended:
            if self._error is not None:
                raise self._error
            await self._more()
        return self._take()

    def is_eof(self) -> bool:
        """Whether all of it has been read."""
        return self._ended and not self._parts

    def release(self) -> None:
        """Leave it; the connection has been given back if the answer came to its end."""
        self.close()

    def close(self) -> None:
        """Leave it, with its connection if there is more to come."""
        pipe, self._pipe = self._pipe, None
        if pipe is not None:
            pipe.abort()

    # -- what the connection says ----------------------------------------------------------------

    def begin(self, status: int, headers: CIMultiDict[str]) -> None:
        """The head has come. Raises Garbled for a body in a coding that was not asked for and is not known."""
        self.status = status
        self.headers = CIMultiDictProxy(headers)
        coding = headers.get("content-encoding", "identity").lower()
        if coding in ("gzip", "x-gzip", "deflate"):
            self._is_zipped = True
        elif coding != "identity":
            raise Garbled(f"its body is coded as {coding[:40]!r}, which was not asked for")

    def feed(self, data: bytes) -> None:
        """A piece of the body has come. Raises Garbled where it cannot be decoded."""
        if self._is_zipped:
            self._unzip = self._unzip or zlib.decompressobj(_ANY_ZLIB)
            try:
                data = self._unzip.decompress(data)
            except zlib.error as error:
                raise Garbled(str(error)) from error
            if not data:  # so far it only says what follows; nothing to read would be the end
                return
        self._parts.append(data)
        self._size += len(data)
        if not self._whole:
            self._wake()
            if self._size > HIGH_WATER and self._pipe is not None:
                self._pipe.pause()

    def end(self) -> None:
        """The body is complete; the connection is not this answer's any more."""
        if self._unzip is not None and not self._unzip.eof:
            self._error = Garbled("its compressed body ends early")
        self._ended = self._error is None
        self._pipe = None
        self._wake()

    def fail(self, error: BaseException) -> None:
        """Nothing more will come."""
        self._error = error
        self._pipe = None
        self._wake()

    def _take(self) -> bytes:
        parts, self._parts = self._parts, []
        self._size = 0
        if self._pipe is not None:
            self._pipe.resume()
        return parts[0] if len(parts) == 1 else b"".join(parts)

    async def _more(self) -> None:
        self._waiter = asyncio.get_running_loop().create_future()
        try:
            await self._waiter
        finally:
            self._waiter = None

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)


class Pipe(asyncio.Protocol):
    """A connection that serves one request after another. ``freed`` is called when it may serve the next one.

    ``lost`` is called when it is gone. ``has_served`` says that it was used before.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        freed: Callable[[Pipe], object],
        lost: Callable[[Pipe], object],
    ) -> None:
        self._loop = loop
        self._freed = freed
        self._lost = lost
        self._transport: asyncio.Transport | None = None
        self._parser: httptools.HttpResponseParser | None = None
        self._incoming: Incoming | None = None
        self._head: asyncio.Future[None] | None = None
        self._headers: list[tuple[bytes, bytes]] = []
        self._timer: asyncio.TimerHandle | None = None
        self._until = self._silence = 0.0
        self._heard = 0.0
        self._is_paused = self._ends_with_connection = self._is_interim = False
        self.has_served = False
        self.idle_since = 0.0

    # -- a request -------------------------------------------------------------------------------

    async def ask(self, head: bytes, body: bytes, *, total_s: float | None, silence_s: float | None) -> Incoming:
        """Send a request; the answer, once its head is there.

        ``total_s`` bounds all of it, ``silence_s`` each wait for a piece. Raises OSError: TimeoutError, Garbled, or
        what broke the connection. Cancelled, it closes the connection.
        """
        assert self._transport is not None
        loop = self._loop
        self._parser = httptools.HttpResponseParser(self)
        incoming = self._incoming = Incoming(self)
        head_came = self._head = loop.create_future()
        self._ends_with_connection = False
        self._limit(total_s, silence_s)
        if len(body) <= _TOGETHER:
            self._transport.write(head + body)
        else:
            self._transport.write(head)
            self._transport.write(body)
        try:
            await head_came
        except BaseException:
            if self._head is head_came:
                self.abort()
            raise
        finally:
            if self._head is head_came:  # an answer that came whole has set the connection free: it may serve another
                self._head = None
        return incoming

    @property
    def is_usable(self) -> bool:
        """Whether another request may be sent."""
        return self._transport is not None and self._incoming is None and not self._transport.is_closing()

    def abort(self) -> None:
        """Close at once."""
        self._stop_timer()
        self._incoming = self._parser = None
        if self._transport is not None:
            self._transport.abort()

    def break_off(self) -> None:
        """Close, whatever is under way; whoever waits for it is told."""
        self._fail(ConnectionAbortedError("the connection was closed here"))

    def close(self) -> None:
        """Close an idle connection."""
        if self._transport is not None:
            self._transport.close()

    def pause(self) -> None:
        """Take no more from the connection until what came is read."""
        if not self._is_paused and self._transport is not None and not self._transport.is_closing():
            self._is_paused = True
            self._transport.pause_reading()

    def resume(self) -> None:
        """Take more."""
        if self._is_paused and self._transport is not None:
            self._is_paused = False
            self._heard = self._loop.time()
            if not self._transport.is_closing():
                self._transport.resume_reading()

    # -- the connection --------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """It is open."""
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        """Something came."""
        parser = self._parser
        if parser is None:
            self.close()  # nobody asked: whatever it is, it is no answer to the next request
            return
        self._heard = self._loop.time() if self._silence else 0.0
        try:
            parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self._fail(Garbled("it switches protocols"))
        except httptools.HttpParserError as error:
            self._fail(Garbled(str(error)))

    def connection_lost(self, exc: Exception | None) -> None:
        """It is gone."""
        incoming = self._incoming
        if incoming is not None:
            if self._ends_with_connection and exc is None:
                incoming.end()
                self._incoming = None
            else:
                self._fail(exc or ConnectionResetError("the connection was closed"))
        self._stop_timer()
        self._transport = None
        self._lost(self)

    # -- the parser ------------------------------------------------------------------------------

    def on_message_begin(self) -> None:
        """An answer begins; one that nobody asked for spoils the connection."""
        if self._incoming is None:
            self.close()
        self._headers = []
        self._is_interim = False

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header of the answer, or of its trailer, which says nothing here."""
        self._headers.append((name, value))

    def on_headers_complete(self) -> None:
        """The head of an answer is there."""
        parser, incoming = self._parser, self._incoming
        if parser is None or incoming is None:
            return
        status = parser.get_status_code()
        if status < _INTERIM and status != _UPGRADED:
            self._is_interim = True
            return
        headers = CIMultiDict([(name.decode("latin-1"), value.decode("latin-1")) for name, value in self._headers])
        try:
            incoming.begin(status, headers)
        except Garbled as error:
            self._fail(error)
            return
        self._ends_with_connection = (
            "content-length" not in headers and "transfer-encoding" not in headers and status not in _NO_BODY
        )
        if self._head is not None and not self._head.done():
            self._head.set_result(None)

    def on_body(self, data: bytes) -> None:
        """A piece of the body."""
        if self._incoming is not None:
            try:
                self._incoming.feed(data)
            except Garbled as error:
                self._fail(error)

    def on_message_complete(self) -> None:
        """The answer is complete."""
        incoming, parser, transport = self._incoming, self._parser, self._transport
        if incoming is None or parser is None or transport is None or self._is_interim:
            return
        self._stop_timer()
        self._incoming = self._parser = None
        self.resume()
        incoming.end()
        if parser.should_keep_alive() and not transport.is_closing() and not transport.get_write_buffer_size():
            self.has_served = True
            self._freed(self)
        else:
            transport.close()

    # -- time ------------------------------------------------------------------------------------

    def _limit(self, total_s: float | None, silence_s: float | None) -> None:
        now = self._loop.time()
        self._heard = now
        self._silence = silence_s or 0.0
        self._until = now + total_s if total_s else 0.0
        first = min(each for each in (total_s, silence_s) if each) if total_s or silence_s else None
        if first is not None:
            self._timer = self._loop.call_later(first, self._check_time)

    def _check_time(self) -> None:
        """Whether time is up; if not, look again when it could be."""
        now = self._loop.time()
        if self._is_paused:
            self._heard = now  # the wait is the reader's, not the upstream's
        ends = [each for each in (self._until, self._heard + self._silence if self._silence else 0.0) if each]
        left = min(ends) - now
        if left <= 0:
            self._timer = None
            self._fail(TimeoutError("nothing came in time"))
        else:
            self._timer = self._loop.call_later(left, self._check_time)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _fail(self, error: BaseException) -> None:
        incoming, self._incoming = self._incoming, None
        head = self._head
        if head is not None and not head.done():
            head.set_exception(error)
        elif incoming is not None:
            incoming.fail(error)
        self.abort()
