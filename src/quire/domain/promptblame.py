"""Which version of a prompt brought each line of its newest version."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from quire.domain.messagediff import Message, paired_messages
from quire.domain.sequencediff import opcodes

Template = str | list[dict[str, Any]]


class BlamedLine(msgspec.Struct, frozen=True):
    """A line of a message, without its line end, and the version that brought it."""

    version: int
    text: str


class BlamedMessage(msgspec.Struct, frozen=True, kw_only=True):
    """A message of the newest version: the version that brought it, and the version of each of its lines.

    Content that is not text, and all other fields of a message, are lines of JSON.
    """

    version: int
    role: str | None = None
    lines: list[BlamedLine]

    @property
    def last_changed(self) -> int:
        """The version that last brought a line of it."""
        return max([self.version, *(line.version for line in self.lines)])


def blame(versions: Iterable[tuple[int, Template]]) -> list[BlamedMessage]:
    """The messages of the last of these versions, which are given oldest first. A text is one message, without a role.

    A message that moved keeps its lines' versions; a line that was taken out and put back counts from then on.
    """
    blamed: list[BlamedMessage] = []
    before: Sequence[Message] = []
    for version, template in versions:
        messages = [{"content": template}] if isinstance(template, str) else template
        came_from = {place: former for former, place in _pairs(before, messages)}
        blamed = [
            _next(blamed[came_from[place]] if place in came_from else None, message, version)
            for place, message in enumerate(messages)
        ]
        before = messages
    return blamed


def _pairs(old: Sequence[Message], new: Sequence[Message]) -> list[tuple[int, int]]:
    return [(0, 0)] if len(old) == len(new) == 1 else paired_messages(old, new)


def _next(former: BlamedMessage | None, message: Message, version: int) -> BlamedMessage:
    role = message.get("role")
    texts = _lines(message)
    old = former.lines if former else []
    lines = []
    for op, start, stop, new_start, new_stop in opcodes([line.text for line in old], texts):
        kept = old[start:stop] if op == "equal" else [BlamedLine(version, text) for text in texts[new_start:new_stop]]
        lines += kept
    since = former.version if former and former.role == role else version
    return BlamedMessage(version=since, role=None if role is None else str(role), lines=lines)


def _lines(message: Mapping[str, Any]) -> list[str]:
    content = message.get("content")
    rest = {key: value for key, value in message.items() if key != "role"}
    if isinstance(content, str):
        rest.pop("content")
    lines = content.split("\n") if isinstance(content, str) else []
    if rest:
        encoded = msgspec.json.format(msgspec.json.encode(rest, order="deterministic", enc_hook=str))
        lines += encoded.decode().split("\n")
    return lines
