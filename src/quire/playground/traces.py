"""The trace of an answer of the playground, so that it is found later."""

from __future__ import annotations

import os
from typing import Any

import msgspec

from quire.domain.calls import Usage
from quire.domain.traces import LINKED_PROMPTS_TAG, USER, Trace
from quire.openai.autologging.attributes import request_attributes
from quire.openai.autologging.calls import call_of_task
from quire.openai.autologging.watching import FIRST_MS
from quire.playground.asking import Asked, finish_reason
from quire.playground.bases import Base
from quire.tracing.answers import usage_attributes
from quire.tracing.finished import FinishedEvent, FinishedSpan, FinishedTrace
from quire.tracing.values import to_json
from quire.tracing.writing import stored
from quire.tracking.origin import SOURCE_NAME

NAME = "playground"
BASE = "quire.playground.base"
"""Key of a trace's metadata: what the variant began with."""
_OK, _ERROR = 1, 2
_LONGEST = 1000


def trace_of(asked: Asked, experiment_id: str, *, base: Base | None, unchanged: bool, user: str) -> Trace:
    """The trace of an answer. ``unchanged`` says that the base's own template was asked, which it is then linked to."""
    metadata = {SOURCE_NAME: "quire playground"}
    if base is not None:
        metadata[BASE] = base.uri
    if user:
        metadata[USER] = user
    tags: dict[str, str] = {}
    if base is not None and base.kind == "prompt" and unchanged:
        tags[LINKED_PROMPTS_TAG] = msgspec.json.encode([{"name": base.name, "version": base.version}]).decode()
    trace = FinishedTrace(
        trace_id=os.urandom(16),
        experiment_id=experiment_id,
        spans=[_span(asked)],
        metadata=metadata,
        tags=tags,
        complete=True,
    )
    return stored(trace)


def _span(asked: Asked) -> FinishedSpan:
    call = call_of_task(asked.call.task)
    attributes: dict[str, Any] = request_attributes(call, asked.call.body, None, "openai")
    attributes["gen_ai.response.model"] = asked.model
    if asked.usage is not None:
        attributes.update(usage_attributes(_counts(asked.usage)))
    reason = finish_reason(asked.answer)
    if reason:
        attributes["gen_ai.response.finish_reasons"] = [reason]
    if asked.first_ns is not None:
        attributes[FIRST_MS] = round((asked.first_ns - asked.start_ns) / 1e6, 3)
    events = []
    if asked.ending:
        attributes["error.type"] = asked.ending
        said = {"exception.type": asked.ending, "exception.message": asked.message[:_LONGEST]}
        events.append(FinishedEvent("exception", asked.end_ns, to_json(said)))
    return FinishedSpan(
        os.urandom(8),
        b"",
        NAME,
        call.span_type,
        asked.start_ns,
        asked.end_ns,
        _ERROR if asked.ending else _OK,
        asked.message[:_LONGEST] if asked.ending else "",
        to_json(asked.call.body),
        to_json(asked.answer) if asked.answer else None,
        attributes,
        events,
    )


def _counts(usage: Usage) -> dict[str, int]:
    counts = {
        "input_tokens": usage.input_tokens,
        "output_tokens": usage.output_tokens,
        "total_tokens": usage.input_tokens + usage.output_tokens,
    }
    if usage.cached_input_tokens:
        counts["cache_read_input_tokens"] = usage.cached_input_tokens
    return counts
