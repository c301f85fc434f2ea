"""An answer that comes in pieces, passed on as they come."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping

import aiohttp

from quire.serving.errors import BrokenStream
from quire.serving.sender.lost import Lost, read_loss
from quire.serving.sender.pipe import Incoming


class LiveStream:
    """A stream of which the first piece has come: from here on nothing is sent again."""

    __slots__ = ("_first", "_left_bytes", "_response", "attempts", "cached", "headers", "status", "upstream")

    def __init__(
        self,
        response: aiohttp.ClientResponse | Incoming,
        first: bytes,
        *,
        headers: Mapping[str, str],
        upstream: str,
        most_bytes: int,
    ) -> None:
        self._response = response
        self._first = first
        self._left_bytes = most_bytes
        self.status = response.status
        self.headers = headers
        self.upstream = upstream
        self.attempts = 1
        self.cached = False

    async def chunks(self) -> AsyncIterator[bytes]:
        """The pieces as they come, untouched. Raises BrokenStream where the upstream breaks off."""
        while piece := await self.piece():
            yield piece

    async def piece(self) -> bytes:
        """The next piece; empty after the last. Raises BrokenStream. It may be cancelled, and called again."""
        piece, self._first = self._first, b""
        if not piece:
            try:
                piece = await self._response.content.readany()
            except (aiohttp.ClientError, OSError) as error:
                raise self._broken(read_loss(error, began=True, kept=False)) from error
        self._left_bytes -= len(piece)
        if self._left_bytes < 0:
            raise self._broken(Lost("too_large", began=True))
        return piece

    def _broken(self, lost: Lost) -> BrokenStream:
        self._response.close()
        return BrokenStream(f"Upstream {self.upstream!r} {lost}.")

    def close(self) -> None:
        """Leave it: an answer that has not ended takes its connection with it, which tells the upstream to stop."""
        if self._response.content.is_eof():
            self._response.release()
        else:
            self._response.close()
