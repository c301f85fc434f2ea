"""The tracking API end to end against servers: Quire's and a real MLflow."""

from __future__ import annotations

import json
import math
import subprocess
import uuid
from pathlib import Path

import pytest

import quire
import quire.openai
import quire.pyfunc
from quire.domain.errors import AlreadyExists, NotFound
from quire.simulator import Behaviour
from quire.testing import Simulator

SERVERS = ["quire_server", pytest.param("mlflow_server", marks=[pytest.mark.mlflow, pytest.mark.slow])]


@pytest.fixture(params=SERVERS)
def url(request: pytest.FixtureRequest) -> str:
    found: str = request.getfixturevalue(request.param)
    quire.set_tracking_uri(found)
    return found


@pytest.fixture
def name() -> str:
    return f"name-{uuid.uuid4().hex[:8]}"


def test_a_run_with_all_that_belongs_to_it(url: str, name: str, tmp_path: Path) -> None:
    quire.set_experiment(name)
    with quire.start_run(run_name="first", tags={"team": "a"}, description="a note") as parent:
        quire.log_params({"lr": 0.1, "model": "gpt-4o"})
        for step in range(5):
            quire.log_metric("loss", 1 / (step + 1), step=step)
        quire.log_metric("nan", math.nan)
        quire.log_text("hello", "notes/hello.txt")
        quire.log_dict({"a": [1, 2]}, "data.json")
        quire.log_table({"question": ["q1"], "answer": ["a1"]}, "table.json")
        (tmp_path / "folder").mkdir()
        (tmp_path / "folder" / "file.bin").write_bytes(b"\0\1")
        quire.log_artifacts(tmp_path / "folder", "more")
        quire.log_input(quire.data.from_dict({"x": [1]}, name="train"), context="training")
        with quire.start_run(nested=True) as child:
            quire.log_metric("inner", 1)
    stored = quire.get_run(parent.info.run_id)
    assert stored.info.status == "FINISHED"
    assert stored.info.artifact_uri.startswith("mlflow-artifacts:/")
    assert stored.data.params == {"lr": "0.1", "model": "gpt-4o"}
    assert stored.data.metrics["loss"] == 0.2
    assert math.isnan(stored.data.metrics["nan"])
    assert stored.data.tags["mlflow.note.content"] == "a note"
    assert stored.inputs.dataset_inputs[0].dataset.name == "train"
    assert len(quire.Client().get_metric_history(parent.info.run_id, "loss")) == 5
    found = quire.search_runs(filter_string="params.model = 'gpt-4o' AND metrics.loss < 0.5", output_format="list")
    assert [run.info.run_id for run in found] == [parent.info.run_id]
    assert quire.get_parent_run(child.info.run_id).info.run_id == parent.info.run_id
    files = [info.path for info in quire.Client().list_artifacts(parent.info.run_id)]
    assert files == ["data.json", "more", "notes", "table.json"]
    fetched = quire.artifacts.download_artifacts(run_id=parent.info.run_id, artifact_path="more")
    assert Path(fetched, "file.bin").read_bytes() == b"\0\1"
    assert quire.artifacts.load_text(f"runs:/{parent.info.run_id}/notes/hello.txt") == "hello"
    assert quire.artifacts.load_dict(f"{stored.info.artifact_uri}/data.json") == {"a": [1, 2]}
    assert quire.load_table("table.json", [parent.info.run_id])["answer"].tolist() == ["a1"]


def test_what_is_taken_or_missing_is_said(url: str, name: str) -> None:
    quire.create_experiment(name)
    with pytest.raises(AlreadyExists, match=name):
        quire.create_experiment(name)
    with pytest.raises(NotFound, match="0" * 32):
        quire.get_run("0" * 32)
    with quire.start_run(experiment_id=quire.get_experiment_by_name(name).experiment_id) as run:
        pass
    with pytest.raises(NotFound, match=r"No artifact 'absent' in mlflow-artifacts:/"):
        quire.artifacts.download_artifacts(run_id=run.info.run_id, artifact_path="absent")
    assert quire.Client().list_artifacts(run.info.run_id) == []


def test_a_model_is_logged_registered_and_loaded_through_the_server(
    url: str, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    quire.set_experiment(name)
    with Simulator(Behaviour(echo=True)) as simulator:
        for variable, value in simulator.environment.items():
            monkeypatch.setenv(variable, value)
        with quire.start_run() as run:
            logged = quire.openai.log_model(
                model="gpt-4o-mini",
                task="chat.completions",
                name="greeter",
                messages=[{"role": "user", "content": "Greet {who}."}],
                registered_model_name=name,
            )
        assert logged.model_id is not None
        quire.Client().set_registered_model_alias(name, "champion", "1")
        for uri in (
            f"models:/{logged.model_id}",
            f"models:/{name}/1",
            f"models:/{name}@champion",
            f"models:/{name}/latest",
            f"runs:/{run.info.run_id}/greeter",
        ):
            (answered,) = quire.pyfunc.load_model(uri).predict([{"who": "Ada"}])
            assert json.loads(answered) == [{"role": "user", "content": "Greet Ada."}]
    stored = quire.get_logged_model(logged.model_id)
    assert (stored.status, stored.source_run_id) == ("READY", run.info.run_id)
    assert quire.get_run(run.info.run_id).outputs.model_outputs[0].model_id == logged.model_id
    assert quire.Client().get_model_version_by_alias(name, "champion").version == "1"


_MLFLOW_READS = """
import json, sys
import mlflow
mlflow.set_tracking_uri(sys.argv[1])
run = mlflow.get_run(sys.argv[2])
loaded = mlflow.openai.load_model(f"models:/{sys.argv[3]}/1")
text = mlflow.artifacts.load_text(f"{run.info.artifact_uri}/hello.txt")
print(json.dumps({"params": run.data.params, "metrics": run.data.metrics, "text": text, "model": loaded["model"]}))
"""


@pytest.mark.mlflow
@pytest.mark.slow
def test_mlflow_reads_from_the_server_what_quire_wrote(
    url: str, name: str, mlflow_python: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    quire.set_experiment(name)
    with quire.start_run() as run:
        quire.log_param("p", "1")
        quire.log_metric("m", 0.5)
        quire.log_text("hello", "hello.txt")
        quire.openai.log_model(model="gpt-4o-mini", task="chat.completions", name="greeter", registered_model_name=name)
    monkeypatch.setenv("OPENAI_API_KEY", "not-a-key")
    command = [str(mlflow_python), "-c", _MLFLOW_READS, url, run.info.run_id, name]
    read = subprocess.run(command, capture_output=True, text=True, check=True)
    found = json.loads(read.stdout.splitlines()[-1])
    assert found["params"]["p"] == "1"
    assert found["metrics"] == {"m": 0.5}
    assert (found["text"], found["model"]) == ("hello", "gpt-4o-mini")
