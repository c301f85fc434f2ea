"""Pieces of an answer that come faster than anybody reads them, joined: what has come meanwhile goes as one."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing

from quire.playground.asking import closed
from quire.playground.messages import AnswerDelta

EVERY_S = 0.03
"""Seconds between two pieces at least: a page is drawn no more often than that."""
_TURN_S = 0.005
"""Seconds for which reading may keep everything else from running."""


async def joined(pieces: AsyncGenerator[AnswerDelta], seconds: float = EVERY_S) -> AsyncGenerator[AnswerDelta]:
    """The same words in fewer pieces: the first at once, then what has come in ``seconds``, the rest at the end.

    Reads on while nobody takes what it gives. Raises what ``pieces`` raises, after the words that came before; closing
    it closes them.
    """
    waiting: list[str] = []
    came = asyncio.Event()

    async def read() -> None:
        turn = time.monotonic()
        try:
            async with aclosing(pieces) as each:
                async for piece in each:
                    waiting.append(piece.text)
                    came.set()
                    # What has come already is read without waiting: others must have their turn all the same.
                    if time.monotonic() - turn > _TURN_S:
                        await asyncio.sleep(0)
                        turn = time.monotonic()
        finally:
            came.set()

    reader = asyncio.create_task(read())
    try:
        while True:
            await came.wait()
            came.clear()
            if waiting:
                text = "".join(waiting)
                waiting.clear()
                yield AnswerDelta(text=text)
            if reader.done() and not waiting:
                break
            await asyncio.wait({reader}, timeout=seconds)
            if reader.done():
                came.set()
        reader.result()
    finally:
        await closed(reader)
