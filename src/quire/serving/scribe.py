"""A process that makes spans of what a serving process answered, and stores them: it has an interpreter of its own.

It is told over a pipe: first where to, then requests that ended, as msgpack. It ends when the pipe does, so it brings
what it was told to the store even if the server is killed.
"""

from __future__ import annotations

import logging
import os
import signal
import struct
import subprocess
import sys
import threading
import time
from collections import deque
from typing import IO

import msgspec

from quire.serving.request import Done
from quire.serving.spans import Manner
from quire.serving.tracing import Batch, Here, Maker
from quire.tracing import state
from quire.tracing.settings import from_environment

log = logging.getLogger("quire.serving")

_LENGTH = struct.Struct(">I")
_FLUSH = 0
"""The length that stands for the wish to hear when all is stored."""
_DONE = b"."
_NICE = 10
_FLUSH_S = 30.0
_MOST_STARTS = 5
_SOON_S = 300.0
"""A process that is started so often within so many seconds is not started again."""


class Told(msgspec.Struct, frozen=True, array_like=True):
    """A request that ended, and how it is traced."""

    done: Done
    manner: Manner


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(list[Told]).decode


def maker_for(uri: str) -> Maker:
    """What makes spans for the store of a URI: a process, unless this one was told what another cannot be.

    A program's own hooks and settings (:func:`quire.tracing.configure`) are known here alone.
    """
    return Scribe(uri) if sys.executable and state.settings() == from_environment() else Here(uri)


class Scribe:
    """The process, as the server knows it: started when it is first needed, and again if it ends by itself.

    One that ends again and again is done without: its work is done here.
    """

    def __init__(self, uri: str, *, most_starts: int = _MOST_STARTS) -> None:
        self._uri = uri
        self._process: subprocess.Popen[bytes] | None = None
        self._starts: deque[float] = deque(maxlen=most_starts)
        self._lock = threading.Lock()
        self._here: Here | None = None

    @property
    def pid(self) -> int | None:
        """The id of the process, if there is one."""
        return None if self._process is None else self._process.pid

    def make(self, batch: Batch) -> None:
        """Tell of some requests. What could not be told is told to the process that is started in its stead."""
        with self._lock:
            if self._here is None:
                frame = _frame(_encode([Told(_bare(done), manner) for done, manner in batch]))
                while self._here is None:
                    try:
                        self._pipe().write(frame)
                        self._pipe().flush()
                    except (OSError, ValueError):
                        self._ended()
                    else:
                        return
        self._here.make(batch)

    def flush(self, timeout: float) -> None:
        """Wait until the store has all that was told; while it is away, until it is safe."""
        if not self._lock.acquire(timeout=timeout):
            return  # it takes nothing now
        try:
            if self._here is not None:
                self._here.flush(timeout)
            if self._process is None or self._process.stdout is None:
                return
            answer = self._process.stdout
            self._pipe().write(_LENGTH.pack(_FLUSH))
            self._pipe().flush()
        except (OSError, ValueError):
            self._ended()
            return
        finally:
            self._lock.release()
        _within(timeout, lambda: answer.read(1))

    def close(self, timeout: float) -> None:
        """Let it end once it has stored what it was told."""
        if not self._lock.acquire(timeout=timeout):
            log.error("The process that stores traces takes no more; what it was not told yet is lost.")
            return
        try:
            if self._here is not None:
                self._here.flush(timeout)
            process, self._process = self._process, None
        finally:
            self._lock.release()
        if process is None or process.stdin is None:
            return
        try:
            process.stdin.close()
            process.wait(timeout)
        except (OSError, subprocess.TimeoutExpired):
            log.warning("The process that stores traces is left to finish by itself.")

    def _pipe(self) -> IO[bytes]:
        if self._process is None:
            self._process = self._started()
        assert self._process.stdin is not None
        return self._process.stdin

    def _started(self) -> subprocess.Popen[bytes]:
        self._starts.append(time.monotonic())
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", "quire.serving.scribe"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        assert process.stdin is not None
        process.stdin.write(_frame(self._uri.encode()))  # not as an argument: it may hold a password
        return process

    def _ended(self) -> None:
        """It is gone."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait()
        log.error("The process that stores traces has ended; what it had not stored is lost.")
        if len(self._starts) == self._starts.maxlen and time.monotonic() - self._starts[0] < _SOON_S:
            log.error("Spans are made in the server's own process from now on.")
            self._here = Here(self._uri)


def _bare(done: Done) -> Done:
    """A request without what its span does not show."""
    ask = msgspec.structs.replace(done.ask, raw=b"", body={} if done.out is not None else done.ask.body)
    return msgspec.structs.replace(done, ask=ask)


def _frame(content: bytes) -> bytes:
    return _LENGTH.pack(len(content)) + content


def _within(timeout: float, work: object) -> None:
    """Run something that waits in a thread, for so long at most."""
    thread = threading.Thread(target=work, daemon=True)  # type: ignore[arg-type]
    thread.start()
    thread.join(timeout)


# -- in the process --------------------------------------------------------------------------------


def main() -> None:
    """Make spans of what comes, until nothing comes any more. Signals are for the server, which ends the pipe."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    os.nice(_NICE)
    pipe, answers = sys.stdin.buffer, sys.stdout.buffer
    uri = _read(pipe)
    if uri is None:
        return
    here = Here(uri.decode())
    while (content := _read(pipe)) is not None:
        if not content:
            here.flush(_FLUSH_S)
            answers.write(_DONE)
            answers.flush()
            continue
        try:
            here.make([(told.done, told.manner) for told in _decode(content)])
        except Exception as error:
            log.error("Requests could not be traced: %r", error)
    here.flush(_FLUSH_S)


def _read(pipe: IO[bytes]) -> bytes | None:
    """The next frame; None at the end."""
    head = pipe.read(_LENGTH.size)
    if len(head) < _LENGTH.size:
        return None
    length = _LENGTH.unpack(head)[0]
    content = pipe.read(length)
    return content if len(content) == length else None


if __name__ == "__main__":
    main()
