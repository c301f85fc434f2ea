"""What a trace shows of an answer, made from its bytes: a stream put together, vectors left out.

Chat streams, which are most, are decoded into what is used of them and nothing else; rarer ones go through the parts
that autologging puts them together with.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from quire.domain.calls import Task
from quire.domain.unreadable import UNREADABLE
from quire.openai.autologging.assembling import assembler
from quire.openai.autologging.calls import call_of_task
from quire.openai.autologging.pieces import Piece, read_events
from quire.tracing.values import to_json

_WHOLE = ("response.completed", "response.incomplete", "response.failed")
_RARE = (b'"logprobs":{', b'"function_call":{')
_LONGEST_TEXT = 2_000
_NULL = msgspec.Raw(b"null")


class Shown(msgspec.Struct, frozen=True):
    """An answer as JSON text (None: there was none), why it ended, and in how many pieces it came (0: whole)."""

    outputs: bytes | None
    finish_reasons: list[str] = []
    pieces: int = 0


def shown(route: Task, body: bytes) -> Shown:
    """What a trace shows of an answer. What is no JSON is shown as text, shortened."""
    if not body:
        return Shown(None)
    if body.lstrip()[:1] in (b"{", b"["):
        return _of_embeddings(body) if route == "embeddings" else _of_whole(body)
    events = body.replace(b"\r\n", b"\n")
    if route == "responses":
        return _of_response(events)
    if route == "chat.completions" and not any(rare in events for rare in _RARE):
        return _of_chat(events)
    return _of_any(route, events)


# -- whole answers -------------------------------------------------------------------------------


class _Ending(msgspec.Struct):
    finish_reason: str | None = None


class _Endings(msgspec.Struct):
    choices: list[_Ending] = []


class _Embedding(msgspec.Struct):
    index: int = 0
    embedding: msgspec.Raw = _NULL
    object: str = "embedding"


class _Embeddings(msgspec.Struct):
    data: list[_Embedding]
    model: str = ""
    usage: msgspec.Raw = _NULL
    object: str = "list"


_decode_endings = msgspec.json.Decoder(_Endings).decode
_decode_embeddings = msgspec.json.Decoder(_Embeddings).decode


def _of_whole(body: bytes) -> Shown:
    try:
        reasons = [choice.finish_reason for choice in _decode_endings(body).choices]
    except (msgspec.ValidationError, UnicodeDecodeError):
        reasons = []
    except UNREADABLE:
        return _as_text(body)
    return Shown(body, [reason for reason in reasons if reason])


def _of_embeddings(body: bytes) -> Shown:
    """Of vectors only how long they are: they are many, and nobody reads them."""
    try:
        answer = _decode_embeddings(body)
    except (msgspec.ValidationError, UnicodeDecodeError):
        return _of_whole(body)
    except UNREADABLE:
        return _as_text(body)
    data = [
        {"object": item.object, "index": item.index, "embedding": _length_of(bytes(item.embedding))}
        for item in answer.data
    ]
    return Shown(to_json({"object": answer.object, "data": data, "model": answer.model, "usage": answer.usage}))


def _length_of(vector: bytes) -> str:
    if vector[:1] == b'"':
        return f"<{len(vector) - 2} characters of base64>"
    return f"<{vector.count(b',') + 1} numbers>"


def _as_text(body: bytes) -> Shown:
    return Shown(to_json(body[:_LONGEST_TEXT].decode("utf-8", "replace")))


# -- streams -------------------------------------------------------------------------------------


class _Function(msgspec.Struct, gc=False):
    name: str | None = None
    arguments: str | None = None


class _Tool(msgspec.Struct, gc=False):
    index: int = 0
    id: str | None = None
    function: _Function | None = None


class _Delta(msgspec.Struct, gc=False):
    role: str | None = None
    content: str | None = None
    refusal: str | None = None
    tool_calls: list[_Tool] | None = None


class _Choice(msgspec.Struct, gc=False):
    index: int = 0
    delta: _Delta | None = None
    finish_reason: str | None = None


class _Chunk(msgspec.Struct, gc=False):
    id: str | None = None
    created: int | None = None
    model: str | None = None
    choices: list[_Choice] = []
    usage: msgspec.Raw = _NULL


class _Event(msgspec.Struct):
    type: str = ""
    response: msgspec.Raw = _NULL


_decode_chunk = msgspec.json.Decoder(_Chunk).decode
_decode_chunks = msgspec.json.Decoder(list[_Chunk]).decode
_decode_event = msgspec.json.Decoder(_Event).decode


def _data(events: bytes) -> Iterator[bytes]:
    """The data of each event."""
    for block in events.split(b"\n\n"):
        if block[:6] == b"data: ":
            yield block[6:]
        elif b"data:" in block:
            yield b"\n".join(line[5:].strip() for line in block.split(b"\n") if line.startswith(b"data:"))


def _chunks(events: bytes) -> Iterator[_Chunk]:
    """The pieces of a chat: all at once where each is one line of data, as OpenAI sends them; else one by one."""
    lines = events.removeprefix(b"data: ").rstrip().removesuffix(b"data: [DONE]").rstrip()
    try:
        yield from _decode_chunks(b"[" + lines.replace(b"\n\ndata: ", b",") + b"]")
    except UNREADABLE:
        for data in _data(events):
            try:
                yield _decode_chunk(data)
            except UNREADABLE:
                continue


def _of_chat(events: bytes) -> Shown:
    head: dict[str, Any] = {}
    usage: msgspec.Raw = _NULL
    messages: dict[int, _Message] = {}
    pieces = 0
    for chunk in _chunks(events):
        pieces += 1
        if not head.get("model"):
            head = {"id": chunk.id, "object": "chat.completion", "created": chunk.created, "model": chunk.model}
        if chunk.usage != _NULL:
            usage = chunk.usage
        for choice in chunk.choices:
            message = messages.get(choice.index)
            if message is None:
                message = messages[choice.index] = _Message()
            message.add(choice)
    if not pieces:
        return _as_text(events)
    choices = [message.whole(index) for index, message in sorted(messages.items())]
    reasons = [message.finish_reason for _, message in sorted(messages.items()) if message.finish_reason]
    answer = {**head, "choices": choices, **({} if usage == _NULL else {"usage": usage})}
    return Shown(to_json(answer), reasons, pieces)


class _Message:
    """One choice while it is put together."""

    __slots__ = ("_content", "_refusal", "_role", "_tools", "finish_reason")

    def __init__(self) -> None:
        self._role = "assistant"
        self._content: list[str] = []
        self._refusal: list[str] = []
        self._tools: dict[int, dict[str, Any]] = {}
        self.finish_reason: str | None = None

    def add(self, choice: _Choice) -> None:
        """Take a piece."""
        self.finish_reason = choice.finish_reason or self.finish_reason
        delta = choice.delta
        if delta is None:
            return
        if delta.content:
            self._content.append(delta.content)
        if delta.role:
            self._role = delta.role
        if delta.refusal:
            self._refusal.append(delta.refusal)
        for tool in delta.tool_calls or ():
            self._add_tool(tool)

    def _add_tool(self, tool: _Tool) -> None:
        made = self._tools.setdefault(
            tool.index, {"id": None, "type": "function", "function": {"name": "", "arguments": ""}}
        )
        made["id"] = tool.id or made["id"]
        if tool.function is not None:
            made["function"]["name"] += tool.function.name or ""
            made["function"]["arguments"] += tool.function.arguments or ""

    def whole(self, index: int) -> dict[str, Any]:
        """The choice as an answer that did not stream has it."""
        message: dict[str, Any] = {"role": self._role, "content": "".join(self._content) or None}
        if self._refusal:
            message["refusal"] = "".join(self._refusal)
        if self._tools:
            message["tool_calls"] = [self._tools[key] for key in sorted(self._tools)]
        if message["content"] is None and len(message) == 2:
            message["content"] = ""
        return {"index": index, "message": message, "finish_reason": self.finish_reason}


def _of_response(events: bytes) -> Shown:
    """The last event holds the whole answer; of a stream that broke off, what came is put together."""
    start = events.rfind(b"\ndata:")
    line = events[start + 6 :].partition(b"\n")[0] if start >= 0 else events.removeprefix(b"data:").strip()
    try:
        event = _decode_event(line)
    except UNREADABLE:
        event = _Event()
    if event.type in _WHOLE and event.response != _NULL:
        return Shown(bytes(event.response), pieces=events.count(b"\ndata:") + events.startswith(b"data:"))
    return _of_any("responses", events)


def _of_any(route: Task, events: bytes) -> Shown:
    parts, pieces = assembler(call_of_task(route)), 0
    for event in read_events(events):
        parts.add(Piece(event))
        pieces += 1
    if not pieces:
        return _as_text(events)
    answer = parts.answer()
    choices = answer.get("choices") or () if isinstance(answer, dict) else ()
    reasons = [reason for choice in choices if (reason := choice.get("finish_reason"))]
    return Shown(to_json(answer), reasons, pieces)
