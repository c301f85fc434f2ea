from __future__ import annotations

import json
import math
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

import quire
from quire.bundle import export_model, import_model
from quire.domain.errors import AlreadyExists, InvalidState, MalformedModel, NotFound
from quire.store.current import current_store
from tests.bundle.conftest import log_joker

UseStore = Callable[[str], None]


def test_a_model_moves_with_its_lineage(use_store: UseStore, tmp_path: Path) -> None:
    info = log_joker()
    client = quire.Client()
    client.set_registered_model_alias("joker", "champion", "1")
    client.set_model_version_tag("joker", "1", "reviewed", "yes")
    before = current_store().get_run(info.run_id)
    done = export_model("models:/joker@champion", tmp_path / "joker.quire")
    assert (done.run_id, done.experiment_name, done.versions) == (info.run_id, "jokes", ["joker/1"])

    use_store("there")
    brought = import_model(tmp_path / "joker.quire")
    store = current_store()
    assert not brought.already_there
    assert brought.experiment_name == "jokes"
    run = store.get_run(brought.run_id or "")
    assert (run.info.run_name, run.info.status) == ("first", "FINISHED")
    assert (run.info.start_time, run.info.end_time) == (before.info.start_time, before.info.end_time)
    assert run.data.params == {"style": "dry"}
    assert run.data.tags["team"] == "animals"
    assert run.data.tags["quire.bundle.source_run_id"] == info.run_id
    assert "quire.bundle.importing" not in run.data.tags
    history = store.get_metric_history(run.info.run_id, "accuracy")
    assert [(point.step, point.value) for point in history[:2]] == [(0, 0.5), (1, 0.75)]
    assert math.isnan(history[2].value)
    assert history[3].value == math.inf
    assert [output.model_id for output in run.outputs.model_outputs] == [brought.model_id]
    version = quire.Client().get_model_version_by_alias("joker", "champion")
    assert version.tags == {"reviewed": "yes", "quire.bundle.source_version": "joker/1"}
    assert version.model_id == brought.model_id


def test_the_imported_model_loads_and_knows_its_new_ids(use_store: UseStore, tmp_path: Path) -> None:
    info = log_joker()
    package = quire.pyfunc.load_model(info.model_uri).package
    export_model(info.model_uri, tmp_path / "joker.quire")
    use_store("there")
    brought = import_model(tmp_path / "joker.quire")
    loaded = quire.pyfunc.load_model("models:/joker/1")
    assert loaded.package == package
    assert (loaded.metadata.model_id, loaded.metadata.run_id) == (brought.model_id, brought.run_id)
    assert info.run_id not in loaded.metadata.to_yaml()


def test_importing_twice_changes_nothing_and_says_so(use_store: UseStore, tmp_path: Path) -> None:
    info = log_joker()
    export_model(info.model_uri, tmp_path / "joker.quire")
    use_store("there")
    first = import_model(tmp_path / "joker.quire")
    second = import_model(tmp_path / "joker.quire")
    assert second.already_there
    assert second.model_id == first.model_id
    assert [version.already_there for version in second.versions] == [True]
    assert len(quire.search_runs(experiment_names=["jokes"], output_format="list")) == 1
    assert len(quire.Client().search_model_versions("name = 'joker'")) == 1


def test_importing_where_it_came_from_finds_the_original(tmp_path: Path) -> None:
    info = log_joker()
    export_model(info.model_uri, tmp_path / "joker.quire")
    brought = import_model(tmp_path / "joker.quire")
    assert brought.already_there
    assert brought.model_uri == info.model_uri


def test_a_model_that_moved_on_is_still_known(use_store: UseStore, tmp_path: Path) -> None:
    info = log_joker()
    export_model(info.model_uri, tmp_path / "one.quire")
    use_store("there")
    moved = import_model(tmp_path / "one.quire")
    export_model(moved.model_uri, tmp_path / "two.quire")
    use_store("here")
    back = import_model(tmp_path / "two.quire")
    assert back.already_there
    assert back.model_uri == info.model_uri


def test_another_name_and_another_experiment(use_store: UseStore, tmp_path: Path) -> None:
    info = log_joker()
    quire.Client().set_registered_model_alias("joker", "champion", "1")
    export_model(info.model_uri, tmp_path / "joker.quire")
    use_store("there")
    brought = import_model(tmp_path / "joker.quire", name="comedian", experiment="elsewhere")
    assert brought.experiment_name == "elsewhere"
    assert [(item.name, item.aliases_set) for item in brought.versions] == [("comedian", ["champion"])]
    assert [model.name for model in quire.Client().search_registered_models()] == ["comedian"]


def test_an_alias_that_is_taken_here_is_left_where_it_is(use_store: UseStore, tmp_path: Path) -> None:
    info = log_joker()
    quire.Client().set_registered_model_alias("joker", "champion", "1")
    export_model(info.model_uri, tmp_path / "joker.quire")
    use_store("there")
    log_joker(run_name="local")
    quire.Client().set_registered_model_alias("joker", "champion", "1")
    (version,) = import_model(tmp_path / "joker.quire").versions
    assert (version.version, version.aliases_set, version.aliases_kept) == ("2", [], ["champion"])
    assert quire.Client().get_model_version_by_alias("joker", "champion").version == "1"


def test_two_models_of_one_run_share_the_run(use_store: UseStore, tmp_path: Path) -> None:
    first = log_joker(registered=None)
    with quire.start_run(run_id=first.run_id):
        second = quire.openai.log_model("gpt-4o", "chat.completions", name="second")
    export_model(first.model_uri, tmp_path / "first.quire")
    export_model(second.model_uri, tmp_path / "second.quire")
    use_store("there")
    runs = {import_model(tmp_path / f"{name}.quire").run_id for name in ("first", "second")}
    assert len(runs) == 1
    (run_id,) = runs
    assert len(current_store().get_run(run_id or "").outputs.model_outputs) == 2
    assert len(current_store().get_metric_history(run_id or "", "accuracy")) == 4


def test_a_folder_without_a_run_moves_too(use_store: UseStore, tmp_path: Path) -> None:
    quire.openai.save_model("gpt-4o", "chat.completions", str(tmp_path / "saved"))
    done = export_model(str(tmp_path / "saved"), tmp_path / "saved.quire")
    assert (done.run_id, done.versions) == (None, [])
    use_store("there")
    first = import_model(tmp_path / "saved.quire", name="saved")
    second = import_model(tmp_path / "saved.quire")
    assert (first.run_id, first.experiment_name, second.already_there) == (None, "imported", True)
    assert quire.pyfunc.load_model("models:/saved/1").package.model == "gpt-4o"


def test_what_a_killed_import_left_is_removed_by_the_next(use_store: UseStore, tmp_path: Path) -> None:
    info = log_joker()
    done = export_model(info.model_uri, tmp_path / "joker.quire")
    use_store("there")
    store = current_store()
    experiment_id = store.create_experiment("jokes")
    tag = quire.entities.Tag("quire.bundle.importing", info.run_id)
    run = store.create_run(experiment_id, run_name="half", tags=[tag])
    origin = quire.entities.Tag("quire.bundle.origin", done.origin)
    half = store.create_logged_model(experiment_id, name="model", source_run_id=run.info.run_id, tags=[origin])
    brought = import_model(tmp_path / "joker.quire")
    assert not brought.already_there
    assert brought.model_id != half.model_id
    runs = quire.search_runs(experiment_names=["jokes"], output_format="list")
    assert [found.info.run_id for found in runs] == [brought.run_id]


def test_the_same_model_gives_the_same_bytes(tmp_path: Path) -> None:
    info = log_joker()
    export_model(info.model_uri, tmp_path / "one.quire")
    export_model(info.model_uri, tmp_path / "two.quire")
    assert (tmp_path / "one.quire").read_bytes() == (tmp_path / "two.quire").read_bytes()


def test_no_credential_travels(tmp_path: Path) -> None:
    info = log_joker()
    secret = "sk-" + "a1b2c3d4" * 5
    current_store().log_batch(info.run_id, tags=[quire.entities.Tag("note", f"used {secret} here")])
    export_model(info.model_uri, tmp_path / "joker.quire")
    with zipfile.ZipFile(tmp_path / "joker.quire") as archive:
        assert all(secret.encode() not in archive.read(name) for name in archive.namelist())
        json.loads(archive.read("lineage.json"))


def test_a_link_in_the_model_is_not_followed(tmp_path: Path) -> None:
    quire.openai.save_model("gpt-4o", "chat.completions", str(tmp_path / "saved"))
    (tmp_path / "outside.txt").write_text("private")
    (tmp_path / "saved" / "link.txt").symlink_to(tmp_path / "outside.txt")
    export_model(str(tmp_path / "saved"), tmp_path / "saved.quire")
    with zipfile.ZipFile(tmp_path / "saved.quire") as archive:
        assert "model/link.txt" not in archive.namelist()


def test_a_file_that_exists_is_not_replaced_unless_asked(tmp_path: Path) -> None:
    info = log_joker()
    (tmp_path / "joker.quire").write_text("mine")
    with pytest.raises(AlreadyExists, match=r"joker.quire' exists; name another file, or overwrite it"):
        export_model(info.model_uri, tmp_path / "joker.quire")
    assert (tmp_path / "joker.quire").read_text() == "mine"
    assert export_model(info.model_uri, tmp_path / "joker.quire", overwrite=True).size > 1000


def test_what_is_no_model_is_refused(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(MalformedModel, match="is not a model directory: it has no MLmodel file"):
        export_model(str(tmp_path / "folder"), tmp_path / "out.quire")
    with pytest.raises(NotFound, match="none"):
        export_model("models:/none/1", tmp_path / "out.quire")
    info = log_joker()
    with pytest.raises(NotFound, match="missing' does not exist; create it first"):
        export_model(info.model_uri, tmp_path / "missing" / "out.quire")
    assert not (tmp_path / "out.quire").exists()


def test_an_experiment_that_is_deleted_here_is_named(use_store: UseStore, tmp_path: Path) -> None:
    info = log_joker()
    export_model(info.model_uri, tmp_path / "joker.quire")
    use_store("there")
    store = current_store()
    store.delete_experiment(store.create_experiment("jokes"))
    with pytest.raises(InvalidState, match=r"'jokes', which is deleted in this store. Restore it, or name another"):
        import_model(tmp_path / "joker.quire")
