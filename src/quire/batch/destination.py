"""Where a batch's output goes: a file that appears complete or not at all, or a stream.

Rows are written to ``PATH.partial``, locked against a second process, and renamed to ``PATH`` at the end. A
standard stream, a pipe or a device is written directly.
"""

from __future__ import annotations

import errno
import os
import stat
import sys
from pathlib import Path
from typing import IO

from quire.batch.formats import STANDARD_STREAM
from quire.domain.errors import InvalidInput, InvalidState, NotFound, PermissionDenied, QuireError, Unavailable

_BUFFER_BYTES = 1024 * 1024


def is_regular(path: str) -> bool:
    """Whether ``path`` names a file that can be replaced, not a stream or device."""
    if path == STANDARD_STREAM:
        return False
    try:
        return stat.S_ISREG(os.stat(path).st_mode)
    except OSError:
        return True


class Destination:
    """An open output. ``stream`` takes the bytes; ``commit`` makes them the file, ``discard`` forgets them."""

    def __init__(self, path: str) -> None:
        self.path = path
        self._replaces = is_regular(path)
        self._final = os.path.realpath(path) if self._replaces else path
        self._partial = Path(f"{self._final}.partial") if self._replaces else Path(path)
        try:
            self.stream = self._open()
        except OSError as error:
            raise explain_os_error(error, path) from None

    def _open(self) -> IO[bytes]:
        if self.path == STANDARD_STREAM:
            return sys.stdout.buffer
        if not self._replaces:
            return self._partial.open("wb", buffering=_BUFFER_BYTES)
        descriptor = os.open(self._partial, os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), 0o666)
        try:
            _lock(descriptor, self._partial)
            os.ftruncate(descriptor, 0)
        except BaseException:
            os.close(descriptor)
            raise
        return os.fdopen(descriptor, "wb", buffering=_BUFFER_BYTES)

    def commit(self) -> None:
        """Put the output in its place, durably. Raises Unavailable if the disk is full."""
        try:
            self.stream.flush()
            if not self._replaces:
                return
            os.fsync(self.stream.fileno())
            os.replace(self._partial, self._final)
        except OSError as error:
            raise explain_os_error(error, self.path) from None

    def discard(self) -> None:
        """Remove what was written, where nothing depends on it."""
        if self._replaces:
            self._partial.unlink(missing_ok=True)

    def close(self) -> None:
        """Close the file; standard output stays open."""
        if self.path == STANDARD_STREAM:
            return
        try:
            self.stream.close()
        except OSError:
            self.stream = open(os.devnull, "wb")  # noqa: SIM115 - what is buffered has nowhere to go


def _lock(descriptor: int, partial: Path) -> None:
    try:
        import fcntl
    except ImportError:
        return
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        still_there = partial.exists() and os.path.samestat(partial.stat(), os.fstat(descriptor))
    except BlockingIOError:
        still_there = False
    if not still_there:
        raise InvalidState(
            f"{partial} is being written by another process. Wait for it to end, or name another output file."
        )


def explain_os_error(error: OSError, path: str) -> QuireError:
    """The error that says what is wrong with writing ``path`` and what to do."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return Unavailable(
            f"The output {path!r} cannot be written: {error.strerror}. Make room and run the same command again; "
            "rows that were answered are kept in the journal."
        )
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return PermissionDenied(f"The output {path!r} cannot be written ({error.strerror}); name a writable folder.")
    folder = Path(path).parent
    if error.errno == errno.ENOENT and not folder.is_dir():
        return NotFound(f"The output's folder {str(folder)!r} does not exist; create it first.")
    if error.errno == errno.EISDIR or Path(path).is_dir():
        return InvalidInput(f"The output {path!r} is a folder; expected a file.")
    return Unavailable(f"The output {path!r} cannot be written: {error.strerror or error}.")
