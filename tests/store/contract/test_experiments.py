"""Experiments: what every store promises."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from quire.domain.entities import Tag
from quire.domain.errors import AlreadyExists, InvalidInput, InvalidState, NotFound
from quire.store import Store

Unique = Callable[[str], str]


def test_experiment_zero_is_there_from_the_start(store: Store) -> None:
    experiment = store.get_experiment("0")
    assert experiment.name == "Default"
    assert experiment.lifecycle_stage == "active"


def test_a_created_experiment_is_read_back_by_id_and_by_name(store: Store, unique: Unique) -> None:
    name = unique("exp")
    experiment_id = store.create_experiment(name, tags=[Tag("team", "search"), Tag("a", "b")])
    experiment = store.get_experiment(experiment_id)
    assert experiment == store.get_experiment_by_name(name)
    assert experiment.experiment_id == experiment_id
    assert experiment_id.isdecimal()
    assert experiment.name == name
    assert experiment.tags == {"team": "search", "a": "b"}
    assert experiment.creation_time is not None
    assert experiment.artifact_location.rstrip("/").endswith(experiment_id)


def test_an_artifact_location_is_kept(store: Store, unique: Unique) -> None:
    experiment_id = store.create_experiment(unique("exp"), artifact_location="s3://bucket/here")
    assert store.get_experiment(experiment_id).artifact_location == "s3://bucket/here"


def test_an_unknown_experiment_is_not_found(store: Store) -> None:
    with pytest.raises(NotFound, match="987654"):
        store.get_experiment("987654")
    assert store.get_experiment_by_name("no such experiment") is None


@pytest.mark.parametrize("experiment_id", ["abc", "1.5", "-1", "", "1 OR 1=1"])
def test_an_experiment_id_that_is_no_number_is_refused(store: Store, experiment_id: str) -> None:
    with pytest.raises(InvalidInput, match="expected a decimal number"):
        store.get_experiment(experiment_id)


@pytest.mark.parametrize("name", ["", "   ", "x" * 501])
def test_a_bad_name_is_refused(store: Store, name: str) -> None:
    with pytest.raises(InvalidInput, match="experiment name"):
        store.create_experiment(name)


def test_a_taken_name_is_refused(store: Store, unique: Unique) -> None:
    name = unique("exp")
    store.create_experiment(name)
    with pytest.raises(AlreadyExists, match=name):
        store.create_experiment(name)


def test_a_name_taken_by_a_deleted_experiment_is_refused_and_the_way_back_is_named(
    store: Store, unique: Unique
) -> None:
    name = unique("exp")
    experiment_id = store.create_experiment(name)
    store.delete_experiment(experiment_id)
    with pytest.raises(AlreadyExists, match=rf"restore_experiment\('{experiment_id}'\)"):
        store.create_experiment(name)


def test_deleting_an_experiment_deletes_its_runs_and_restoring_brings_them_back(store: Store, experiment: str) -> None:
    run_id = store.create_run(experiment).info.run_id
    store.delete_experiment(experiment)
    assert store.get_experiment(experiment).lifecycle_stage == "deleted"
    assert store.get_run(run_id).info.lifecycle_stage == "deleted"
    assert store.search_runs([experiment]) == []
    assert [found.info.run_id for found in store.search_runs([experiment], view="DELETED_ONLY")] == [run_id]
    store.restore_experiment(experiment)
    assert store.get_experiment(experiment).lifecycle_stage == "active"
    assert store.get_run(run_id).info.lifecycle_stage == "active"


def test_deleting_twice_and_restoring_what_is_active_are_refused(store: Store, experiment: str) -> None:
    with pytest.raises(NotFound, match="not deleted"):
        store.restore_experiment(experiment)
    store.delete_experiment(experiment)
    with pytest.raises(NotFound, match="deleted already"):
        store.delete_experiment(experiment)


def test_renaming(store: Store, experiment: str, unique: Unique) -> None:
    name = unique("new")
    store.rename_experiment(experiment, name)
    assert store.get_experiment(experiment).name == name
    taken = unique("taken")
    store.create_experiment(taken)
    with pytest.raises(AlreadyExists, match=taken):
        store.rename_experiment(experiment, taken)
    store.delete_experiment(experiment)
    with pytest.raises(InvalidState, match="Restore it first"):
        store.rename_experiment(experiment, unique("other"))


def test_tags_are_set_replaced_and_removed(store: Store, experiment: str) -> None:
    store.set_experiment_tag(experiment, Tag("k", "1"))
    store.set_experiment_tag(experiment, Tag("k", "2"))
    assert store.get_experiment(experiment).tags == {"k": "2"}
    store.delete_experiment_tag(experiment, "k")
    assert store.get_experiment(experiment).tags == {}
    with pytest.raises(NotFound, match="no tag 'k'"):
        store.delete_experiment_tag(experiment, "k")


def test_a_tag_that_is_too_long_is_refused(store: Store, experiment: str) -> None:
    with pytest.raises(InvalidInput, match="20,001 characters; at most 20,000"):
        store.set_experiment_tag(experiment, Tag("k", "x" * 20_001))


def test_a_deleted_experiment_takes_no_tags_and_no_runs(store: Store, experiment: str) -> None:
    store.delete_experiment(experiment)
    with pytest.raises(InvalidInput, match="is deleted"):
        store.set_experiment_tag(experiment, Tag("k", "v"))
    with pytest.raises(InvalidInput, match="is deleted"):
        store.create_run(experiment)


def test_search_filters_orders_and_pages(store: Store, unique: Unique) -> None:
    prefix = unique("search")
    ids = [
        store.create_experiment(f"{prefix}-{letter}", tags=[Tag("team", team)] if team else [])
        for letter, team in (("c", "x"), ("a", "y"), ("b", ""))
    ]
    mine = f"name LIKE '{prefix}-%'"
    names = [found.name for found in store.search_experiments(filter_string=mine, order_by=["name ASC"])]
    assert names == [f"{prefix}-{letter}" for letter in "abc"]
    newest = [found.experiment_id for found in store.search_experiments(filter_string=mine)]
    assert newest == ids[::-1]
    tagged = store.search_experiments(filter_string=f"{mine} AND tags.team = 'x'")
    assert [found.experiment_id for found in tagged] == [ids[0]]
    untagged = store.search_experiments(filter_string=f"{mine} AND tags.team IS NULL")
    assert [found.experiment_id for found in untagged] == [ids[2]]
    listed = store.search_experiments(filter_string=f"experiment_id IN ('{ids[1]}', '{ids[2]}')")
    assert {found.experiment_id for found in listed} == set(ids[1:])
    first = store.search_experiments(filter_string=mine, order_by=["name"], max_results=2)
    assert first.token is not None
    second = store.search_experiments(filter_string=mine, order_by=["name"], max_results=2, page_token=first.token)
    assert [found.name for found in (*first, *second)] == names
    assert second.token is None


def test_search_by_case(store: Store, unique: Unique) -> None:
    name = unique("MiXed")
    store.create_experiment(name)
    assert [found.name for found in store.search_experiments(filter_string=f"name LIKE '{name}'")] == [name]
    assert store.search_experiments(filter_string=f"name LIKE '{name.lower()}'") == []
    assert [found.name for found in store.search_experiments(filter_string=f"name ILIKE '{name.lower()}'")] == [name]


def test_search_by_view(store: Store, unique: Unique) -> None:
    name = unique("exp")
    store.delete_experiment(store.create_experiment(name))
    mine = f"name = '{name}'"
    assert store.search_experiments(filter_string=mine) == []
    assert len(store.search_experiments(filter_string=mine, view="DELETED_ONLY")) == 1
    assert len(store.search_experiments(filter_string=mine, view="ALL")) == 1


def test_an_unknown_view_is_refused(store: Store, experiment: str) -> None:
    for search in (store.search_experiments, lambda **more: store.search_runs([experiment], **more)):
        with pytest.raises(InvalidInput, match="expected one of ACTIVE_ONLY, DELETED_ONLY, ALL"):
            search(view="SOME")  # type: ignore[operator]


@pytest.mark.parametrize("size", [0, -1, 50_001])
def test_a_page_size_out_of_range_is_refused(store: Store, size: int) -> None:
    with pytest.raises(InvalidInput, match=r"max_results is .*from 1 to 50,000"):
        store.search_experiments(max_results=size)


def test_a_credential_in_a_tag_is_redacted(store: Store, experiment: str) -> None:
    store.set_experiment_tag(experiment, Tag("note", "use sk-abcdefghijklmnopqrstuv to call"))
    assert store.get_experiment(experiment).tags == {"note": "use [REDACTED] to call"}
