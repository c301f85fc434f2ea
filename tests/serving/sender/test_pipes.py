"""Connections to upstreams: answers of every framing, connections kept and not kept, time, and what breaks."""

from __future__ import annotations

import asyncio
import gzip
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import aiohttp
import pytest
import yarl

from quire.caller.wire import on_kept_connection
from quire.serving.sender.pipe import Garbled, Incoming
from quire.serving.sender.pipes import Pipes, Unreachable, head_of
from tests.http_pieces import pieces

Answering = Callable[[bytes, asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
ZIPPED = gzip.compress(bytes(range(256)) * 2)
HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\n"


class Upstream:
    """A server that hands each whole request to a function of the test."""

    def __init__(self, answer: Answering) -> None:
        self._answer = answer
        self.connections = 0
        self.requests: list[bytes] = []
        self.pipes = Pipes(ssl.create_default_context, 30.0)
        self.url = yarl.URL()

    async def connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
                body = await reader.readexactly(length)
                self.requests.append(head + body)
                await self._answer(body, reader, writer)
                await writer.drain()
        except (asyncio.IncompleteReadError, asyncio.CancelledError, OSError):
            pass
        finally:
            writer.close()

    async def ask(self, body: bytes = b"{}", **limits: float) -> Incoming:
        head = head_of(self.url, {"authorization": "Bearer k"})
        return await self.pipes.open(
            self.url, head, body, aiohttp.ClientTimeout(total=limits.pop("total", None), **limits)
        )

    async def asked(self) -> None:
        """Wait until a request has come."""
        while not self.requests:  # noqa: ASYNC110 - it comes in another task, in each test
            await asyncio.sleep(0.005)


@asynccontextmanager
async def upstream(answer: Answering) -> AsyncIterator[Upstream]:
    made = Upstream(answer)
    server = await asyncio.start_server(made.connected, "127.0.0.1", 0)
    made.url = yarl.URL(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1/chat?x=1")
    try:
        yield made
    finally:
        await made.pipes.close()
        server.close()


def says(*writes: bytes, closes: bool = False) -> Answering:
    async def answer(body: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for data in writes:
            writer.write(data)
            await writer.drain()
        if closes:
            writer.close()

    return answer


def whole(body: bytes, *more: bytes) -> bytes:
    return HEAD + b"".join(more) + b"content-length: %d\r\n\r\n%b" % (len(body), body)


async def test_a_request_is_what_was_said_and_connections_are_kept() -> None:
    async with upstream(says(whole(b"hello"))) as up:
        for kept in (False, True, True):
            answer = await up.ask(b'{"a": 1}')
            assert on_kept_connection.get() is kept
            assert (answer.status, answer.headers["Content-Type"]) == (200, "text/plain")
            assert await answer.read() == b"hello"
            assert answer.is_eof()
            answer.release()
        assert up.connections == 1
        assert up.requests[0] == (
            b"POST /v1/chat?x=1 HTTP/1.1\r\nhost: 127.0.0.1:%d\r\nauthorization: Bearer k\r\n"
            b'content-length: 8\r\n\r\n{"a": 1}' % up.url.port
        )


@pytest.mark.parametrize(
    ("writes", "body"),
    [
        ((whole(b""),), b""),
        ((HEAD + b"transfer-encoding: chunked\r\n\r\n3\r\nabc\r\n", b"2\r\nde\r\n0\r\n\r\n"), b"abcde"),
        ((HEAD + b"transfer-encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n0\r\nx-sum: 1\r\n\r\n",), b"abc"),
        ((b"HTTP/1.1 100 Continue\r\n\r\n", whole(b"abc")), b"abc"),
        ((b"HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n" + whole(b"abc"),), b"abc"),
        ((b"HTTP/1.1 204 No Content\r\n\r\n",), b""),
        ((whole(gzip.compress(b"abc"), b"content-encoding: gzip\r\n"),), b"abc"),
        ((HEAD[:20], HEAD[20:] + b"content-", b"length: 3\r\n\r\na", b"bc"), b"abc"),
    ],
)
async def test_answers_of_every_framing(writes: tuple[bytes, ...], body: bytes) -> None:
    async with upstream(says(*writes)) as up:
        for _ in range(2):
            answer = await up.ask()
            assert await answer.read() == body
        assert up.connections == 1


FRAMINGS = {
    "its length": whole(b"abcdefghij" * 50),
    "chunks": HEAD + b"transfer-encoding: chunked\r\n\r\n6\r\nabcdef\r\n3;x=y\r\nghi\r\n0\r\nx-sum: 1\r\n\r\n",
    "chunks, compressed": (
        HEAD
        + b"content-encoding: gzip\r\ntransfer-encoding: chunked\r\n\r\n"
        + b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in (ZIPPED[:10], ZIPPED[10:40], ZIPPED[40:], b""))
    ),
    "its length, compressed": whole(ZIPPED, b"content-encoding: gzip\r\n"),
    "after a hint": b"HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n" + whole(b"abc"),
    "nothing": b"HTTP/1.1 204 No Content\r\n\r\n",
}


@pytest.mark.parametrize("at_once", [True, False])
@pytest.mark.parametrize("framing", FRAMINGS)
async def test_answers_are_the_same_whatever_pieces_they_come_in(framing: str, at_once: bool) -> None:
    async def read(found: Incoming) -> bytes:
        if at_once:
            return await found.read()
        parts = []
        while part := await found.readany():
            parts.append(part)
        assert found.is_eof()
        return b"".join(parts)

    sent = FRAMINGS[framing]
    async with upstream(says(sent)) as up:
        expected = await (await up.ask()).read()
    cuts = [list(pieces(sent, seed)) for seed in range(30)] + [[sent[at : at + 1] for at in range(len(sent))]]

    async def answer(body: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for piece in cuts[int(body)]:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(0)

    async with upstream(answer) as up:
        for number in range(len(cuts)):
            assert await asyncio.wait_for(read(await up.ask(b"%d" % number)), 5) == expected, number
        assert up.connections == 1


async def test_an_answer_that_ends_with_its_connection() -> None:
    async with upstream(says(HEAD + b"\r\nab", b"c", closes=True)) as up:
        assert await (await up.ask()).read() == b"abc"
        assert await (await up.ask()).read() == b"abc"
        assert up.connections == 2


@pytest.mark.parametrize("more", [b"connection: close\r\n", b"connection: Close, x\r\n"])
async def test_a_connection_that_is_not_to_be_kept(more: bytes) -> None:
    async with upstream(says(whole(b"abc", more))) as up:
        for _ in range(2):
            assert await (await up.ask()).read() == b"abc"
        assert up.connections == 2


async def test_what_comes_unasked_is_no_answer_to_the_next_request() -> None:
    async with upstream(says(whole(b"abc") + whole(b"stale"))) as up:
        assert await (await up.ask()).read() == b"abc"
        assert await (await up.ask()).read() == b"abc"
        assert up.connections == 2


async def test_pieces_come_as_they_are_there_and_an_early_leave_takes_the_connection_along() -> None:
    gone = asyncio.Event()

    async def answer(body: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(HEAD + b"transfer-encoding: chunked\r\n\r\n3\r\nabc\r\n")
        try:
            await reader.readexactly(1)
        finally:
            gone.set()

    async with upstream(answer) as up:
        found = await up.ask()
        assert await found.readany() == b"abc"
        assert not found.is_eof()
        found.close()
        await asyncio.wait_for(gone.wait(), 5)


async def test_requests_at_once_have_connections_of_their_own() -> None:
    together = asyncio.Barrier(8)

    async def answer(body: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await together.wait()
        writer.write(whole(body))

    async with upstream(answer) as up:

        async def one(number: int) -> bytes:
            return await (await up.ask(b"%d" % number)).read()

        assert await asyncio.gather(*map(one, range(8))) == [b"%d" % number for number in range(8)]
        assert up.connections == 8


async def test_a_large_request_and_a_large_answer() -> None:
    async def answer(body: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(whole(body))

    large = bytes(range(256)) * 40_000
    async with upstream(answer) as up:
        assert await (await up.ask(large)).read() == large
        found = await up.ask(large)
        parts = []
        while part := await found.readany():
            parts.append(part)
            await asyncio.sleep(0)
        assert b"".join(parts) == large
        assert up.connections == 1


async def silent(body: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readexactly(1)


@pytest.mark.parametrize("limits", [{"total": 0.05}, {"sock_read": 0.05}])
async def test_an_upstream_that_says_nothing_in_time(limits: dict[str, float]) -> None:
    async with upstream(silent) as up:
        with pytest.raises(TimeoutError):
            await up.ask(**limits)


async def test_silence_in_the_middle_of_an_answer() -> None:
    async def answer(body: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(HEAD + b"content-length: 9\r\n\r\nabc")
        await reader.readexactly(1)

    async with upstream(answer) as up:
        found = await up.ask(sock_read=0.1)
        assert await found.readany() == b"abc"
        with pytest.raises(TimeoutError):
            await found.readany()


@pytest.mark.parametrize("writes", [(b"hello there\r\n\r\n",), (b"HTTP/1.1 200 OK\r\ncontent-length: x\r\n\r\n",)])
async def test_what_is_not_http(writes: tuple[bytes, ...]) -> None:
    async with upstream(says(*writes)) as up:
        with pytest.raises(Garbled):
            await up.ask()


async def test_a_body_that_is_coded_as_nobody_asked_for() -> None:
    async with upstream(says(whole(b"abc", b"content-encoding: br\r\n"))) as up:
        with pytest.raises(Garbled, match="'br'"):
            await up.ask()


async def test_a_body_whose_compression_is_broken() -> None:
    async with upstream(says(whole(b"abcdef", b"content-encoding: gzip\r\n"))) as up:
        found = await up.ask()
        with pytest.raises(Garbled):
            await found.read()


@pytest.mark.parametrize("writes", [(), (b"HTTP/1.1 200",)])
async def test_a_connection_that_closes_before_an_answer(writes: tuple[bytes, ...]) -> None:
    async with upstream(says(*writes, closes=True)) as up:
        with pytest.raises(ConnectionError):
            await up.ask()


async def test_a_connection_that_closes_in_the_middle_of_an_answer() -> None:
    async with upstream(says(HEAD + b"content-length: 9\r\n\r\nabc", closes=True)) as up:
        found = await up.ask()
        with pytest.raises(ConnectionError):
            await found.read()


async def test_nobody_listens() -> None:
    async with upstream(silent) as up:
        up.url = yarl.URL("http://127.0.0.1:1/v1")
        with pytest.raises(Unreachable, match=r"127\.0\.0\.1:1"):
            await up.ask()
        up.url = yarl.URL("http://no-such-host.invalid/v1")
        with pytest.raises(Unreachable, match=r"no-such-host\.invalid"):
            await up.ask()


async def test_closing_tells_those_under_way() -> None:
    async with upstream(silent) as up:
        asking = asyncio.create_task(up.ask())
        await up.asked()
        await up.pipes.close()
        with pytest.raises(ConnectionError):
            await asking


async def test_a_request_that_is_cancelled_takes_its_connection_along() -> None:
    async with upstream(silent) as up:
        asking = asyncio.create_task(up.ask())
        await up.asked()
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        assert not up.pipes._all or all(not pipe.is_usable for pipe in up.pipes._all)


def test_a_header_of_two_lines_is_never_sent() -> None:
    with pytest.raises(ValueError, match="more than one line"):
        head_of(yarl.URL("http://a/v1"), {"x": "a\r\nb: c"})
