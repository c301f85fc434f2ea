"""Programs on clients that others wrote run unchanged against a served model, and get what OpenAI would give them."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

import quire
from quire.testing import SimulatorProcess
from tests.serving.served import Served

pytestmark = pytest.mark.slow

HERE = Path(__file__).parent
REPOSITORY = HERE.parents[2]
CACHE = REPOSITORY / ".cache"
PROGRAMS = REPOSITORY / "tests" / "openai" / "clients"
SDKS = sorted(ready.parent / "bin" / "python" for ready in CACHE.glob("openai-*/.ready"))
NODE = CACHE / "node"
EMBEDDING = 1536


def ran(command: list[str | Path], environment: Mapping[str, str]) -> Any:
    """What a program said in its last line."""
    plain = {"PATH": os.environ["PATH"], "PYTHONPATH": str(REPOSITORY / "src"), "NODE_PATH": str(NODE / "node_modules")}
    done = subprocess.run(
        command, env={**plain, **environment}, capture_output=True, text=True, timeout=150, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert "Traceback" not in done.stderr, done.stderr[-3000:]
    return json.loads(done.stdout.strip().splitlines()[-1])


@pytest.mark.timeout(600)  # two programs that import much, on whatever machine
@pytest.mark.parametrize("client", ["agents", "langchain", "instructor", "pydantic"])
def test_a_framework_gets_through_quire_what_it_gets_without(
    client: str, served: Served, upstream: SimulatorProcess, store: str
) -> None:
    python = CACHE / "clients" / "bin" / "python"
    if not python.exists():
        pytest.skip("the clients are absent: run `make clients-venv`")
    program: list[str | Path] = [python, PROGRAMS / f"{client}_program.py"]
    upstream.reset()
    direct = ran(program, upstream.environment)
    asked = upstream.count
    assert ran(program, served.environment) == direct
    assert upstream.count == 2 * asked, "each request was passed on once"


def checked(said: dict[str, Any]) -> None:
    """What every official client is told, whatever its language and version."""
    assert {"joker", "fable", "writer", "embedder"} <= set(said["models"])
    assert said["chat"]
    assert said["streamed"] == said["chat"]
    assert said["usage"] > 0
    assert said["tools"][:2] == ["add", ["a", "b"]]
    assert said["tools"][2]
    assert set(said["schema"]) == {"name", "age"}
    assert said["variables"]
    assert said["completion"]
    assert said["embedding"] == EMBEDDING
    kind, status, code, param, message = said["unknown"]
    assert (kind, status, code, param) == ("NotFoundError", 404, "model_not_found", "model")
    assert "'joker'" in message
    kind, status, code, param, message = said["closed"]
    assert (kind, status, code, param) == ("BadRequestError", 400, "parameter_not_allowed", "temperature")
    kind, status, code, param, message = said["missing"]
    assert (kind, status, code) == ("BadRequestError", 400, "missing_variable")
    assert "animal" in message


@pytest.mark.parametrize("python", SDKS or [None], ids=lambda python: python and python.parts[-3])
def test_every_version_of_the_official_sdk(python: Path | None, served: Served, upstream: SimulatorProcess) -> None:
    if python is None:
        pytest.skip("no other version of the OpenAI SDK is here: run `make sdk-venvs`")
    said = ran([python, HERE / "sdk_program.py"], served.environment)
    checked(said)
    assert said["model"] == "joker"
    assert said["streamed usage"] == said["usage"]
    assert set(json.loads(said["streamed tool"])) == {"a", "b"}
    assert said["async"] == [said["chat"], said["chat"]]
    assert said["raw"]["x-quire-trace-id"].startswith("tr-")
    assert said["raw"]["x-quire-endpoint"] == "joker"
    assert said["raw"]["x-quire-model-version"] == "1"
    if "responses" in said:
        found = said["responses"]
        assert found["events"] == ["response.created", "response.completed"]
        assert found["tool"] == ["add"]
        assert found["whole"]
        assert found["stored"]


def test_the_official_client_for_node(served: Served) -> None:
    if not (NODE / "node_modules" / ".ready").exists():
        pytest.skip("Node's clients are absent: run `make node-venv`")
    said = ran([NODE / "bin" / "node", HERE / "node" / "program.cjs"], served.environment)
    checked(said)
    assert said["trace"].startswith("tr-")
    assert said["responses"]["tool"] == ["add"]
    assert said["responses"]["whole"]
    assert said["responses"]["streamed"]
    assert said["responses"]["stored"]


def test_what_the_package_says_comes_first(served: Served, upstream: SimulatorProcess) -> None:
    import openai

    with openai.OpenAI(base_url=f"{served.url}/v1", api_key="any", max_retries=0) as client:
        upstream.reset()
        asked: list[Any] = [{"role": "user", "content": "Hello."}]
        client.chat.completions.create(model="joker", messages=asked)
        client.responses.create(model="joker", input="Hello.")
    chat, responses = (request.body for request in upstream.requests)
    assert chat["model"] == responses["model"] == "gpt-4o-mini"
    assert chat["messages"] == [{"role": "system", "content": "You are a comedian."}, *asked]
    assert "You are a comedian." in json.dumps(responses)


def test_every_request_of_a_client_is_a_trace(served: Served, upstream: SimulatorProcess, store: str) -> None:
    import openai

    with openai.OpenAI(base_url=f"{served.url}/v1", api_key="any", max_retries=0) as client:
        raw = client.chat.completions.with_raw_response.create(
            model="fable", messages=[], extra_body={"variables": {"animal": "owl"}}
        )
    quire.set_tracking_uri(store)
    trace = traced(raw.headers["x-quire-trace-id"])
    assert "owl" in json.dumps([span.inputs for span in trace.data.spans])
    assert raw.parse().choices[0].message.content in json.dumps([span.outputs for span in trace.data.spans])


def traced(trace_id: str) -> Any:
    """A trace, once it is stored."""
    import time

    for _ in range(200):
        found = quire.get_trace(trace_id, silent=True)
        if found is not None:
            return found
        time.sleep(0.05)
    raise AssertionError(f"no trace {trace_id}")
