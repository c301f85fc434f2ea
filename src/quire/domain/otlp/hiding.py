"""Credentials in spans: found and replaced before a span is stored."""

from __future__ import annotations

from collections.abc import Iterable

from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from quire.domain.redaction import REDACTED, names_secret, redact


def hide_secrets(span: Span) -> None:
    """Replace credentials in the name, the attributes, the events, the links and the status of a span, in place."""
    span.name = redact(span.name)
    span.trace_state = redact(span.trace_state)
    if span.status.message:
        span.status.message = redact(span.status.message)
    _hide(span.attributes)
    for event in span.events:
        event.name = redact(event.name)
        _hide(event.attributes)
    for link in span.links:
        _hide(link.attributes)


def _hide(attributes: Iterable[KeyValue]) -> None:
    for attribute in attributes:
        if names_secret(attribute.key):
            attribute.value.string_value = REDACTED
        else:
            _hide_in(attribute.value)


def _hide_in(value: AnyValue) -> None:
    kind = value.WhichOneof("value")
    if kind == "string_value":
        text = value.string_value
        hidden = redact(text)
        if hidden != text:
            value.string_value = hidden
    elif kind == "kvlist_value":
        _hide(value.kvlist_value.values)
    elif kind == "array_value":
        for item in value.array_value.values:
            _hide_in(item)
