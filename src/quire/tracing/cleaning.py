"""What of a span is kept: completed, after the program's own hooks, without content if that is so configured.

A span whose hook fails is kept without anything that the hook might have removed.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

import msgspec

from quire.domain.redaction import redact, redact_value
from quire.domain.span_names import COST, MODEL, USAGE
from quire.tracing import state
from quire.tracing.completing import complete
from quire.tracing.finished import FinishedEvent, FinishedLink, FinishedSpan, FinishedTrace
from quire.tracing.links import ids_of
from quire.tracing.markers import SHAPES_ONLY
from quire.tracing.settings import SpanProcessor
from quire.tracing.values import as_data, from_json, to_json

log = logging.getLogger("quire")

_KEPT = frozenset({USAGE, MODEL, COST, "quire.abandoned"})
"""Attributes that are counts and names of models; they stay whatever else may not."""
_PLAIN = ("mlflow.llm.", "mlflow.message.format", "mlflow.spanFunctionName", "gen_ai.", "server.", "model", "quire.")
"""How the names of attributes begin whose short texts are settings and names, and no content."""
_LONGEST_NAME = 100
_FEW_NUMBERS = 3


class Held(msgspec.Struct):
    """What is kept of a span, as plain data. ``events`` are names and attributes, ``links`` ids and attributes."""

    name: str
    type: str
    inputs: Any
    outputs: Any
    attributes: dict[str, Any]
    message: str
    events: list[tuple[str, dict[str, Any]]]
    links: list[tuple[bytes, bytes, dict[str, Any]]] = []


def held_of(span: FinishedSpan, *, cleaned: bool) -> Held:
    """What is kept of a span; ``cleaned`` says that it was seen to before."""
    held = Held(
        str(span.name),  # whatever a program calls its spans
        str(span.type),
        from_json(span.inputs),
        from_json(span.outputs),
        dict(span.attributes),
        str(span.message),
        [(item.name, from_json(item.attributes)) for item in span.events],
        [(item.trace_id, item.span_id, from_json(item.attributes)) for item in span.links],
    )
    return held if cleaned else _cleaned(held)


def kept_overrides(trace: FinishedTrace) -> Mapping[str, str]:
    """The previews that were set for a trace, and its state; shapes if no content is kept."""
    if trace.cleaned or state.settings().content:
        return trace.overrides
    return {key: value if key == "state" else str(shape(value)) for key, value in trace.overrides.items()}


def fit_for_disk(trace: FinishedTrace) -> FinishedTrace:
    """A trace as it may wait on disk: nothing is in it that may not be kept, and no credential. This never raises."""
    try:
        return _fit_for_disk(trace)
    except Exception as error:
        log.error("A trace waits on disk without its content: %s", type(error).__name__)
        return msgspec.structs.replace(
            trace, spans=[_outline(span) for span in trace.spans], metadata={}, tags={}, overrides={}, cleaned=True
        )


def _outline(span: FinishedSpan) -> FinishedSpan:
    return msgspec.structs.replace(
        span, name="span", message="", inputs=None, outputs=None, attributes={}, events=[], links=[]
    )


def _fit_for_disk(trace: FinishedTrace) -> FinishedTrace:
    return msgspec.structs.replace(
        trace,
        spans=[_for_disk(span, held_of(span, cleaned=trace.cleaned)) for span in trace.spans],
        metadata=redact_value(trace.metadata),
        tags=redact_value(trace.tags),
        overrides=redact_value(kept_overrides(trace)),
        client_request_id=redact(trace.client_request_id),
        cleaned=True,
    )


def _for_disk(span: FinishedSpan, held: Held) -> FinishedSpan:
    return msgspec.structs.replace(
        span,
        name=redact(held.name),
        type=redact(held.type),
        inputs=_encoded(redact_value(held.inputs)),
        outputs=_encoded(redact_value(held.outputs)),
        attributes=as_data(redact_value(held.attributes)),
        message=redact(held.message),
        events=[
            FinishedEvent(redact(name), before.time_ns, to_json(redact_value(attributes)))
            for before, (name, attributes) in zip(span.events, held.events, strict=False)
        ],
        links=[FinishedLink(trace, one, to_json(redact_value(said))) for trace, one, said in held.links],
    )


def _cleaned(held: Held) -> Held:
    settings = state.settings()
    try:
        complete(held.attributes, held.inputs, held.outputs)
    except Exception as error:
        log.error("A span could not be completed: %s", type(error).__name__)
    shapes_only = held.attributes.pop(SHAPES_ONLY, False) or not settings.content
    bare = _bare(held) if settings.redact else held
    try:
        for hook in settings.redact:
            held = _after(hook, held)
    except Exception as error:
        _say(error)
        held = bare
        held.attributes["quire.redaction_failed"] = type(error).__name__
    return _without_content(held) if shapes_only else held


# -- hooks -----------------------------------------------------------------------------------------


def _after(hook: SpanProcessor, held: Held) -> Held:
    given: dict[str, Any] = {
        "name": held.name,
        "type": held.type,
        "inputs": held.inputs,
        "outputs": held.outputs,
        "attributes": held.attributes,
        "message": held.message,
        "events": [{"name": name, "attributes": attributes} for name, attributes in held.events],
        "links": [
            {"trace_id": f"tr-{trace_id.hex()}", "span_id": span_id.hex(), "attributes": attributes}
            for trace_id, span_id, attributes in held.links
        ],
    }
    hook(given)
    return Held(
        str(given["name"]),
        str(given["type"]),
        as_data(given["inputs"]),
        as_data(given["outputs"]),
        {str(key): as_data(value) for key, value in given["attributes"].items()},
        str(given["message"]),
        [(str(item["name"]), as_data(dict(item["attributes"]))) for item in given["events"]],
        [(*ids_of(item["trace_id"], item["span_id"]), as_data(dict(item["attributes"]))) for item in given["links"]],
    )


_failed = [0]


def _say(error: Exception) -> None:
    """Said at the first failure, the second, the fourth, and so on, and without the error's text: it may be content."""
    _failed[0] += 1
    if _failed[0] & (_failed[0] - 1) == 0:
        log.error(
            "A redaction hook failed (%s); the span is kept without its content. %d such spans so far.",
            type(error).__name__,
            _failed[0],
        )


def _bare(held: Held) -> Held:
    """A span without anything that may be content."""
    return Held(
        held.name,
        held.type,
        None,
        None,
        {key: value for key, value in held.attributes.items() if key in _KEPT},
        _kind_of(held.message),
        [(name, {}) for name, _ in held.events],
        [(trace_id, span_id, {}) for trace_id, span_id, _ in held.links],
    )


# -- content ---------------------------------------------------------------------------------------


def _without_content(held: Held) -> Held:
    return Held(
        held.name,
        held.type,
        shape(held.inputs),
        shape(held.outputs),
        {key: value if _is_plain(key, value) else shape(value) for key, value in held.attributes.items()},
        _kind_of(held.message),
        [
            (name, {key: value if key == "exception.type" else shape(value) for key, value in attributes.items()})
            for name, attributes in held.events
        ],
        [(trace_id, span_id, shape(attributes)) for trace_id, span_id, attributes in held.links],
    )


def _is_plain(key: str, value: Any) -> bool:
    """Whether an attribute is a setting, a count or a name, and no content."""
    if key in _KEPT or isinstance(value, bool | int | float):
        return True
    if not key.startswith(_PLAIN):
        return False
    texts = value if isinstance(value, list) else [value]
    return all(isinstance(text, str) and len(text) <= _LONGEST_NAME for text in texts)


def _kind_of(message: str) -> str:
    """``ValueError`` of ``ValueError: the text``."""
    head = message.partition(":")[0]
    return head if head.isidentifier() else ""


def shape(value: Any) -> Any:
    """A value without its content: the kinds of what it holds, and how much of it."""
    if isinstance(value, Mapping):
        return {key: shape(item) for key, item in value.items()}
    if isinstance(value, list):
        if len(value) > _FEW_NUMBERS and all(isinstance(item, int | float) for item in value):
            return f"<{len(value)} numbers>"
        return [shape(item) for item in value]
    if isinstance(value, str):
        return f"<{len(value)} characters>"
    if isinstance(value, bool) or value is None:
        return value
    return "<a number>"


def _encoded(value: Any) -> bytes | None:
    return None if value is None else to_json(value)
