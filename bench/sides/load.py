"""The client of the server benchmarks, in a process of its own: asks one server, gives how it answered.

Requests are made before the time runs, so that making them costs the measured time nothing; the load ends early if
they are used up.
"""

from __future__ import annotations

import http.client
import json
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from itertools import islice, repeat
from typing import Any

import msgspec

from bench import calls
from bench.load import drive
from bench.worker import serve

ADDRESS = ("127.0.0.1", int(sys.argv[2]))
MOST_CLIENTS = 32
MOST_REQUESTS = {"create-run": 12_000, "log-batch": 6000, "get-run": 20_000, "search": 3000}
BLOCK = 1 << 20

experiment_id = ""
run_ids: list[str] = []
steps: dict[str, int] = {}


def ask(request: bytes) -> Any:
    """Send one request; its answer, read. Raises RuntimeError for an answer that is no success."""
    head, _, body = request.partition(b"\r\n\r\n")
    method, target, *_ = head.decode().split(" ")
    connection = http.client.HTTPConnection(*ADDRESS, timeout=600)
    connection.request(method, target, body, {"Content-Type": "application/json"})
    answer = connection.getresponse()
    text = answer.read()
    connection.close()
    if answer.status >= 300:
        raise RuntimeError(f"{method} {target}: {answer.status} {text[:500]!r}")
    return json.loads(text)


def prepare() -> str:
    """Make an experiment and the runs that are logged to and read; checks that a run gives back its metrics."""
    global experiment_id  # noqa: PLW0603
    experiment_id = str(ask(calls.create_experiment(f"bench-{time.time_ns()}"))["experiment_id"])
    created = [ask(one) for one in islice(calls.create_runs(experiment_id), MOST_CLIENTS)]
    run_ids[:] = [one["run"]["info"]["run_id"] for one in created]
    for run_id in run_ids:
        ask(calls.log_batch(run_id, 0))
        steps[run_id] = 1
    metrics = ask(calls.get_run(run_ids[0]))["run"]["data"]["metrics"]
    if len(metrics) != calls.METRICS:
        raise RuntimeError(f"a run with {calls.METRICS} metrics has {len(metrics)} when read")
    return experiment_id


def load(call: str, clients: int, seconds: float, most: int | None = None) -> dict[str, Any]:
    """Send requests of one kind from so many connections for so long; at most ``most`` requests."""
    each = -(-min(most or MOST_REQUESTS[call], MOST_REQUESTS[call]) // clients)
    outcome = drive(ADDRESS, [list(islice(stream, each)) for stream in _streams(call, clients)], seconds)
    return {**msgspec.to_builtins(outcome), "rate": outcome.rate}


def _streams(call: str, clients: int) -> list[Iterator[bytes]]:
    if call == "create-run":
        return [calls.create_runs(experiment_id) for _ in range(clients)]
    if call == "log-batch":
        return [_batches(run_id) for run_id in run_ids[:clients]]
    if call == "get-run":
        return [repeat(calls.get_run(run_id)) for run_id in run_ids[:clients]]
    return [islice(calls.searches(experiment_id), client * 97, None) for client in range(clients)]


def _batches(run_id: str) -> Iterator[bytes]:
    """Batches whose steps go on from those of the last load."""
    for request in calls.log_batches(run_id, steps[run_id]):
        steps[run_id] += 1
        yield request


def count_found(condition: str) -> int:
    """How many runs the first page of a search holds."""
    return len(ask(calls.search(experiment_id, condition)).get("runs", []))


def experiment() -> str:
    """The id of the experiment that was made."""
    return experiment_id


def upload(path: str, size: int) -> float:
    """Seconds to send a file through the artifact proxy."""
    with tempfile.TemporaryFile() as file:
        for _ in range(size // BLOCK):
            file.write(os.urandom(BLOCK))
        file.seek(0)
        connection = http.client.HTTPConnection(*ADDRESS, timeout=600, blocksize=BLOCK)
        began = time.perf_counter()
        connection.request("PUT", _artifact(path), file, {"Content-Length": str(size)})
        answer = connection.getresponse()
        text = answer.read()
        seconds = time.perf_counter() - began
        connection.close()
    if answer.status >= 300:
        raise RuntimeError(f"upload: {answer.status} {text[:500]!r}")
    return seconds


def download(path: str, size: int) -> float:
    """Seconds to read a file through the artifact proxy."""
    connection = http.client.HTTPConnection(*ADDRESS, timeout=600)
    block, received = bytearray(BLOCK), 0
    began = time.perf_counter()
    connection.request("GET", _artifact(path))
    answer = connection.getresponse()
    while read := answer.readinto(block):
        received += read
    seconds = time.perf_counter() - began
    connection.close()
    if answer.status >= 300 or received != size:
        raise RuntimeError(f"download: {answer.status}, {received} bytes of {size}")
    return seconds


def _artifact(path: str) -> str:
    return f"/api/2.0/mlflow-artifacts/artifacts/{path}"


serve(
    prepare=prepare,
    load=load,
    count_found=count_found,
    experiment=experiment,
    upload=upload,
    download=download,
)
