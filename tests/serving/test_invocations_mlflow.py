"""``/invocations`` of Quire and of a real MLflow model server, for the same models: alike, but for what is declared."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import quire
from quire.domain.endpoints import Endpoint
from quire.domain.schema import ColSpec, ParamSchema, ParamSpec, Schema
from quire.domain.signature import ModelSignature
from quire.testing import Simulator
from tests.serving.scoring_cases import CASES, REASONS, Case
from tests.serving.serving import Served

pytestmark = [pytest.mark.mlflow, pytest.mark.slow]

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "mlflow.md"
PROGRAM = """
import json, sys, uvicorn
from fastapi import FastAPI
from mlflow.pyfunc import load_model, scoring_server
app = FastAPI()
for name, path in json.loads(sys.argv[2]).items():
    app.mount(f"/endpoints/{name}", scoring_server.init(load_model(path)))
uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]), log_level="warning")
"""
START_SECONDS = 120
ABOUT = [{"role": "user", "content": "A joke about {animal}."}]
PARAMS = ParamSchema(
    [ParamSpec("temperature", "double", 0.2, minimum=0, maximum=2), ParamSpec("stop", "string", ["."], shape=(-1,))]
)
TYPED = Schema(
    [ColSpec("long", "count"), ColSpec("double", "weight"), ColSpec("boolean", "good"), ColSpec("string", "name")]
)
MODELS: dict[str, dict[str, Any]] = {
    "one": {"messages": ABOUT, "signature": ModelSignature(params=PARAMS)},
    "named": {"messages": ABOUT, "signature": ModelSignature(inputs=Schema([ColSpec("string", "animal")]))},
    "two": {
        "messages": [{"role": "system", "content": "Be {adjective}."}, *ABOUT],
        "signature": ModelSignature(params=PARAMS),
    },
    "plain": {"messages": [{"role": "system", "content": "Be kind."}]},
    "done": {"model": "gpt-3.5-turbo-instruct", "task": "completions", "prompt": "Finish: {text}"},
    "vectors": {"model": "text-embedding-3-small", "task": "embeddings"},
    "typed": {
        "messages": [{"role": "user", "content": "{count} {weight} {good} {name}"}],
        "signature": ModelSignature(inputs=TYPED),
    },
}


@pytest.fixture
def models(tmp_path: Path) -> dict[str, str]:
    """The folders of the models, by name."""
    for name, keywords in MODELS.items():
        given = {"model": "gpt-4o-mini", "task": "chat.completions", **keywords}
        quire.openai.save_model(path=str(tmp_path / name), **given)
    return {name: str(tmp_path / name) for name in MODELS}


@pytest.fixture
def mlflow_url(mlflow_python: Path, models: dict[str, str], upstream: Simulator, tmp_path: Path) -> Iterator[str]:
    """A server of MLflow with all the models."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("OPENAI", "AZURE", "MLFLOW"))}
    environment = {**kept, **upstream.environment, "MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true"}
    command = [str(mlflow_python), "-c", PROGRAM, str(port), json.dumps(models)]
    with (tmp_path / "mlflow.log").open("wb") as log:
        process = subprocess.Popen(command, cwd=tmp_path, env=environment, stdout=log, stderr=log)
    url = f"http://127.0.0.1:{port}"
    try:
        _wait(f"{url}/endpoints/one/ping", process, tmp_path / "mlflow.log")
        yield url
    finally:
        process.terminate()
        process.wait(30)


def _wait(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            urllib.request.urlopen(url, timeout=5).close()
        except OSError:
            assert process.poll() is None, log.read_text()[-3000:]
            assert time.monotonic() < deadline
            time.sleep(0.1)
        else:
            return


def ask(url: str, case: Case) -> tuple[int, Any]:
    """The status, with the predictions, the error's code, or (of a text) the content type."""
    body = case.body.encode() if isinstance(case.body, str) else case.body
    headers = {"Content-Type": case.content_type}
    request = urllib.request.Request(f"{url}/endpoints/{case.model}/invocations", body, headers, method="POST")
    try:
        answer = urllib.request.urlopen(request, timeout=60)
    except urllib.error.HTTPError as error:
        answer = error
    with answer:
        text, kind = answer.read(), answer.headers["content-type"].partition(";")[0]
    if kind != "application/json":
        return answer.status, kind
    content = json.loads(text)
    return answer.status, content if answer.status == 200 else content["error_code"]


def test_the_same_model_gives_the_same_answers(
    serve: Callable[..., Served], models: dict[str, str], mlflow_url: str
) -> None:
    served = serve(*(Endpoint(name=name, model=folder) for name, folder in models.items()))
    wrong = []
    for case in CASES:
        ours, theirs = ask(served.url, case), ask(mlflow_url, case)
        if (ours == theirs) == bool(case.differs):
            wrong.append((case, ours, theirs))
    assert wrong == []
    assert sum(not case.differs for case in CASES) > 3 * sum(bool(case.differs) for case in CASES)


def test_mlflows_own_client_is_answered(
    serve: Callable[..., Served], models: dict[str, str], mlflow_python: Path
) -> None:
    served = serve(Endpoint(name="two", model=models["two"]))
    program = (
        "import sys, pandas as pd\n"
        "from mlflow.pyfunc.scoring_server.client import ScoringServerClient\n"
        "client = ScoringServerClient('127.0.0.1', int(sys.argv[1]))\n"
        "client.wait_server_ready(timeout=30)\n"
        "data = pd.DataFrame({'adjective': ['dry'], 'animal': ['cats']})\n"
        "print(client.get_version(), client.invoke(data, params={'temperature': 1}).get_predictions().to_dict())\n"
    )
    done = subprocess.run([mlflow_python, "-c", program, str(served.port)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(quire.__version__)
    assert "A joke about cats." in done.stdout


@pytest.mark.parametrize("reason", sorted(REASONS))
def test_each_difference_is_declared(reason: str) -> None:
    section = DOCUMENT.read_text(encoding="utf-8").partition("## Model server")[2].partition("\n## ")[0]
    assert f"| {reason} |" in section
