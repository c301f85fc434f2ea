"""Streaming one call: the text of its answer, piece by piece, from server-sent events."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Any

import msgspec

from quire.caller.transport import Transport
from quire.domain.calls import Call, Task
from quire.domain.errors import InvalidInput, QuireError, Unavailable


class UpstreamError(QuireError):
    """The service refused or broke off a request; the message holds its status and words."""


async def stream_deltas(transport: Transport, call: Call) -> AsyncGenerator[str, None]:
    """The pieces of text that a call's answer is written in. Raises UpstreamError or Unavailable.

    Leaving early closes the connection, which stops the service from writing on.
    """
    if call.task == "embeddings":
        raise InvalidInput("An embeddings model answers with vectors, which do not stream. Use predict instead.")
    import openai

    try:
        async with transport.open_stream(call) as lines:
            async for line in lines:
                if not line.startswith("data:"):
                    continue
                data = line[5:].strip()
                if data == "[DONE]":
                    return
                delta = _delta(call.task, msgspec.json.decode(data))
                if delta:
                    yield delta
    except openai.APIStatusError as error:
        raise UpstreamError(f"The service answered HTTP {error.status_code}: {error.message}") from error
    except openai.APIConnectionError as error:
        raise Unavailable(
            f"{transport.base_url} cannot be reached ({error}). Check OPENAI_BASE_URL and the network."
        ) from error


def _delta(task: Task, event: dict[str, Any]) -> str:
    if event.get("error"):
        raise UpstreamError(f"The service broke off its answer: {event['error']}")
    if task == "responses":
        if event.get("type") in {"error", "response.failed"}:
            raise UpstreamError(f"The service broke off its answer: {event}")
        return event.get("delta", "") if event.get("type") == "response.output_text.delta" else ""
    choices = event.get("choices") or []
    if not choices or choices[0].get("index", 0) != 0:
        return ""
    if task == "completions":
        return choices[0].get("text") or ""
    return choices[0]["delta"].get("content") or ""
