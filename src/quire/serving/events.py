"""Server-sent events in the bytes of a stream: cutting at their ends, and telling how the stream ended.

Source of the format: the HTML standard, "Server-sent events"; of the events: OpenAI's API reference.
"""

from __future__ import annotations

import re
from typing import Any

import msgspec

from quire.domain.unreadable import UNREADABLE
from quire.serving.request import Route

_END = re.compile(rb"\r?\n\r?\n")
_ENDS = (b"\n\n", b"\r\n\r\n")
_NO_CHOICES = re.compile(rb'"choices"\s*:\s*\[\s*\]')
_CHAT_MARKS = (b"[DONE]", b'"error"')
_RESPONSE_MARKS = (b"response.completed", b"response.incomplete", b"response.failed", b"error")
"""What a stream's last event holds; what holds it need not be the last, for texts may."""
_RESPONSE_ENDS = frozenset({"response.completed", "response.incomplete", "response.failed", "error"})


class _Typed(msgspec.Struct):
    type: str = ""


class _Failing(msgspec.Struct):
    error: Any = None


_decode_typed = msgspec.json.Decoder(_Typed).decode
_decode_failing = msgspec.json.Decoder(_Failing).decode


class Events:
    """Cuts the pieces of one stream into whole events. ``ended`` says that the stream's own last event has come.

    With ``hides_usage`` the event that only counts tokens, which was asked for here, is left out.
    """

    __slots__ = ("_begun", "_hides_usage", "_is_last", "_marks", "ended")

    def __init__(self, route: Route, *, hides_usage: bool) -> None:
        is_response = route == "responses"
        self._marks: tuple[bytes, ...] = _RESPONSE_MARKS if is_response else _CHAT_MARKS
        self._is_last = _ends_response if is_response else _ends_chat
        self._hides_usage = hides_usage
        self._begun = bytearray()
        self.ended = False

    def feed(self, piece: bytes) -> bytes:
        """The events that are whole with this piece; empty if none is."""
        if not self._begun and piece.endswith(_ENDS):
            return self._seen(piece)
        begun = self._begun
        searched = max(0, len(begun) - 3)
        begun += piece
        end = _last_end(begun, searched)
        if end < 0:
            return b""
        whole = bytes(begun[:end])
        del begun[:end]
        return self._seen(whole)

    def rest(self) -> bytes:
        """What came after the last whole event: a last event without its empty line, if it is one that ends a stream.

        What else is left is half of an event, and of no use to anybody.
        """
        rest = bytes(self._begun).strip()
        self._begun.clear()
        if not rest:
            return b""
        whole = self._seen(rest + b"\n\n")
        return whole if self.ended else b""

    def _seen(self, whole: bytes) -> bytes:
        if not self.ended and any(mark in whole for mark in self._marks):
            self.ended = any(self._is_last(event) for event in _END.split(whole))
        if self._hides_usage and b'"choices"' in whole and _NO_CHOICES.search(whole) is not None:
            return _without_usage(whole)
        return whole


def _ends_chat(event: bytes) -> bool:
    """Whether an event is the last of a stream of chat completions, completions or vectors; an error is one too."""
    _, data = _fields(event)
    if data == b"[DONE]":
        return True
    if b'"error"' not in data:
        return False
    try:
        return bool(_decode_failing(data).error)
    except UNREADABLE:
        return False


def _ends_response(event: bytes) -> bool:
    """Whether an event is the last of a response's stream, by its name or the type in its data."""
    name, data = _fields(event)
    if name not in ("", "message"):
        return name in _RESPONSE_ENDS
    try:
        return _decode_typed(data).type in _RESPONSE_ENDS
    except UNREADABLE:
        return False


def _fields(event: bytes) -> tuple[str, bytes]:
    """The name and the data of an event."""
    name, data = "", []
    for line in event.splitlines():
        if line.startswith(b"event:"):
            name = line[6:].strip().decode("utf-8", "replace")
        elif line.startswith(b"data:"):
            data.append(line[5:].strip())
    return name, b"\n".join(data)


def _last_end(data: bytes | bytearray, start: int, end: int | None = None) -> int:
    """Where the last whole event ends; -1 if none does from ``start`` on."""
    lf = data.rfind(b"\n\n", start, end)
    crlf = data.rfind(b"\r\n\r\n", start, end)
    if lf < 0 and crlf < 0:
        return -1
    return max(lf + 2 if lf >= 0 else -1, crlf + 4 if crlf >= 0 else -1)


def _without_usage(whole: bytes) -> bytes:
    """The events without the one that has no choices and counts tokens."""
    kept: list[bytes] = []
    start = 0
    for match in _NO_CHOICES.finditer(whole):
        if match.start() < start:
            continue  # it stands in the event that was left out
        begin = max(start, _last_end(whole, start, match.start()))
        ends = _END.search(whole, match.end())
        end = len(whole) if ends is None else ends.end()
        if _only_counts(whole[begin:end]):
            kept.append(whole[start:begin])
            start = end
    return b"".join([*kept, whole[start:]]) if kept else whole


def _only_counts(event: bytes) -> bool:
    data = event.strip()
    if not data.startswith(b"data:"):
        return False
    try:
        chunk = msgspec.json.decode(data[5:])
    except UNREADABLE:
        return False
    return isinstance(chunk, dict) and chunk.get("choices") == [] and bool(chunk.get("usage"))
