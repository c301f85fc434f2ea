"""Server-sent events of a raw body, as pieces that read like the SDK's own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from quire.domain.unreadable import UNREADABLE


class Piece:
    """A JSON object whose fields are attributes, as those of the SDK's objects; None for one that is not there."""

    __slots__ = ("fields",)

    def __init__(self, fields: dict[str, Any]) -> None:
        self.fields = fields

    def __getattr__(self, name: str) -> Any:
        value = self.fields.get(name)
        return _piece(value) if isinstance(value, dict | list) else value

    def model_dump(self, mode: str = "json") -> dict[str, Any]:
        """The object as it came."""
        return self.fields


def _piece(value: Any) -> Any:
    if isinstance(value, dict):
        return Piece(value)
    return [_piece(item) for item in value] if isinstance(value, list) else value


def read_events(body: bytes) -> Iterator[dict[str, Any]]:
    """The JSON objects of an event stream; a last one that broke off is left out."""
    for block in body.replace(b"\r\n", b"\n").split(b"\n\n"):
        lines = [line[5:].strip() for line in block.split(b"\n") if line.startswith(b"data:")]
        data = b"\n".join(lines)
        if not data or data == b"[DONE]":
            continue
        try:
            event = msgspec.json.decode(data)
        except UNREADABLE:
            continue
        if isinstance(event, dict):
            yield event
