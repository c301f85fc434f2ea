"""Traces as a file to download: ``GET /api/quire/v1/traces/export``."""

from __future__ import annotations

import tempfile
from collections.abc import Generator, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import msgspec

from quire.domain.errors import InvalidInput, NotFound
from quire.domain.traces import Trace
from quire.server.calls import Calls
from quire.server.context import Context
from quire.server.http import Request, Send
from quire.server.transfer import disposition
from quire.store.base import Store
from quire.store.rest.wire.trace_views import ExportTraces

calls = Calls("quire", "v1", tag="Traces")
MOST_NAMED = 500
_AT_ONCE = 100
_BLOCK = 256 * 1024
_FILES: dict[str, str] = {"mlflow": "traces.jsonl", "otlp": "traces.otlp.jsonl", "recording": "recording.jsonl"}
_TEXT = {"schema": {"type": "string"}}
_OPENAPI: dict[str, Any] = {
    "responses": {"200": {"description": "JSON lines.", "content": {"application/x-ndjson": _TEXT}}},
}


@calls.stream("GET", "/api/quire/v1/traces/export", openapi=_OPENAPI, message=ExportTraces)
async def export_traces(context: Context, request: Request, send: Send) -> None:
    """Traces as JSON lines: those that are named, or those of experiments that match a filter, newest first.

    ``mlflow``: MLflow's text of each trace; ``otlp``: a request of OpenTelemetry's protocol for each; ``recording``:
    the calls of models in them, oldest first, from which the simulator answers.
    """
    message = request.message
    assert isinstance(message, ExportTraces)
    _check(message)
    blocks = _recording(context.store, message) if message.format == "recording" else _lines(context.store, message)
    # The first block is made before anything is sent, so that a mistake is answered as one.
    block = await context.run_read(partial(next, blocks, b""))
    headers = [
        (b"content-type", b"application/x-ndjson"),
        (b"content-disposition", disposition(_FILES[message.format]).encode()),
    ]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    try:
        while block:
            await send({"type": "http.response.body", "body": block, "more_body": True})
            block = await context.run_read(partial(next, blocks, b""))
    finally:
        await context.run_read(blocks.close)
    await send({"type": "http.response.body", "body": b""})


def _check(message: ExportTraces) -> None:
    if message.format not in _FILES:
        raise InvalidInput(f"The format is {message.format[:40]!r}; expected {', '.join(_FILES)}.")
    if bool(message.trace_ids) == bool(message.experiment_ids):
        raise InvalidInput("Name the traces (trace_ids), or the experiments to search in (experiment_ids).")
    if len(message.trace_ids) > MOST_NAMED:
        raise InvalidInput(f"trace_ids names {len(message.trace_ids)} traces; name at most {MOST_NAMED}.")


def _lines(store: Store, message: ExportTraces) -> Generator[bytes]:
    """One line a trace, a few hundred kilobytes at once."""
    block = bytearray()
    for trace in _traces(store, message, "DESC"):
        block += _line(trace, message.format) + b"\n"
        if len(block) >= _BLOCK:
            yield bytes(block)
            block.clear()
    if block:
        yield bytes(block)


def _line(trace: Trace, form: str) -> bytes:
    if form == "otlp":
        from quire.domain.otlp import write_json

        return msgspec.json.encode(write_json(trace.spans))
    from quire.entities.traces import Trace as Whole

    return Whole.from_stored(trace).to_json().encode()


def _recording(store: Store, message: ExportTraces) -> Generator[bytes]:
    from quire.entities.traces import Trace as Whole
    from quire.openai.recording import record_traces

    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / _FILES["recording"]
        record_traces(map(Whole.from_stored, _traces(store, message, "ASC")), file)
        with file.open("rb") as written:
            while block := written.read(_BLOCK):
                yield block


def _traces(store: Store, message: ExportTraces, order: str) -> Iterator[Trace]:
    for ids in _ids(store, message, order):
        found = {trace.info.trace_id: trace for trace in store.get_traces(ids)}
        missing = [trace_id for trace_id in ids if trace_id not in found]
        if missing and message.trace_ids:
            raise NotFound(f"Trace with ID '{missing[0]}' not found.")
        yield from (found[trace_id] for trace_id in ids if trace_id in found)


def _ids(store: Store, message: ExportTraces, order: str) -> Iterator[list[str]]:
    named = message.trace_ids
    yield from (named[start : start + _AT_ONCE] for start in range(0, len(named), _AT_ONCE))
    token: str | None = None
    while message.experiment_ids:
        page = store.search_traces(
            message.experiment_ids,
            filter_string=message.filter,
            order_by=[f"timestamp_ms {order}"],
            max_results=_AT_ONCE,
            page_token=token,
        )
        yield [info.trace_id for info in page]
        token = page.token
        if token is None:
            return
