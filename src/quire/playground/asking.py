"""Asking a variant once: its words as they come, then what it took and cost."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncGenerator
from typing import Any

import msgspec

from quire.domain.calls import Call, Usage, read_usage
from quire.domain.errors import QuireError
from quire.playground.messages import AnswerDelta, AnswerDone, AnswerFailed

TIMEOUT_S = 300.0
MAX_RETRIES = 2
_SIMULATOR = "fp_quire_simulator"


class Asked:
    """One answer while it comes, and after: what was asked, what came of it, when.

    ``ending`` is empty for an answer that is whole, else why it is not. Times are ns of the epoch.
    """

    def __init__(self, call: Call) -> None:
        self.call = call
        self.start_ns = self.end_ns = time.time_ns()
        self.first_ns: int | None = None
        self.answer: dict[str, Any] = {}
        self.ending = "canceled"
        self.message = "Whoever asked went away before the answer had ended."

    @property
    def usage(self) -> Usage | None:
        """The tokens that the service counted; None if it did not."""
        return read_usage(self.answer) if isinstance(self.answer.get("usage"), dict) else None

    @property
    def model(self) -> str:
        """The model that answered, as the service names it; else the one that was asked."""
        said = self.answer.get("model")
        return said if isinstance(said, str) and said else str(self.call.body["model"])

    @property
    def cost_usd(self) -> float | None:
        """US dollars; None for a model without a known price, or an answer whose tokens were not counted."""
        from quire.caller.cost import cost_usd

        if self.usage is None:
            return None
        asked = cost_usd(str(self.call.body["model"]), self.usage)
        return cost_usd(self.model, self.usage) if asked is None else asked

    @property
    def latency_ms(self) -> float:
        """From the request to the end."""
        return (self.end_ns - self.start_ns) / 1e6

    def last(self, trace_id: str | None) -> AnswerDone | AnswerFailed:
        """The last event."""
        if self.ending:
            return AnswerFailed(message=self.message, latency_ms=self.latency_ms, trace_id=trace_id)
        usage = self.usage
        return AnswerDone(
            model=self.model,
            finish_reason=finish_reason(self.answer),
            input_tokens=None if usage is None else usage.input_tokens,
            output_tokens=None if usage is None else usage.output_tokens,
            cached_input_tokens=None if usage is None else usage.cached_input_tokens,
            reasoning_tokens=None if usage is None else usage.reasoning_tokens,
            cost_usd=self.cost_usd,
            latency_ms=self.latency_ms,
            first_token_ms=None if self.first_ns is None else (self.first_ns - self.start_ns) / 1e6,
            calls=_calls(self.answer),
            simulated=is_simulated(self.answer),
            trace_id=trace_id,
        )


def prepare() -> None:
    """Load what asks. Takes a second the first time, so it is not for an event loop."""
    import quire.caller.caller
    import quire.caller.cost
    import quire.openai.autologging.assembling  # noqa: F401


async def words(asked: Asked) -> AsyncGenerator[AnswerDelta]:
    """Ask, and give the words as they come; ``asked`` holds the rest. Closing it ends the request upstream.

    Raises MissingConfiguration before anything is sent. A refusal of the service is no exception: ``asked`` has it.
    """
    from quire.caller.caller import Caller
    from quire.caller.options import CallerOptions
    from quire.openai.autologging.assembling import assembler
    from quire.openai.autologging.calls import call_of_task
    from quire.openai.autologging.pieces import Piece

    parts = assembler(call_of_task(asked.call.task))
    caller = Caller(options=CallerOptions(max_retries=MAX_RETRIES, timeout=TIMEOUT_S))
    simulated = False
    asked.start_ns = time.time_ns()
    try:
        async with contextlib.aclosing(caller.aevents(_with_usage(asked.call))) as events:
            async for event, text in events:
                simulated = simulated or event.get("system_fingerprint") == _SIMULATOR
                if parts.add(Piece(event)) and asked.first_ns is None:
                    asked.first_ns = time.time_ns()
                if text:
                    yield AnswerDelta(text=text)
        asked.ending = asked.message = ""
    except QuireError as error:
        asked.ending, asked.message = "failed", error.message
    finally:
        asked.end_ns = time.time_ns()
        asked.answer = _plain(parts.answer())
        if simulated:
            asked.answer.setdefault("system_fingerprint", _SIMULATOR)


def _with_usage(call: Call) -> Call:
    """The request with the wish to be told how many tokens it took."""
    if call.task != "chat.completions":
        return call
    return msgspec.structs.replace(call, body={**call.body, "stream_options": {"include_usage": True}})


def _plain(answer: Any) -> dict[str, Any]:
    found = answer.model_dump() if hasattr(answer, "model_dump") else answer
    return msgspec.to_builtins(found, enc_hook=_fields) if isinstance(found, dict) else {}


def _fields(value: Any) -> Any:
    return value.model_dump() if hasattr(value, "model_dump") else str(value)


def finish_reason(answer: dict[str, Any]) -> str | None:
    """Why an answer ended, in the words of its API."""
    choices = answer.get("choices")
    if isinstance(choices, list) and choices:
        said = choices[0].get("finish_reason")
        return said if isinstance(said, str) else None
    details = answer.get("incomplete_details")
    reason = details.get("reason") if isinstance(details, dict) else None
    return str(reason or answer.get("status") or "") or None


def is_simulated(answer: dict[str, Any]) -> bool:
    """Whether a simulator of Quire wrote it."""
    return answer.get("system_fingerprint") == _SIMULATOR


def _calls(answer: dict[str, Any]) -> str | None:
    """Calls of tools in an answer, as JSON text."""
    choices = answer.get("choices")
    if isinstance(choices, list):
        found = [call for choice in choices for call in (choice.get("message") or {}).get("tool_calls") or ()]
    else:
        output = answer.get("output")
        items = output if isinstance(output, list) else []
        found = [item for item in items if isinstance(item, dict) and item.get("type") == "function_call"]
    return msgspec.json.encode(found).decode() if found else None


async def closed(task: asyncio.Task[Any]) -> None:
    """End a task and wait until it has."""
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
