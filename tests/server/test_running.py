"""A server process: how it starts, serves from several processes, ends in order, and what a kill leaves."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest

from quire.domain.errors import InvalidInput, Unavailable
from quire.server import Settings
from quire.server.running import check_address, is_loopback, open_socket
from quire.store import open_store
from tests.server.faults.writers import wait_until_nobody_listens
from tests.server.process import ServerProcess


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "example.org"])
def test_an_address_that_others_reach_needs_auth(host: str) -> None:
    with pytest.raises(InvalidInput, match="auth"):
        check_address(Settings(host=host))


def test_addresses_of_this_machine_do_not(tmp_path: Path) -> None:
    for host in ("127.0.0.1", "127.8.9.1", "::1", "localhost"):
        assert is_loopback(host)
        check_address(Settings(host=host))


def test_the_command_refuses_an_open_address(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "quire", "server", "--host", "0.0.0.0", "--port", "0"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, timeout=60, check=False)
    assert done.returncode == 1
    assert "reachable from others" in done.stderr
    assert not list(tmp_path.iterdir())


def test_a_port_that_is_taken_is_named() -> None:
    taken = open_socket("127.0.0.1", 0)
    port = taken.getsockname()[1]
    with pytest.raises(Unavailable, match=str(port)):
        open_socket("127.0.0.1", port)
    taken.close()


def test_a_server_is_healthy_soon_and_small(tmp_path: Path) -> None:
    begun = time.monotonic()
    with ServerProcess(tmp_path) as server:
        assert server.get("/health") == (200, b"OK")
        taken = time.monotonic() - begun
        resident = int(Path(f"/proc/{server.process.pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    assert resident < 150 << 20
    assert taken < 15  # bench measures it on an idle machine: 1.5 s


def test_an_answer_comes_in_one_piece(tmp_path: Path) -> None:
    """Head and body are written apart by uvicorn: two packets, and a call of the system more."""
    with ServerProcess(tmp_path) as server, socket.create_connection(("127.0.0.1", server.port), timeout=20) as client:
        whole = 0
        for _ in range(20):
            client.sendall(b"GET /api/2.0/mlflow/experiments/get?experiment_id=0 HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
            answer = client.recv(1 << 16)
            whole += b"\r\n\r\n{" in answer
            while not answer.endswith(b"}}"):
                answer += client.recv(1 << 16)
        assert whole == 20


def test_a_request_on_its_way_is_answered_before_the_server_ends(tmp_path: Path) -> None:
    with ServerProcess(tmp_path) as server:
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
        connection.putrequest("PUT", "/api/2.0/mlflow-artifacts/artifacts/a.bin")
        connection.putheader("Content-Length", "2000000")
        connection.endheaders()
        connection.send(b"x" * 1_000_000)
        time.sleep(1)  # until the server has begun to read it
        server.process.send_signal(signal.SIGTERM)
        wait_until_nobody_listens(server.port)
        connection.send(b"y" * 1_000_000)
        assert connection.getresponse().status == 200
        assert server.process.wait(20) == 0
    assert (tmp_path / "quire-artifacts" / "a.bin").stat().st_size == 2_000_000


def test_several_processes_serve_one_store_and_a_dead_one_is_replaced(tmp_path: Path) -> None:
    with ServerProcess(tmp_path, "--workers", "2") as server:
        experiment = server.post("experiments/create", {"name": "e"})["experiment_id"]

        def create(number: int) -> str:
            made = server.post("runs/create", {"experiment_id": experiment, "start_time": number})
            return str(made["run"]["info"]["run_id"])

        with ThreadPoolExecutor(8) as pool:
            first = list(pool.map(create, range(40)))
        children = [int(pid) for pid in _children(server.process.pid)]
        assert len(children) == 2
        os.kill(children[0], signal.SIGKILL)
        deadline = time.monotonic() + 20
        while len(set(_children(server.process.pid)) - {str(children[0])}) < 2 and time.monotonic() < deadline:
            time.sleep(0.05)
        more = []
        while len(more) < 10 and time.monotonic() < deadline:
            with suppress(OSError, http.client.HTTPException):
                more.append(create(100))
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(30) == 0
    store = open_store(f"sqlite:///{tmp_path}/quire.db")
    stored = {run.info.run_id for run in store.search_runs([experiment])}
    assert set(first) | set(more) <= stored
    store.close()


def test_no_process_outlives_the_one_that_started_it(tmp_path: Path) -> None:
    with ServerProcess(tmp_path, "--workers", "2") as server:
        assert len(_children(server.process.pid)) == 2
        server.process.kill()
        server.process.wait()
        wait_until_nobody_listens(server.port)


def _children(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/task/{pid}/children").read_text().split()


def test_what_was_acknowledged_outlives_a_kill_once(tmp_path: Path) -> None:
    acknowledged: list[tuple[str, int]] = []
    with ServerProcess(tmp_path) as server:
        experiment = server.post("experiments/create", {"name": "e"})["experiment_id"]
        runs = [server.post("runs/create", {"experiment_id": experiment})["run"]["info"]["run_id"] for _ in range(8)]

        def write(run: str) -> None:
            for step in range(10_000):
                metric = {"key": "m", "value": step, "timestamp": 1, "step": step}
                try:
                    server.post("runs/log-batch", {"run_id": run, "metrics": [metric]})
                except (OSError, http.client.HTTPException):
                    return
                acknowledged.append((run, step))

        threads = [threading.Thread(target=write, args=(run,)) for run in runs]
        for thread in threads:
            thread.start()
        while len(acknowledged) < 500:
            time.sleep(0.01)
        server.process.kill()
        for thread in threads:
            thread.join()
    store = open_store(f"sqlite:///{tmp_path}/quire.db")
    for run in runs:
        steps = [metric.step for metric in store.get_metric_history(run, "m")]
        assert len(steps) == len(set(steps))
        assert {step for found, step in acknowledged if found == run} <= set(steps)
    store.close()
