"""The pieces of a streamed answer, put together as they come; the pieces themselves are not kept."""

from __future__ import annotations

from typing import Any, Protocol

from quire.openai.autologging.assembling_chat import Chat
from quire.openai.autologging.attributes import read
from quire.openai.autologging.calls import TracedCall
from quire.openai.autologging.heads import Head


class Assembler(Protocol):
    """Takes the pieces of one answer."""

    def add(self, piece: Any) -> bool:
        """Take one; whether it holds any of the answer's words."""

    def answer(self) -> Any:
        """The whole answer, as plain data or an object of the SDK; what there is of it if it broke off."""


def assembler(call: TracedCall) -> Assembler:
    """One for the answers of a kind of request."""
    if call.kind == "chat":
        return Chat()
    if call.kind == "text_completion":
        return _Text()
    if call.kind == "responses":
        return _Response()
    return _Events()


class _Text:
    def __init__(self) -> None:
        self._head = Head("text_completion")
        self._texts: dict[int, list[str]] = {}
        self._reasons: dict[int, str | None] = {}

    def add(self, piece: Any) -> bool:
        self._head.add(piece)
        has_words = False
        for choice in piece.choices or ():
            has_words = has_words or bool(choice.text)
            self._texts.setdefault(choice.index, []).append(choice.text or "")
            self._reasons[choice.index] = choice.finish_reason or self._reasons.get(choice.index)
        return has_words

    def answer(self) -> dict[str, Any]:
        choices = [
            {"finish_reason": self._reasons[index], "index": index, "logprobs": None, "text": "".join(texts)}
            for index, texts in sorted(self._texts.items())
        ]
        return self._head.whole(choices)


_LAST = ("response.completed", "response.incomplete", "response.failed")


class _Response:
    """The Responses API: the last event holds the whole answer; before it the texts are gathered."""

    def __init__(self) -> None:
        self._begun: Any = None
        self._whole: Any = None
        self._output: dict[int, dict[str, Any]] = {}

    def add(self, piece: Any) -> bool:
        kind = getattr(piece, "type", None) or ""
        if kind.endswith(".delta"):
            self._add_delta(kind, piece)
            return True
        if kind in _LAST:
            self._whole = piece.response
        elif kind == "response.created":
            self._begun = piece.response
        elif kind == "response.output_item.added":
            self._begin_item(piece)
        return False

    def _begin_item(self, piece: Any) -> None:
        item = piece.item
        if read(item, "type") == "function_call":
            made = {name: read(item, name) for name in ("type", "id", "call_id", "name")}
            self._output[piece.output_index] = {**made, "arguments": ""}

    def _add_delta(self, kind: str, piece: Any) -> None:
        delta = piece.delta
        if not isinstance(delta, str):
            return
        if kind == "response.function_call_arguments.delta":
            item = self._output.setdefault(piece.output_index, {"type": "function_call", "arguments": ""})
            item["arguments"] += delta
        elif kind in ("response.output_text.delta", "response.refusal.delta"):
            what = "text" if kind == "response.output_text.delta" else "refusal"
            message = self._output.setdefault(
                piece.output_index, {"type": "message", "role": "assistant", "status": "incomplete", "content": []}
            )
            if not message["content"]:
                message["content"].append({"type": f"output_{what}" if what == "text" else what, what: []})
            message["content"][0].setdefault(what, []).append(delta)

    def answer(self) -> Any:
        if self._whole is not None:
            return self._whole
        head = {name: read(self._begun, name) for name in ("id", "created_at", "model")} if self._begun else {}
        output = [_joined(item) for _, item in sorted(self._output.items())]
        return {**head, "object": "response", "status": "incomplete", "output": output}


def _joined(item: dict[str, Any]) -> dict[str, Any]:
    if "content" not in item:
        return item
    parts = [
        {key: "".join(value) if isinstance(value, list) else value for key, value in part.items()}
        for part in item["content"]
    ]
    return {**item, "content": parts}


class _Events:
    """Any other stream (transcriptions, pictures): its last whole event, else its text."""

    def __init__(self) -> None:
        self._count = 0
        self._text: list[str] = []
        self._done: Any = None

    def add(self, piece: Any) -> bool:
        self._count += 1
        kind = getattr(piece, "type", None) or ""
        delta = getattr(piece, "delta", None)
        if isinstance(delta, str) and "text" in kind:
            self._text.append(delta)
        elif kind.endswith((".done", ".completed")):
            self._done = piece
        return True

    def answer(self) -> Any:
        if self._done is not None:
            return self._done
        return {"text": "".join(self._text)} if self._text else {"pieces": self._count}
