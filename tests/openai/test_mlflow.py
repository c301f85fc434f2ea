"""Both directions with a real MLflow: each loads what the other wrote, and predicts the same."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

import quire
from quire.models import Model
from quire.models.signature import ModelSignature
from quire.simulator import Behaviour
from quire.testing import Simulator
from quire.types.schema import ColSpec, ParamSchema, ParamSpec, Schema

pytestmark = pytest.mark.mlflow

HERE = Path(__file__).resolve().parent
MESSAGES = [
    {"role": "system", "content": "Be {mood}"},
    {"role": "user", "content": [{"type": "text", "text": "Say {x} as {{json}}"}]},
]
TWO = [{"mood": "kind", "x": "cats"}, {"mood": "curt", "x": "dogs"}]
OPEN = ModelSignature(
    Schema([ColSpec("string")]),
    Schema([ColSpec("string")]),
    ParamSchema([ParamSpec("temperature", "float", 0.5, minimum=0, maximum=2)]),
)
SAVED: dict[str, dict[str, Any]] = {
    "chat": {
        "save": {"task": "chat.completions", "messages": MESSAGES, "input_example": TWO, "metadata": {"team": "a"}},
        "inputs": TWO,
    },
    "params": {"save": {"task": "chat.completions", "signature": OPEN}, "inputs": ["q"]},
    "params given": {
        "save": {"task": "chat.completions", "signature": OPEN},
        "inputs": ["q"],
        "params": {"temperature": 1.0},
    },
    "completions": {"save": {"task": "completions", "prompt": "Say {x}"}, "inputs": ["a", "b"]},
    "embeddings": {"save": {"task": "embeddings"}, "inputs": ["a", "b"]},
    "name with a space": {
        "save": {"task": "chat.completions", "messages": [{"role": "user", "content": "Hi {first name}"}]},
        "inputs": [{"first name": "Ada"}],
    },
}


@pytest.fixture
def echo(simulator: Simulator) -> Simulator:
    simulator.behaviour = Behaviour(echo=True)
    return simulator


def in_mlflow(python: Path, script: str, *arguments: str, given: Any = None) -> Any:
    """What a script of this folder prints under MLflow's interpreter, in the environment of the test."""
    environment = {**os.environ, "MLFLOW_ENABLE_UV_AUTO_DETECT": "false", "GIT_PYTHON_REFRESH": "quiet"}
    done = subprocess.run(
        [python, HERE / script, *arguments],
        input=json.dumps(given),
        capture_output=True,
        text=True,
        env=environment,
        cwd=arguments[0] if arguments else None,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout.splitlines()[-1])


def test_mlflow_loads_what_quire_saved_and_predicts_the_same(
    echo: Simulator, mlflow_python: Path, tmp_path: Path
) -> None:
    asked = {}
    for name, case in SAVED.items():
        folder = tmp_path / name
        quire.openai.save_model("gpt-4o-mini", path=folder, **case["save"])
        asked[name] = {"folder": str(folder), "inputs": case["inputs"], "params": case.get("params")}
    quire.openai.save_model("m", "responses", tmp_path / "responses", input="Say {x}")
    asked["responses"] = {"folder": str(tmp_path / "responses"), "inputs": ["a"], "params": None}
    found = in_mlflow(mlflow_python, "mlflow_loads.py", given=asked)
    theirs = sorted(json.dumps([request.path, request.body], sort_keys=True) for request in echo.requests)
    echo.reset()
    for name, case in SAVED.items():
        loaded = quire.pyfunc.load_model(tmp_path / name)
        assert found[name].get("output") == loaded.predict(case["inputs"], case.get("params")), found[name]
        assert found[name]["signature"] == loaded.signature.to_dict()
        assert found[name]["flavors"] == ["openai", "python_function", "quire"]
        assert found[name]["openai"] == quire.openai.load_model(tmp_path / name)
    ours = sorted(json.dumps([request.path, request.body], sort_keys=True) for request in echo.requests)
    assert ours == theirs
    assert found["chat"]["metadata"] == {"team": "a"}
    assert found["chat"]["example"] == TWO
    assert 'does not have the "python_function" flavor' in found["responses"]["error"]


def test_quire_loads_what_mlflow_saved_and_logged(echo: Simulator, mlflow_python: Path, tmp_path: Path) -> None:
    places = in_mlflow(mlflow_python, "mlflow_saves.py", str(tmp_path))
    echo.reset()
    models = {name: quire.pyfunc.load_model(place) for name, place in places.items()}
    said = '[{"role": "system", "content": "Be kind"}, {"role": "user", "content": "Say cats as {json}"}]'
    assert models["chat"].predict(TWO[:1]) == models["logged"].predict(TWO[:1]) == [said]
    assert models["chat"].input_example == [{"mood": "a", "x": "b"}]
    assert models["params"].predict("q", {"temperature": 1}) == ['[{"role": "user", "content": "q"}]']
    sent = echo.requests[-1].body
    assert (sent["temperature"], sent["stop"]) == (1.0, ["a"])
    models["fixed"].predict("q")
    assert echo.requests[-1].body["temperature"] == 0.9
    assert models["completions"].predict(["a", "b"]) == ["Say a", "Say b"]
    assert models["embeddings"].predict(["a"]) == [[0.1, 0.2, 0.3]]
    assert models["spaces"].predict([{"first name": "Ada"}]) == ['[{"role": "user", "content": "Hi Ada"}]']
    assert models["logged"].metadata.metadata == {"a": 1}
    assert models["logged"].model_id == models["logged"].metadata.model_uuid
    for place in places.values():
        assert Model.load(place).to_yaml() == (Path(place) / "MLmodel").read_text()
