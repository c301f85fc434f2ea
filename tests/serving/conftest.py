"""An upstream (the simulator), a store, and servers before them, for the tests of this folder."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import quire
from quire.domain.endpoints import Endpoint
from quire.serving.settings import ServeSettings
from quire.testing import Simulator
from tests.serving.serving import Served


@pytest.fixture
def upstream(monkeypatch: pytest.MonkeyPatch) -> Iterator[Simulator]:
    """A simulator that answers by repeating what it was asked; the environment names it."""
    with Simulator(echo=True) as simulator:
        monkeypatch.setenv("OPENAI_BASE_URL", simulator.base_url)
        monkeypatch.setenv("OPENAI_API_KEY", "the-upstream-key")
        yield simulator


@pytest.fixture
def store(tmp_path: Path) -> str:
    """The URI of a store of the test's own, which is the current one."""
    uri = f"sqlite:///{tmp_path}/quire.db"
    quire.set_tracking_uri(uri)
    return uri


@pytest.fixture
def register(store: str) -> Callable[..., str]:
    """Log a model and register it as the next version of a name, which becomes its champion; gives the version."""

    def make(
        name: str = "joker", *, model: str = "gpt-4o-mini", task: str = "chat.completions", **keywords: Any
    ) -> str:
        info = quire.openai.log_model(model, task, name=name, registered_model_name=name, **keywords)
        version = str(info.registered_model_version)
        quire.Client().set_registered_model_alias(name, "champion", version)
        return version

    return make


@pytest.fixture
def serve(store: str, upstream: Simulator) -> Iterator[Callable[..., Served]]:
    """Start a server of these endpoints (names, served as their champions, or Endpoints) with settings of one's own."""
    started: list[Served] = []

    def start(
        *endpoints: str | Endpoint, prepare: Callable[[Any], object] = lambda app: None, **options: Any
    ) -> Served:
        named = tuple(
            Endpoint(name=each, model=f"models:/{each}@champion") if isinstance(each, str) else each
            for each in endpoints
        )
        settings = ServeSettings(**{"endpoints": named, "tracking_uri": store, "follow_s": 0.05, **options})
        started.append(Served(settings, prepare))
        return started[-1]

    yield start
    for served in started:
        served.stop()
