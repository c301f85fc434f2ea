"""The simulator as a test tool: in this process, in one of its own, and as fixtures."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import openai
import pytest

from quire.domain.errors import InvalidInput
from quire.testing import Behaviour, Simulator, SimulatorProcess

MESSAGES = [{"role": "user", "content": "hello"}]


def ask(base_url: str, **more: object) -> str:
    client = openai.OpenAI(base_url=base_url, api_key="any", max_retries=0)
    answer = client.chat.completions.create(model="gpt-4o-mini", messages=MESSAGES, **more)  # type: ignore[call-overload]
    return str(answer.choices[0].message.content)


@pytest.mark.parametrize("kind", [Simulator, SimulatorProcess])
def test_both_kinds_answer_alike_and_record_what_they_received(kind: type[Simulator]) -> None:
    with kind(echo=True) as running:
        assert ask(running.base_url) == '[{"role": "user", "content": "hello"}]'
        (request,) = running.requests
        assert (request.method, request.path, request.url) == ("POST", "/v1/chat/completions", "/v1/chat/completions")
        assert request.body == {"messages": MESSAGES, "model": "gpt-4o-mini"}
        assert request.status == 200
        assert request.headers["user-agent"].startswith("OpenAI/Python")


@pytest.mark.parametrize("kind", [Simulator, SimulatorProcess])
def test_behaviour_changes_while_running(kind: type[Simulator]) -> None:
    with kind() as running:
        assert ask(running.base_url).startswith("[simulated]")
        running.behave(echo=True)
        assert running.behaviour.echo
        assert ask(running.base_url).startswith("[{")
        running.behaviour = Behaviour(recording={"hello": "recorded"})
        assert ask(running.base_url) == "recorded"


@pytest.mark.parametrize("kind", [Simulator, SimulatorProcess])
def test_reset_forgets_the_requests(kind: type[Simulator]) -> None:
    with kind() as running:
        ask(running.base_url)
        running.reset()
        assert running.requests == []


def test_process_keeps_no_credential() -> None:
    with SimulatorProcess() as running:
        ask(running.base_url)
        assert running.requests[0].headers["authorization"] == "[REDACTED]"


def test_process_ends_with_the_block() -> None:
    with SimulatorProcess() as running:
        pid = running.pid
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_only_the_newest_requests_are_kept() -> None:
    with Simulator(keep_requests=2) as running:
        for _ in range(3):
            ask(running.base_url)
        assert [request.number for request in running.requests] == [2, 3]


def test_fixture_sends_every_client_to_the_simulator(simulator: Simulator) -> None:
    client = openai.OpenAI()
    client.chat.completions.create(model="gpt-4o-mini", messages=MESSAGES)  # type: ignore[call-overload]
    assert len(simulator.requests) == 1


def test_fixture_unsets_azure(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    monkeypatch.setenv("OPENAI_API_TYPE", "azure")
    running: Simulator = request.getfixturevalue("simulator")
    assert "OPENAI_API_TYPE" not in os.environ
    assert os.environ["OPENAI_BASE_URL"] == running.base_url


def test_factory_starts_several(simulator_factory: Callable[..., Simulator]) -> None:
    first, second = simulator_factory(echo=True), simulator_factory(Behaviour(recording={"hello": "two"}))
    assert first.port != second.port
    assert ask(second.base_url) == "two"
    assert ask(first.base_url).startswith("[{")


def test_what_the_fixtures_start_ends_with_the_test(tmp_path: Path) -> None:
    (tmp_path / "test_ports.py").write_text(
        "def test_ports(simulator, simulator_factory):\n"
        "    started = [simulator, simulator_factory(), simulator_factory()]\n"
        "    open('ports', 'w').write(' '.join(str(one.port) for one in started))\n"
        "\n"
        "def test_they_have_ended():\n"
        "    import os, socket\n"
        "    ports = open('ports').read().split()\n"
        "    assert len(ports) == 3\n"
        "    for port in ports:\n"
        "        with socket.socket() as probe:\n"
        "            assert probe.connect_ex(('127.0.0.1', int(port))) != 0\n"
        "    assert 'OPENAI_BASE_URL' not in os.environ\n"
    )
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("OPENAI_", "PYTEST_"))}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", "test_ports.py"]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert "2 passed" in done.stdout, done.stdout + done.stderr


def test_azure_environment_serves_the_azure_client(monkeypatch: pytest.MonkeyPatch) -> None:
    with Simulator() as running:
        for name, value in running.azure_environment.items():
            monkeypatch.setenv(name, value)
        client = openai.AzureOpenAI(azure_deployment="deployment")
        client.chat.completions.create(model="gpt-4o-mini", messages=MESSAGES)  # type: ignore[call-overload]
        assert running.requests[0].path == "/openai/deployments/deployment/chat/completions"
        assert "api-version" in running.requests[0].query


def test_a_stopped_simulator_says_how_to_start_it() -> None:
    with pytest.raises(RuntimeError, match="start"):
        _ = Simulator().base_url


def test_a_wrong_behaviour_is_refused_before_anything_starts() -> None:
    with pytest.raises(InvalidInput, match="latency_ms"):
        Simulator(latency_ms=-1)
