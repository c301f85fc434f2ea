"""Which store is used, and what a started process inherits."""

from __future__ import annotations

from pathlib import Path

import pytest

import quire
from quire.domain.errors import InvalidInput, QuireError
from quire.store.current import absolute_uri
from quire.tracking import current_store


def test_without_a_choice_it_is_a_file_in_the_working_directory(workspace: Path) -> None:
    assert not quire.is_tracking_uri_set()
    assert quire.get_tracking_uri() == "sqlite:///quire.db"
    quire.create_experiment("one")
    assert (workspace / "quire.db").exists()


def test_the_environment_is_asked_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "sqlite:///mlflow.db")
    assert quire.get_tracking_uri() == "sqlite:///mlflow.db"
    monkeypatch.setenv("QUIRE_TRACKING_URI", "sqlite:///ours.db")
    assert quire.get_tracking_uri() == "sqlite:///ours.db"
    assert quire.is_tracking_uri_set()


def test_a_choice_wins_over_the_environment_until_it_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "sqlite:///mlflow.db")
    quire.set_tracking_uri("sqlite:///chosen.db")
    assert quire.get_tracking_uri() == "sqlite:///chosen.db"
    quire.set_tracking_uri("")
    assert quire.get_tracking_uri() == "sqlite:///mlflow.db"


def test_the_registry_follows_the_tracking_store_unless_it_is_named(workspace: Path) -> None:
    quire.set_tracking_uri("sqlite:///a.db")
    assert quire.get_registry_uri() == "sqlite:///a.db"
    quire.set_registry_uri("sqlite:///b.db")
    quire.Client().create_registered_model("m")
    assert [model.name for model in quire.search_registered_models()] == ["m"]
    quire.set_registry_uri(None)
    assert quire.search_registered_models() == []


def test_one_store_serves_all_callers() -> None:
    assert current_store() is current_store()


def test_a_started_process_uses_the_same_store_and_experiment(script, workspace: Path) -> None:
    quire.set_tracking_uri("sqlite:///chosen.db")
    experiment = quire.set_experiment("parent's")
    (workspace / "elsewhere").mkdir()
    printed = script(
        "import os; os.chdir('elsewhere')\nimport quire\nwith quire.start_run() as run: print(run.info.experiment_id)"
    )
    assert printed == experiment.experiment_id
    assert len(quire.search_runs(output_format="list")) == 1


def test_a_started_process_with_another_store_does_not_take_the_experiment(script) -> None:
    quire.create_experiment("first")
    quire.set_experiment("second")
    printed = script(
        "import quire\nwith quire.start_run() as run: print(run.info.experiment_id)",
        QUIRE_TRACKING_URI="sqlite:///other.db",
    )
    assert printed == "0"


def test_another_store_does_not_take_over_the_experiment_set_in_the_first() -> None:
    quire.create_experiment("first")
    quire.set_experiment("second")
    quire.set_tracking_uri("sqlite:///other.db")
    with quire.start_run() as run:
        assert run.info.experiment_id == "0"


@pytest.mark.parametrize(
    ("uri", "absolute"),
    [
        ("sqlite:///x.db", "sqlite:///{here}/x.db"),
        ("sqlite:///d/x.db?synchronous=full", "sqlite:///{here}/d/x.db?synchronous=full"),
        ("sqlite:////abs/x.db", "sqlite:////abs/x.db"),
        ("sqlite:///:memory:", "sqlite:///:memory:"),
        ("sqlite://", "sqlite://"),
        ("http://host/x", "http://host/x"),
    ],
)
def test_only_relative_sqlite_files_are_made_absolute(workspace: Path, uri: str, absolute: str) -> None:
    assert absolute_uri(uri) == absolute.format(here=workspace)


def test_a_uri_that_nothing_serves_is_refused_when_it_is_used() -> None:
    quire.set_tracking_uri("mysql://host/db")
    with pytest.raises(QuireError, match="mysql"):
        quire.search_experiments()


def test_a_uri_of_the_wrong_type_is_refused_at_once() -> None:
    with pytest.raises(InvalidInput, match=r"must be text such as 'sqlite:///quire.db' or a path, not int"):
        quire.set_tracking_uri(3)  # type: ignore[arg-type]


def test_artifacts_go_where_the_environment_says(monkeypatch: pytest.MonkeyPatch, workspace: Path) -> None:
    monkeypatch.setenv("QUIRE_ARTIFACT_ROOT", str(workspace / "elsewhere"))
    quire.set_experiment("new")
    with quire.start_run():
        assert quire.get_artifact_uri().startswith(str(workspace / "elsewhere"))
