"""Replaying: requests of the SDK are answered from a recording."""

from __future__ import annotations

import os
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

from quire.domain.recordings import Answer, AskedFor, Exchanges, parse_lines, read_exchange, read_file
from quire.openai.recording.intercepting import install, uninstall
from quire.openai.recording.libraries import byte_streams, library_of

_ANSWER = "quire.recording.answer"
_KEYS = ("OPENAI_API_KEY", "AZURE_OPENAI_API_KEY")
_WAITS = ("retry-after", "retry-after-ms")


def replay(path: str | Path) -> Replayer:
    """Answer every request of the OpenAI SDK in this process from a recording, from now until ``close()``.

    Nothing is sent, and no key is needed: where the environment has none, it gets a placeholder meanwhile. Like
    requests get their answers in the order in which they were recorded, and the last one again after that. A request
    that the recording lacks raises :class:`RecordingMiss`. What an answer asks to wait before a retry is not waited.

    Use it as a context manager, or call ``close()``. Raises NotFound for a file that does not exist, InvalidInput for
    one that is no recording, InvalidState while another recording or replay is under way.
    """
    lines = parse_lines(read_file(Path(path)), str(path))
    return Replayer(Exchanges(read_exchange(record, where) for where, record in lines))


class Replayer:
    """A replay that is under way. ``count`` is how many requests it answered."""

    def __init__(self, exchanges: Exchanges) -> None:
        self.count = 0
        self._exchanges = exchanges
        self._lock = threading.Lock()
        install(self)
        self._lent = [name for name in _KEYS if name not in os.environ]
        for name in self._lent:
            os.environ[name] = "replayed"

    def __enter__(self) -> Replayer:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def close(self) -> None:
        """End the replay; the SDK and the environment are left as they were found."""
        uninstall(self)
        lent, self._lent = self._lent, []
        for name in lent:
            os.environ.pop(name, None)

    # -- what passes --------------------------------------------------------------------------------

    def built(self, request: Any, asked: AskedFor) -> None:
        """Find the answer, before anything that the SDK would try again. Raises RecordingMiss."""
        with self._lock:
            answer = self._exchanges.find(asked)
            if answer is None:
                raise self._exchanges.miss(asked)
            self.count += 1
        request.extensions[_ANSWER] = answer

    def send(self, send: Callable[..., Any], request: Any, *, stream: bool, **options: Any) -> Any:
        """Answer without sending."""
        response = _response(request, Pieces)
        if not stream:
            response.read()
        return response

    async def asend(self, send: Callable[..., Awaitable[Any]], request: Any, *, stream: bool, **options: Any) -> Any:
        """Answer without sending."""
        response = _response(request, AsyncPieces)
        if not stream:
            await response.aread()
        return response


def _response(request: Any, kind: type) -> Any:
    answer: Answer = request.extensions[_ANSWER]
    headers = {name: value for name, value in answer.headers.items() if name not in _WAITS}
    headers.setdefault("content-type", answer.content_type)
    if answer.status >= 400:
        headers["retry-after-ms"] = "1"
    stream = byte_streams(request, kind)(answer.parts)
    response = library_of(request).Response(answer.status, headers=headers, stream=stream, request=request)
    response.elapsed = timedelta(0)
    return response


class Pieces:
    """The bytes of an answer, in the pieces in which they came."""

    def __init__(self, pieces: list[bytes]) -> None:
        self._pieces = pieces

    def __iter__(self) -> Iterator[bytes]:
        yield from self._pieces

    def close(self) -> None:
        """Nothing is open."""


class AsyncPieces(Pieces):
    """The same for an asynchronous answer."""

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for piece in self._pieces:
            yield piece

    async def aclose(self) -> None:
        """Nothing is open."""
