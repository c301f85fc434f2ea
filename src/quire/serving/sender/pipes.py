"""Connections to upstreams, opened when they are needed and kept between requests."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import ssl
from collections.abc import Callable, Mapping, Sequence
from functools import partial

import aiohttp
import yarl
from aiohappyeyeballs import AddrInfoType, start_connection

from quire.caller.wire import on_kept_connection
from quire.serving.sender.pipe import Incoming, Pipe

_HEAD_START_S = 0.25
Place = tuple[str, int, bool]
"""Host, port, and whether TLS is spoken there."""


class Unreachable(OSError):
    """No connection came about."""


class Pipes:
    """The connections of one channel; bound to the event loop that first uses them.

    ``trust`` gives the context of TLS. An idle connection is kept for ``keepalive_s`` seconds.
    """

    def __init__(self, trust: Callable[[], ssl.SSLContext], keepalive_s: float) -> None:
        self._trust = trust
        self._keepalive_s = keepalive_s
        self._idle: dict[Place, list[Pipe]] = {}
        self._all: set[Pipe] = set()
        self._is_closed = False

    async def open(self, url: yarl.URL, head: bytes, body: bytes, limits: aiohttp.ClientTimeout) -> Incoming:
        """Post a body; the answer as soon as its head is there. ``head`` is the request's, without the empty line.

        Whoever opens it reads it to its end, or closes it. Raises OSError: Unreachable, TimeoutError, Garbled, or what
        broke the connection. ``on_kept_connection`` says whether it had served before.
        """
        place = (url.host or "", url.port or 0, url.scheme == "https")
        pipe = self._kept(place) or await self._connected(place, limits.sock_connect)
        on_kept_connection.set(pipe.has_served)
        whole = b"%bcontent-length: %d\r\n\r\n" % (head, len(body))
        return await pipe.ask(whole, body, total_s=limits.total, silence_s=limits.sock_read)

    def _kept(self, place: Place) -> Pipe | None:
        """The connection that served last, if it still can."""
        idle = self._idle.get(place)
        while idle:
            pipe = idle.pop()
            if not pipe.is_usable:
                continue
            if asyncio.get_running_loop().time() - pipe.idle_since < self._keepalive_s:
                return pipe
            pipe.close()
        return None

    async def _connected(self, place: Place, within_s: float | None) -> Pipe:
        host, port, secure = place
        loop = asyncio.get_running_loop()
        make = partial(Pipe, loop, partial(self._free, place), self._all.discard)
        trust = self._trust() if secure else None
        try:
            async with asyncio.timeout(within_s):
                _transport, pipe = await loop.create_connection(
                    make, sock=await _socket_to(host, port), ssl=trust, server_hostname=host if secure else None
                )
        except TimeoutError:
            raise Unreachable(f"no connection to {host}:{port} within {within_s:g} s") from None
        except OSError as error:
            raise Unreachable(f"{host}:{port}: {error.strerror or error}") from error
        self._all.add(pipe)
        return pipe

    def _free(self, place: Place, pipe: Pipe) -> None:
        if self._is_closed:
            pipe.close()
            return
        loop = asyncio.get_running_loop()
        pipe.idle_since = loop.time()
        idle = self._idle.setdefault(place, [])
        idle.append(pipe)
        oldest = idle[0]
        if not oldest.is_usable or pipe.idle_since - oldest.idle_since >= self._keepalive_s:
            del idle[0]
            oldest.close()

    async def close(self) -> None:
        """Close all connections."""
        self._is_closed = True
        self._idle.clear()
        for pipe in list(self._all):
            pipe.break_off()


async def _socket_to(host: str, port: int) -> socket.socket:
    """A connected socket. Of several addresses each has a moment's start over the next (RFC 8305). Raises OSError."""
    found = await _addresses(host, port)
    loop = asyncio.get_running_loop()
    return await start_connection(found, happy_eyeballs_delay=_HEAD_START_S, interleave=1, loop=loop)


async def _addresses(host: str, port: int) -> Sequence[AddrInfoType]:
    literal = _literal(host, port)
    if literal is not None:
        return [literal]
    return await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)


def _literal(host: str, port: int) -> AddrInfoType | None:
    """An address that is written out, which nobody has to be asked for."""
    try:
        version = ipaddress.ip_address(host).version
    except ValueError:
        return None
    if version == 4:
        return socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", (host, port)
    return (
        (socket.AF_INET6, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", (host, port, 0, 0)) if "%" not in host else None
    )


def head_of(url: yarl.URL, headers: Mapping[str, str]) -> bytes:
    """The head of a POST there, without the length of its body and the empty line."""
    port = "" if url.is_default_port() else f":{url.port}"
    host = url.host_subcomponent or ""
    lines = [f"POST {url.raw_path_qs} HTTP/1.1", f"host: {host}{port}"]
    for name, value in headers.items():
        if "\r" in value or "\n" in value:
            raise ValueError(f"The header {name} has more than one line.")
        lines.append(f"{name}: {value}")
    return ("\r\n".join(lines) + "\r\n").encode("latin-1")
