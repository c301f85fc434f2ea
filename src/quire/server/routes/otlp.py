"""Spans by OpenTelemetry's protocol, OTLP over HTTP: ``POST /v1/traces`` in protobuf or JSON, plain or compressed.

https://opentelemetry.io/docs/specs/otlp/#otlphttp; MLflow's header ``x-mlflow-experiment-id`` names the experiment.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from functools import partial
from typing import Any

from quire.domain.errors import InvalidInput
from quire.domain.traces import SpanRecord
from quire.server.auth.asking import MAY_WRITE_TRACES
from quire.server.calls import Calls
from quire.server.context import Context
from quire.server.http import JSON, Reply, Request, Send, TooLarge, send_reply

calls = Calls("3.0", "mlflow", tag="OpenTelemetry")
EXPERIMENT_HEADER = b"x-mlflow-experiment-id"
RUN_HEADER = b"x-mlflow-run-id"
DEFAULT_EXPERIMENT = "0"
_PROTOBUF = "application/x-protobuf"
_JSON = "application/json"
_LINKED_AT_ONCE = 100
_WINDOWS = {"gzip": (31,), "deflate": (15, -15)}
_BINARY: dict[str, Any] = {_PROTOBUF: {"schema": {"type": "string", "format": "binary"}}}
_OPENAPI: dict[str, Any] = {
    "parameters": [
        {"name": "x-mlflow-experiment-id", "in": "header", "required": False, "schema": {"type": "string"}},
        {"name": "x-mlflow-run-id", "in": "header", "required": False, "schema": {"type": "string"}},
    ],
    "requestBody": {"required": True, "content": {**_BINARY, _JSON: {"schema": {"type": "object"}}}},
    "responses": {
        "200": {"description": "The spans are stored.", "content": {**_BINARY, _JSON: {"schema": {"type": "object"}}}}
    },
}


@calls.stream("POST", "/v1/traces", kind="write", openapi=_OPENAPI)
async def export_spans(context: Context, request: Request, send: Send) -> None:
    """Store spans that OpenTelemetry's exporters send; all of a request or none."""
    kind = _media_type(request)
    encoding = request.header(b"content-encoding").strip().lower()
    experiment = request.header(EXPERIMENT_HEADER).strip() or DEFAULT_EXPERIMENT
    body = await request.body()
    spans = await context.run_read(partial(_read, body, kind, encoding, request.max_bytes))
    may_write = request.scope.get(MAY_WRITE_TRACES)
    if may_write is not None:  # a trace that is there already may belong to another experiment
        await may_write({span.trace_id for span in spans})
    run_id = request.header(RUN_HEADER).strip()
    await context.run_write(partial(_store, context, experiment, spans, run_id))
    await send_reply(send, Reply(b"", 200, [(b"content-type", _PROTOBUF.encode())]) if kind == _PROTOBUF else _EMPTY)


_EMPTY = Reply(b"{}", 200, [JSON])


def _media_type(request: Request) -> str:
    given = request.header(b"content-type")
    kind = given.split(";")[0].strip().lower()
    if kind not in (_PROTOBUF, _JSON):
        raise InvalidInput(
            f"Invalid Content-Type {given[:100]!r}; spans are sent as {_PROTOBUF} or {_JSON}. Set "
            "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL to http/protobuf."
        )
    return kind


def _read(body: bytes, kind: str, encoding: str, limit: int) -> list[SpanRecord]:
    from quire.domain.otlp import read_json, read_protobuf

    plain = _decompressed(body, encoding, limit)
    read: Callable[[bytes], list[SpanRecord]] = read_protobuf if kind == _PROTOBUF else read_json
    return read(plain)


def _decompressed(body: bytes, encoding: str, limit: int) -> bytes:
    if encoding in ("", "identity"):
        return body
    if encoding not in _WINDOWS:
        raise InvalidInput(f"Unsupported Content-Encoding {encoding[:100]!r}; send gzip, deflate or none.")
    for window in _WINDOWS[encoding]:
        inflating = zlib.decompressobj(window)
        try:
            plain = inflating.decompress(body, limit)
        except zlib.error:
            continue
        if inflating.unconsumed_tail:
            raise TooLarge(f"The body has more than {limit:,} bytes once decompressed. Send fewer spans at a time.")
        if inflating.eof:
            return plain
    raise InvalidInput(f"The body cannot be decompressed: it is not {encoding}, or was cut.")


def _store(context: Context, experiment: str, spans: list[SpanRecord], run_id: str) -> None:
    context.store.log_spans(experiment, spans)
    if run_id:
        traces = list(dict.fromkeys(span.trace_id for span in spans))
        for begin in range(0, len(traces), _LINKED_AT_ONCE):
            context.store.link_traces_to_run(traces[begin : begin + _LINKED_AT_ONCE], run_id)
