"""Datasets that a store keeps: made, added to, loaded as they are and as they were."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import quire
from quire import datasets
from quire.datasets import Record
from quire.domain.errors import AlreadyExists, InvalidInput, NotFound

Unique = Callable[[str], str]


def _rows(*numbers: int, answer: str = "") -> list[dict[str, Any]]:
    return [{"inputs": {"q": n}, "expectations": {"a": answer or str(n)}} for n in numbers]


def _answers(dataset: datasets.Dataset) -> dict[int, str]:
    return {record.inputs["q"]: record.expectations["a"] for record in dataset}


def test_what_was_made_is_loaded(any_store: str, unique: Unique) -> None:
    name = unique("questions")
    made = datasets.create(name, _rows(1, 2, 3), dataset_tags={"team": "red", "size": 3})
    found = datasets.load(name)
    assert (found.name, found.version, len(found)) == (name, 1, 3)
    assert found.digest == made.digest
    assert [record.inputs for record in found] == [{"q": 1}, {"q": 2}, {"q": 3}]
    assert found.schema["inputs"] == {"q": "integer"}
    assert isinstance(next(iter(found)), Record)
    assert datasets.search(f"name = '{name}'")[0].tags["size"] == "3"
    assert repr(found) == f"Dataset(name={name!r}, version=1)"


def test_each_state_stays_loadable(any_store: str, unique: Unique) -> None:
    name = unique("questions")
    first = datasets.create(name, _rows(1, 2))
    second = datasets.merge(name, _rows(2, 3, answer="new"))
    assert (first.version, second.version) == (1, 2)
    assert _answers(datasets.load(name, version=1)) == {1: "1", 2: "2"} == _answers(first)
    assert _answers(datasets.load(name)) == {1: "1", 2: "new", 3: "new"}
    assert _answers(datasets.load(name, version=first.digest)) == {1: "1", 2: "2"}
    assert datasets.load(name, version=first.digest[:8]).version == 1
    assert datasets.load(f"datasets:/{name}/1").version == 1
    assert datasets.load(second.uri).digest == second.digest
    assert [item.version for item in datasets.versions(name)] == [2, 1]


def test_what_others_change_is_a_version_when_it_is_loaded(any_store: str, unique: Unique) -> None:
    name = unique("questions")
    datasets.create(name, _rows(1))
    handle = quire.genai.datasets.get_dataset(name)
    handle.merge_records([{"inputs": {"q": 2}, "expectations": {"a": "2"}}])
    assert [item.version for item in datasets.versions(name)] == [1]
    loaded = datasets.load(name)
    assert (loaded.version, len(loaded)) == (2, 2)
    handle.delete_records([record.dataset_record_id for record in handle.records])
    assert len(list(loaded)) == 2
    assert len(datasets.load(name)) == 0
    assert datasets.load(name).version == 3


def test_adding_what_is_there_makes_no_version(store: str) -> None:
    datasets.create("same", _rows(1, 2))
    assert datasets.merge("same", _rows(2, 1)).version == 1


def test_the_digest_is_that_of_the_content_wherever_it_is(any_store: str, unique: Unique) -> None:
    stored = datasets.create(unique("questions"), _rows(1, 2, 3))
    assert stored.digest == datasets.open(_rows(3, 1, 2)).digest
    assert stored.digest != datasets.open(_rows(3, 1)).digest


def test_same_inputs_are_merged_as_mlflow_does(store: str) -> None:
    rows = [
        {"inputs": {"q": 1}, "expectations": {"a": 1}, "outputs": "x", "tags": {"t": "1"}},
        {"inputs": {"q": 1}, "expectations": {"b": 2}, "outputs": "y"},
    ]
    (record,) = datasets.create("merged", rows)
    assert (record.expectations, record.outputs, record.tags) == ({"a": 1, "b": 2}, "y", {"t": "1"})


def test_a_name_is_taken_once(store: str) -> None:
    datasets.create("taken", _rows(1))
    with pytest.raises(AlreadyExists, match="merge"):
        datasets.create("taken", _rows(2))


def test_a_name_that_several_have_needs_an_id(store: str) -> None:
    made = [quire.genai.datasets.create_dataset("twice") for _ in range(2)]
    with pytest.raises(InvalidInput, match=made[0].dataset_id):
        datasets.load("twice")
    assert datasets.load(made[0].dataset_id).name == "twice"


@pytest.mark.parametrize("name", ["it's", 'say "hi"', "a/b", "süß 50%"])
def test_any_name_is_found_again(store: str, name: str) -> None:
    made = datasets.create(name, _rows(1))
    assert datasets.load(name).digest == made.digest
    assert datasets.load(made.uri).version == 1


def test_unknown_datasets_and_versions_are_not_found(store: str) -> None:
    with pytest.raises(NotFound, match="there are none"):
        datasets.load("nothing")
    datasets.create("known", _rows(1))
    with pytest.raises(NotFound, match="'known'"):
        datasets.load("nothing")
    with pytest.raises(NotFound, match="1 to 1"):
        datasets.load("known", version=2)
    with pytest.raises(NotFound, match="has the digest"):
        datasets.load("known", version="ffffffff")
    with pytest.raises(NotFound):
        datasets.load("d-" + "0" * 32)
    with pytest.raises(NotFound):
        datasets.delete("nothing")


@pytest.mark.parametrize("version", [0, -1, True, 1.5, "newest", "abc", "0"])
def test_a_version_is_a_number_or_a_digest(store: str, version: Any) -> None:
    datasets.create("known", _rows(1))
    with pytest.raises(InvalidInput, match="digest"):
        datasets.load("known", version=version)


@pytest.mark.parametrize("name", ["", " ", 3, None, "datasets:/", "datasets:/a/1/2"])
def test_a_name_that_is_none_is_refused(store: str, name: Any) -> None:
    with pytest.raises(InvalidInput):
        datasets.load(name)


def test_a_version_never_changes(store: str) -> None:
    made = datasets.create("fixed", _rows(1))
    with pytest.raises(InvalidInput, match="never changes"):
        datasets.merge(made.uri, _rows(2))
    with pytest.raises(InvalidInput, match="never changes"):
        datasets.delete(made.uri)


def test_a_deleted_dataset_is_gone(any_store: str, unique: Unique) -> None:
    name = unique("gone")
    datasets.create(name, _rows(1))
    datasets.delete(name)
    with pytest.raises(NotFound):
        datasets.load(name)


def test_nothing_is_left_of_a_dataset_whose_records_are_refused(store: str) -> None:
    rows = [*_rows(*range(3000)), {"inputs": {"q": float("nan")}}]
    with pytest.raises(InvalidInput, match="Record 3001"):
        datasets.create("half", rows)
    assert datasets.search() == []


def test_it_is_seen_in_the_active_experiment(store: str) -> None:
    experiment = quire.set_experiment("here").experiment_id
    datasets.create("seen", _rows(1))
    (found,) = datasets.search(experiment_ids=[experiment])
    assert found.experiment_ids == [experiment]
    assert datasets.search("tags.team = 'red'") == []


def test_a_run_can_name_it_as_its_input(store: str) -> None:
    made = datasets.create("input", _rows(1, 2))
    entity = made.to_entity()
    assert (entity.name, entity.digest, entity.source_type) == ("input", made.digest, "mlflow_evaluation_dataset")
    assert '"version": 1' in entity.source
    assert entity.profile == '{"num_records": 2}'


def test_no_credential_is_stored(store: str) -> None:
    secret = "sk-" + "a1B2" * 8
    (record,) = datasets.create("secret", [{"inputs": {"q": f"use {secret}"}, "expectations": {"a": secret}}])
    assert secret not in repr(record)


def test_progress_counts_records(store: str) -> None:
    told: list[int] = []
    datasets.create("counted", _rows(*range(4500)), progress=told.append)
    assert told == [2000, 4000, 4500]


def test_two_versions_are_compared(store: str) -> None:
    old = datasets.create("compared", _rows(1, 2, 3, 4))
    handle = quire.genai.datasets.get_dataset("compared")
    handle.delete_records([r.dataset_record_id for r in handle.records if r.inputs["q"] == 4])
    new = datasets.merge("compared", [*_rows(2, answer="b"), *_rows(5)])
    difference = datasets.diff(old, new)
    assert (difference.added, difference.removed, difference.changed, difference.same) == (1, 1, 1, 2)
    assert [record.inputs for record in difference.added_records] == [{"q": 5}]
    assert [record.inputs for record in difference.removed_records] == [{"q": 4}]
    (changed,) = difference.changed_records
    assert (changed.before, changed.after) == ({"expectations": {"a": "2"}}, {"expectations": {"a": "b"}})
    assert datasets.diff(new, new).same == 4
    assert datasets.diff(old, new, show=0).changed == 1
