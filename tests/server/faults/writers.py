"""Many clients that write to servers which may die, each remembering what was acknowledged to it."""

from __future__ import annotations

import hashlib
import http.client
import itertools
import json
import socket
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from quire.store.base import Store

KEYS = 5
_FAILURES = (OSError, http.client.HTTPException)


@dataclass
class Ledger:
    """What one client was told is stored, and what it does not know of: each request is sent once, never again."""

    runs: dict[str, str] = field(default_factory=dict)
    """Run ids by their names."""
    batches: set[tuple[str, int]] = field(default_factory=set)
    """Runs and the steps of their batches of metrics."""
    tags: dict[str, str] = field(default_factory=dict)
    """Runs and the value of the tag that was set last."""
    files: dict[str, str] = field(default_factory=dict)
    """Artifact paths, and the digests of what was uploaded."""
    unknown: set[str] = field(default_factory=set)
    """Names of runs that may or may not exist."""
    refusals: list[str] = field(default_factory=list)
    """Answers that were no success."""


class Writers:
    """Clients in threads of their own, from ``with`` to its end. Servers are known by their ports."""

    def __init__(self, ports: Sequence[int], experiment: str, clients: int = 8, *, files: bool = False) -> None:
        self.ledgers = [Ledger() for _ in range(clients)]
        self._ports = list(ports)
        self._experiment = experiment
        self._files = files
        self._over = threading.Event()
        self._threads = [
            threading.Thread(target=self._write, args=(number, ledger), daemon=True)
            for number, ledger in enumerate(self.ledgers)
        ]

    @property
    def acknowledged(self) -> int:
        """How many writes of all clients were acknowledged."""
        return sum(len(one.runs) + len(one.batches) + len(one.files) for one in self.ledgers)

    def wait_for_more(self, count: int, patience: float = 60) -> None:
        """Wait until so many more writes are acknowledged."""
        until, aim = time.monotonic() + patience, self.acknowledged + count
        while self.acknowledged < aim:
            assert time.monotonic() < until, f"only {self.acknowledged} of {aim} writes after {patience} s"
            time.sleep(0.01)

    def __enter__(self) -> Writers:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join(60)
        assert not any(thread.is_alive() for thread in self._threads)

    def _write(self, number: int, ledger: Ledger) -> None:
        """One life after another: each ends when a server fails, the next asks the next server."""
        names = (f"run-{number}-{count}" for count in itertools.count())
        for port in itertools.cycle(
            self._ports[number % len(self._ports) :] + self._ports[: number % len(self._ports)]
        ):
            if self._over.is_set():
                return
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
            try:
                while not self._over.is_set():
                    self._write_run(connection, next(names), ledger)
            except _FAILURES:
                time.sleep(0.02)
            finally:
                connection.close()

    def _write_run(self, connection: http.client.HTTPConnection, name: str, ledger: Ledger) -> None:
        ledger.unknown.add(name)
        made = _post(connection, "runs/create", {"experiment_id": self._experiment, "run_name": name}, ledger)
        if made is None:
            return
        run_id = ledger.runs[name] = made["run"]["info"]["run_id"]
        ledger.unknown.discard(name)
        for step in range(5):
            metrics = [{"key": f"m{key}", "value": step, "timestamp": 1, "step": step} for key in range(KEYS)]
            if _post(connection, "runs/log-batch", {"run_id": run_id, "metrics": metrics}, ledger) is not None:
                ledger.batches.add((run_id, step))
        if _post(connection, "runs/set-tag", {"run_id": run_id, "key": "done", "value": name}, ledger) is not None:
            ledger.tags[run_id] = name
        if self._files:
            self._upload(connection, f"files/{name}.bin", ledger)

    def _upload(self, connection: http.client.HTTPConnection, path: str, ledger: Ledger) -> None:
        content = hashlib.sha256(path.encode()).digest() * 8000
        connection.request("PUT", f"/api/2.0/mlflow-artifacts/artifacts/{path}", content)
        answer = connection.getresponse()
        text = answer.read()
        if answer.status == 200:
            ledger.files[path] = hashlib.sha256(content).hexdigest()
        else:
            ledger.refusals.append(f"{answer.status} {text[:300]!r}")


def wait_until_nobody_listens(port: int, patience: float = 20) -> None:
    """Wait until the last process of a server is gone, which may be a child of the one that was killed."""
    until = time.monotonic() + patience
    while time.monotonic() < until:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=5).close()
        except ConnectionRefusedError:
            return
        time.sleep(0.02)
    raise AssertionError(f"somebody still listens on {port}")


def _post(connection: http.client.HTTPConnection, path: str, body: Any, ledger: Ledger) -> Any:
    """The answer; None for one that is no success, which the ledger keeps."""
    connection.request("POST", f"/api/2.0/mlflow/{path}", json.dumps(body))
    answer = connection.getresponse()
    content = json.loads(answer.read())
    if answer.status == 200:
        return content
    ledger.refusals.append(f"{answer.status} {content}")
    return None


def check(store: Store, experiment: str, ledgers: Sequence[Ledger]) -> None:
    """Every acknowledged write is there, once; what was not acknowledged is there whole, once, or not at all."""
    stored = store.search_runs([experiment], max_results=50_000)
    by_name = {run.info.run_name: run for run in stored}
    assert len(by_name) == len(stored), "a run was made twice"
    for ledger in ledgers:
        for name, run_id in ledger.runs.items():
            assert by_name[name].info.run_id == run_id
        for run_id, tag in ledger.tags.items():
            assert by_name[tag].info.run_id == run_id
            assert by_name[tag].data.tags.get("done") == tag
    acknowledged = {name for ledger in ledgers for name in ledger.runs}
    unknown = {name for ledger in ledgers for name in ledger.unknown}
    assert acknowledged <= set(by_name) <= acknowledged | unknown
    _check_batches(store, ledgers)


def _check_batches(store: Store, ledgers: Sequence[Ledger]) -> None:
    steps: dict[str, set[int]] = {}
    for run_id, step in itertools.chain.from_iterable(ledger.batches for ledger in ledgers):
        steps.setdefault(run_id, set()).add(step)
    for run_id, wanted in steps.items():
        histories = [[point.step for point in store.get_metric_history(run_id, f"m{key}")] for key in range(KEYS)]
        assert all(history == histories[0] for history in histories), f"a batch of {run_id} is there in part"
        assert len(histories[0]) == len(set(histories[0])), f"a batch of {run_id} is there twice"
        assert wanted <= set(histories[0])
