"""Raw responses (``with_raw_response``, ``with_streaming_response``), recorded as the program reads them.

However the program does that (``parse``, ``json``, ``iter_lines``, the HTTP response itself), the bytes of the body
pass here.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import AsyncIterator, Iterator
from typing import Any

from quire.domain.unreadable import UNREADABLE
from quire.openai.autologging.closing import http_library
from quire.openai.autologging.options import complain
from quire.openai.autologging.pieces import Piece, read_events
from quire.openai.autologging.watching import Watch

MOST_BYTES = 32 * 1024 * 1024
"""Of a body that are kept to read it at its end; of a longer one only the length is recorded."""
_TEXT = ("application/json", "text/")


def watch_raw(response: Any, watch: Watch) -> None:
    """Record the body of an HTTP response: at once if it was read, else as the program reads it or closes it."""
    if response.is_closed:
        watch.body(response.content)
        return
    body = Body(response, watch)
    library = http_library(response)
    response.stream = _kind(library, hasattr(response.stream, "__aiter__"))(response.stream, body)


class Body:
    """The bytes of a body as they come. It does not know the response, which knows it."""

    def __init__(self, response: Any, watch: Watch) -> None:
        kind = str(response.headers.get("content-type", ""))
        self._watch = watch
        self._events = kind.startswith("text/event-stream")
        self._keeps = kind.startswith(_TEXT)
        self._headers = {"content-encoding": response.headers.get("content-encoding", "identity")}
        self._make = type(response)
        self._parts: list[bytes] = []
        self._size = 0
        if self._events:
            watch.streams()

    def add(self, part: bytes) -> None:
        """Some bytes."""
        self._size += len(part)
        if self._events:
            self._watch.pass_by()
        if self._keeps:
            self._parts.append(part)
            if self._size > MOST_BYTES:
                self._keeps, self._parts = False, []

    def failed(self, error: BaseException) -> None:
        """The body broke off."""
        if self._events:
            self._take_events()
        self._watch.ended(error)

    def closed(self) -> None:
        """The body was read, or given up."""
        if self._watch.is_over:
            return
        try:
            if not self._size:
                self._watch.ended()
            elif self._events:
                self._take_events()
                self._watch.ended()
            elif self._keeps:
                self._watch.body(self._decoded())
            else:
                self._watch.answered(f"<{self._size} bytes>")
        except Exception:
            self._watch.lost()

    def __del__(self, finalizing: Any = sys.is_finalizing) -> None:
        if not finalizing():
            self.closed()

    def _decoded(self) -> bytes:
        joined = b"".join(self._parts)
        if self._headers["content-encoding"] == "identity":
            return joined
        content: bytes = self._make(200, headers=self._headers, content=joined).content
        return content

    def _take_events(self) -> None:
        try:
            for event in read_events(self._decoded()):
                self._watch.take(Piece(event))
        except (*UNREADABLE, ValueError):
            complain("A streamed body could not be read")


@functools.lru_cache(maxsize=4)
def _kind(library: Any, asynchronous: bool) -> type:
    if asynchronous:

        class AsyncTapped(library.AsyncByteStream):  # type: ignore[misc]
            def __init__(self, inner: Any, body: Body) -> None:
                self._inner, self._body = inner, body

            async def __aiter__(self) -> AsyncIterator[bytes]:
                try:
                    async for part in self._inner:
                        self._body.add(part)
                        yield part
                except GeneratorExit:
                    raise
                except BaseException as error:
                    self._body.failed(error)
                    raise

            async def aclose(self) -> None:
                try:
                    await self._inner.aclose()
                finally:
                    self._body.closed()

        return AsyncTapped

    class Tapped(library.SyncByteStream):  # type: ignore[misc]
        def __init__(self, inner: Any, body: Body) -> None:
            self._inner, self._body = inner, body

        def __iter__(self) -> Iterator[bytes]:
            try:
                for part in self._inner:
                    self._body.add(part)
                    yield part
            except GeneratorExit:
                raise
            except BaseException as error:
                self._body.failed(error)
                raise

        def close(self) -> None:
            try:
                self._inner.close()
            finally:
                self._body.closed()

    return Tapped
