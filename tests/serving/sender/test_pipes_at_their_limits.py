"""Connections where much comes at once, under both event loops, or more than was asked for."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import socket
from collections.abc import Callable, Coroutine, Iterator
from typing import Any

import pytest
import uvloop

from quire.serving.sender.pipe import Garbled
from tests.serving.sender.test_pipes import HEAD, Upstream, says, upstream, whole

Run = Callable[[Coroutine[Any, Any, None]], None]
LOOPS = pytest.mark.parametrize("run", [asyncio.run, uvloop.run], ids=["asyncio", "uvloop"])


@LOOPS
def test_an_answer_of_which_much_comes_with_its_head(run: Run) -> None:
    """uvloop hands over many pieces in one turn, before anybody has begun to read."""
    body = b"x" * 5_000_000

    async def ask() -> None:
        async with upstream(says(whole(body))) as up:
            for _ in range(5):
                answer = await up.ask(total=20.0)
                assert await answer.read() == body

    run(ask())


@LOOPS
def test_equal_requests_at_once_over_connections_that_are_kept(run: Run) -> None:
    """An answer that comes in one piece sets its connection free before the one who asked has heard of it."""

    async def one(up: Upstream, number: int) -> None:
        for turn in range(20):
            answer = await up.ask(b'{"number": %d}' % (number * 20 + turn), total=20.0)
            assert await answer.read() == b"answer to %d" % (number * 20 + turn)

    async def answering(body: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(whole(b"answer to " + body[11:-1]))

    async def ask() -> None:
        async with upstream(answering) as up:
            await asyncio.gather(*(one(up, number) for number in range(16)))
            assert up.connections <= 16

    run(ask())


async def test_a_connection_on_which_an_answer_came_that_nobody_asked_for_is_not_kept() -> None:
    async with upstream(says(whole(b"asked for") + whole(b"not asked for"))) as up:
        for _ in range(3):
            answer = await up.ask()
            assert await answer.read() == b"asked for"
        assert up.connections == 3


@pytest.mark.parametrize("closes", [True, False])
async def test_a_compressed_body_that_ends_early_is_not_whole(closes: bool) -> None:
    half = gzip.compress(b"a long answer " * 1000)[:-20]
    length = b"" if closes else b"content-length: %d\r\n" % len(half)
    async with upstream(says(HEAD + length + b"content-encoding: gzip\r\n\r\n" + half, closes=closes)) as up:
        answer = await up.ask()
        with pytest.raises(Garbled, match="ends early"):
            await answer.read()


async def test_an_empty_body_is_whole_whatever_its_coding() -> None:
    async with upstream(says(whole(b"", b"content-encoding: gzip\r\n"))) as up:
        assert await (await up.ask()).read() == b""


@LOOPS
def test_an_address_that_does_not_answer_is_passed_over(run: Run) -> None:
    """A host has several addresses; behind the first, packets are lost."""

    async def ask() -> None:
        async with upstream(says(whole(b"hello"))) as up:
            port = up.url.port
            assert port is not None
            with lossy("127.0.0.2", port):
                loop = asyncio.get_running_loop()
                infos = [
                    info for host in ("127.0.0.2", "127.0.0.1") for info in await loop.getaddrinfo(host, port, type=1)
                ]
                up.url = up.url.with_host("upstream.invalid")
                with pytest.MonkeyPatch.context() as patch:
                    patch.setattr("quire.serving.sender.pipes._addresses", lambda *_: _given(infos))
                    assert await (await up.ask(sock_connect=5.0)).read() == b"hello"

    run(ask())


async def _given(infos: list[Any]) -> list[Any]:
    return infos


@contextlib.contextmanager
def lossy(host: str, port: int) -> Iterator[None]:
    """A listener whose queue is full: what asks for one more connection hears nothing."""
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.socket())
        listener.bind((host, port))
        listener.listen(0)
        for _ in range(4):
            filler = stack.enter_context(socket.socket())
            filler.setblocking(False)
            filler.connect_ex((host, port))
        yield
