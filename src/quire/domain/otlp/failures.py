"""What a failed span says: its status, or the exception that it noted."""

from __future__ import annotations

from opentelemetry.proto.trace.v1.trace_pb2 import Span

_EXCEPTION = "exception"
_SAID = ("exception.message", "exception.type")


def failure_message(content: bytes) -> str:
    """The message of a span that failed, on one line; empty if it says none."""
    span = Span.FromString(content)
    if span.status.message:
        return " ".join(span.status.message.split())
    for event in span.events:
        if event.name == _EXCEPTION:
            noted = {item.key: item.value.string_value for item in event.attributes}
            said = next((noted[name] for name in _SAID if noted.get(name)), "")
            return " ".join(said.split())
    return ""
