"""A request that was served, as a trace: one span with what was asked of the upstream and what it answered.

The names are those of MLflow, of OpenTelemetry's conventions for generative AI, and ``quire.*`` for what neither has.
Pure: nothing is looked up, nothing is stored.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from quire.domain.calls import Usage
from quire.domain.endpoints import Endpoint
from quire.domain.span_names import COST, MODEL, MODEL_ID
from quire.domain.traces import LINKED_PROMPTS_TAG, USER
from quire.openai.autologging.attributes import request_attributes
from quire.openai.autologging.calls import TracedCall, call_of_task
from quire.openai.autologging.watching import FIRST_MS, PIECES, SECONDS
from quire.serving.assembling import Shown, shown
from quire.serving.request import Done, Given
from quire.serving.traceparents import parent_of
from quire.tracing.answers import usage_attributes
from quire.tracing.destination import NAMED
from quire.tracing.finished import FinishedEvent, FinishedSpan, FinishedTrace
from quire.tracing.markers import ESTIMATE, SHAPES_ONLY
from quire.tracing.values import to_json

UNSET, OK, ERROR = 0, 1, 2
FAILED = frozenset({"refused", "failed", "broken"})
_FREE = {"input_cost": 0.0, "output_cost": 0.0, "total_cost": 0.0}
_LONGEST = 1000


def failed(done: Done) -> bool:
    """Whether a request went wrong: refused, not answered, or answered in part."""
    return done.ending in FAILED or done.status >= 400


class Manner(msgspec.Struct, frozen=True, array_like=True):
    """How the requests of an endpoint are traced: the experiment's name, whether with content, who answers."""

    experiment: str
    log_content: bool = True
    provider: str = "openai"


def manner_of(endpoint: Endpoint | None, experiment: str) -> Manner:
    """How requests of an endpoint are traced, in this experiment."""
    if endpoint is None:
        return Manner(experiment)
    azure = (endpoint.upstream.api_type or "").startswith("azure")
    return Manner(experiment, endpoint.log_content, "azure.ai.openai" if azure else "openai")


def trace_of(done: Done, manner: Manner, origin: Mapping[str, str], span_id: bytes) -> FinishedTrace:
    """The trace of a request. ``origin`` says where it was made, ``span_id`` is for a span that was given none.

    An arm that failed, so that the control answered in its stead, is a span below that of the request, which follows.
    """
    span = span_of(done, manner, span_id)
    below = _gave_way(done)
    return FinishedTrace(
        trace_id=bytes.fromhex(done.trace_id.removeprefix("tr-")),
        experiment_id=NAMED + manner.experiment,
        spans=[span],
        metadata={**origin, **({} if below else _metadata(done, logs_content=manner.log_content))},
        tags={} if below else _tags(done.given),
        client_request_id="" if below else done.response_id,
        complete=not span.parent_id,
    )


def span_of(done: Done, manner: Manner, span_id: bytes) -> FinishedSpan:
    """The span of a request: below the caller's own, if the request named one."""
    call = call_of_task(call_route(done))
    went_wrong, answer = failed(done), shown(call_route(done), done.body)
    attributes = _attributes(call, done, manner)
    attributes.update(_measured(call, done, answer, went_wrong=went_wrong))
    message = f"{done.status}: {done.error}"[:_LONGEST] if went_wrong else ""
    end_ns = done.start_ns + round(done.latency_s * 1e9)
    own, parent = _ids(done, span_id)
    return FinishedSpan(
        own,
        parent,
        f"{done.ask.endpoint}: {done.given.arm}" if _gave_way(done) else done.ask.endpoint,
        call.span_type,
        done.start_ns,
        end_ns,
        ERROR if went_wrong else OK,
        message,
        to_json(_asked(done)),
        answer.outputs,
        attributes,
        [_event(done, message, end_ns)] if went_wrong else [],
    )


def _gave_way(done: Done) -> bool:
    """Whether this is an arm that failed, in whose stead the control is asked."""
    return done.fell_back and done.given.trial_id is not None and bool(done.span_id)


def _ids(done: Done, span_id: bytes) -> tuple[bytes, bytes]:
    """The ids of the span and of its parent."""
    given = bytes.fromhex(done.span_id) if done.span_id else span_id
    return (span_id, given) if _gave_way(done) else (given, parent_of(done.ask.traceparent)[1])


def call_route(done: Done) -> Any:
    """Which API answered: the packaged model's, where that is another than was asked."""
    return done.ask.route if done.out is None else done.out.route


def _asked(done: Done) -> Mapping[str, Any]:
    """What was asked of the upstream; what the caller asked, where it did not come to that."""
    if done.out is None:
        return done.ask.body
    body = done.out.body
    return body if "model" in body or not done.model else {"model": done.model, **body}


def _attributes(call: TracedCall, done: Done, manner: Manner) -> dict[str, Any]:
    made = request_attributes(call, _asked(done), None, manner.provider)
    if done.out is None:  # no model was asked: the name is that of the endpoint
        made.pop(MODEL, None)
        made.pop("gen_ai.request.model", None)
    given, ask = done.given, done.ask
    said: dict[str, Any] = {
        "quire.endpoint": ask.endpoint,
        "quire.arm": given.arm,
        "quire.model_uri": given.model_uri,
        "quire.model_version": _version(given),
        "quire.trial": given.trial_id,
        "quire.phase": given.phase if given.trial_id else None,
        "quire.namespace": ask.namespace,
        "quire.caller": ask.caller.name,
        "quire.request_id": ask.request_id,
        "quire.upstream": done.upstream,
        "quire.upstream_request_id": done.upstream_request_id,
        "quire.attempts": done.attempts,
        "quire.ending": done.ending,
        "quire.cached": done.cached or None,
        "quire.fell_back": done.fell_back or None,
        "quire.variables": dict(ask.variables) or None,
        MODEL_ID: given.model_id,
    }
    made.update({name: value for name, value in said.items() if value not in (None, "")})
    if not manner.log_content:
        made[SHAPES_ONLY] = True
    return made


def _measured(call: TracedCall, done: Done, answer: Shown, *, went_wrong: bool) -> dict[str, Any]:
    """What the answer told, and how long it took."""
    made: dict[str, Any] = {}
    if done.model:
        made["gen_ai.response.model"] = made[MODEL] = done.model
    if done.response_id:
        made["gen_ai.response.id"] = done.response_id
    if answer.finish_reasons:
        made["gen_ai.response.finish_reasons"] = answer.finish_reasons
    if done.usage != Usage() and not done.usage_estimated:
        made.update(usage_attributes(_counts(done.usage)))
    elif done.body and not went_wrong:
        made[ESTIMATE] = call.kind
    if done.cached:
        made[COST] = _FREE
    if answer.pieces:
        made[PIECES] = answer.pieces
    if done.first_token_s is not None:
        made[FIRST_MS] = round(done.first_token_s * 1000, 3)
        made[SECONDS] = max(0.0, done.latency_s - done.first_token_s)
    if went_wrong:
        made["http.response.status_code"] = done.status
        made["error.type"] = done.ending
    return made


def _counts(usage: Usage) -> dict[str, int]:
    counts = {"input_tokens": usage.input_tokens, "output_tokens": usage.output_tokens}
    counts["total_tokens"] = usage.input_tokens + usage.output_tokens
    if usage.cached_input_tokens:
        counts["cache_read_input_tokens"] = usage.cached_input_tokens
    return counts


def _metadata(done: Done, *, logs_content: bool) -> dict[str, str]:
    """What the trace is found by: labels of it that never change."""
    given = done.given
    said = {
        "quire.endpoint": done.ask.endpoint,
        "quire.arm": given.arm,
        "quire.model_version": _version(given),
        "quire.trial": given.trial_id,
        "quire.phase": str(given.phase) if given.trial_id else "",
        "quire.namespace": done.ask.namespace,
        "quire.caller": done.ask.caller.name,
        MODEL_ID: given.model_id,
        USER: done.ask.key if logs_content else "",
    }
    return {name: value for name, value in said.items() if value}


def _tags(given: Given) -> dict[str, str]:
    if not given.prompt_name:
        return {}
    linked = [{"name": given.prompt_name, "version": given.prompt_version}]
    return {LINKED_PROMPTS_TAG: msgspec.json.encode(linked).decode()}


def _version(given: Given) -> str:
    return f"{given.name}/{given.version}" if given.name and given.version else ""


def _event(done: Done, message: str, time_ns: int) -> FinishedEvent:
    said = {"exception.type": done.ending, "exception.message": message}
    return FinishedEvent("exception", time_ns, to_json(said))
