"""A chat completion as a stream of chunks, in OpenAI's order.

For each choice: a chunk with the role, one for each token (or each piece of a tool's arguments), one with the
finish reason; then, when asked for, one with the usage and no choices; then ``[DONE]``.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from quire.domain import tokens
from quire.simulator.choices import Choice, chat_logprobs
from quire.simulator.http import DONE, FINGERPRINT, event

if TYPE_CHECKING:
    from quire.simulator.chat import Chat


def frames(chat: Chat) -> Iterator[bytes]:
    """The frames of the stream."""
    include_usage = chat.request.stream_options is not None and bool(chat.request.stream_options.include_usage)
    for place, choice in enumerate(chat.choices):
        for delta, logprobs in _deltas(chat, choice):
            yield _chunk(chat, [_choice(place, delta, logprobs, None)], include_usage)
        yield _chunk(chat, [_choice(place, {}, None, chat.finish_reason(choice))], include_usage)
    if include_usage:
        yield event({**_head(chat), "choices": [], "usage": chat.usage()})
    yield DONE


def _deltas(chat: Chat, choice: Choice) -> Iterator[tuple[dict[str, Any], Any]]:
    if choice.calls:
        yield from ((delta, None) for delta in _call_deltas(chat, choice))
        return
    yield {"role": "assistant", "content": "", "refusal": None}, None
    pieces = tokens.pieces(choice.text, chat.encoding)
    if not chat.request.logprobs:
        yield from (({"content": piece}, None) for piece in pieces)
        return
    likely = chat_logprobs(pieces, chat.request.top_logprobs or 0)
    for piece, entry in zip(pieces, likely, strict=True):
        yield {"content": piece}, {"content": [entry], "refusal": None}


def _call_deltas(chat: Chat, choice: Choice) -> Iterator[dict[str, Any]]:
    yield {"role": "assistant", "content": None}
    if chat.request.functions:
        call = choice.calls[0]
        yield {"function_call": {"name": call.name, "arguments": ""}}
        for piece in tokens.pieces(call.arguments, chat.encoding):
            yield {"function_call": {"arguments": piece}}
        return
    for place, whole in enumerate(chat.calls(choice)):
        kind = whole["type"]
        field = "input" if kind == "custom" else "arguments"
        yield {"tool_calls": [{**whole, "index": place, kind: {**whole[kind], field: ""}}]}
        for piece in tokens.pieces(whole[kind][field], chat.encoding):
            yield {"tool_calls": [{"index": place, kind: {field: piece}}]}


def _choice(place: int, delta: dict[str, Any], logprobs: Any, reason: str | None) -> dict[str, Any]:
    return {"index": place, "delta": delta, "logprobs": logprobs, "finish_reason": reason}


def _head(chat: Chat) -> dict[str, Any]:
    return {
        "id": chat.id,
        "object": "chat.completion.chunk",
        "created": chat.created,
        "model": chat.model,
        "service_tier": "default",
        "system_fingerprint": FINGERPRINT,
    }


def _chunk(chat: Chat, choices: list[dict[str, Any]], include_usage: bool) -> bytes:
    content = {**_head(chat), "choices": choices}
    if include_usage:
        content["usage"] = None
    return event(content)
