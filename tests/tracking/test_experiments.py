"""Experiments: the active one, by name, by id, by environment."""

from __future__ import annotations

import json

import pytest

import quire
from quire.domain.errors import AlreadyExists, InvalidInput, NotFound


def started_in() -> str:
    with quire.start_run() as run:
        return run.info.experiment_id


def test_setting_by_name_creates_once_and_activates() -> None:
    first = quire.set_experiment("jokes")
    assert first.name == "jokes"
    assert quire.set_experiment(name="jokes").experiment_id == first.experiment_id
    assert started_in() == first.experiment_id


def test_setting_by_id_needs_an_existing_experiment() -> None:
    experiment_id = quire.create_experiment("a", tags={"team": 1})
    assert quire.set_experiment(experiment_id=experiment_id).tags == {"team": "1"}
    with pytest.raises(NotFound, match="999"):
        quire.set_experiment(experiment_id="999")


def test_exactly_one_of_name_and_id_is_needed() -> None:
    with pytest.raises(InvalidInput, match="exactly one"):
        quire.set_experiment()
    with pytest.raises(InvalidInput, match="exactly one"):
        quire.set_experiment("a", "1")


def test_a_deleted_experiment_cannot_become_active() -> None:
    experiment_id = quire.create_experiment("gone")
    quire.delete_experiment(experiment_id)
    with pytest.raises(InvalidInput, match=r"'gone' \(id 1\) is deleted .* Restore it"):
        quire.set_experiment("gone")
    quire.restore_experiment(experiment_id)
    assert quire.set_experiment("gone").experiment_id == experiment_id


def test_without_any_wish_runs_go_to_the_default_experiment() -> None:
    assert started_in() == "0"
    assert quire.get_experiment("0").name == "Default"


@pytest.mark.parametrize("prefix", ["QUIRE", "MLFLOW"])
def test_the_environment_names_an_experiment(prefix: str, monkeypatch: pytest.MonkeyPatch) -> None:
    experiment_id = quire.create_experiment("by id")
    monkeypatch.setenv(f"{prefix}_EXPERIMENT_ID", experiment_id)
    assert started_in() == experiment_id
    monkeypatch.delenv(f"{prefix}_EXPERIMENT_ID")
    monkeypatch.setenv(f"{prefix}_EXPERIMENT_NAME", "by name")
    named = started_in()
    assert quire.get_experiment(named).name == "by name"
    quire.set_experiment("set")
    assert quire.get_experiment(started_in()).name == "set"


def test_a_wrong_environment_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_EXPERIMENT_ID", "77")
    with pytest.raises(InvalidInput, match="MLFLOW_EXPERIMENT_ID is '77', and there is no experiment of that id"):
        quire.start_run()
    monkeypatch.setenv("MLFLOW_EXPERIMENT_NAME", "a")
    with pytest.raises(InvalidInput, match="names two experiments"):
        quire.start_run()


def test_a_name_can_be_taken_once() -> None:
    quire.create_experiment("a")
    with pytest.raises(AlreadyExists, match="'a'"):
        quire.create_experiment("a")


def test_tags_of_the_active_experiment() -> None:
    experiment = quire.set_experiment("a")
    quire.set_experiment_tag("one", 1)
    quire.set_experiment_tags({"two": 2, "three": True})
    quire.delete_experiment_tag("two")
    assert quire.get_experiment(experiment.experiment_id).tags == {"one": "1", "three": "True"}


def test_searching_goes_through_all_pages(client: quire.Client) -> None:
    for number in range(7):
        quire.create_experiment(f"e{number}")
    assert len(quire.search_experiments()) == 8
    assert [e.name for e in quire.search_experiments(max_results=3, order_by=["name ASC"])] == ["Default", "e0", "e1"]
    assert [e.name for e in quire.search_experiments(filter_string="name = 'e3'")] == ["e3"]
    first = client.search_experiments(max_results=5)
    assert len(first) == 5
    assert len(client.search_experiments(max_results=5, page_token=first.token).to_list()) == 3
    client.delete_experiment("1")
    assert [e.name for e in quire.search_experiments(view_type=quire.entities.ViewType.DELETED_ONLY)] == ["e0"]


def test_renaming(client: quire.Client) -> None:
    experiment_id = client.create_experiment("a")
    client.rename_experiment(experiment_id, "b")
    assert client.get_experiment_by_name("a") is None
    found = client.get_experiment_by_name("b")
    assert found is not None
    assert found.experiment_id == experiment_id


def test_two_processes_that_set_one_experiment_get_the_same(script) -> None:
    import subprocess
    import sys

    code = "import quire; print(quire.set_experiment('shared').experiment_id)"
    started = [subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) for _ in range(4)]
    ids = {process.communicate()[0].strip() for process in started}
    assert len(ids) == 1
    assert json.loads(ids.pop()) == 1
