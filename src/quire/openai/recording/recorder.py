"""Recording: every request of the SDK and its answer, a line each."""

from __future__ import annotations

import functools
import logging
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec

from quire.domain.errors import InvalidInput
from quire.domain.recordings import AskedFor, Exchange, answer_of
from quire.openai.recording.intercepting import MARK, install, uninstall
from quire.openai.recording.libraries import byte_streams

log = logging.getLogger("quire")


def record(path: str | Path, *, append: bool = False) -> Recorder:
    """Record every request of the OpenAI SDK in this process, and its answer, from now until ``close()``.

    Use it as a context manager, or call ``close()``. The file is JSON lines (see :mod:`quire.domain.recordings`); one
    that exists is replaced, unless ``append``. No header of a request is written, so no key; what looks like a
    credential in bodies is replaced. Raises InvalidInput for a file that cannot be written, InvalidState while another
    recording or replay is under way.
    """
    return Recorder(Path(path), append=append)


class Recorder:
    """A recording that is under way. ``count`` is how many answers it holds."""

    def __init__(self, path: Path, *, append: bool = False) -> None:
        self.path = path
        self.count = 0
        self._lock = threading.Lock()
        try:
            self._file = path.open("ab" if append else "wb")
        except OSError as error:
            raise InvalidInput(
                f"The recording {str(path)!r} cannot be written: {error.strerror}. Give a file in a folder that exists."
            ) from None
        try:
            install(self)
        except BaseException:
            self._file.close()
            raise

    def __enter__(self) -> Recorder:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def close(self) -> None:
        """End the recording; the SDK is left as it was found. Streams that are still read are not recorded."""
        uninstall(self)
        with self._lock:
            self._file.close()

    # -- what passes --------------------------------------------------------------------------------

    def built(self, request: Any, asked: AskedFor) -> None:
        """Ask for an answer that is not compressed, so that its pieces can be read in the file."""
        request.headers["accept-encoding"] = "identity"

    def send(self, send: Callable[..., Any], request: Any, *, stream: bool, **options: Any) -> Any:
        """Send a request, and record its answer as it is read."""
        response = send(request, stream=stream, **options)
        self._take(request, response, stream=stream, tee=Tee)
        return response

    async def asend(self, send: Callable[..., Awaitable[Any]], request: Any, *, stream: bool, **options: Any) -> Any:
        """Send a request, and record its answer as it is read."""
        response = await send(request, stream=stream, **options)
        self._take(request, response, stream=stream, tee=AsyncTee)
        return response

    def _take(self, request: Any, response: Any, *, stream: bool, tee: type) -> None:
        try:
            if stream and not response.is_closed:
                done = functools.partial(self._add, request.extensions[MARK], response.status_code, response.headers)
                response.stream = byte_streams(response, tee)(response.stream, done)
                return
            headers = {name: value for name, value in response.headers.items() if name != "content-encoding"}
            self._add(request.extensions[MARK], response.status_code, headers, [response.content], True)
        except Exception:
            log.warning("An answer could not be recorded", exc_info=True)

    def _add(self, asked: AskedFor, status: int, headers: Any, pieces: list[bytes], whole: bool) -> None:
        try:
            line = msgspec.json.encode(Exchange(asked, answer_of(status, headers, pieces, complete=whole))) + b"\n"
            with self._lock:
                if not self._file.closed:
                    self._file.write(line)
                    self._file.flush()
                    self.count += 1
        except Exception:
            log.warning("An answer could not be recorded", exc_info=True)


_Done = Callable[[list[bytes], bool], None]


class Tee:
    """The bytes of an answer, kept as they pass. ``done`` gets them once: all of them, or those until it was closed."""

    def __init__(self, inner: Any, done: _Done) -> None:
        self._inner = inner
        self._done: _Done | None = done
        self._pieces: list[bytes] = []

    def __iter__(self) -> Iterator[bytes]:
        for piece in self._inner:
            self._pieces.append(piece)
            yield piece
        self._end(whole=True)

    def close(self) -> None:
        """Close what is read."""
        self._end(whole=False)
        self._inner.close()

    def _end(self, *, whole: bool) -> None:
        done, self._done = self._done, None
        if done is not None:
            done(self._pieces, whole)


class AsyncTee(Tee):
    """The same for an asynchronous answer."""

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for piece in self._inner:
            self._pieces.append(piece)
            yield piece
        self._end(whole=True)

    async def aclose(self) -> None:
        """Close what is read."""
        self._end(whole=False)
        await self._inner.aclose()
