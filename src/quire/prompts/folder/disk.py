"""The files of a folder of prompts: finding and reading them, and replacing one as a whole."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import msgspec

from quire.domain.errors import InvalidInput, InvalidState
from quire.prompts.folder.filenames import SUFFIX
from quire.prompts.folder.text import PromptFile, read_text

_UNFINISHED = ".unfinished"


class FoundFile(msgspec.Struct, frozen=True):
    """A prompt's file: its path in the folder, with slashes; what it says; and its bytes, to see if it changes."""

    path: str
    prompt: PromptFile
    data: bytes


def read_files(folder: Path) -> dict[str, FoundFile]:
    """The files in the folder and below it, by the names of their prompts; hidden ones are passed over.

    Raises InvalidInput for a file that cannot be read as a prompt, and for two of the same prompt. Nothing is done to
    a folder with such a file, so that no mistake in it is taken for a prompt that is gone.
    """
    found: dict[str, FoundFile] = {}
    for path in sorted(_paths(folder)):
        file = _read(folder, path)
        name = file.prompt.content.name
        if name in found:
            raise InvalidInput(f"{folder / found[name].path} and {path} are both named {name!r}; keep one of them.")
        found[name] = file
    return found


def replace_file(path: Path, data: bytes, before: bytes | None = None) -> None:
    """Put a file in place as a whole: whoever reads it, or however this ends, it has its old content or its new.

    With ``before``, raises InvalidState if the file is not as it was read.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{path.name[:100]}.", suffix=_UNFINISHED, dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(name, path.stat().st_mode & 0o777 if path.exists() else 0o644)
        if before is not None and path.read_bytes() != before:
            raise InvalidState(f"{path} was changed while it was being brought up to date; run the command again.")
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _paths(folder: Path) -> Iterator[Path]:
    for root, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        yield from (Path(root, name) for name in names if name.endswith(SUFFIX) and not name.startswith("."))


def _read(folder: Path, path: Path) -> FoundFile:
    data = path.read_bytes()
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InvalidInput(f"{path} is not UTF-8 (byte {error.start}); save it as UTF-8.") from None
    return FoundFile(path.relative_to(folder).as_posix(), read_text(text, str(path)), data)
