"""``quire serve``: its options, what it says, how it ends."""

from __future__ import annotations

import http.client
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openai
import pytest

import quire
from quire.testing import Simulator
from tests.eventually import eventually


@pytest.fixture
def store(tmp_path: Path) -> str:
    """A store with one registered model."""
    uri = f"sqlite:///{tmp_path}/quire.db"
    quire.set_tracking_uri(uri)
    messages = [{"role": "user", "content": "A joke."}]
    quire.openai.log_model("gpt-4o-mini", "chat.completions", registered_model_name="joker", messages=messages)
    quire.Client().set_registered_model_alias("joker", "champion", "1")
    return uri


@pytest.fixture
def upstream() -> Iterator[Simulator]:
    with Simulator(echo=True) as simulator:
        yield simulator


class Serving:
    """A process of ``quire serve --json``."""

    def __init__(self, *options: str, **environment: str) -> None:
        given = {name: value for name, value in os.environ.items() if not name.startswith(("QUIRE_", "OPENAI_"))}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "quire", "serve", "--json", "--port", "0", *options],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**given, **environment},
        )

    def __enter__(self) -> Serving:
        assert self.process.stdout is not None
        text = ""
        while not text.rstrip().endswith("\n}"):
            line = self.process.stdout.readline()
            assert line, self.process.communicate()
            text += line
        self.said: Any = json.loads(text)
        return self

    def __exit__(self, *_exception: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate()

    @property
    def client(self) -> openai.OpenAI:
        return openai.OpenAI(base_url=self.said["environment"]["OPENAI_BASE_URL"], api_key="any", max_retries=0)

    def end(self, number: int = signal.SIGTERM) -> tuple[int, str]:
        """End it; its exit code, and what it said on standard error."""
        self.process.send_signal(number)
        _out, said = self.process.communicate(timeout=60)
        return self.process.returncode, said


def ask(serving: Serving) -> str:
    """The answer to a question, once its trace is stored: a process that waits for another to begin says so."""
    answer = serving.client.chat.completions.create(model="joker", messages=[])
    eventually(lambda: len(quire.search_traces(locations=["1"], return_type="list")) == 1)
    return str(answer.choices[0].message.content)


@pytest.mark.slow
@pytest.mark.parametrize("workers", ["1", "2"])
def test_it_says_where_it_serves_answers_and_ends_in_order(store: str, upstream: Simulator, workers: str) -> None:
    options = ("--endpoint", "joker=models:/joker@champion", "--workers", workers)
    with Serving(*options, QUIRE_TRACKING_URI=store, **upstream.environment) as serving:
        assert serving.said["endpoints"] == ["joker"]
        assert ask(serving)
        code, said = serving.end()
    assert (code, said) == (0, "")


@pytest.mark.slow
def test_what_the_store_keeps_is_served_without_options(store: str, upstream: Simulator) -> None:
    from quire.domain.endpoints import Endpoint
    from quire.store.current import current_store
    from quire.store.serving import serving_of

    serving_of(current_store()).put_endpoint(Endpoint(name="joker", model="models:/joker@champion"))
    with Serving(QUIRE_TRACKING_URI=store, **upstream.environment) as serving:
        assert ask(serving)
        assert serving.end(signal.SIGINT)[0] == 130


@pytest.mark.slow
def test_a_file_names_endpoints_and_requests_are_logged(store: str, upstream: Simulator, tmp_path: Path) -> None:
    file = tmp_path / "serve.yaml"
    file.write_text("endpoints:\n- name: joker\n  model: models:/joker@champion\n")
    given = {"QUIRE_TRACKING_URI": store, "QUIRE_SERVE_CONFIG": str(file), **upstream.environment}
    with Serving("--log-requests", **given) as serving:
        assert ask(serving)
        _code, said = serving.end()
    line = json.loads(said)
    assert (line["endpoint"], line["status"], line["model_version"]) == ("joker", 200, "joker/1")


@pytest.mark.slow
def test_what_is_under_way_is_answered_before_it_ends(store: str, upstream: Simulator) -> None:
    upstream.behave(latency_ms=1000)
    options = ("--endpoint", "joker=models:/joker@champion")
    with Serving(*options, QUIRE_TRACKING_URI=store, **upstream.environment) as serving:
        host = serving.said["address"].removeprefix("http://")
        connection = http.client.HTTPConnection(host, timeout=30)
        connection.request("POST", "/v1/chat/completions", json.dumps({"model": "joker"}))
        while not upstream.requests:
            assert serving.process.poll() is None
        serving.process.send_signal(signal.SIGTERM)
        answer = connection.getresponse()
        assert (answer.status, answer.headers["connection"]) == (200, "close")
        assert json.loads(answer.read())["choices"]
        serving.process.communicate(timeout=60)
        assert serving.process.returncode == 0


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--endpoint", "joker"), "'joker' is no NAME=MODEL"),
        (("--endpoint", "joker=models:/joker@young"), "no alias 'young'"),
        (("-e", "joker=models:/joker/1", "-e", "joker=models:/joker/1"), "given twice"),
        (("--endpoint", "joker=models:/joker/1", "--host", "0.0.0.0"), "--auth"),
        ((), "Nothing is to be served"),
        (("--config", "nowhere.yaml"), "There is no file 'nowhere.yaml'"),
    ],
)
def test_what_cannot_be_served_is_said_in_one_line(store: str, options: tuple[str, ...], words: str) -> None:
    serving = Serving(*options, QUIRE_TRACKING_URI=store, OPENAI_API_KEY="any")
    out, said = serving.process.communicate(timeout=60)
    assert (serving.process.returncode, out) == (1, "")
    assert said.count("\n") == 1
    assert words in said


def test_a_missing_key_is_said_before_it_listens(store: str) -> None:
    serving = Serving("-e", "joker=models:/joker/1", QUIRE_TRACKING_URI=store)
    _out, said = serving.process.communicate(timeout=60)
    assert serving.process.returncode == 1
    assert "OPENAI_API_KEY is not set" in said
