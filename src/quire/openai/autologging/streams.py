"""Streams, watched without a change of their type: what iterates inside of them is replaced."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Any

from quire.openai.autologging.watching import Watch


class Tap:
    """The iterator of a stream, which shows each piece to a watch as it passes."""

    __slots__ = ("_pieces", "_watch")

    def __init__(self, pieces: Iterator[Any], watch: Watch) -> None:
        self._pieces = pieces
        self._watch = watch

    def __iter__(self) -> Tap:
        return self

    def __next__(self) -> Any:
        try:
            piece = next(self._pieces)
            while not self._watch.piece(piece):
                piece = next(self._pieces)
        except StopIteration:
            self._watch.ended()
            raise
        except BaseException as error:
            self._watch.ended(error)
            raise
        return piece

    def close(self) -> None:
        """Close what is iterated, as a generator is closed."""
        close = getattr(self._pieces, "close", None)
        if close is not None:
            close()
        self._watch.ended()

    def __del__(self) -> None:
        self._watch.ended()


class AsyncTap:
    """The iterator of an asynchronous stream, which shows each piece to a watch as it passes."""

    __slots__ = ("_pieces", "_watch")

    def __init__(self, pieces: AsyncIterator[Any], watch: Watch) -> None:
        self._pieces = pieces
        self._watch = watch

    def __aiter__(self) -> AsyncTap:
        return self

    async def __anext__(self) -> Any:
        try:
            piece = await anext(self._pieces)
            while not self._watch.piece(piece):
                piece = await anext(self._pieces)
        except StopAsyncIteration:
            self._watch.ended()
            raise
        except BaseException as error:
            self._watch.ended(error)
            raise
        return piece

    async def aclose(self) -> None:
        """Close what is iterated, as a generator is closed."""
        close = getattr(self._pieces, "aclose", None)
        if close is not None:
            await close()
        self._watch.ended()

    def __del__(self) -> None:
        self._watch.ended()


def watch_stream(stream: Any, watch: Watch) -> None:
    """Have the pieces of a ``Stream`` or ``AsyncStream`` shown to a watch, and its end."""
    close = stream.close
    if hasattr(stream, "__anext__"):
        stream._iterator = AsyncTap(stream._iterator, watch)

        async def aclosed() -> None:
            try:
                await close()
            finally:
                watch.ended()

        stream.close = aclosed
    else:
        stream._iterator = Tap(stream._iterator, watch)

        def closed() -> None:
            try:
                close()
            finally:
                watch.ended()

        stream.close = closed
