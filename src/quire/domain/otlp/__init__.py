"""OpenTelemetry's protocol (OTLP): requests to export spans, read into records; records, written as OTLP's JSON.

Loading it loads protobuf, so it is loaded only by what speaks the protocol.
"""

from __future__ import annotations

from quire.domain.otlp.foreign import read_mlflow_span
from quire.domain.otlp.reading import read_json, read_protobuf, read_span, read_wire_span
from quire.domain.otlp.values import plain_attributes
from quire.domain.otlp.writing import mlflow_span, otlp_span, write_json, write_protobuf

__all__ = [
    "mlflow_span",
    "otlp_span",
    "plain_attributes",
    "read_json",
    "read_mlflow_span",
    "read_protobuf",
    "read_span",
    "read_wire_span",
    "write_json",
    "write_protobuf",
]
