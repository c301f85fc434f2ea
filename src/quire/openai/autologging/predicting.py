"""Predictions of packaged models as spans: Quire's own caller sends most of its requests without the SDK."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from quire.domain.calls import Answer, Call, Outcome
from quire.openai.autologging.calls import call_of_task
from quire.openai.autologging.watching import begin_span
from quire.tracing import is_enabled
from quire.tracing.around import note_prompt
from quire.tracing.span import Span
from quire.tracing.values import to_json


class CallFailed(Exception):
    """A call of a batch that failed for good."""


def watch_call(call: Call, model_id: str | None) -> Callable[[Outcome], None] | None:
    """Begin a span for a call, retries included; what is returned ends it. None while tracing is off."""
    if not is_enabled():
        return None
    kind = call_of_task(call.task)
    origin = call.origin
    run_id = None if origin is None else origin.run_id
    span = begin_span(kind, call.body, None, "openai", asynchronous=False, model_id=model_id, run_id=run_id)
    if origin is not None:
        origin.trace_id = span.trace_id
        if origin.prompt is not None:
            note_prompt(span.live_trace, *origin.prompt)
    return lambda outcome: _end(span, outcome)


def _end(span: Span, outcome: Outcome) -> None:
    now = time.time_ns()
    attributes: dict[str, Any] = {"quire.attempts": outcome.attempts}
    if isinstance(outcome, Answer):
        attributes.update(call_of_task(outcome.call.task).answered)
        span.finish(outputs=to_json(outcome.response), attributes=attributes, end_time_ns=now)
        return
    attributes["error.type"] = outcome.kind
    if outcome.status is not None:
        attributes["http.response.status_code"] = outcome.status
    span.finish(error=CallFailed(outcome.message), attributes=attributes, end_time_ns=now)
