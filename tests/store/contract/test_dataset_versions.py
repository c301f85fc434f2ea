"""Versions of evaluation datasets: what every store that keeps them promises."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest

from quire.domain.datasets import EvaluationDataset, NewRecord
from quire.domain.errors import InvalidInput, NotFound
from quire.store import Store


@pytest.fixture
def dataset(store: Store, experiment: str, unique: Callable[[str], str]) -> EvaluationDataset:
    """A fresh dataset of the experiment."""
    return store.create_dataset(unique("versions"), experiment_ids=[experiment])


def _put(store: Store, dataset: EvaluationDataset, *records: tuple[int, Any]) -> None:
    store.upsert_records(
        dataset.dataset_id, [NewRecord(inputs={"q": q}, expectations={"a": a} if a else None) for q, a in records]
    )


def _content(store: Store, dataset: EvaluationDataset, version: int | None = None) -> list[tuple[int, Any]]:
    found, token = [], None
    while True:
        page = store.get_records(dataset.dataset_id, version=version, max_results=3, page_token=token)
        found += [(record.inputs["q"], (record.expectations or {}).get("a")) for record in page]
        token = page.token
        if token is None:
            return found


def test_a_version_is_read_as_it_was(store: Store, dataset: EvaluationDataset) -> None:
    _put(store, dataset, (1, "x"), (2, "y"), (3, None), (4, None), (5, None))
    first = store.name_version(dataset.dataset_id)
    assert (first.version, first.records) == (1, 5)
    assert first.digest == store.get_dataset(dataset.dataset_id).digest
    _put(store, dataset, (2, "changed"), (6, None))
    ids = {r.inputs["q"]: r.dataset_record_id for r in store.get_records(dataset.dataset_id)}
    store.delete_records(dataset.dataset_id, [ids[1], ids[5]])
    second = store.name_version(dataset.dataset_id)
    assert (second.version, second.records) == (2, 4)
    assert second.digest != first.digest
    store.delete_records(dataset.dataset_id, [ids[2]])
    assert _content(store, dataset, 1) == [(1, "x"), (2, "y"), (3, None), (4, None), (5, None)]
    assert _content(store, dataset, 2) == [(2, "changed"), (3, None), (4, None), (6, None)]
    assert _content(store, dataset) == [(3, None), (4, None), (6, None)]
    was = {r.inputs["q"]: r.dataset_record_id for r in store.get_records(dataset.dataset_id, version=1)}
    assert was == {number: ids[number] for number in range(1, 6)}


def test_a_state_is_named_once(store: Store, dataset: EvaluationDataset) -> None:
    _put(store, dataset, (1, "x"))
    first = store.name_version(dataset.dataset_id)
    _put(store, dataset, (1, "x"))
    store.set_dataset_tags(dataset.dataset_id, {"a": "b"})
    assert store.name_version(dataset.dataset_id) == first
    assert store.get_dataset_version(dataset.dataset_id, 1) == first


def test_tags_are_kept_with_a_version_and_are_no_content(store: Store, dataset: EvaluationDataset) -> None:
    for split in ("dev", "test"):
        store.upsert_records(dataset.dataset_id, [NewRecord(inputs={"q": 1}, tags={"split": split})])
        store.name_version(dataset.dataset_id)
    found = store.search_dataset_versions(dataset.dataset_id)
    assert [item.version for item in found] == [2, 1]
    assert found[0].digest == found[1].digest
    tags = [store.get_records(dataset.dataset_id, version=number)[0].tags for number in (1, 2)]
    assert tags == [{"split": "dev"}, {"split": "test"}]


def test_an_empty_dataset_has_a_version_too(store: Store, dataset: EvaluationDataset) -> None:
    assert store.name_version(dataset.dataset_id).records == 0
    assert _content(store, dataset, 1) == []


def test_versions_are_found_by_digest_and_paged(store: Store, dataset: EvaluationDataset) -> None:
    made = []
    for number in range(5):
        _put(store, dataset, (number, None))
        made.append(store.name_version(dataset.dataset_id))
    assert store.search_dataset_versions(dataset.dataset_id, digest=made[2].digest[:12]) == [made[2]]
    assert store.search_dataset_versions(dataset.dataset_id, digest="f" * 32) == []
    first = store.search_dataset_versions(dataset.dataset_id, max_results=3)
    rest = store.search_dataset_versions(dataset.dataset_id, max_results=3, page_token=first.token)
    assert [item.version for item in (*first, *rest)] == [5, 4, 3, 2, 1]
    assert rest.token is None


def test_a_version_that_there_is_not_is_not_found(store: Store, dataset: EvaluationDataset) -> None:
    with pytest.raises(NotFound, match="no state of it has been named"):
        store.get_dataset_version(dataset.dataset_id, 1)
    store.name_version(dataset.dataset_id)
    for version in (0, 2, -1, 2**70):
        with pytest.raises((NotFound, InvalidInput)):
            store.get_dataset_version(dataset.dataset_id, version)
    with pytest.raises(NotFound, match="1 to 1"):
        store.get_records(dataset.dataset_id, version=2)
    with pytest.raises(NotFound):
        store.name_version("d-" + "0" * 32)


def test_a_token_serves_only_its_version(store: Store, dataset: EvaluationDataset) -> None:
    _put(store, dataset, *((number, None) for number in range(4)))
    store.name_version(dataset.dataset_id)
    token = store.get_records(dataset.dataset_id, version=1, max_results=2).token
    with pytest.raises(InvalidInput):
        store.get_records(dataset.dataset_id, max_results=2, page_token=token)


def test_versions_go_with_their_dataset(store: Store, dataset: EvaluationDataset) -> None:
    _put(store, dataset, (1, "x"))
    store.name_version(dataset.dataset_id)
    store.delete_dataset(dataset.dataset_id)
    with pytest.raises(NotFound):
        store.get_records(dataset.dataset_id, version=1)


def test_a_version_of_many_records_of_which_most_have_changed(store: Store, dataset: EvaluationDataset) -> None:
    count = 1200
    _put(store, dataset, *((number, "x") for number in range(count)))
    store.name_version(dataset.dataset_id)
    _put(store, dataset, *((number, "y") for number in range(0, count, 2)))
    first = store.get_records(dataset.dataset_id, max_results=700)
    store.delete_records(dataset.dataset_id, [record.dataset_record_id for record in first])
    _put(store, dataset, *((number, "new") for number in range(count, count + 50)))
    store.name_version(dataset.dataset_id)
    for size in (100, 499, 5000):
        found: list[int] = []
        token = None
        while True:
            page = store.get_records(dataset.dataset_id, version=1, max_results=size, page_token=token)
            found += [record.inputs["q"] for record in page]
            assert all((record.expectations or {})["a"] == "x" for record in page)
            token = page.token
            if token is None:
                break
        assert sorted(found) == list(range(count))
    assert store.get_dataset_version(dataset.dataset_id, 2).records == 550


def test_any_history_of_changes_leaves_every_version_as_it_was(store: Store, dataset: EvaluationDataset) -> None:
    draw = random.Random(4)
    expected: dict[int, list[tuple[int, Any]]] = {}
    for _ in range(12):
        changes = [(draw.randrange(8), draw.choice("xyz")) for _ in range(draw.randrange(4))]
        _put(store, dataset, *changes)
        present = list(store.get_records(dataset.dataset_id))
        gone = draw.sample(present, min(len(present), draw.randrange(3)))
        store.delete_records(dataset.dataset_id, [record.dataset_record_id for record in gone])
        if draw.random() < 0.6:
            expected[store.name_version(dataset.dataset_id).version] = _content(store, dataset)
    assert len(expected) > 4
    for version, content in expected.items():
        assert _content(store, dataset, version) == content
        assert store.get_dataset_version(dataset.dataset_id, version).records == len(content)
