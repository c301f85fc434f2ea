"""Whether a path names a place inside an artifact root, and nothing else.

The check is pure and runs before any store sees the path, so that no store has to defend itself alone.
"""

from __future__ import annotations

import re
from urllib.parse import unquote

from quire.domain.errors import InvalidInput

EXAMPLE = "reports/summary.json"
_DRIVE = re.compile(r"[A-Za-z]:")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_MAX_DECODINGS = 8


def checked_path(path: str, *, root: bool = False) -> str:
    """``path`` itself if it is relative, ``/``-separated and cannot leave the artifact root.

    With ``root=True`` the empty path, which names the root, is right too. Percent-encoded spellings are judged
    by what they decode to, however often they are encoded. Raises InvalidInput, naming the mistake.
    """
    if not isinstance(path, str):
        raise InvalidInput(f"An artifact path must be text such as {EXAMPLE!r}, not {type(path).__name__}.")
    if not path and root:
        return path
    mistake = _mistake(path) or _encoded_mistake(path)
    if mistake:
        raise InvalidInput(
            f"{path[:200]!r} is not an artifact path: {mistake}. "
            f"Expected names separated by single slashes, relative to the artifact root, such as {EXAMPLE!r}."
        )
    return path


def _encoded_mistake(path: str) -> str | None:
    decoded = path
    for _ in range(_MAX_DECODINGS):
        previous, decoded = decoded, unquote(decoded, errors="surrogateescape")
        if decoded == previous:
            return None
        mistake = _mistake(decoded)
        if mistake and not mistake.startswith(_NOT_TEXT):
            return f"decoded, {mistake}"
    return "it is percent-encoded too many times"


_NOT_TEXT = "it holds a character that UTF-8 cannot write"


def _mistake(path: str) -> str | None:
    """What is wrong with the path as it stands, or None."""
    if not path:
        return "it is empty"
    if match := _CONTROL.search(path):
        return f"it holds the control character {match.group()!r}"
    if "\\" in path:
        return "it holds a backslash"
    if path.startswith("/"):
        return "it is absolute"
    if _DRIVE.match(path):
        return f"it begins with the drive letter {path[:2]!r}"
    return _segment_mistake(path) or _text_mistake(path)


def _segment_mistake(path: str) -> str | None:
    for segment in path.split("/"):
        if not segment:
            return "it holds an empty name (a doubled slash, or a slash at the end)"
        if segment == "..":
            return "it climbs out of its folder with '..'"
        if not segment.strip(" ."):
            return f"it holds the name {segment!r}, made of nothing but dots and spaces"
    return None


def _text_mistake(path: str) -> str | None:
    try:
        path.encode()
    except UnicodeEncodeError:
        return _NOT_TEXT
    return None
