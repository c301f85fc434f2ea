"""The short texts by which a trace is recognised in a list: what was asked, what was answered."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

CHAT_FIELDS = frozenset({"messages", "input", "output", "choices"})
"""The fields of requests and answers that hold the messages of a chat."""
_LONGEST = 1000


def preview(value: Any, role: str) -> str | None:
    """The last text of ``role`` in a chat, or the value itself as text; at most 1,000 characters.

    ``value`` is a span's inputs or outputs: plain data or JSON text. Understood are chat requests and answers and
    those of the Responses API.
    """
    if value is None:
        return None
    data = _decoded(value) if isinstance(value, str) else value
    text = _chat_text(data, role) or (value if isinstance(value, str) else msgspec.json.encode(value).decode())
    return _cut(text)


def preview_of_chat(data: Any, role: str) -> str | None:
    """The preview of a chat; None if ``data`` is none."""
    text = _chat_text(data, role)
    return _cut(text) if text else None


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}..."


def _decoded(text: str) -> Any:
    if not text.startswith(("{", "[")):
        return None
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError):
        return None


def _chat_text(data: Any, role: str) -> str | None:
    messages = [item for item in _messages(data) if isinstance(item, dict) and "role" in item]
    chosen = next((item for item in reversed(messages) if item["role"] == role), messages[-1] if messages else None)
    return _text(chosen.get("content")) if chosen is not None else None


def _messages(data: Any) -> Iterable[Any]:
    if not isinstance(data, dict):
        return ()
    for key in ("messages", "input", "output"):
        found = data.get(key)
        if isinstance(found, list) and found:
            return found
    choices = data.get("choices")
    if isinstance(choices, list) and choices and isinstance(choices[0], dict):
        return (choices[0].get("message"),)
    request = data.get("request")
    return _messages(request) if isinstance(request, dict) else ()


def _text(content: Any) -> str | None:
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        return None
    parts = (part for part in content if isinstance(part, dict))
    return next((part["text"] for part in parts if isinstance(part.get("text"), str)), None)
