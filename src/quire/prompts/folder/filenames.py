"""The name of a prompt's file: any file system takes it, and no two prompts get the same."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Container

SUFFIX = ".prompt"
_PLAIN = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.")
_DEVICE = re.compile(r"(?i)(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|\Z)")
_LONGEST = 200
_DIGITS = 12


def file_name(name: str, taken: Container[str] = frozenset()) -> str:
    """``name.prompt``, with what Windows or macOS would refuse or confuse replaced.

    Characters other than letters, digits, ``_``, ``-`` and ``.`` become ``%`` and their bytes; so do a leading dot and
    the first letter of a name that Windows keeps for a device. A long name is cut, and one whose file is ``taken`` (in
    lower case: some file systems do not tell ``Tone`` from ``tone``) goes on: both end in a part of the name's SHA-256.
    """
    encoded = "".join(character if character in _PLAIN else _percent(character) for character in name)
    if encoded.startswith(".") or _DEVICE.match(encoded):
        encoded = _percent(encoded[0]) + encoded[1:]
    if len(encoded) > _LONGEST:
        encoded = f"{encoded[:_LONGEST]}~{_digest(name)}"
    if f"{encoded}{SUFFIX}".lower() in taken:
        encoded = f"{encoded}~{_digest(name)}"
    return f"{encoded}{SUFFIX}"


def _percent(character: str) -> str:
    return "".join(f"%{byte:02X}" for byte in character.encode("utf-8", "surrogatepass"))


def _digest(name: str) -> str:
    return hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:_DIGITS]
