"""What the sender costs beside a bare aiohttp loop: ``python -m bench.sender``, some seconds.

Microseconds of this process's CPU a request, the best of several short runs, one request at a time, in turn.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp
import msgspec
import uvloop

from quire.domain.endpoints import Caching, Endpoint, Hedging, Upstream
from quire.serving.request import Outgoing, Reply
from quire.serving.sender import make_sender

RUNS, REQUESTS = 6, 300
EVENTS = 50

Case = Callable[[], Awaitable[None]]


class _Answering(asyncio.Protocol):
    """The least that answers: what a whole answer or a stream costs is then the client's cost."""

    whole = b""
    stream = b""

    def connection_made(self, transport: Any) -> None:
        self._transport = transport
        self._received = b""

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, found, body = self._received.partition(b"\r\n\r\n")
        if not found or len(body) < int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0]):
            return
        self._received = b""
        if b'"stream":true' not in body:
            self._transport.write(self.whole)
            return
        for piece in self.stream.split(b"|"):
            self._transport.write(piece)


async def _serve() -> None:
    text = b"word " * 40
    body = b'{"id":"x","object":"chat.completion","choices":[{"index":0,"message":{"content":"%s"}}]}' % text
    _Answering.whole = (
        b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nx-request-id: r\r\ncontent-length: %d\r\n\r\n"
        % len(body)
    ) + body
    event = b'data: {"id":"x","choices":[{"index":0,"delta":{"content":"word"}}]}\n\n'
    pieces = [b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"]
    pieces += [b"%x\r\n%s\r\n" % (len(event), event)] * EVENTS
    pieces += [b"e\r\ndata: [DONE]\n\n\r\n0\r\n\r\n"]
    _Answering.stream = b"|".join(pieces)
    server = await asyncio.get_running_loop().create_server(_Answering, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.Event().wait()


def _outgoing() -> Outgoing:
    body = {"model": "gpt-4o", "messages": [{"role": "user", "content": "hello " * 50}]}
    return Outgoing("chat.completions", body, stream=False)


async def _cases(url: str) -> tuple[dict[str, Case], Callable[[], Awaitable[None]]]:
    def sender(**settings: Any) -> Any:
        endpoint = Endpoint(name="e", model="m", upstream=Upstream(base_url=url), **settings)
        return make_sender(endpoint, environ={"OPENAI_API_KEY": "k"})

    out = _outgoing()
    plain, cached, hedged = sender(), sender(caching=Caching()), sender(hedging=Hedging(after_s=5))
    await plain.send(out)
    address = next(iter(plain._stations[0].channel._addresses.values()))
    session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0), cookie_jar=aiohttp.DummyCookieJar())
    limits = aiohttp.ClientTimeout(total=120, sock_connect=5)

    async def ask(**more: Any) -> aiohttp.ClientResponse:
        body = msgspec.json.encode({**out.body, **more})
        return await session.request("POST", address.url, headers=address.headers, data=body, timeout=limits)

    async def bare() -> None:
        response = await ask()
        await response.read()

    async def bare_stream() -> None:
        response = await ask(stream=True)
        async for _ in response.content.iter_any():
            pass

    async def stream() -> None:
        async with plain.stream(out) as answer:
            assert not isinstance(answer, Reply)
            async for _ in answer.chunks():
                pass

    async def close() -> None:
        await asyncio.gather(session.close(), plain.close(), cached.close(), hedged.close())

    cases: dict[str, Case] = {
        "aiohttp, whole": bare,
        "sender, whole": lambda: plain.send(out),
        "sender, whole, hedging on": lambda: hedged.send(out),
        "sender, whole, from the cache": lambda: cached.send(out),
        "aiohttp, stream": bare_stream,
        "sender, stream": stream,
    }
    return cases, close


async def _measure(port: int) -> None:
    cases, close = await _cases(f"http://127.0.0.1:{port}/v1")
    taken: dict[str, list[float]] = {name: [] for name in cases}
    for _ in range(RUNS):
        for name, case in cases.items():
            await case()
            began = time.process_time()
            for _ in range(REQUESTS):
                await case()
            taken[name].append((time.process_time() - began) / REQUESTS * 1e6)
    for name, figures in taken.items():
        print(f"{name:32} {min(figures):6.0f} µs")
    await close()


def main() -> None:
    """Print the table."""
    server = subprocess.Popen([sys.executable, "-m", "bench.sender", "serve"], stdout=subprocess.PIPE, text=True)
    try:
        assert server.stdout is not None
        uvloop.run(_measure(int(server.stdout.readline())))
    finally:
        server.terminate()
        server.wait()


if __name__ == "__main__":
    if sys.argv[1:] == ["serve"]:
        uvloop.run(_serve())
    else:
        main()
