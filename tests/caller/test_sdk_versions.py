"""Every version of the OpenAI SDK that is promised, each in a virtual environment of its own: ``make test-sdks``."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from quire.testing import Simulator

pytestmark = pytest.mark.slow

REPOSITORY = Path(__file__).resolve().parents[2]
FOUND = sorted(ready.parent / "bin" / "python" for ready in (REPOSITORY / ".cache").glob("openai-*/.ready"))
ALL_TASKS = ["chat.completions", "completions", "embeddings", "responses"]
STREAMED = ["chat.completions", "completions", "responses"]


@pytest.fixture(params=FOUND or [None], ids=lambda python: python and python.parts[-3])
def python(request: pytest.FixtureRequest) -> Path:
    """The interpreter of a virtual environment with one version of the SDK."""
    if request.param is None:
        pytest.skip("no other version of the OpenAI SDK is here: run `make test-sdks`")
    return Path(request.param)


def run(python: Path, part: str, folder: Path, environment: dict[str, str]) -> Any:
    """What a part of the program says; and that it ran under the version meant, and ended cleanly."""
    ran = subprocess.run(
        [python, "-W", "always", Path(__file__).with_name("sdk_program.py"), part, folder],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(REPOSITORY / "src"), **environment},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    assert "ResourceWarning" not in ran.stderr
    version, said = json.loads(ran.stdout)
    assert python.parts[-3] == f"openai-{version}"
    return said


@pytest.mark.parametrize("service", ["openai", "azure"])
def test_every_task_answers(python: Path, simulator: Simulator, tmp_path: Path, service: str) -> None:
    environment = simulator.azure_environment if service == "azure" else simulator.environment
    assert run(python, "tasks", tmp_path, environment) == {task: [True, True] for task in ALL_TASKS}
    to_deployments = [request.path for request in simulator.requests if "/deployments/" in request.path]
    expected = ["chat/completions", "completions", "embeddings"] if service == "azure" else []
    assert {path.partition("/deployments/")[2].partition("/")[2] for path in to_deployments} >= set(expected)
    assert bool(to_deployments) == bool(expected)


@pytest.mark.parametrize("service", ["openai", "azure"])
def test_every_text_streams(python: Path, simulator: Simulator, tmp_path: Path, service: str) -> None:
    environment = simulator.azure_environment if service == "azure" else simulator.environment
    assert run(python, "streams", tmp_path, environment) == {task: [True, True] for task in STREAMED}


def test_a_batch_gets_through_bad_weather_and_resumes(python: Path, simulator: Simulator, tmp_path: Path) -> None:
    weather = {"rate_limit": 0.2, "server_error": 0.05, "disconnect": 0.02, "truncate": 0.02}
    simulator.behave(error_rates=weather, retry_after_ms=20)
    assert run(python, "batch", tmp_path, simulator.environment) == {
        "answered": 300,
        "retried": True,
        "replayed": 300,
        "sent again": 0,
        "same": True,
    }


def test_a_refused_key_is_known_for_what_it_is(python: Path, simulator: Simulator, tmp_path: Path) -> None:
    simulator.behave(api_keys=("another",))
    assert run(python, "refusals", tmp_path, simulator.environment) == ["authentication"]


def test_tokens_of_a_provider_sign_requests(python: Path, simulator: Simulator, tmp_path: Path) -> None:
    said = run(python, "tokens", tmp_path, simulator.azure_environment)
    assert said == {"answered": 20, "issued": True}
    signed = {str(request.headers.get("authorization", "")).split(" ")[0] for request in simulator.requests}
    assert signed == {"Bearer"}
