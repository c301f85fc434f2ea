"""The index of the texts of traces: it narrows a search, and never hides what the condition would find."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quire.store import open_store
from quire.store.sql.store import SqlStore
from quire.store.sql.text_signatures import PER_BLOCK, block_parts, parts_of, pattern_slots, places
from quire.store.sql.trace_text import begin_writing_spans, traces_with_text
from tests.spans import new_trace, span

COUNT = PER_BLOCK + 300

letters = st.text(st.sampled_from("abAB %_é\u212a\0"), max_size=12)


@given(st.lists(letters, min_size=1, max_size=4), letters, st.booleans())
def test_what_holds_a_pattern_is_never_missed(texts, piece, ignore_case):
    held = f"{texts[0]}{piece}{texts[-1]}"
    asked = piece.replace("%", "").replace("_", "")
    if asked != piece:
        return
    asked = asked.swapcase() if ignore_case and asked.isascii() else asked
    parts = dict(enumerate(block_parts({5: held.encode(), 9: texts[-1].encode()})))
    slots = pattern_slots(asked, ignore_case=ignore_case)
    if slots:
        assert 5 in places({part: parts[part] for part in parts_of(slots)}, slots)


def test_what_holds_no_piece_of_a_pattern_is_left_out():
    texts = {place: f"the order number {place} is on its way".encode() for place in range(PER_BLOCK)}
    texts[77] = b"a parcel from Zwickau"
    parts = dict(enumerate(block_parts(texts)))
    slots = pattern_slots("%ZWICKAU%", ignore_case=True)
    assert places({part: parts[part] for part in parts_of(slots)}, slots) == [77]
    assert pattern_slots("%ab%_c%", ignore_case=False) == []
    assert pattern_slots("%äöü%", ignore_case=True) == []


def _fill(store: SqlStore, experiment: str, count: int = COUNT) -> list[str]:
    made = [span(new_trace(), f"step {number}", said=f"parcel {number} of many") for number in range(count)]
    for first in range(0, count, 400):
        store.log_spans(experiment, made[first : first + 400])
    return [one.trace_id for one in made]


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def filled(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple]:
    folder = tmp_path_factory.mktemp("text")
    if request.param == "sqlite":
        uri = f"sqlite:///{folder}/quire.db"
    else:
        uri = request.getfixturevalue("postgres_server").create_database()
    store = open_store(uri, artifact_root=str(folder))
    experiment = store.create_experiment("text")
    traces = _fill(store, experiment)
    yield store, experiment, traces
    store.close()


def _found(store: SqlStore, experiment: str, condition: str) -> list[str]:
    return [info.trace_id for info in store.search_traces([experiment], filter_string=condition)]


def _narrowed(store: SqlStore, pattern: str) -> int | None:
    with store._database.read() as session:
        found = traces_with_text(session, pattern, ignore_case=False, most=100)
    return None if found is None else len(found)


def test_a_search_looks_at_few_and_finds_the_same(filled):
    store, experiment, traces = filled
    inside, outside = traces[10], traces[-1]
    looked_at = _narrowed(store, "%parcel 10 of%")
    assert looked_at is not None
    assert looked_at < COUNT // 2
    assert _found(store, experiment, "trace.text LIKE '%parcel 10 of%'") == [inside]
    assert _found(store, experiment, "trace.text ILIKE '%PARCEL 10 OF%'") == [inside]
    assert _found(store, experiment, "span.content LIKE '%parcel 10 o_ many%'") == [inside]
    assert _found(store, experiment, "span.attributes.said LIKE '%parcel 10 of%'") == [inside]
    assert _found(store, experiment, f"trace.text LIKE '%parcel {COUNT - 1} of%'") == [outside]
    assert _found(store, experiment, "trace.text LIKE '%no such text%'") == []
    assert len(_found(store, experiment, "trace.text LIKE '%parcel%'")) == 100
    assert _narrowed(store, "%parcel%") is None
    assert _narrowed(store, "%pa%") is None


def test_spans_that_come_late_are_found(filled):
    store, experiment, traces = filled
    store.log_spans(experiment, [span(traces[3], "afterthought", parent="00000000000000aa")])
    assert _found(store, experiment, "trace.text LIKE '%afterthought%'") == [traces[3]]
    assert _found(store, experiment, "trace.text LIKE '%parcel 3 of%'") == [traces[3]]


def test_row_numbers_that_are_used_again_hide_nothing(tmp_path: Path):
    store = open_store(f"sqlite:///{tmp_path}/quire.db")
    experiment = store.create_experiment("text")
    traces = _fill(store, experiment)
    for first in range(PER_BLOCK - 100, COUNT, 100):
        store.delete_traces(experiment, trace_ids=traces[first : first + 100])
    again = new_trace()
    store.log_spans(experiment, [span(again, "second life")])
    assert _found(store, experiment, "trace.text LIKE '%second life%'") == [again]
    assert _found(store, experiment, f"trace.text LIKE '%parcel {PER_BLOCK - 50} of%'") == []
    store.close()


def test_a_block_is_not_made_while_others_write(postgres_copy: str, tmp_path: Path):
    store = open_store(postgres_copy, artifact_root=str(tmp_path))
    other = open_store(postgres_copy + "?application_name=other", artifact_root=str(tmp_path))
    experiment = store.create_experiment("busy")
    with other._database.write() as session:
        begin_writing_spans(session)
        _fill(store, experiment)
        with store._database.read() as reading:
            assert traces_with_text(reading, "parcel", ignore_case=False, most=10) is None
    last = new_trace()
    store.log_spans(experiment, [span(last, "last of all")])
    assert _narrowed(store, "%last of all%") is not None
    assert _found(store, experiment, "trace.text LIKE '%last of all%'") == [last]
    other.close()
    store.close()
