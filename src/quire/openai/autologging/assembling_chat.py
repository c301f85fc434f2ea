"""The pieces of a streamed chat completion, put together as they come."""

from __future__ import annotations

from typing import Any

from quire.openai.autologging.heads import Head, message_fields


class Chat:
    """All choices of an answer."""

    __slots__ = ("_choices", "_head")

    def __init__(self) -> None:
        self._head = Head("chat.completion")
        self._choices: dict[int, _Choice] = {}

    def add(self, piece: Any) -> bool:
        """Take a piece; whether it holds any of the answer's words."""
        self._head.add(piece)
        has_words = False
        for choice in piece.choices or ():
            found = self._choices.get(choice.index)
            if found is None:
                found = self._choices[choice.index] = _Choice()
            has_words = found.add(choice) or has_words
        return has_words

    def answer(self) -> dict[str, Any]:
        """The whole answer, as the SDK shows one that did not stream."""
        return self._head.whole([self._choices[index].whole(index) for index in sorted(self._choices)])


class _Choice:
    """One choice while it arrives."""

    __slots__ = ("audio", "content", "finish_reason", "function_call", "logprobs", "refusal", "role", "tool_calls")

    def __init__(self) -> None:
        self.role: str | None = None
        self.content: list[str] = []
        self.refusal: list[str] = []
        self.tool_calls: dict[int, dict[str, Any]] = {}
        self.function_call: dict[str, str] | None = None
        self.finish_reason: str | None = None
        self.logprobs: list[Any] = []

    def add(self, piece: Any) -> bool:
        """Take a piece; whether it holds any words, of tools' arguments too."""
        delta = piece.delta
        if piece.finish_reason:
            self.finish_reason = piece.finish_reason
        logprobs = getattr(piece, "logprobs", None)
        if logprobs is not None:
            self.logprobs.extend(getattr(logprobs, "content", None) or ())
        if delta is None:
            return False
        if delta.role:
            self.role = delta.role
        refusal = getattr(delta, "refusal", None)
        if delta.content:
            self.content.append(delta.content)
        if refusal:
            self.refusal.append(refusal)
        if delta.tool_calls:
            self._add_tools(delta.tool_calls)
        if delta.function_call:
            self._add_function(delta.function_call)
        return bool(delta.content or refusal or delta.tool_calls or delta.function_call)

    def _add_tools(self, calls: Any) -> None:
        for call in calls:
            made = self.tool_calls.setdefault(
                call.index, {"id": None, "function": {"arguments": "", "name": ""}, "type": "function"}
            )
            made["id"] = call.id or made["id"]
            if call.function:
                made["function"]["name"] += call.function.name or ""
                made["function"]["arguments"] += call.function.arguments or ""

    def _add_function(self, call: Any) -> None:
        made = self.function_call = self.function_call or {"arguments": "", "name": ""}
        made["name"] += call.name or ""
        made["arguments"] += call.arguments or ""

    def whole(self, index: int) -> dict[str, Any]:
        """The choice as the SDK shows it."""
        message: dict[str, Any] = dict.fromkeys(message_fields())
        message["role"] = self.role or "assistant"
        message["refusal"] = "".join(self.refusal) or None
        message["tool_calls"] = [self.tool_calls[key] for key in sorted(self.tool_calls)] or None
        message["function_call"] = self.function_call
        says_nothing_else = not (self.refusal or self.tool_calls or self.function_call)
        message["content"] = "".join(self.content) or ("" if says_nothing_else else None)
        logprobs = {"content": self.logprobs, "refusal": None} if self.logprobs else None
        return {"finish_reason": self.finish_reason, "index": index, "logprobs": logprobs, "message": message}
