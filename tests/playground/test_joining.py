"""Pieces of an answer are joined: no word is lost, none waits long, and an end is an end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing

import pytest

from quire.playground.joining import joined
from quire.playground.messages import AnswerDelta

Pieces = AsyncGenerator[AnswerDelta]


async def taken(pieces: Pieces) -> list[str]:
    return [piece.text async for piece in pieces]


def run(make: Callable[[], Pieces], seconds: float = 0.01) -> list[str]:
    return asyncio.run(taken(joined(make(), seconds)))


async def many() -> Pieces:
    for number in range(1000):
        yield AnswerDelta(text=f"{number} ")


def test_what_comes_at_once_goes_as_few_and_whole() -> None:
    found = run(many)
    assert "".join(found) == "".join(f"{number} " for number in range(1000))
    assert len(found) < 100


def test_what_comes_slowly_goes_as_it_comes() -> None:
    gone: list[str] = []

    async def look() -> None:
        went = asyncio.Event()

        async def slow() -> Pieces:
            for text in ("a", "b", "c"):
                went.clear()
                yield AnswerDelta(text=text)
                await went.wait()

        async for piece in joined(slow(), 0.001):
            gone.append(piece.text)
            went.set()

    asyncio.run(asyncio.wait_for(look(), 20))
    assert gone == ["a", "b", "c"]


def test_no_pieces_are_no_pieces() -> None:
    async def none() -> Pieces:
        return
        yield

    assert run(none) == []


def test_an_error_comes_after_the_words_before_it() -> None:
    seen: list[str] = []

    async def broken() -> Pieces:
        yield AnswerDelta(text="one")
        yield AnswerDelta(text="two")
        raise ValueError("broke off")

    async def look() -> None:
        async for piece in joined(broken()):
            seen.append(piece.text)

    with pytest.raises(ValueError, match="broke off"):
        asyncio.run(look())
    assert "".join(seen) == "onetwo"


def test_who_stops_taking_ends_what_gives() -> None:
    ended = []

    async def endless() -> Pieces:
        try:
            while True:
                yield AnswerDelta(text="x")
                await asyncio.sleep(0)
        finally:
            ended.append(True)

    async def look() -> None:
        async with aclosing(joined(endless())) as pieces:
            async for _ in pieces:
                break

    asyncio.run(look())
    assert ended == [True]


def test_others_have_their_turn_while_much_is_read() -> None:
    turns = 0

    async def busy() -> Pieces:
        for _ in range(200_000):
            yield AnswerDelta(text="x")

    async def count() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    async def look() -> None:
        other = asyncio.create_task(count())
        await taken(joined(busy()))
        other.cancel()

    asyncio.run(look())
    assert turns > 3
