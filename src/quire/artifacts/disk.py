"""Files of this machine: writing whole or not at all, and what the system's refusals mean."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from quire.domain.errors import InvalidInput, NotFound, PermissionDenied, QuireError, Unavailable

PART_SUFFIX = ".quire-part"
"""Ends the name of a file that is being written; such files are never listed."""

_FULL = {errno.ENOSPC: "The disk is full", errno.EDQUOT: "The disk quota is used up"}
_FORBIDDEN = {errno.EACCES, errno.EPERM, errno.EROFS}
_MISPLACED = {errno.ENOTDIR, errno.EEXIST, errno.EISDIR, errno.ENOTEMPTY}


def write_whole(target: Path, fill: Callable[[BinaryIO], object]) -> None:
    """Write a file beside its place, then move it there; on failure nothing is left. Raises OSError.

    A reader, or a process killed half-way, never meets half a file. Folders on the way are made.
    """
    part = part_beside(target)
    try:
        with create_part(part) as file:
            fill(file)
        os.replace(part, target)
    except BaseException:
        with suppress(OSError):
            part.unlink()
        raise


def copy_whole(source: Path, target: Path) -> None:
    """Copy a file so that it appears whole or not at all. Raises OSError."""
    with source.open("rb") as reader:
        write_whole(target, lambda writer: shutil.copyfileobj(reader, writer, 1 << 20))


def files_below(folder: Path) -> Iterator[tuple[str, Path]]:
    """Every file below a folder as (path relative to it, place), by path; links to folders are followed once."""
    yield from _files_below(folder, "", (os.path.realpath(folder),))


def _files_below(folder: Path, prefix: str, above: tuple[str, ...]) -> Iterator[tuple[str, Path]]:
    for entry in sorted(os.scandir(folder), key=lambda entry: entry.name):
        path = f"{prefix}{entry.name}"
        if entry.is_dir():
            real = os.path.realpath(entry.path)
            if real not in above:
                yield from _files_below(Path(entry.path), f"{path}/", (*above, real))
        elif not entry.name.endswith(PART_SUFFIX):
            yield path, Path(entry.path)


@contextmanager
def explained(doing: str) -> Iterator[None]:
    """Turn an OSError inside into the error that says what failed and what to do about it."""
    try:
        yield
    except OSError as error:
        raise explain(error, doing) from error


def explain(error: OSError, doing: str) -> QuireError:
    """The error for a refusal of the operating system; ``doing`` says what was tried, such as "writing x"."""
    reason = error.strerror or str(error)
    code = error.errno
    if code in _FULL:
        return Unavailable(
            f"{_FULL[code]} while {doing}. Nothing half-written was left; free some space and try again."
        )
    if code in _FORBIDDEN:
        return PermissionDenied(
            f"Not allowed while {doing}: {reason}. Give this user the right to do so, or use a folder where it has it."
        )
    if code == errno.ENOENT:
        return NotFound(f"Nothing there while {doing}: {error.filename or reason}. Check the path.")
    if code in _MISPLACED:
        return InvalidInput(
            f"A file stands where a folder is needed, or a folder where a file is, while {doing}: {reason}. "
            "Choose another path."
        )
    if code == errno.ENAMETOOLONG:
        return InvalidInput(f"The name is too long for this file system while {doing}. Choose a shorter one.")
    return Unavailable(f"The file system failed while {doing}: {reason}.")


def part_beside(target: Path) -> Path:
    """Where a file is written before it is moved to its place."""
    return target.with_name(f".{os.urandom(8).hex()}{PART_SUFFIX}")


def create_part(part: Path) -> BinaryIO:
    """Open a new file to be written; folders on the way are made. Raises OSError."""
    try:
        return part.open("xb")
    except FileNotFoundError:
        part.parent.mkdir(parents=True, exist_ok=True)
        return part.open("xb")
