"""Digests of datasets: of the content alone, whatever its order, place and history."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quire import datasets
from quire.domain.datasets import NewRecord, input_hash
from quire.domain.errors import InvalidInput
from quire.store import Store, open_store

# No store keeps the character NUL.
TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=4)
VALUES = st.one_of(st.none(), st.booleans(), st.integers(-9, 9), TEXTS, st.floats(-2, 2))
RECORDS = st.dictionaries(st.integers(0, 9), st.dictionaries(st.sampled_from("ab"), VALUES), min_size=1, max_size=6)


@pytest.fixture(scope="module")
def memory(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A store in memory."""
    store = open_store("sqlite://", artifact_root=str(tmp_path_factory.mktemp("artifacts")))
    yield store
    store.close()


def _rows(content: dict[int, dict[str, Any]]) -> list[dict[str, Any]]:
    return [{"inputs": {"q": q}, "expectations": expected} for q, expected in content.items()]


def _stored(store: Store, *parts: dict[int, dict[str, Any]]) -> tuple[str, str]:
    dataset_id = store.create_dataset("any").dataset_id
    for content in parts:
        records = [NewRecord(inputs={"q": q}, expectations=expected or None) for q, expected in content.items()]
        store.upsert_records(dataset_id, records)
    return dataset_id, store.get_dataset(dataset_id).digest


@settings(max_examples=30)
@given(RECORDS, st.randoms())
def test_a_store_and_a_list_have_the_same_digest(memory: Store, content: dict[int, dict[str, Any]], draw: Any) -> None:
    opened = datasets.open(_rows(content), check_schema=False)
    order = list(content)
    draw.shuffle(order)
    _, digest = _stored(memory, {q: content[q] for q in order})
    assert digest == opened.digest


@settings(max_examples=30)
@given(RECORDS, RECORDS)
def test_a_digest_does_not_depend_on_the_way_to_the_content(
    memory: Store, first: dict[int, dict[str, Any]], second: dict[int, dict[str, Any]]
) -> None:
    merged = {q: {**first.get(q, {}), **second.get(q, {})} for q in {**first, **second}}
    dataset_id, digest = _stored(memory, first, second)
    assert digest == datasets.open(_rows(merged), check_schema=False).digest
    gone = [r.dataset_record_id for r in memory.get_records(dataset_id) if r.inputs["q"] not in second]
    memory.delete_records(dataset_id, gone)
    left = [row for row in _rows(merged) if row["inputs"]["q"] in second]
    assert memory.get_dataset(dataset_id).digest == datasets.open(left, check_schema=False).digest


@given(st.dictionaries(st.text(max_size=3), VALUES, min_size=1))
def test_a_record_is_known_by_its_inputs_whatever_their_order(inputs: dict[str, Any]) -> None:
    (record,) = datasets.open([{"inputs": inputs}])
    assert record.record_id == input_hash(dict(reversed(inputs.items())))


@given(RECORDS, st.sampled_from("ab"))
def test_any_change_changes_the_digest(content: dict[int, dict[str, Any]], field: str) -> None:
    before = datasets.open(_rows(content), check_schema=False).digest
    changed = {q: {**expected, field: "something else"} for q, expected in content.items()}
    assert datasets.open(_rows(changed), check_schema=False).digest != before


def test_an_answer_of_nothing_and_none_are_the_same() -> None:
    without = datasets.open([{"inputs": {"q": 1}}]).digest
    for nothing in (None, {}):
        assert datasets.open([{"inputs": {"q": 1}, "outputs": nothing}]).digest == without
    with pytest.raises(InvalidInput):
        datasets.open([{"outputs": 1}])
