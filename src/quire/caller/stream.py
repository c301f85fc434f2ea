"""Streaming one call: the text of its answer, piece by piece, from server-sent events."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncGenerator, AsyncIterator
from typing import Any, NamedTuple

import msgspec

from quire.caller.limits import retry_after
from quire.caller.options import CallerOptions
from quire.caller.retry import backoff
from quire.caller.transport import Reply, SendError, Transport
from quire.caller.verdict import judge
from quire.domain.calls import Call, Task
from quire.domain.errors import InvalidInput, QuireError, Unavailable
from quire.domain.unreadable import UNREADABLE

_ENDINGS = frozenset({"response.completed", "response.incomplete"})
_BREAKS = frozenset({"error", "response.failed"})


class UpstreamError(QuireError):
    """The service refused or broke off a request; the message holds its status and words."""


class Streamed(NamedTuple):
    """An event of a streamed answer as the service sent it, and the text in it, which may be empty."""

    event: dict[str, Any]
    text: str


async def stream_deltas(transport: Transport, call: Call, options: CallerOptions) -> AsyncGenerator[str, None]:
    """The pieces of text that a call's answer is written in. Raises UpstreamError or Unavailable.

    A refused or lost request is tried again as in a batch, but never once a piece has been given out. Leaving early
    closes the connection, which stops the service from writing on.
    """
    async with contextlib.aclosing(stream_events(transport, call, options)) as events:
        async for event in events:
            if event.text:
                yield event.text


async def stream_events(transport: Transport, call: Call, options: CallerOptions) -> AsyncGenerator[Streamed, None]:
    """As :func:`stream_deltas`, with every event. Those before the first text are given out with it."""
    if call.task == "embeddings":
        raise InvalidInput("An embeddings model answers with vectors, which do not stream. Use predict instead.")
    attempt, delay = 0, 0.0
    while True:
        attempt += 1
        began = False
        held: list[Streamed] = []
        try:
            async with transport.open_stream(call, options.timeout, options.model_id) as opened:
                if not isinstance(opened, Reply):
                    async for event in _events(call.task, opened):
                        held.append(event)
                        if began or event.text:
                            began = True
                            for each in held:
                                yield each
                            held = []
                    for each in held:
                        yield each
                    return
                delay = _delay_after(opened, attempt, options.max_retries)
        except SendError as error:
            if began:
                raise UpstreamError(f"The connection broke in the middle of the answer: {error}.") from error
            if attempt > options.max_retries:
                raise Unavailable(_unreachable(transport, attempt, error)) from error
            delay = backoff(attempt)
        await asyncio.sleep(delay)


def _unreachable(transport: Transport, attempts: int, error: SendError) -> str:
    if error.kind == "timeout":
        return f"{transport.base_url} did not answer in {attempts} attempts: {error}."
    return (
        f"{transport.base_url} cannot be reached after {attempts} attempts ({error}). "
        "Check OPENAI_BASE_URL and the network."
    )


def _delay_after(reply: Reply, attempt: int, max_retries: int) -> float:
    """Seconds to wait before trying again after a refusal. Raises UpstreamError if that is pointless."""
    verdict = judge(reply)
    if not verdict.retry or attempt > max_retries:
        raise UpstreamError(f"The service refused the request: {verdict.message}")
    asked = retry_after(reply.headers, time.time())
    return backoff(attempt) if asked is None else max(asked, 0.05)


async def _events(task: Task, lines: AsyncIterator[str]) -> AsyncIterator[Streamed]:
    ended = False
    async for line in lines:
        if not line.startswith("data:"):
            continue
        data = line[5:].strip()
        if data == "[DONE]":
            return
        event = _event(data)
        ended = ended or _is_last(task, event)
        yield Streamed(event, _delta(task, event))
    if not ended:
        raise UpstreamError("The connection was closed in the middle of the answer: its last event never came.")


def _event(data: str) -> dict[str, Any]:
    try:
        event = msgspec.json.decode(data)
    except UNREADABLE:
        event = None
    if not isinstance(event, dict):
        raise UpstreamError(f"The service sent an event that is not a JSON object: {data[:120]!r}.")
    if event.get("error") or event.get("type") in _BREAKS:
        said = event.get("error") or (event.get("response") or {}).get("error") or event
        raise UpstreamError(f"The service broke off its answer: {said}")
    return event


def _is_last(task: Task, event: dict[str, Any]) -> bool:
    if task == "responses":
        return event.get("type") in _ENDINGS
    return any(choice.get("finish_reason") for choice in event.get("choices") or ())


def _delta(task: Task, event: dict[str, Any]) -> str:
    if task == "responses":
        return event.get("delta") or "" if event.get("type") == "response.output_text.delta" else ""
    choices = event.get("choices") or []
    if not choices or choices[0].get("index", 0) != 0:
        return ""
    if task == "completions":
        return choices[0].get("text") or ""
    return (choices[0].get("delta") or {}).get("content") or ""
