"""What the sender's tests share: requests, senders of upstreams on sockets, and upstreams that misbehave as told."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest
import pytest_asyncio

from quire.domain.calls import Task
from quire.domain.endpoints import Endpoint, Upstream
from quire.serving.request import Outgoing, Reply
from quire.serving.sender import make_sender
from quire.serving.sender.sender import EndpointSender
from tests.caller.conftest import Handler
from tests.caller.conftest import Upstream as RawUpstream
from tests.serving.sender.peers import Connection, RawServer, StartRaw

KEY = "sk-upstream-0123456789abcdef"
ENVIRON = {"OPENAI_API_KEY": KEY}
MakeSender = Callable[..., EndpointSender]
StartUpstream = Callable[[Handler], RawUpstream]


def chat(text: str = "Tell me about cats.", route: Task = "chat.completions", **more: Any) -> Outgoing:
    """A chat request as a packaged model makes it."""
    body = {"model": "gpt-4o", "messages": [{"role": "user", "content": text}], **more}
    return Outgoing(route, body, stream=False)


def upstream_at(server: Any, name: str = "default", **more: Any) -> Upstream:
    """A server of a test as an endpoint names it."""
    return Upstream(name=name, base_url=server if isinstance(server, str) else server.base_url, **more)


async def read_stream(sender: EndpointSender, out: Outgoing, into: list[bytes] | None = None) -> bytes:
    """All pieces of a stream, put into a list as they come."""
    pieces = [] if into is None else into
    async with sender.stream(out) as answer:
        assert not isinstance(answer, Reply)
        async for chunk in answer.chunks():
            pieces.append(chunk)
    return b"".join(pieces)


@pytest_asyncio.fixture
async def sender_at() -> AsyncIterator[MakeSender]:
    """Makes senders: ``sender_at(first, second, retrying=…)``. Retries do not wait; all close after the test."""
    made: list[EndpointSender] = []

    def make(*servers: Any, environ: dict[str, str] | None = None, **settings: Any) -> EndpointSender:
        first, *others = [
            server if isinstance(server, Upstream) else upstream_at(server, f"u{number}")
            for number, server in enumerate(servers)
        ]
        endpoint = Endpoint(name="joker", model="models:/joker/1", upstream=first, fallbacks=others, **settings)
        made.append(make_sender(endpoint, environ=ENVIRON if environ is None else environ, draw=lambda: 0.0))
        return made[-1]

    yield make
    for sender in made:
        await sender.close()


@pytest.fixture
def raw_upstream() -> Iterator[StartUpstream]:
    """Starts upstreams on a socket whose every exchange a coroutine of the test carries out."""
    started: list[RawUpstream] = []

    def start(handler: Handler) -> RawUpstream:
        started.append(RawUpstream(handler))
        return started[-1]

    yield start
    for running in started:
        running.stop()


@pytest_asyncio.fixture
async def raw_server() -> AsyncIterator[StartRaw]:
    """Starts servers in the test's own event loop: ``await raw_server(connection)``. All stop after the test."""
    started: list[RawServer] = []

    async def start(connection: Connection) -> RawServer:
        started.append(await RawServer(connection).start())
        return started[-1]

    yield start
    for server in started:
        await server.stop()
