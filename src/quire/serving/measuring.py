"""What an answer says of itself (id, model, token counts), read from its bytes; and what it cost.

Whole answers of all four APIs, and their event streams. Little is decoded: of a stream its last events, of a long
answer its ends. A key such as ``"usage"`` cannot stand in a text of JSON, where quotes have a backslash before them.
"""

from __future__ import annotations

import re
from typing import Any

import msgspec

from quire.caller.cost import price_of
from quire.domain.calls import Usage
from quire.domain.unreadable import UNREADABLE
from quire.serving.request import Done

_DECODED = 32 * 1024
"""Bytes of an answer up to which it is decoded; of a longer one the ends are searched."""
_END = 16 * 1024
_LAST_EVENTS = 4
_BYTES_A_TOKEN = 4
_NAMED = {name: re.compile(rb'"%b"\s*:\s*"([^"\\]{1,200})"' % name.encode()) for name in ("id", "model")}
_USAGE = re.compile(rb'"usage"\s*:\s*(\{(?:[^{}]|\{[^{}]*\})*\})')


class Measured(msgspec.Struct, frozen=True):
    """What an answer says of itself; empty where it does not. ``counted`` says that it counted its tokens."""

    response_id: str = ""
    model: str = ""
    usage: Usage = msgspec.field(default_factory=Usage)
    counted: bool = False


class _Details(msgspec.Struct):
    cached_tokens: int | None = None
    reasoning_tokens: int | None = None


class _Counts(msgspec.Struct):
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    prompt_tokens_details: _Details | None = None
    input_tokens_details: _Details | None = None
    completion_tokens_details: _Details | None = None
    output_tokens_details: _Details | None = None

    @property
    def is_counted(self) -> bool:
        return self.prompt_tokens is not None or self.input_tokens is not None

    def usage(self) -> Usage:
        read = self.prompt_tokens_details or self.input_tokens_details or _NO_DETAILS
        thought = self.completion_tokens_details or self.output_tokens_details or _NO_DETAILS
        return Usage(
            self.prompt_tokens or self.input_tokens or 0,
            self.completion_tokens or self.output_tokens or 0,
            read.cached_tokens or 0,
            thought.reasoning_tokens or 0,
        )


class _Answer(msgspec.Struct):
    id: str | None = None
    model: str | None = None
    usage: _Counts | None = None
    response: _Answer | None = None


_NO_DETAILS = _Details()
_decode = msgspec.json.Decoder(_Answer).decode
_decode_counts = msgspec.json.Decoder(_Counts).decode
_NOTHING = Measured()


def measured(body: bytes) -> Measured:
    """What an answer says of itself: a whole JSON body, or an event stream. Never raises."""
    if body[:1] == b"{":
        return _of_json(body)
    if b"data:" in body[:_END]:
        return _of_events(body)
    return _of_json(body.lstrip())


def estimated(request: bytes, body: bytes) -> Usage:
    """About how many tokens a stream has that does not count them: a piece is a token, so are four bytes of asking."""
    deltas = body.count(b'.delta"')
    pieces = deltas or max(0, body.count(b"\ndata:") - 2)
    return Usage(-(-len(request) // _BYTES_A_TOKEN), pieces)


def measure(done: Done) -> None:
    """Fill in what the answer says of itself, and what it cost: the first of a server's observers.

    An answer from the cache cost nothing. A stream that was not asked to count its tokens has them estimated.
    """
    if not done.body or done.status >= 400:
        return
    found = measured(done.body)
    done.response_id = found.response_id or done.response_id
    asked = _asked_model(done)
    done.model = found.model or asked
    done.usage = found.usage
    if not found.counted and done.body[:1] != b"{":
        request = done.ask.raw if done.out is None else msgspec.json.encode(done.out.body)
        done.usage, done.usage_estimated = estimated(request, done.body), True
    if done.cost_usd is None:
        done.cost_usd = 0.0 if done.cached else cost_of(done.usage, done.model, asked)


def cost_of(usage: Usage, *models: str) -> float | None:
    """US dollars by the first of these models that has a price; None if none has."""
    price = next((price for name in models if name and (price := price_of(name)) is not None), None)
    return None if price is None else price(usage)


def warm(models: tuple[str, ...] = ("gpt-4o-mini",)) -> None:
    """Load the price table, and the prices of these models: that takes long, so not while somebody waits."""
    for model in models:
        price_of(model)


def _asked_model(done: Done) -> str:
    body: Any = done.ask.body if done.out is None else done.out.body
    model = body.get("model")
    return model if isinstance(model, str) else ""


def _of_json(body: bytes) -> Measured:
    if len(body) > _DECODED:
        return _of_ends(body)
    try:
        answer = _decode(body)
    except UNREADABLE:
        return _of_ends(body)
    return _said(answer.response or answer)


def _said(answer: _Answer) -> Measured:
    counts = answer.usage
    if counts is None or not counts.is_counted:
        return Measured(answer.id or "", answer.model or "")
    return Measured(answer.id or "", answer.model or "", counts.usage(), counted=True)


def _of_ends(body: bytes) -> Measured:
    """Of a long answer: its id and its model stand at one of its ends, its token counts at the last."""
    head, tail = body[:_END], body[-_END:]
    response_id, model = _first("id", head), _first("model", head) or _first("model", tail)
    for found in reversed(_USAGE.findall(tail)):
        try:
            counts = _decode_counts(found)
        except UNREADABLE:
            continue
        if counts.is_counted:
            return Measured(response_id, model, counts.usage(), counted=True)
    return Measured(response_id, model)


def _first(name: str, text: bytes) -> str:
    found = _NAMED[name].search(text)
    return found[1].decode("utf-8", "replace") if found else ""


def _of_events(body: bytes) -> Measured:
    """Of a stream: its last events have the counts, if it was asked for them, and every event the id and the model."""
    known, end = _NOTHING, len(body)
    for _ in range(_LAST_EVENTS):
        if end <= 0:
            break
        start = body.rfind(b"\ndata:", 0, end)
        begin = 5 if start < 0 else start + 6
        if start < 0 and not body.startswith(b"data:"):
            break
        line = body[begin:end].partition(b"\n")[0].strip()
        end = start
        if line[:1] != b"{":
            continue
        found = _of_json(line)
        known = Measured(known.response_id or found.response_id, known.model or found.model, found.usage, found.counted)
        if known.counted:
            break
    return known
