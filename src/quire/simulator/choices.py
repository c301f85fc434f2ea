"""An answer as the API gives it: ended at a stop sequence or a token limit, counted, cut into tokens, with logprobs."""

from __future__ import annotations

import math
from typing import Any

import msgspec

from quire.domain import tokens
from quire.simulator.answers import Written
from quire.simulator.draws import uniform
from quire.simulator.recording import ToolCall

_CALL_OVERHEAD = 7
"""Tokens that a model spends on each tool call besides its name and arguments; an estimate."""


class Choice(msgspec.Struct, frozen=True):
    """One finished answer; ``finish`` is ``stop``, ``length`` or ``tool_calls``."""

    text: str
    calls: tuple[ToolCall, ...]
    finish: str
    tokens: int


def finish(written: Written, encoding: str, stop: tuple[str, ...], limit: int | None) -> Choice:
    """End a written answer where the request says. An echo is never ended."""
    if written.calls:
        spent = [tokens.count(c.name, encoding) + tokens.count(c.arguments, encoding) for c in written.calls]
        return Choice("", written.calls, "tool_calls", sum(spent) + _CALL_OVERHEAD * len(spent))
    text, cut = written.text, False
    if written.source != "echo":
        text = _until(text, stop) if stop else text
        if limit is not None:
            text, cut = tokens.cut(text, limit, encoding)
    return Choice(text, (), "length" if cut else "stop", tokens.count(text, encoding))


def stop_texts(stop: str | list[str] | None) -> tuple[str, ...]:
    """The stop sequences of a request as a tuple; empty ones never stop anything."""
    given = [stop] if isinstance(stop, str) else stop or []
    return tuple(text for text in given if text)


def _until(text: str, stop: tuple[str, ...]) -> str:
    ends = [place for place in (text.find(mark) for mark in stop) if place >= 0]
    return text[: min(ends)] if ends else text


class TokenLogprob(msgspec.Struct, frozen=True):
    """A token, its log probability and those of the alternatives, likeliest first."""

    token: str
    logprob: float
    top: tuple[tuple[str, float], ...] = ()


def logprobs(pieces: list[str], top: int) -> list[TokenLogprob]:
    """Invented log probabilities, the same for the same token and place: between 0 and -1, alternatives below."""
    result: list[TokenLogprob] = []
    for place, piece in enumerate(pieces):
        likelihood = 0.4 + 0.6 * uniform(b"logprob", piece.encode(), b"%d" % place)
        own = round(math.log(likelihood), 6)
        shares = [(f" alternative{i}", round(math.log(0.3 * likelihood / 2**i), 6)) for i in range(1, top)]
        result.append(TokenLogprob(piece, own, ((piece, own), *shares)[:top]))
    return result


def chat_logprobs(pieces: list[str], top: int) -> list[dict[str, Any]]:
    """Log probabilities in the shape of chat completions and responses."""
    return [
        {**_chat_token(item.token, item.logprob), "top_logprobs": [_chat_token(*other) for other in item.top]}
        for item in logprobs(pieces, top)
    ]


def _chat_token(token: str, logprob: float) -> dict[str, Any]:
    return {"token": token, "logprob": logprob, "bytes": list(token.encode())}
