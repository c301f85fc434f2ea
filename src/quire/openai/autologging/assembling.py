"""The pieces of a streamed answer, put together as they come; the pieces themselves are not kept."""

from __future__ import annotations

from typing import Any, Protocol

from quire.openai.autologging.attributes import read
from quire.openai.autologging.calls import TracedCall


class Assembler(Protocol):
    """Takes the pieces of one answer."""

    def add(self, piece: Any) -> None:
        """Take one."""

    def answer(self) -> Any:
        """The whole answer, as plain data or an object of the SDK; what there is of it if it broke off."""


def assembler(call: TracedCall) -> Assembler:
    """One for the answers of a kind of request."""
    if call.kind == "chat":
        return _Chat()
    if call.kind == "text_completion":
        return _Text()
    if call.kind == "responses":
        return _Response()
    return _Pieces()


class _Choice:
    """One choice of a chat while it arrives."""

    __slots__ = ("content", "finish_reason", "function_call", "logprobs", "refusal", "role", "tool_calls")

    def __init__(self) -> None:
        self.role: str | None = None
        self.content: list[str] = []
        self.refusal: list[str] = []
        self.tool_calls: dict[int, dict[str, Any]] = {}
        self.function_call: dict[str, str] | None = None
        self.finish_reason: str | None = None
        self.logprobs: Any = None

    def add(self, piece: Any) -> None:
        delta = piece.delta
        if delta is not None:
            if delta.content:
                self.content.append(delta.content)
            if delta.role:
                self.role = delta.role
            if delta.tool_calls:
                self._add_tools(delta.tool_calls)
            if getattr(delta, "refusal", None):
                self.refusal.append(delta.refusal)
            if delta.function_call:
                self._add_function(delta.function_call)
        if piece.finish_reason:
            self.finish_reason = piece.finish_reason
        if getattr(piece, "logprobs", None) is not None:
            self.logprobs = piece.logprobs

    def _add_tools(self, calls: Any) -> None:
        for call in calls:
            made = self.tool_calls.setdefault(
                call.index, {"id": None, "type": "function", "function": {"name": "", "arguments": ""}}
            )
            made["id"] = call.id or made["id"]
            if call.function:
                made["function"]["name"] += call.function.name or ""
                made["function"]["arguments"] += call.function.arguments or ""

    def _add_function(self, call: Any) -> None:
        made = self.function_call = self.function_call or {"name": "", "arguments": ""}
        made["name"] += call.name or ""
        made["arguments"] += call.arguments or ""

    def whole(self, index: int) -> dict[str, Any]:
        message: dict[str, Any] = {"role": self.role or "assistant", "content": "".join(self.content) or None}
        if self.refusal:
            message["refusal"] = "".join(self.refusal)
        if self.tool_calls:
            message["tool_calls"] = [self.tool_calls[key] for key in sorted(self.tool_calls)]
        if self.function_call:
            message["function_call"] = self.function_call
        if message["content"] is None and not (self.tool_calls or self.function_call or self.refusal):
            message["content"] = ""
        return {"index": index, "message": message, "finish_reason": self.finish_reason, "logprobs": self.logprobs}


class _Head:
    """What every piece repeats of the answer."""

    def __init__(self, kind: str) -> None:
        self.fields: dict[str, Any] = {"object": kind}
        self.usage: Any = None

    def add(self, piece: Any) -> None:
        if "id" not in self.fields:
            for name in ("id", "created", "model", "service_tier", "system_fingerprint"):
                value = getattr(piece, name, None)
                if value is not None:
                    self.fields[name] = value
        usage = getattr(piece, "usage", None)
        if usage is not None:
            self.usage = usage


class _Chat:
    def __init__(self) -> None:
        self._head = _Head("chat.completion")
        self._choices: dict[int, _Choice] = {}

    def add(self, piece: Any) -> None:
        self._head.add(piece)
        for choice in piece.choices or ():
            found = self._choices.get(choice.index)
            if found is None:
                found = self._choices[choice.index] = _Choice()
            found.add(choice)

    def answer(self) -> dict[str, Any]:
        choices = [self._choices[index].whole(index) for index in sorted(self._choices)]
        return {**self._head.fields, "choices": choices, "usage": self._head.usage}


class _Text:
    def __init__(self) -> None:
        self._head = _Head("text_completion")
        self._texts: dict[int, list[str]] = {}
        self._reasons: dict[int, str | None] = {}

    def add(self, piece: Any) -> None:
        self._head.add(piece)
        for choice in piece.choices or ():
            self._texts.setdefault(choice.index, []).append(choice.text or "")
            self._reasons[choice.index] = choice.finish_reason or self._reasons.get(choice.index)

    def answer(self) -> dict[str, Any]:
        choices = [
            {"index": index, "text": "".join(self._texts[index]), "finish_reason": self._reasons[index]}
            for index in sorted(self._texts)
        ]
        return {**self._head.fields, "choices": choices, "usage": self._head.usage}


class _Response:
    """The Responses API: the last event holds the whole answer; before it the texts are gathered."""

    def __init__(self) -> None:
        self._whole: Any = None
        self._text: list[str] = []
        self._arguments: dict[int, list[str]] = {}

    def add(self, piece: Any) -> None:
        kind = getattr(piece, "type", "")
        if kind == "response.output_text.delta":
            self._text.append(piece.delta)
        elif kind == "response.function_call_arguments.delta":
            self._arguments.setdefault(piece.output_index, []).append(piece.delta)
        elif kind in ("response.created", "response.completed", "response.incomplete", "response.failed"):
            self._whole = piece.response
            if kind != "response.created":
                self._text = []

    def answer(self) -> Any:
        if not self._text and not self._arguments:
            return self._whole
        if self._whole is not None and read(self._whole, "output"):
            return self._whole
        content = [{"type": "output_text", "text": "".join(self._text)}]
        output: list[dict[str, Any]] = [{"type": "message", "role": "assistant", "content": content}]
        output += [{"type": "function_call", "arguments": "".join(parts)} for parts in self._arguments.values()]
        head = {name: read(self._whole, name) for name in ("id", "model", "created_at")} if self._whole else {}
        return {**head, "object": "response", "status": "incomplete", "output": output}


class _Pieces:
    """Any other stream: how many pieces there were."""

    def __init__(self) -> None:
        self._count = 0

    def add(self, piece: Any) -> None:
        self._count += 1

    def answer(self) -> dict[str, Any]:
        return {"pieces": self._count}
