"""PostgreSQL restarted, and crashed, under a server that goes on: refusals are said, what is acknowledged is there."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from quire.store import open_store
from tests.postgres import PostgresServer
from tests.quire_server import QuireServer
from tests.server.faults.writers import Writers, check

pytestmark = pytest.mark.slow


@pytest.fixture
def database_server() -> Iterator[PostgresServer]:
    """One of the test's own: it is stopped while others would use it, and may be killed while it writes a page."""
    server = PostgresServer(full_page_writes="on")
    yield server
    server.remove()


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGQUIT], ids=["restart", "crash"])
def test_a_restart(tmp_path: Path, database_server: PostgresServer, how: signal.Signals) -> None:
    database = database_server.create_database()
    with QuireServer(tmp_path, backend_store_uri=database, artifact_root=str(tmp_path / "artifacts")) as server:
        store = open_store(database)
        experiment = store.create_experiment("faults")
        with Writers([server.port], experiment) as writers:
            for _ in range(3):
                writers.wait_for_more(100)
                database_server.restart(how)
            writers.wait_for_more(100)
    refusals = [text for ledger in writers.ledgers for text in ledger.refusals]
    assert all(text.startswith("503 ") and "TEMPORARILY_UNAVAILABLE" in text for text in refusals), refusals[:3]
    assert not any(word in text for text in refusals for word in ("psycopg", "SELECT", "INSERT", "quire:"))
    check(store, experiment, writers.ledgers)
    store.close()
