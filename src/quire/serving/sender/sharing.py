"""One stream of an upstream, read by all who asked the same while it came."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable

from quire.serving.errors import BrokenStream
from quire.serving.sender.live import LiveStream


class SharedStream:
    """Remembers the pieces of a stream until it is over, so that who comes later has them all.

    Who needs a piece that has not come reads it from the upstream for all: no task stands between, the fastest reader
    sets the pace, and one that leaves takes nobody along. When the last has left, or the stream has ended, ``leave`` is
    called, once; ``ended`` is told the whole of a stream that came to its end.
    """

    def __init__(self, live: LiveStream, leave: Callable[[], None], ended: Callable[[bytes], None]) -> None:
        self.live = live
        self.is_over = False
        self._leave = leave
        self._ended = ended
        self._pieces: list[bytes] = []
        self._broke: str | None = None
        self._has_ended = False
        self._readers = 0
        self._reading = asyncio.Lock()

    @property
    def can_be_joined(self) -> bool:
        """Whether a reader that comes now gets all of it."""
        return self._has_ended or not self.is_over

    def reader(self, *, is_first: bool) -> Reading:
        """One more reader; the first is the one whose request it was."""
        self._readers += 1
        return Reading(self, is_first=is_first)

    async def piece(self, number: int) -> bytes:
        """The piece of that number (from 0); empty after the last. Raises BrokenStream where there will be none."""
        while number >= len(self._pieces):
            if self._broke is not None:
                raise BrokenStream(self._broke)
            if self.is_over:
                return b""
            async with self._reading:
                if number >= len(self._pieces) and not self.is_over:
                    await self._read()
        return self._pieces[number]

    async def _read(self) -> None:
        try:
            piece = await self.live.piece()
        except BrokenStream as error:
            self._broke = error.message
            self._finish()
            return
        if piece:
            self._pieces.append(piece)
            return
        self._has_ended = True
        self._finish()
        self._ended(b"".join(self._pieces))

    def left(self) -> None:
        """A reader is done."""
        self._readers -= 1
        if not self._readers:
            self.abandon()

    def abandon(self) -> None:
        """Nobody wants it any more."""
        if not self.is_over:
            self._finish()

    def _finish(self) -> None:
        self.is_over = True
        self._leave()


class Reading:
    """A shared stream as one caller sees it."""

    __slots__ = ("_is_open", "_shared", "attempts", "cached", "headers", "status", "upstream")

    def __init__(self, shared: SharedStream, *, is_first: bool) -> None:
        live = shared.live
        self._shared = shared
        self._is_open = True
        self.status = live.status
        self.headers = live.headers
        self.upstream = live.upstream
        self.attempts = live.attempts if is_first else 0
        self.cached = not is_first

    async def chunks(self) -> AsyncIterator[bytes]:
        """The pieces as they come, untouched. Raises BrokenStream where the upstream breaks off."""
        number = 0
        while piece := await self._shared.piece(number):
            number += 1
            yield piece

    def close(self) -> None:
        """Leave it."""
        if self._is_open:
            self._is_open = False
            self._shared.left()
