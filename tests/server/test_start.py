"""What a started server has loaded: no more than it needs, since that is what its start takes."""

from __future__ import annotations

import contextlib
import http.client
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from quire.server.ui import is_built
from quire.store import open_store

# What some call needs, and no start does: libraries, and folders and modules of Quire.
_LATER = [
    "aiohttp",
    "alembic",
    "genai_prices",
    "google.protobuf",
    "httpx",
    "litestar",
    "narwhals",
    "numpy",
    "obstore",
    "openai",
    "opentelemetry",
    "psycopg",
    "rich",
    "scipy",
    "sqlalchemy.dialects.postgresql",
    "webbrowser",
    "yaml",
    "quire.caller",
    "quire.cli.predict",
    "quire.cli.runs",
    "quire.evaluate.comparison",
    "quire.models",
    "quire.openai",
    "quire.prompts",
    "quire.review.queue",
    "quire.scorers",
    "quire.server.evaluations.describing",
    "quire.server.own_client",
    "quire.stats",
    "quire.store.rest.client",
    "quire.tracing",
    "quire.tracking",
    "quire.trials.verdict",
]
_IMPORTED = re.compile(r"^import time:\s+\d+ \|\s+\d+ \| +(\S+)$", re.MULTILINE)
# What the first page of the interface asks for.
_FIRST_PAGE = ["/", "/api/quire/v1/me", "/api/quire/v1/changes?since=0&until=86400000"]


class Started:
    """A server in a process of its own that notes what it imports."""

    def __init__(self, process: subprocess.Popen[str], port: int, notes: Path) -> None:
        self._process, self._port, self._notes = process, port, notes

    def get(self, path: str) -> int:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=30)
        with contextlib.closing(connection):
            connection.request("GET", path)
            return connection.getresponse().status

    def imported(self) -> set[str]:
        """All that it has imported, once it has ended."""
        self._process.send_signal(signal.SIGTERM)
        assert self._process.wait(timeout=30) == 0
        return set(_IMPORTED.findall(self._notes.read_text()))


@pytest.fixture(params=[["server"], ["ui", "--no-browser"]], ids=["server", "ui"])
def started(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Started]:
    if request.param[0] == "ui" and not is_built():
        pytest.skip("the web interface is not built: make ui")
    database = f"sqlite:///{tmp_path}/quire.db"
    open_store(database).close()  # a database that is there is what most servers start with
    command = [sys.executable, "-X", "importtime", "-m", "quire", *request.param]
    with (tmp_path / "notes.txt").open("w") as notes:
        process = subprocess.Popen(
            [*command, "--backend-store-uri", database, "--port", "0"], stdout=subprocess.PIPE, stderr=notes, text=True
        )
    try:
        assert process.stdout is not None
        said = re.search(r"127\.0\.0\.1:(\d+)", process.stdout.readline())
        assert said is not None
        yield Started(process, int(said[1]), tmp_path / "notes.txt")
    finally:
        process.kill()
        process.communicate()


def of(wanted: list[str], loaded: set[str]) -> list[str]:
    """Those that were loaded, or a part of them was."""
    return [name for name in wanted if name in loaded or any(one.startswith(f"{name}.") for one in loaded)]


def test_a_started_server_has_loaded_nothing_that_only_some_calls_need(started: Started) -> None:
    loaded = started.imported()
    assert {"uvicorn.server", "sqlalchemy.engine", "quire.server.routes.runs", "quire.store.sql.runs"} <= loaded
    assert of(_LATER, loaded) == []


def test_the_first_page_of_an_empty_store_has_nothing_loaded(started: Started) -> None:
    for path in _FIRST_PAGE:
        assert started.get(path) == 200
    assert of(_LATER, started.imported()) == []
