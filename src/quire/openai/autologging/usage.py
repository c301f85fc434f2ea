"""Token counts of streamed answers, which services give only when they are asked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from quire.openai.autologging.options import options as autolog_options

_OPENAI = "api.openai.com"
_AZURE = (".openai.azure.com", ".services.ai.azure.com", ".cognitiveservices.azure.com")
_FIRST_OF_AZURE = "2024-09-01"
"""The first version of Azure's API that understands the request."""
_refused: set[str] = set()
"""Services that refused a request for the sake of what was added to it."""


def ask_for_usage(client: Any, options: Any) -> bool:
    """Ask for a last piece that counts tokens, of services that are known to understand; whether it was asked for.

    The body is replaced, not changed: it is the program's. A raw response shows the program every piece, so that
    none can be hidden from it there: nothing is added to its request.
    """
    body = options.json_data
    if not isinstance(body, Mapping) or "data_sources" in body or _is_raw(options):
        return False
    said = body.get("stream_options") or {}
    if not isinstance(said, Mapping) or "include_usage" in said or not _understands(client):
        return False
    options.json_data = {**body, "stream_options": {**said, "include_usage": True}}
    return True


def refused(client: Any, error: BaseException) -> bool:
    """Whether a service refused a request because counts were asked for; it is not asked again."""
    if getattr(error, "status_code", None) not in (400, 422) or "stream_options" not in str(error):
        return False
    _refused.add(str(client.base_url))
    return True


def _is_raw(options: Any) -> bool:
    headers = options.headers
    return isinstance(headers, Mapping) and any(str(name).lower() == "x-stainless-raw-response" for name in headers)


def _understands(client: Any) -> bool:
    wish = autolog_options().stream_usage
    if wish == "never" or str(client.base_url) in _refused:
        return False
    if wish == "always":
        return True
    version = getattr(client, "_api_version", None)
    if isinstance(version, str):
        return version >= _FIRST_OF_AZURE
    host = getattr(client.base_url, "host", "")
    return host == _OPENAI or host.endswith(f".{_OPENAI}") or host.endswith(_AZURE)
