"""One upstream: sending it one request once, by the mould that the official SDK gives."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import aiohttp
import msgspec
import yarl
from multidict import CIMultiDict, CIMultiDictProxy

from quire.caller.settings import DEFAULT_BASE_URL, ServiceSettings
from quire.caller.transport import CONNECT_TIMEOUT_S, SendError, Transport, may_renew_token
from quire.caller.wire import on_kept_connection, proxy_for
from quire.domain.calls import TASK_PATHS, Task
from quire.domain.endpoints import Upstream
from quire.domain.errors import Unauthenticated
from quire.domain.unreadable import UNREADABLE
from quire.serving.request import Outgoing, Reply
from quire.serving.sender.live import LiveStream
from quire.serving.sender.lost import Lost, read_loss
from quire.serving.sender.pipe import Incoming
from quire.serving.sender.pipes import Pipes, head_of

KEEPALIVE_S = 30.0
"""How long an idle connection is kept: a new one costs a caller up to three round trips. Who closes it earlier is
noticed; a request that meets the closing is sent again."""
_TOKEN_LIFE_S = 1.0
"""How long an address holds that a token signed: the provider, which renews tokens, is asked again after that."""
_MOST_ADDRESSES = 1024
_EVENTS = "text/event-stream"
_OF_THE_SDK = "x-stainless-"
"""Headers in which the SDK tells of its own retries and timeouts, which are not those of this request."""

_encode = msgspec.json.Encoder().encode


class _Address(msgspec.Struct, frozen=True):
    """Where a kind of request goes, with its signed headers, and until when that holds (monotonic seconds).

    ``head`` is the head of such a request; None where it has to go through a proxy.
    """

    url: yarl.URL
    headers: CIMultiDict[str]
    head: bytes | None
    until: float

    def __repr__(self) -> str:
        return f"_Address({self.url.path})"


class Channel:
    """The way to one upstream; bound to the event loop that first uses it."""

    def __init__(self, name: str, upstream: Upstream, settings: ServiceSettings, max_response_bytes: int) -> None:
        self.name = name
        self._model = upstream.model
        self._max_response_bytes = max_response_bytes
        self._transport = Transport(settings, keepalive_s=KEEPALIVE_S)
        self._wire = self._transport.wire
        self._pipes = Pipes(self._wire.trust, KEEPALIVE_S)
        self._by_model = settings.api_type != "openai" and not settings.deployment
        self._renews = may_renew_token(settings)
        self._addresses: dict[tuple[Task, str], _Address] = {}
        self._addressing = asyncio.Lock()
        self._is_secure = (settings.base_url or DEFAULT_BASE_URL).startswith("https:")

    def prepare(self) -> None:
        """Do what would hold up the event loop at the first request; not to be called in one."""
        if self._is_secure:
            self._wire.prepare_trust()
        if self._by_model or self._renews:
            return
        loop = asyncio.new_event_loop()
        try:
            for task in TASK_PATHS:
                self._addresses[task, ""] = loop.run_until_complete(self._addressed(task, ""))
        except Lost:
            pass  # the request that meets it says so
        finally:
            loop.close()

    def encode(self, out: Outgoing, *, stream: bool) -> bytes:
        """The body as this upstream is sent it: with its own name for the model, and saying whether it streams."""
        body = out.body
        if self._model is not None:
            body = {**body, "model": self._model}
        if stream and body.get("stream") is not True:
            body = {**body, "stream": True}
        return _encode(body)

    async def ask(
        self, out: Outgoing, body: bytes, limits: aiohttp.ClientTimeout, *, stream: bool
    ) -> Reply | LiveStream:
        """Send a body once; a LiveStream once the first piece of one is there. Raises Lost."""
        address = await self._address(out)
        response: aiohttp.ClientResponse | Incoming | None = None
        began = False
        try:
            response = await self._open(address, body, limits, out.traceparent)
            began = response.status < 300
            plain = _plain(response.headers)
            if stream and began and plain.get("content-type", "").startswith(_EVENTS):
                return await self._live(response, plain)
            whole = await self._whole(response)
            if began:
                _check_json(whole)
            return Reply(response.status, plain, whole, self.name)
        except (aiohttp.ClientError, OSError) as error:
            _close(response)
            raise read_loss(error, began=began, kept=on_kept_connection.get()) from error
        except BaseException:
            _close(response)
            raise

    async def _open(
        self, address: _Address, body: bytes, limits: aiohttp.ClientTimeout, traceparent: str
    ) -> aiohttp.ClientResponse | Incoming:
        """Send a body to an address: by connections of its own, or where there is a proxy by aiohttp."""
        head = address.head
        if head is not None:
            if traceparent:
                head += b"traceparent: %b\r\n" % traceparent.encode("ascii")
            return await self._pipes.open(address.url, head, body, limits)
        headers = address.headers
        if traceparent:
            headers = headers.copy()
            headers["traceparent"] = traceparent
        return await self._wire.open(address.url, headers, body, limits)

    async def _live(self, response: aiohttp.ClientResponse | Incoming, headers: CIMultiDictProxy[str]) -> LiveStream:
        """The stream, once it has a first piece: until then another attempt may stand in for it."""
        try:
            first = await response.content.readany()
        except (aiohttp.ClientError, OSError) as error:
            lost = read_loss(error, began=False, kept=False)
            raise lost from error
        if not first:
            raise Lost("closed", "an empty stream")
        return LiveStream(response, first, headers=headers, upstream=self.name, most_bytes=self._max_response_bytes)

    async def _whole(self, response: aiohttp.ClientResponse | Incoming) -> bytes:
        """The body, as long as it is not larger than allowed."""
        length, most = response.content_length, self._max_response_bytes
        if length is not None and length <= most and "content-encoding" not in response.headers:
            return await response.read()
        if length is not None and length > most:
            raise Lost("too_large", f"{length:,} bytes", began=True)
        parts, size = [], 0
        while part := await response.content.readany():
            size += len(part)
            if size > most:
                raise Lost("too_large", f"more than {most:,} bytes", began=True)
            parts.append(part)
        return b"".join(parts)

    async def _address(self, out: Outgoing) -> _Address:
        kind = (out.route, self._model or str(out.body.get("model", "")) if self._by_model else "")
        address = self._addresses.get(kind)
        if address is not None and (not self._renews or time.monotonic() < address.until):
            return address
        async with self._addressing:
            address = self._addresses.get(kind)
            if address is None or (self._renews and time.monotonic() >= address.until):
                address = await self._addressed(*kind)
                if len(self._addresses) >= _MOST_ADDRESSES:
                    self._addresses.clear()
                self._addresses[kind] = address
        return address

    async def _addressed(self, task: Task, model: str) -> _Address:
        """The SDK's address. No compression is asked for: what comes is passed on as it is, and read on the way."""
        try:
            mould = await self._transport.mould(task, model)
        except (SendError, Unauthenticated) as error:
            raise Lost("unsigned", error) from error
        headers = CIMultiDict(
            (name, value) for name, value in mould.headers.items() if not name.lower().startswith(_OF_THE_SDK)
        )
        headers["accept-encoding"] = "identity"
        url = mould.url
        head = head_of(url, headers) if proxy_for(url.scheme, url.host or "") is None else None
        return _Address(url, headers, head, mould.cast_at + _TOKEN_LIFE_S)

    async def close(self) -> None:
        """Close the connections."""
        await self._pipes.close()
        await self._transport.close()


def limits_of(timeout_s: float, *, stream: bool) -> aiohttp.ClientTimeout:
    """The time that one attempt has: all in all, or of a stream for each silence."""
    connect = min(CONNECT_TIMEOUT_S, timeout_s)
    if stream:
        return aiohttp.ClientTimeout(total=None, connect=connect, sock_connect=connect, sock_read=timeout_s)
    return aiohttp.ClientTimeout(total=timeout_s, connect=connect, sock_connect=connect)


_CODED = ("content-encoding", "content-length")


def _plain(headers: CIMultiDictProxy[str]) -> CIMultiDictProxy[str]:
    """The headers of the answer; of one that came compressed all the same, without what no longer holds."""
    if "content-encoding" not in headers:
        return headers
    return CIMultiDictProxy(CIMultiDict((name, value) for name, value in headers.items() if name.lower() not in _CODED))


_read = msgspec.json.Decoder(msgspec.Raw).decode


def _check_json(body: bytes) -> None:
    """Raise Lost for an answer that no client can read, whatever its status says. Costs a microsecond a kilobyte."""
    try:
        _read(body)
    except UNREADABLE as error:
        raise Lost("unreadable", error, began=True) from error


def _close(response: Any) -> None:
    if response is not None:
        response.close()
