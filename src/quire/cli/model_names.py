"""What a person may write for a model: a URI, a folder, or ``name/3`` and ``name@alias`` for short."""

from __future__ import annotations

import re
from pathlib import Path

from quire.cli.lookup import require_existing_store

_SHORT = re.compile(r"(?P<name>[^/:@]+)(?:/(?P<version>\d+|latest)|@(?P<alias>[^/:@]+))\Z")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]+:")


def model_uri(text: str) -> str:
    """The model URI that ``text`` stands for. Raises NotFound if it names a store that does not exist."""
    if not _SCHEME.match(text) and not Path(text).exists() and _SHORT.match(text):
        text = f"models:/{text}"
    if text.startswith(("models:", "runs:")):
        require_existing_store()
    return text


def is_registered_name(text: str) -> bool:
    """Whether ``text`` is a bare name, not a URI, a path or a short form."""
    return not (_SCHEME.match(text) or _SHORT.match(text) or "/" in text or "\\" in text or Path(text).exists())
