"""What every piece of a streamed answer repeats of the whole, and the whole as the SDK would show it."""

from __future__ import annotations

import functools
from typing import Any

_HEAD = ("id", "created", "model", "service_tier", "system_fingerprint")


class Head:
    """The fields of an answer apart from its choices."""

    __slots__ = ("_fields", "_kind", "_usage", "is_known")

    def __init__(self, kind: str) -> None:
        self._kind = kind
        self._fields: dict[str, Any] | None = None
        self._usage: Any = None
        self.is_known = False

    def add(self, piece: Any) -> None:
        """Take a piece."""
        if not self.is_known:
            self._fields = {name: getattr(piece, name, None) for name in _HEAD}
            self.is_known = bool(self._fields["model"])
        usage = getattr(piece, "usage", None)
        if usage is not None:
            self._usage = usage

    def whole(self, choices: list[dict[str, Any]]) -> dict[str, Any]:
        """The answer as the SDK's object of that kind shows it: a field that no piece had is null."""
        known = {**(self._fields or {}), "object": self._kind, "choices": choices, "usage": self._usage}
        return {**dict.fromkeys(_fields_of(self._kind)), **known}


@functools.lru_cache(maxsize=8)
def _fields_of(kind: str) -> tuple[str, ...]:
    try:
        from openai.types import Completion
        from openai.types.chat import ChatCompletion

        found: Any = Completion if kind == "text_completion" else ChatCompletion
        fields = getattr(found, "model_fields", None) or found.__fields__
        return tuple(fields)
    except Exception:
        return ("id", "choices", "created", "model", "object", "system_fingerprint", "usage")


@functools.lru_cache(maxsize=1)
def message_fields() -> tuple[str, ...]:
    """The fields of a chat message that has no content yet."""
    try:
        from openai.types.chat import ChatCompletionMessage

        kind: Any = ChatCompletionMessage
        return tuple(getattr(kind, "model_fields", None) or kind.__fields__)
    except Exception:
        return ("content", "role", "function_call", "tool_calls")
