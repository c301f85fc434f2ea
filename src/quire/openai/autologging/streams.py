"""Streams, watched without a change of their type: what iterates inside of them is replaced.

Nothing here is kept by what it watches in a way that would keep a stream alive: the response knows the watch, and the
watch knows neither the response nor the stream.
"""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Iterator
from typing import Any

from quire.openai.autologging.closing import closing
from quire.openai.autologging.options import complain
from quire.openai.autologging.watching import Watch

_finalizing = sys.is_finalizing


class Tap:
    """The iterator of a stream, which shows each piece to a watch as it passes."""

    __slots__ = ("_pieces", "_watch")

    def __init__(self, pieces: Iterator[Any], watch: Watch) -> None:
        self._pieces = pieces
        self._watch = watch

    def __iter__(self) -> Tap:
        return self

    def __next__(self) -> Any:
        watch = self._watch
        watch.reading = True
        try:
            piece = next(self._pieces)
            while not watch.piece(piece):
                piece = next(self._pieces)
        except StopIteration:
            watch.ended()
            raise
        except BaseException as error:
            watch.ended(error)
            raise
        finally:
            watch.reading = False
        return piece

    def close(self) -> None:
        """Close what is iterated, as a generator is closed."""
        close = getattr(self._pieces, "close", None)
        try:
            if close is not None:
                close()
        finally:
            self._watch.ended()

    def __del__(self, finalizing: Any = _finalizing) -> None:
        if not finalizing():
            self._watch.dropped()


class AsyncTap:
    """The iterator of an asynchronous stream, which shows each piece to a watch as it passes."""

    __slots__ = ("_pieces", "_watch")

    def __init__(self, pieces: AsyncIterator[Any], watch: Watch) -> None:
        self._pieces = pieces
        self._watch = watch

    def __aiter__(self) -> AsyncTap:
        return self

    async def __anext__(self) -> Any:
        watch = self._watch
        watch.reading = True
        try:
            piece = await anext(self._pieces)
            while not watch.piece(piece):
                piece = await anext(self._pieces)
        except StopAsyncIteration:
            watch.ended()
            raise
        except BaseException as error:
            watch.ended(error)
            raise
        finally:
            watch.reading = False
        return piece

    async def aclose(self) -> None:
        """Close what is iterated, as a generator is closed."""
        close = getattr(self._pieces, "aclose", None)
        try:
            if close is not None:
                await close()
        finally:
            self._watch.ended()

    def __del__(self, finalizing: Any = _finalizing) -> None:
        if not finalizing():
            self._watch.dropped()


def watch_stream(stream: Any, watch: Watch) -> None:
    """Have the pieces of a ``Stream`` or ``AsyncStream`` shown to a watch, and its end."""
    watch.streams()
    tap = AsyncTap if hasattr(stream, "__anext__") else Tap
    stream._iterator = tap(stream._iterator, watch)
    try:
        closing(stream.response, watch)
    except Exception:
        complain("The end of a stream is seen only when it is collected")
