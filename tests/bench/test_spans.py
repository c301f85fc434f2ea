"""The spans that servers are sent in benchmarks: valid, and new each time."""

from __future__ import annotations

import base64
import contextlib
import json
import sqlite3
from collections import Counter
from itertools import islice

from bench.mlflow_traces import copy_traces
from bench.spans import PER_TRACE, SPANS, bodies
from bench.tracefilling import NEEDLE_EVERY, fill_traces, large_trace
from quire.domain.otlp import read_protobuf
from quire.store import open_store


def test_each_request_holds_new_traces_of_four_spans():
    first, second = (read_protobuf(body) for body in islice(bodies(), 2))
    assert len(first) == len(second) == SPANS
    assert len({span.trace_id for span in [*first, *second]}) == 2 * SPANS // PER_TRACE
    assert len({span.span_id for span in [*first, *second]}) == 2 * SPANS
    parents = {span.span_id: span.parent_id for span in first}
    assert sum(parent is None for parent in parents.values()) == SPANS // PER_TRACE
    assert all(parent in parents for parent in parents.values() if parent)


def test_a_filled_store_holds_what_the_searches_look_for(tmp_path):
    store = open_store(f"sqlite:///{tmp_path}/quire.db")
    fill_traces(store, "0", NEEDLE_EVERY // 2 + 10)
    found = store.search_traces(["0"], filter_string="trace.text LIKE '%needle0x%'")
    assert len(found) == 1
    (trace,) = store.get_traces([found[0].trace_id])
    assert len(trace.spans) == PER_TRACE
    store.close()


def test_a_large_trace_is_one_tree(tmp_path):
    made = large_trace(300)
    store = open_store(f"sqlite:///{tmp_path}/quire.db")
    store.log_spans("0", made)
    (trace,) = store.get_traces([made[0].trace_id])
    store.close()
    assert len(trace.spans) == 300
    children = Counter(span.parent_id for span in made)
    assert children[None] == 1
    assert set(children) - {None} <= {span.span_id for span in made}
    assert children[made[0].span_id] == 3
    assert max(children.values()) == 100


def test_copies_of_mlflows_traces_are_traces_of_their_own(tmp_path):
    file = tmp_path / "mlflow.db"
    known = f"tr-{'ab' * 16}"
    encoded = base64.b64encode(bytes.fromhex("ab" * 16)).decode()
    with contextlib.closing(sqlite3.connect(file)) as database, database:
        database.execute(
            "CREATE TABLE trace_info (request_id TEXT PRIMARY KEY, timestamp_ms INT, request_preview TEXT)"
        )
        for table in ("trace_tags", "trace_request_metadata", "trace_metrics"):
            database.execute(f"CREATE TABLE {table} (key TEXT, value TEXT, request_id TEXT)")
        database.execute("CREATE TABLE spans (trace_id TEXT, span_id TEXT, start_time_unix_nano INT, content TEXT)")
        database.execute("CREATE TABLE span_metrics (trace_id TEXT, key TEXT, value REAL)")
        database.execute("INSERT INTO trace_info VALUES (?, 1000, 'a needle0x')", (known,))
        database.execute("INSERT INTO trace_tags VALUES ('place', ?, ?)", (f"files/{known}", known))
        database.execute("INSERT INTO spans VALUES (?, '01', 1000000000, ?)", (known, f'{{"trace_id": "{encoded}"}}'))
    newest = copy_traces(str(file), 2)
    with contextlib.closing(sqlite3.connect(file)) as database:
        ids = [row[0] for row in database.execute("SELECT request_id FROM trace_info ORDER BY timestamp_ms")]
        assert (len(set(ids)), ids[0], ids[-1]) == (3, known, newest)
        tag = database.execute("SELECT value FROM trace_tags WHERE request_id = ?", (newest,)).fetchone()
        assert tag == (f"files/{newest}",)
        (content,) = database.execute("SELECT content FROM spans WHERE trace_id = ?", (newest,)).fetchone()
        assert base64.b64decode(json.loads(content)["trace_id"]).hex() == newest.removeprefix("tr-")
        found = database.execute("SELECT request_id FROM trace_info WHERE request_preview LIKE '%needle0x%'").fetchall()
        assert found == [(known,)]
