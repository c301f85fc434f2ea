"""Several servers on one database: it does not matter which one answers, nor that one of them dies."""

from __future__ import annotations

import json
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from quire.store import open_store
from tests.quire_server import QuireServer
from tests.server.faults.turns import taking_turns
from tests.server.faults.writers import Writers, check
from tests.server.mlflow_program import answers_of
from tests.server.test_mlflow_client import EXPECTED, PROGRAM

pytestmark = pytest.mark.slow


def server_on(folder: Path, database: str) -> QuireServer:
    return QuireServer(folder, backend_store_uri=database, artifact_root=str(folder.parent / "artifacts"))


def test_one_of_two_is_killed(tmp_path: Path, postgres_uri: str) -> None:
    with server_on(tmp_path / "a", postgres_uri) as first, server_on(tmp_path / "b", postgres_uri) as second:
        store = open_store(postgres_uri)
        experiment = store.create_experiment("faults")
        with Writers([first.port, second.port], experiment, files=True) as writers:
            writers.wait_for_more(200)
            first.kill()
            writers.wait_for_more(200)
            first.start()
            writers.wait_for_more(200)
            second.kill()
            writers.wait_for_more(200)
    assert [text for ledger in writers.ledgers for text in ledger.refusals] == []
    check(store, experiment, writers.ledgers)
    store.close()


def test_what_one_wrote_another_reads_at_once(tmp_path: Path, postgres_uri: str) -> None:
    with server_on(tmp_path / "a", postgres_uri) as first, server_on(tmp_path / "b", postgres_uri) as second:
        for number in range(30):
            made = _ask(first, "runs/create", {"experiment_id": "0", "run_name": f"run-{number}"})
            run_id = made["run"]["info"]["run_id"]
            _ask(second, "runs/log-metric", {"run_id": run_id, "key": f"new-{number}", "value": 1, "timestamp": 1})
            seen = _ask(first, "runs/search", {"experiment_ids": ["0"], "filter": f"metrics.`new-{number}` = 1"})
            assert [run["info"]["run_id"] for run in seen["runs"]] == [run_id]


@pytest.mark.mlflow
def test_a_real_client_does_not_notice_that_its_requests_take_turns(
    tmp_path: Path, postgres_uri: str, bucket: str, mlflow_python: Path
) -> None:
    servers = [QuireServer(tmp_path / name, backend_store_uri=postgres_uri, artifact_root=bucket) for name in "ab"]
    with servers[0] as first, servers[1] as second, taking_turns([first.port, second.port]) as address:
        found = answers_of(mlflow_python, PROGRAM, address, "turns")
    assert found == EXPECTED


@pytest.mark.parametrize("kind", ["SQLite", "PostgreSQL"])
def test_four_start_together_on_an_empty_database(tmp_path: Path, kind: str, request: pytest.FixtureRequest) -> None:
    database = f"sqlite:///{tmp_path}/quire.db" if kind == "SQLite" else request.getfixturevalue("postgres_uri")
    servers = [server_on(tmp_path / str(number), database) for number in range(4)]
    with ExitStack() as stack, ThreadPoolExecutor(4) as pool:
        for server in pool.map(stack.enter_context, servers):
            assert server is not None
        store = open_store(database)
        experiment = store.create_experiment("faults")
        with Writers([server.port for server in servers], experiment) as writers:
            writers.wait_for_more(200)
    assert [text for ledger in writers.ledgers for text in ledger.refusals] == []
    check(store, experiment, writers.ledgers)
    assert [found.name for found in store.search_experiments()].count("Default") == 1
    store.close()


def _ask(server: QuireServer, path: str, body: object) -> Any:
    request = urllib.request.Request(f"{server.url}/api/2.0/mlflow/{path}", json.dumps(body).encode())
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)
