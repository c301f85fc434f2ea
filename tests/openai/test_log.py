"""log_model: where the model lies, what the run and the registry know of it, what happens when writing fails."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import quire
from quire.artifacts import open_artifacts
from quire.domain.errors import InvalidInput, QuireError
from quire.models import Model, get_model_info, load_package
from quire.testing import Simulator

MESSAGES = [{"role": "user", "content": "Tell me about {x}"}]


def log(**arguments: Any) -> Any:
    return quire.openai.log_model("gpt-4o-mini", "chat.completions", messages=MESSAGES, **arguments)


def test_a_model_belongs_to_the_active_run(workspace: Path) -> None:
    with quire.start_run() as run:
        quire.log_param("chunk", 3)
        info = log(name="joker", params={"kind": "test"}, tags={"team": "a"}, model_type="agent", step=2)
    assert info.model_uri == f"models:/{info.model_id}"
    assert (info.name, info.run_id) == ("joker", run.info.run_id)
    assert info.params == {"chunk": "3", "kind": "test"}
    assert info.tags["team"] == "a"
    logged = quire.get_logged_model(info.model_id)
    assert (logged.status, logged.model_type, logged.source_run_id) == ("READY", "agent", run.info.run_id)
    (output,) = quire.get_run(run.info.run_id).outputs.model_outputs
    assert (output.model_id, output.step) == (info.model_id, 2)


def test_its_files_lie_at_the_logged_models_place(workspace: Path) -> None:
    with quire.start_run():
        info = log(name="joker")
    place = Path(quire.get_logged_model(info.model_id).artifact_location)
    assert place.is_relative_to(workspace)
    model = Model.load(place)
    assert model.model_uuid == model.model_id == info.model_id
    assert model.artifact_path == info.artifact_path == str(place)
    assert model.run_id == info.run_id
    assert [entry.name for entry in place.parent.iterdir()] == ["artifacts"]


def test_artifact_path_is_the_older_word_for_name(workspace: Path) -> None:
    with quire.start_run():
        assert log(artifact_path="joker").name == "joker"
        with pytest.raises(InvalidInput, match="`name` and `artifact_path` were both given"):
            log(artifact_path="a", name="b")


def test_without_a_run_the_model_belongs_to_the_experiment_alone(workspace: Path) -> None:
    info = log(name="joker")
    assert info.run_id is None
    assert quire.active_run() is None
    assert quire.get_logged_model(info.model_id).source_run_id in (None, "")
    assert quire.openai.load_model(info.model_uri)["model"] == "gpt-4o-mini"


def test_a_model_without_a_name_gets_one(workspace: Path) -> None:
    assert log().name


@pytest.mark.parametrize("name", ["a/b", "a:b", ""])
def test_a_name_that_a_uri_cannot_hold_is_refused(workspace: Path, name: str) -> None:
    with quire.start_run(), pytest.raises(InvalidInput, match="name"):
        log(name=name)


def test_a_model_is_registered_when_asked(workspace: Path, simulator: Simulator) -> None:
    with quire.start_run() as run:
        first = log(name="joker", registered_model_name="joker")
        second = log(name="joker", registered_model_name="joker", await_registration_for=None)
    assert (first.registered_model_version, second.registered_model_version) == ("1", "2")
    quire.Client().set_registered_model_alias("joker", "champion", "1")
    for uri in (
        first.model_uri,
        "models:/joker/1",
        "models:/joker@champion",
        "models:/joker/latest",
        f"runs:/{run.info.run_id}/joker",
        first.artifact_path,
        Path(first.artifact_path),
    ):
        model = quire.pyfunc.load_model(uri)
        assert len(model.predict(["cats"])) == 1
        assert model.package.variables == {"x"}
    assert quire.pyfunc.load_model("models:/joker@champion").model_id == first.model_id
    assert get_model_info("models:/joker/2").model_id == second.model_id


def test_a_reserved_model_is_filled(workspace: Path) -> None:
    reserved = quire.initialize_logged_model(name="later")
    info = log(model_id=reserved.model_id)
    assert info.model_id == reserved.model_id
    assert quire.get_logged_model(reserved.model_id).status == "READY"


def test_prompts_are_noted_by_uri(workspace: Path) -> None:
    class Version:
        uri = "prompts:/greeting/2"

    assert log(prompts=["prompts:/greeting/1", Version()]).prompts == ["prompts:/greeting/1", "prompts:/greeting/2"]


def test_metrics_of_the_runs_step_become_the_models(workspace: Path) -> None:
    with quire.start_run():
        quire.log_metric("loss", 0.5, step=1)
        quire.log_metric("loss", 0.4, step=2)
        info = log(name="joker", step=1)
    metrics = quire.get_logged_model(info.model_id).metrics
    assert [(metric.key, metric.value, metric.step) for metric in metrics] == [("loss", 0.5, 1)]


def test_what_could_not_predict_is_refused_before_anything_is_stored(workspace: Path) -> None:
    with quire.start_run() as run, pytest.raises(QuireError, match=r"A single '\{'"):
        quire.openai.log_model("m", "completions", name="joker", prompt="{")
    assert quire.get_run(run.info.run_id).outputs.model_outputs == []
    assert quire.search_logged_models(output_format="list") == []


def test_a_model_whose_files_cannot_be_written_is_left_failed(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    reserved = quire.initialize_logged_model(name="blocked")
    place = Path(reserved.artifact_location)
    place.mkdir(parents=True)
    (place / "in-the-way").write_text("x")
    with pytest.raises(QuireError, match="exists and is not empty"):
        log(model_id=reserved.model_id)
    assert quire.get_logged_model(reserved.model_id).status == "FAILED"


def test_an_artifact_location_may_be_a_file_uri(tmp_path: Path) -> None:
    location = (tmp_path / "root").as_uri()
    quire.set_tracking_uri(f"sqlite:///{tmp_path / 'quire.db'}")
    quire.set_experiment(experiment_id=quire.create_experiment("far", artifact_location=location))
    info = log(name="joker")
    files = {entry.path for entry in open_artifacts(quire.get_logged_model(info.model_id).artifact_location).walk()}
    assert {"MLmodel", "model.yaml"} <= files
    assert load_package(Path(info.artifact_path.removeprefix("file://"))).package.model == "gpt-4o-mini"


def test_a_model_in_an_object_store_is_loaded_from_there(
    workspace: Path, bucket: str, simulator: Simulator, tmp_path: Path
) -> None:
    quire.set_experiment(experiment_id=quire.create_experiment("far", artifact_location=f"{bucket}/far"))
    (tmp_path / "helper.py").write_text("x = 1")
    info = log(name="joker", registered_model_name="joker", code_paths=[str(tmp_path / "helper.py")])
    assert info.artifact_path.startswith(f"{bucket}/far/")
    for uri in (info.model_uri, "models:/joker/1", info.artifact_path):
        model = quire.pyfunc.load_model(uri)
        assert len(model.predict(["cats"])) == 1
    assert (load_package(model._loaded.folder).folder.local() / "code" / "helper.py").read_text() == "x = 1"
    copied = quire.pyfunc.load_model(info.model_uri, dst_path=tmp_path / "copy")
    assert copied.package == model.package
    assert (tmp_path / "copy" / "MLmodel").exists()
