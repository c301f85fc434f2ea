"""A store with packaged models, and processes that serve them, each test's own."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import openai
import pytest

import quire
from tests.serving.clients.packages import endpoint, register
from tests.serving.served import Served

Serve = Callable[..., Served]
MESSAGES: list[Any] = [{"role": "user", "content": "Tell me a joke about a cat."}]


@pytest.fixture(scope="session")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a store in which models are registered, to be copied."""
    folder = tmp_path_factory.mktemp("registered")
    register(f"sqlite:///{folder / 'quire.db'}", folder / "packages")
    return folder


@pytest.fixture
def store(packages: Path, tmp_path: Path) -> str:
    """A store of the test's own with the models."""
    import sqlite3

    with sqlite3.connect(packages / "quire.db") as original, sqlite3.connect(tmp_path / "quire.db") as copy:
        original.backup(copy)
    return f"sqlite:///{tmp_path / 'quire.db'}"


@pytest.fixture
def serve(store: str, tmp_path: Path) -> Iterator[Serve]:
    """Start a process that serves ``joker`` before an upstream; keywords are the endpoint's."""
    started: list[Served] = []

    def start(
        environment: Mapping[str, str], *options: str, uri: str = store, port: int | None = None, **more: Any
    ) -> Served:
        folder = tmp_path / f"serve-{len(started)}"
        started.append(Served(folder, uri, [endpoint("joker", **more)], environment, *options, port=port))
        started[-1].start()
        return started[-1]

    yield start
    for one in started:
        one.kill()


def client_of(served: Served, **options: Any) -> openai.OpenAI:
    """An official client, which tries once unless told otherwise."""
    return openai.OpenAI(base_url=f"{served.url}/v1", api_key="any", **{"max_retries": 0, "timeout": 60, **options})


def ask(client: openai.OpenAI, **more: Any) -> Any:
    """One question."""
    return client.chat.completions.create(model="joker", messages=MESSAGES, **more)


def traces(store: str, count: int, seconds: float = 30) -> list[Any]:
    """All traces of a store, once there are so many."""
    quire.set_tracking_uri(store)
    until = time.monotonic() + seconds
    found: list[Any] = []
    while len(found) < count and time.monotonic() < until:
        time.sleep(0.05)
        ids = [one.experiment_id for one in quire.search_experiments()]
        found = quire.search_traces(locations=ids, return_type="list", max_results=5000)
    assert len(found) == count
    return found
