"""A server that is killed under load, again and again: what it acknowledged is there, once."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from quire.store import open_store
from tests.quire_server import QuireServer
from tests.server.faults.writers import Writers, check, wait_until_nobody_listens

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("workers", [1, 2])
def test_sqlite(tmp_path: Path, workers: int) -> None:
    _kill_and_check(tmp_path, f"sqlite:///{tmp_path}/quire.db", workers)


def test_postgresql(tmp_path: Path, postgres_uri: str) -> None:
    _kill_and_check(tmp_path, postgres_uri, 1)


def _kill_and_check(folder: Path, database: str, workers: int) -> None:
    artifacts = folder / "artifacts"
    with QuireServer(folder, backend_store_uri=database, artifact_root=str(artifacts), workers=workers) as server:
        store = open_store(database)
        experiment = store.create_experiment("faults")
        with Writers([server.port], experiment, files=True) as writers:
            for _ in range(3):
                writers.wait_for_more(150)
                server.kill()
                wait_until_nobody_listens(server.port)
                server.start()
            writers.wait_for_more(150)
    assert [text for ledger in writers.ledgers for text in ledger.refusals] == []
    check(store, experiment, writers.ledgers)
    store.close()
    _check_files(artifacts, {path: digest for one in writers.ledgers for path, digest in one.files.items()})


def _check_files(artifacts: Path, acknowledged: dict[str, str]) -> None:
    """Every file is whole: one that was acknowledged, and one of which that is not known."""
    assert acknowledged
    found = {path.relative_to(artifacts).as_posix(): path for path in artifacts.rglob("*.bin")}
    assert set(acknowledged) <= set(found)
    for path, place in found.items():
        whole = hashlib.sha256(hashlib.sha256(path.encode()).digest() * 8000).hexdigest()
        assert hashlib.sha256(place.read_bytes()).hexdigest() == whole, f"{path} is there in part"
        assert acknowledged.get(path, whole) == whole
