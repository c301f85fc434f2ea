"""Token counts of streamed answers, which services give only when they are asked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_OPENAI = "api.openai.com"


def ask_for_usage(client: Any, options: Any) -> bool:
    """Ask for a last piece that counts tokens, of services that are known to understand; whether it was asked for.

    The body is replaced, not changed: it is the program's.
    """
    body = options.json_data
    if not isinstance(body, Mapping) or "stream_options" in body or not _understands(client):
        return False
    options.json_data = {**body, "stream_options": {"include_usage": True}}
    return True


def _understands(client: Any) -> bool:
    if getattr(client.base_url, "host", "") == _OPENAI:
        return True
    version = getattr(client, "_api_version", None)
    return isinstance(version, str) and version >= "2024-09-01"
