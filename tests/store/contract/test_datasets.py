"""Evaluation datasets: what every store promises."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from quire.domain.datasets import EvaluationDataset, NewRecord, RecordSource
from quire.domain.errors import InvalidInput, NotFound
from quire.store import Store


@pytest.fixture
def dataset(store: Store, experiment: str, unique: Callable[[str], str]) -> EvaluationDataset:
    """A fresh dataset of the experiment."""
    return store.create_dataset(unique("questions"), experiment_ids=[experiment], tags={"team": "red"})


def _records(store: Store, dataset: EvaluationDataset) -> list[Any]:
    return [record.inputs for record in store.get_records(dataset.dataset_id)]


def test_a_dataset_is_read_as_it_was_made(store: Store, experiment: str, dataset: EvaluationDataset) -> None:
    assert re.fullmatch(r"d-[0-9a-f]{32}", dataset.dataset_id)
    assert dataset.tags == {"team": "red"}
    assert dataset.experiment_ids == [experiment]
    assert dataset.created_time == dataset.last_update_time > 0
    assert (dataset.profile, dataset.schema) == (None, None)
    assert store.get_dataset(dataset.dataset_id) == dataset


def test_records_are_known_by_their_inputs(store: Store, dataset: EvaluationDataset) -> None:
    first = [NewRecord(inputs={"q": 1, "k": "a"}, expectations={"a": 1}), NewRecord(inputs={"q": 2})]
    done = store.upsert_records(dataset.dataset_id, first)
    assert (done.inserted, done.updated) == (2, 0)
    again = [
        NewRecord(inputs={"k": "a", "q": 1}, expectations={"b": 2}, outputs="x", tags={"t": "1"}),
        NewRecord(inputs={"q": 3}),
    ]
    done = store.upsert_records(dataset.dataset_id, again)
    assert (done.inserted, done.updated) == (1, 1)
    found = {record.inputs["q"]: record for record in store.get_records(dataset.dataset_id)}
    assert found.keys() == {1, 2, 3}
    assert (found[1].expectations, found[1].outputs, found[1].tags) == ({"a": 1, "b": 2}, "x", {"t": "1"})
    assert re.fullmatch(r"dr-[0-9a-f]{32}", found[1].dataset_record_id)
    assert found[1].last_update_time >= found[1].created_time > 0


def test_the_same_inputs_twice_in_a_call_are_one_record(store: Store, dataset: EvaluationDataset) -> None:
    same = [NewRecord(inputs={"q": 1}, expectations={"a": n}) for n in range(3)]
    done = store.upsert_records(dataset.dataset_id, same)
    assert (done.inserted, done.updated) == (1, 2)
    (found,) = store.get_records(dataset.dataset_id)
    assert found.expectations == {"a": 2}


def test_outputs_are_replaced_only_if_they_are_given(store: Store, dataset: EvaluationDataset) -> None:
    for outputs in ({"a": 1}, msgspec.UNSET):
        store.upsert_records(dataset.dataset_id, [NewRecord(inputs={"q": 1}, outputs=outputs)])
    assert store.get_records(dataset.dataset_id)[0].outputs == {"a": 1}
    store.upsert_records(dataset.dataset_id, [NewRecord(inputs={"q": 1}, outputs=["b"])])
    assert store.get_records(dataset.dataset_id)[0].outputs == ["b"]


def test_schema_and_profile_follow_the_records(store: Store, dataset: EvaluationDataset) -> None:
    record = NewRecord(
        inputs={"s": "a", "i": 1, "f": 0.5, "b": True, "l": [], "o": {}}, expectations={"e": None}, outputs="text"
    )
    store.upsert_records(dataset.dataset_id, [record])
    found = store.get_dataset(dataset.dataset_id)
    schema = msgspec.json.decode(found.schema or "")
    assert schema["inputs"] == {
        "s": "string",
        "i": "integer",
        "f": "float",
        "b": "boolean",
        "l": "array",
        "o": "object",
    }
    assert (schema["expectations"], schema["outputs"]) == ({"e": "null"}, "string")
    assert msgspec.json.decode(found.profile or "") == {"num_records": 1}


def test_the_digest_names_the_content(store: Store, dataset: EvaluationDataset, unique: Callable[[str], str]) -> None:
    def digest(of: EvaluationDataset) -> str:
        return store.get_dataset(of.dataset_id).digest

    empty = digest(dataset)
    records = [NewRecord(inputs={"q": n}) for n in range(3)]
    store.upsert_records(dataset.dataset_id, records)
    other = store.create_dataset(unique("other"))
    for record in reversed(records):
        store.upsert_records(other.dataset_id, [record])
    assert digest(other) == digest(dataset) != empty
    store.upsert_records(other.dataset_id, [NewRecord(inputs={"q": 0}, expectations={"a": 1})])
    assert digest(other) != digest(dataset)
    ids = [record.dataset_record_id for record in store.get_records(dataset.dataset_id)]
    assert store.delete_records(dataset.dataset_id, ids) == 3
    assert digest(dataset) == empty


def test_sources_and_users_are_kept(store: Store, dataset: EvaluationDataset) -> None:
    source = RecordSource("trace", {"trace_id": "tr-1"})
    store.upsert_records(
        dataset.dataset_id, [NewRecord(inputs={"q": 1}, source=source, tags={"mlflow.user": "ann", "n": 1})]
    )
    (found,) = store.get_records(dataset.dataset_id)
    assert found.source == RecordSource("TRACE", {"trace_id": "tr-1"})
    assert (found.source_type, found.source_id) == ("TRACE", "tr-1")
    assert (found.created_by, found.last_updated_by) == ("ann", "ann")
    assert store.get_dataset(dataset.dataset_id).last_updated_by == "ann"


def test_records_are_paged(store: Store, dataset: EvaluationDataset) -> None:
    store.upsert_records(dataset.dataset_id, [NewRecord(inputs={"q": n}) for n in range(7)])
    found: list[int] = []
    token = None
    for _ in range(3):
        page = store.get_records(dataset.dataset_id, max_results=3, page_token=token)
        found += [record.inputs["q"] for record in page]
        token = page.token
    assert token is None
    assert sorted(found) == list(range(7))


def test_records_are_deleted(store: Store, dataset: EvaluationDataset, unique: Callable[[str], str]) -> None:
    other = store.create_dataset(unique("other"))
    for place in (dataset, other):
        store.upsert_records(place.dataset_id, [NewRecord(inputs={"q": n}) for n in range(2)])
    foreign = store.get_records(other.dataset_id)[0].dataset_record_id
    own = store.get_records(dataset.dataset_id)[0].dataset_record_id
    assert store.delete_records(dataset.dataset_id, [own, foreign, "dr-none"]) == 1
    assert len(_records(store, dataset)) == 1
    assert len(_records(store, other)) == 2
    assert store.delete_records(dataset.dataset_id, []) == 0


def test_tags_of_a_dataset(store: Store, dataset: EvaluationDataset) -> None:
    store.set_dataset_tags(dataset.dataset_id, {"team": "blue", "new": "1", "none": None})
    assert store.get_dataset(dataset.dataset_id).tags == {"team": "blue", "new": "1"}
    store.delete_dataset_tag(dataset.dataset_id, "team")
    store.delete_dataset_tag(dataset.dataset_id, "team")
    assert store.get_dataset(dataset.dataset_id).tags == {"new": "1"}


def test_experiments_of_a_dataset(
    store: Store, experiment: str, dataset: EvaluationDataset, unique: Callable[[str], str]
) -> None:
    more = store.create_experiment(unique("more"))
    added = store.add_dataset_to_experiments(dataset.dataset_id, [more, more])
    assert sorted(added.experiment_ids) == sorted([experiment, more])
    left = store.remove_dataset_from_experiments(dataset.dataset_id, [experiment])
    assert left.experiment_ids == [more]
    assert store.search_datasets(experiment_ids=[experiment]) == []
    assert [item.dataset_id for item in store.search_datasets(experiment_ids=[more])] == [dataset.dataset_id]
    with pytest.raises(NotFound):
        store.add_dataset_to_experiments(dataset.dataset_id, ["987654321"])


def test_datasets_are_searched(store: Store, experiment: str, unique: Callable[[str], str]) -> None:
    mark = unique("mark")
    for name, team in (("a", "red"), ("b", "blue"), ("c", "red")):
        store.create_dataset(f"{mark}-{name}", experiment_ids=[experiment], tags={"team": team, "mlflow.user": name})

    def names(filter_string: str = "", *order_by: str) -> list[str]:
        page = store.search_datasets(
            experiment_ids=[experiment], filter_string=filter_string, order_by=order_by or ["name ASC"]
        )
        return [item.name.removeprefix(f"{mark}-") for item in page]

    assert names() == ["a", "b", "c"]
    assert names("", "name DESC") == ["c", "b", "a"]
    assert names(f"name = '{mark}-b'") == ["b"]
    assert names("name LIKE '%-a'") == ["a"]
    assert names("tags.team = 'red'") == ["a", "c"]
    assert names("created_by = 'c'") == ["c"]
    assert names("created_time > 0 AND tags.team != 'red'") == ["b"]
    first = store.search_datasets(experiment_ids=[experiment], max_results=2, order_by=["name"])
    rest = store.search_datasets(experiment_ids=[experiment], max_results=2, order_by=["name"], page_token=first.token)
    assert [item.name[-1] for item in (*first, *rest)] == ["a", "b", "c"]
    assert rest.token is None


def test_a_deleted_dataset_is_gone(store: Store, dataset: EvaluationDataset) -> None:
    store.upsert_records(dataset.dataset_id, [NewRecord(inputs={"q": 1})])
    store.delete_dataset(dataset.dataset_id)
    store.delete_dataset(dataset.dataset_id)
    with pytest.raises(NotFound):
        store.get_dataset(dataset.dataset_id)
    with pytest.raises(NotFound):
        store.get_records(dataset.dataset_id)
    with pytest.raises(NotFound):
        store.upsert_records(dataset.dataset_id, [NewRecord(inputs={"q": 1})])
    with pytest.raises(NotFound):
        store.set_dataset_tags(dataset.dataset_id, {"a": "1"})


def test_bad_datasets_are_refused(store: Store, dataset: EvaluationDataset) -> None:
    with pytest.raises(InvalidInput, match="dataset name"):
        store.create_dataset(" ")
    with pytest.raises(InvalidInput, match="500"):
        store.create_dataset("x" * 501)
    with pytest.raises(InvalidInput, match="GUESS"):
        store.upsert_records(dataset.dataset_id, [NewRecord(inputs={"q": 1}, source=RecordSource("GUESS"))])
    with pytest.raises(InvalidInput, match="colour"):
        store.search_datasets(filter_string="colour = 'red'")
    with pytest.raises(NotFound):
        store.create_dataset("fine", experiment_ids=["987654321"])


def test_no_credential_is_kept_in_a_record(store: Store, dataset: EvaluationDataset) -> None:
    secret = "sk-" + "a1B2" * 8
    record = NewRecord(inputs={"q": f"use {secret}"}, outputs=secret, expectations={"api_key": "opaque"})
    store.upsert_records(dataset.dataset_id, [record])
    text = repr(store.get_records(dataset.dataset_id).to_list())
    assert secret not in text
    assert "opaque" not in text
