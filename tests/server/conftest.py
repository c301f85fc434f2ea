"""A real server on a real socket, for the tests of this folder."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from quire.server import Settings
from quire.server.running import make_server, open_socket
from tests.http_calls import Answer, call


class Served:
    """A server in a thread of this process."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._socket = open_socket("127.0.0.1", 0)
        self.port: int = self._socket.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._server = make_server(settings)
        self._thread = threading.Thread(target=lambda: self._server.run(sockets=[self._socket]), daemon=True)
        self._thread.start()
        while not self._server.started:
            assert self._thread.is_alive()
            time.sleep(0.005)

    @property
    def app(self) -> Any:
        return self._server.config.app

    @property
    def open(self) -> tuple[int, int]:
        """How many connections are open, and how many requests under way."""
        state = self._server.server_state
        return len(state.connections), len(state.tasks)

    def stop(self) -> None:
        self._server.should_exit = True
        self._thread.join(30)
        self._socket.close()

    def call(
        self, method: str, path: str, body: Any = None, *, headers: dict[str, str] | None = None, timeout: float = 30
    ) -> Answer:
        """Make one request; a body that is no bytes is sent as JSON."""
        return call(self.port, method, path, body, headers=headers, timeout=timeout)

    def ask(self, method: str, path: str, body: Any = None, /, **query: Any) -> Any:
        """Make a call of the protocol that must succeed; the path is below /api/2.0/mlflow/."""
        place = f"/api/2.0/mlflow/{path}" + (f"?{urlencode(query, doseq=True)}" if query else "")
        answer = self.call(method, place, body)
        assert answer.status == 200, answer.body
        return answer.json

    def experiment(self, name: str) -> str:
        return str(self.ask("POST", "experiments/create", {"name": name})["experiment_id"])

    def run(self, experiment: str | None = None, **fields: Any) -> str:
        given = {"experiment_id": experiment or "0", "start_time": 1, **fields}
        return str(self.ask("POST", "runs/create", given)["run"]["info"]["run_id"])


@contextmanager
def serving(folder: Path, **options: Any) -> Iterator[Served]:
    settings = Settings(**{"backend_store_uri": f"sqlite:///{folder}/quire.db", **options})
    served = Served(settings)
    try:
        yield served
    finally:
        served.stop()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """One server for the tests of a module; each makes its own experiments, runs and models."""
    with serving(tmp_path_factory.mktemp("server")) as served:
        yield served


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[..., Served]]:
    """Start a server with settings of the test's own."""
    started: list[Served] = []

    def start(**options: Any) -> Served:
        given = {"backend_store_uri": f"sqlite:///{tmp_path}/quire.db", **options}
        started.append(Served(Settings(**given)))
        return started[-1]

    yield start
    for served in started:
        served.stop()
