"""Fills MLflow's SQLite store with the traces of :mod:`bench.tracefilling`, a million spans in about a minute.

Its server is sent some of them by OpenTelemetry's protocol, as everybody sends them. What it made of these is then
copied in its tables under new ids and times: it stores some hundred spans a second by itself.
"""

from __future__ import annotations

import base64
import itertools
import json
import sqlite3
import time
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import httpx
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from bench.tracefilling import NEEDLE_EVERY, large_trace, made_traces
from quire.domain.traces import SpanRecord

PATTERNS = 100
"""Traces that are copied; one of them holds the word that no other does."""
_AT_ONCE = 10
_PAUSES = (2.0, 10.0, 30.0)
_OWN_TABLES = {
    "trace_info": ("request_id", ()),
    "trace_tags": ("request_id", ()),
    "trace_request_metadata": ("request_id", ()),
    "trace_metrics": ("request_id", ()),
    "spans": ("trace_id", ("duration_ns",)),
    "span_metrics": ("trace_id", ()),
}
"""The tables that tell of a trace: the column of its id, and columns that the database makes itself."""


def send_patterns(port: int, experiment: str) -> None:
    """Send the traces that are copied to a server, and the large one's root."""
    first = NEEDLE_EVERY // 2 - PATTERNS // 2
    patterns = itertools.islice(made_traces(first + PATTERNS), first, None)
    while chunk := list(itertools.islice(patterns, _AT_ONCE)):
        _send(port, experiment, [span for trace in chunk for span in trace])


def _send(port: int, experiment: str, spans: Iterable[SpanRecord]) -> None:
    request = ExportTraceServiceRequest()
    request.resource_spans.add().scope_spans.add().spans.extend(Span.FromString(span.content) for span in spans)
    headers = {"content-type": "application/x-protobuf", "x-mlflow-experiment-id": experiment}
    url = f"http://127.0.0.1:{port}/v1/traces"
    content = request.SerializeToString()
    for pause in (*_PAUSES, None):
        answer = _posted(url, content, headers)
        if answer is not None and answer.is_success:
            return
        if pause is None:
            raise RuntimeError(f"MLflow's server does not take spans: {answer}")
        time.sleep(pause)


def _posted(url: str, content: bytes, headers: dict[str, str]) -> httpx.Response | None:
    """The answer; None where there is none: it ends a process of its own that is silent for five seconds."""
    try:
        return httpx.post(url, content=content, headers=headers, timeout=60)
    except httpx.HTTPError:
        return None


def copy_traces(file: str, copies: int) -> str:
    """Copy all traces of a database so often; the id of the newest."""
    connection = sqlite3.connect(file, isolation_level=None, timeout=60)
    for pragma in ("synchronous=OFF", "cache_size=-1000000", "foreign_keys=OFF"):
        connection.execute(f"PRAGMA {pragma}")
    connection.execute("BEGIN IMMEDIATE")
    for table, (key, made) in _OWN_TABLES.items():
        columns = [row[1] for row in connection.execute(f"PRAGMA table_info({table})") if row[1] not in made]
        rows = connection.execute(f"SELECT {', '.join(columns)} FROM {table}").fetchall()
        names = ", ".join(columns)
        places = ", ".join("?" * len(columns))
        connection.executemany(f"INSERT INTO {table} ({names}) VALUES ({places})", _copies(columns, key, rows, copies))
    connection.execute("COMMIT")
    connection.execute("PRAGMA optimize")
    newest = "SELECT request_id FROM trace_info ORDER BY timestamp_ms DESC LIMIT 1"
    (trace_id,) = connection.execute(newest).fetchone()
    connection.close()
    return str(trace_id)


def _copies(columns: Sequence[str], key: str, rows: list[tuple[Any, ...]], copies: int) -> Iterator[list[Any]]:
    at = columns.index(key)
    for number in range(1, copies + 1):
        for row in rows:
            old, new = row[at], _renamed(row[at], number)
            changes = {old: new, _encoded(old): _encoded(new), "needle0x": f"needle{number}x"}
            yield [_changed(name, value, changes, number) for name, value in zip(columns, row, strict=True)]


def _renamed(trace_id: str, number: int) -> str:
    return f"tr-{number:08x}{trace_id[11:]}"


def _encoded(trace_id: str) -> str:
    return base64.b64encode(bytes.fromhex(trace_id.removeprefix("tr-"))).decode()


def _changed(name: str, value: Any, changes: dict[str, str], number: int) -> Any:
    if isinstance(value, str):
        for old, new in changes.items():
            if old in value:
                value = value.replace(old, new)
    elif name == "timestamp_ms":
        return value + number * PATTERNS
    elif name in ("start_time_unix_nano", "end_time_unix_nano") and value is not None:
        return value + number * PATTERNS * 1_000_000
    return value


def add_large_trace(file: str, port: int, experiment: str, spans: int) -> str:
    """Add a trace of many spans: its first two are sent, the others are made of the second; its id."""
    made = large_trace(spans)
    _send(port, experiment, made[:2])
    connection = sqlite3.connect(file, isolation_level=None, timeout=60)
    trace_id = made[0].trace_id
    columns = [row[1] for row in connection.execute("PRAGMA table_info(spans)") if row[1] != "duration_ns"]
    found = connection.execute(
        f"SELECT {', '.join(columns)} FROM spans WHERE trace_id = ? AND parent_span_id IS NOT NULL", (trace_id,)
    ).fetchone()
    pattern = dict(zip(columns, found, strict=True))
    connection.execute("BEGIN IMMEDIATE")
    connection.executemany(
        f"INSERT INTO spans ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})",
        ([*_span_row(pattern, span).values()] for span in made[2:]),
    )
    connection.execute("COMMIT")
    connection.close()
    return trace_id


def _span_row(pattern: dict[str, Any], span: SpanRecord) -> dict[str, Any]:
    content = json.loads(pattern["content"])
    times = {"start_time_unix_nano": span.start_time_ns, "end_time_unix_nano": span.end_time_ns}
    ids = {"span_id": span.span_id, "parent_span_id": span.parent_id}
    told = {key: base64.b64encode(bytes.fromhex(value or "")).decode() for key, value in ids.items()}
    encoded = {**content, **told, **times, "name": span.name}
    return {**pattern, **ids, **times, "name": span.name, "type": span.type, "content": json.dumps(encoded)}
