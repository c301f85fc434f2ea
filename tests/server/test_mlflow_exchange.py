"""Models that MLflow logs to the server are loaded and asked by Quire, and the other way round."""

from __future__ import annotations

import json
import uuid
from pathlib import Path

import pytest

import quire
import quire.openai
import quire.pyfunc
from quire.simulator import Behaviour
from quire.testing import Simulator
from tests.server.conftest import Served
from tests.server.mlflow_program import answers_of

pytestmark = [pytest.mark.mlflow, pytest.mark.slow]
PROGRAM = Path(__file__).with_name("mlflow_exchange.py")


@pytest.mark.parametrize("version", ["mlflow_python", "mlflow2_python"])
def test_each_loads_from_the_server_what_the_other_logged(
    version: str, server: Served, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    python: Path = request.getfixturevalue(version)
    name = f"greeter-{uuid.uuid4().hex[:8]}"
    quire.set_tracking_uri(server.url)
    with Simulator(Behaviour(echo=True)) as simulator:
        for variable, value in simulator.environment.items():
            monkeypatch.setenv(variable, value)
        with quire.start_run():
            quire.openai.log_model(
                "gpt-4o-mini",
                "chat.completions",
                messages=[{"role": "user", "content": "Greet {who}."}],
                name="greeter",
                registered_model_name=name,
            )
        run, said = answers_of(python, PROGRAM, server.url, f"{name}-theirs", f"models:/{name}/1")
        assert [json.loads(text) for text in said] == [[{"role": "user", "content": "Greet Ada."}]]
        for place in (f"models:/{name}-theirs/1", f"runs:/{run}/praiser"):
            (answered,) = quire.pyfunc.load_model(place).predict([{"what": "tests"}])
            assert json.loads(answered) == [{"role": "user", "content": "Praise tests."}]
