"""The wire: HTTP by aiohttp, which costs a fraction of what httpx's own transport costs a request.

It serves two masters. Under the SDK's HTTP client (``httpx`` for 1.x and 2.x, ``httpx2`` for 3.x) it is the
transport, and learns there how the SDK addresses and signs a request: the mould. With a mould in hand,
:meth:`Wire.post` sends further requests of the same kind without building each anew.
"""

from __future__ import annotations

import contextlib
import contextvars
import functools
import importlib
import time
import urllib.request
from collections.abc import AsyncIterator, Iterator
from types import ModuleType
from typing import Any

import aiohttp
import msgspec
import yarl
from multidict import CIMultiDict, CIMultiDictProxy

KEEPALIVE_S = 4.0
"""How long an idle connection is kept: shorter than the 5 s after which common servers close theirs."""

MouldKey = tuple[str, object]

casting: contextvars.ContextVar[MouldKey | None] = contextvars.ContextVar("casting", default=None)
"""The kind of request that the SDK is about to send, so that the wire keeps its mould under that name."""

asking_only: contextvars.ContextVar[bool] = contextvars.ContextVar("asking_only", default=False)
"""The mould alone is wanted: what the SDK is about to send goes nowhere."""
on_kept_connection: contextvars.ContextVar[bool] = contextvars.ContextVar("on_kept_connection", default=False)
"""Whether the last request of this task went out on a connection that had served before: it may have been stale."""

_PER_REQUEST = frozenset({"content-length", "accept-encoding", "transfer-encoding", "host", "connection"})
_DECODED = frozenset({b"content-encoding", b"content-length", b"transfer-encoding"})


class Mould(msgspec.Struct, frozen=True):
    """Where the SDK sends a kind of request, and with which headers (the credential among them)."""

    url: yarl.URL
    headers: CIMultiDict[str]
    cast_at: float

    def __repr__(self) -> str:
        return f"Mould({self.url.path})"


def http_family(openai: Any) -> ModuleType:
    """The HTTP library under this version of the SDK."""
    roots = {kind.__module__.partition(".")[0] for kind in openai.DefaultAsyncHttpxClient.__mro__}
    return importlib.import_module("httpx2" if "httpx2" in roots else "httpx")


class Wire:
    """One aiohttp session; also httpx's transport interface (``handle_async_request``, ``aclose``) over it."""

    def __init__(self, family: ModuleType, keepalive_s: float = KEEPALIVE_S) -> None:
        self._family = family
        self._keepalive_s = keepalive_s
        self._live_stream = type("LiveStream", (_LiveStream, family.AsyncByteStream), {})
        self._session: aiohttp.ClientSession | None = None
        self._trust: Any = None
        self._proxies: dict[tuple[str, str], str | None] = {}
        self.moulds: dict[MouldKey, Mould] = {}

    def client(self, timeout: Any) -> Any:
        """An ``AsyncClient`` of the family over this wire."""
        return self._family.AsyncClient(transport=self, timeout=timeout, follow_redirects=True)

    async def post(
        self, mould: Mould, body: bytes, limits: aiohttp.ClientTimeout
    ) -> tuple[int, CIMultiDictProxy[str], bytes]:
        """Send a body by a mould; gives status, headers and body of the answer. Raises the family's errors."""
        with translated(self._family):
            response = await self._request("POST", mould.url, mould.headers, body, limits)
            try:
                return response.status, response.headers, await response.read()
            finally:
                response.release()

    async def open(
        self, url: yarl.URL, headers: CIMultiDict[str], body: bytes, limits: aiohttp.ClientTimeout
    ) -> aiohttp.ClientResponse:
        """Post a body; gives the answer as soon as its head is there. Raises aiohttp's own errors.

        Whoever opens it reads it to its end, or closes it.
        """
        return await self._request("POST", url, headers, body, limits)

    async def handle_async_request(self, request: Any) -> Any:
        """httpx's transport interface."""
        url = yarl.URL(str(request.url), encoded=True).with_user(None)
        headers = CIMultiDict(
            (name, value) for name, value in request.headers.multi_items() if name.lower() not in _PER_REQUEST
        )
        key = casting.get()
        if key is not None:
            self.moulds[key] = Mould(url, headers, time.monotonic())
            if asking_only.get():
                return self._family.Response(200, headers={"content-type": "application/json"}, content=b"{}")
        with translated(self._family):
            await request.aread()
            limits = client_timeout(**request.extensions.get("timeout", {}))
            response = await self._request(request.method, url, headers, request.content or None, limits)
            try:
                content = await self._content(response)
            except BaseException:
                response.close()
                raise
        kept = [(name, value) for name, value in response.raw_headers if name.lower() not in _DECODED]
        return self._family.Response(response.status, headers=kept, **content)

    async def _content(self, response: aiohttp.ClientResponse) -> dict[str, Any]:
        if response.headers.get("content-type", "").startswith("text/event-stream"):
            return {"stream": self._live_stream(self._family, response)}
        return {"content": await response.read()}

    async def _request(
        self, method: str, url: yarl.URL, headers: CIMultiDict[str], body: bytes | None, limits: aiohttp.ClientTimeout
    ) -> aiohttp.ClientResponse:
        session = self._session or self._open(url)
        return await session.request(
            method,
            url,
            headers=headers,
            data=body,
            allow_redirects=False,
            timeout=limits,
            proxy=self._proxy_for(url.scheme, url.host or ""),
        )

    def prepare_trust(self) -> None:
        """Read the certificates of authorities now, which takes a tenth of a second, rather than in the event loop."""
        self._trust = self._trust or self._family.create_ssl_context()

    def trust(self) -> Any:
        """The context of TLS, with the authorities that the family trusts."""
        self.prepare_trust()
        return self._trust

    def _open(self, url: yarl.URL) -> aiohttp.ClientSession:
        if url.scheme == "https":
            self.prepare_trust()
        trust = self._trust or True
        self._session = aiohttp.ClientSession(
            connector=_Connector(limit=0, keepalive_timeout=self._keepalive_s, ssl=trust),
            cookie_jar=aiohttp.DummyCookieJar(),
        )
        return self._session

    def _proxy_for(self, scheme: str, host: str) -> str | None:
        if (scheme, host) not in self._proxies:
            self._proxies[scheme, host] = proxy_for(scheme, host)
        return self._proxies[scheme, host]

    async def aclose(self) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def __aenter__(self) -> Wire:
        return self

    async def __aexit__(self, *_exception: object) -> None:
        await self.aclose()


class _Connector(aiohttp.TCPConnector):
    """Notes in ``on_kept_connection`` whether a request goes out on a connection that was kept."""

    async def connect(self, *args: Any, **kwargs: Any) -> Any:
        connection = await super().connect(*args, **kwargs)
        marks = connection.protocol.__dict__
        on_kept_connection.set("has_served" in marks)
        marks["has_served"] = True
        return connection


class _LiveStream:
    """A body that is read as it comes."""

    def __init__(self, family: ModuleType, response: aiohttp.ClientResponse) -> None:
        self._family = family
        self._response = response

    async def __aiter__(self) -> AsyncIterator[bytes]:
        with translated(self._family):
            async for chunk in self._response.content.iter_any():
                yield chunk

    async def aclose(self) -> None:
        self._response.close()


@contextlib.contextmanager
def translated(family: ModuleType) -> Iterator[None]:
    """aiohttp's errors as those of the family, which the SDK understands."""
    try:
        yield
    except aiohttp.ConnectionTimeoutError as error:
        raise family.ConnectTimeout(_said(error)) from error
    except TimeoutError as error:
        raise family.ReadTimeout(_said(error)) from error
    except (aiohttp.InvalidURL, aiohttp.NonHttpUrlClientError) as error:
        raise family.UnsupportedProtocol(_said(error)) from error
    except aiohttp.ClientConnectorError as error:
        raise family.ConnectError(_said(error)) from error
    except (aiohttp.ClientError, OSError) as error:
        raise family.ReadError(_said(error)) from error


def _said(error: BaseException) -> str:
    return str(error) or type(error).__name__


@functools.lru_cache(maxsize=64)
def client_timeout(
    connect: float | None = None, read: float | None = None, write: float | None = None, pool: float | None = None
) -> aiohttp.ClientTimeout:
    """httpx's timeouts as aiohttp's."""
    return aiohttp.ClientTimeout(total=None, sock_connect=connect, sock_read=read)


def proxy_for(scheme: str, host: str) -> str | None:
    """The proxy that ``HTTP_PROXY``, ``HTTPS_PROXY``, ``ALL_PROXY`` and ``NO_PROXY`` name for a host."""
    if urllib.request.proxy_bypass(host):
        return None
    proxies = urllib.request.getproxies()
    return proxies.get(scheme) or proxies.get("all")
