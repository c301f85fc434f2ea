"""The spans that servers are sent in benchmarks: valid, and new each time."""

from __future__ import annotations

from itertools import islice

from bench.spans import PER_TRACE, SPANS, bodies
from bench.tracefilling import NEEDLE_EVERY, fill_traces
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
