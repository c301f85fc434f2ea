"""Quire's own clients while their server dies: calls wait for it, programs that log in the background do not."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from quire.domain.entities import Metric
from quire.store import open_store
from tests.quire_server import QuireServer

pytestmark = pytest.mark.slow

_TRAINING = """
import sys, time
import quire

quire.set_tracking_uri(sys.argv[1])
with quire.start_run(run_name="training") as run:
    print(run.info.run_id, flush=True)
    longest = 0.0
    for step in range(1200):
        began = time.monotonic()
        quire.log_metrics({"loss": 1 / (step + 1), "accuracy": step}, step=step)
        longest = max(longest, time.monotonic() - began)
        time.sleep(0.06)
    quire.set_tag("done", "yes")
print(longest, flush=True)
"""


def test_calls_wait_for_a_server_that_is_killed_and_started_again(tmp_path: Path) -> None:
    with QuireServer(tmp_path) as server:
        store = open_store(server.url)
        run_ids = [store.create_run("0").info.run_id for _ in range(4)]
        threads = [threading.Thread(target=_log, args=(server.url, run_id)) for run_id in run_ids]
        for thread in threads:
            thread.start()
        for _ in range(3):
            time.sleep(0.5)
            server.kill()
            time.sleep(1)
            server.start()
        for thread in threads:
            thread.join(60)
        for run_id in run_ids:
            assert [point.step for point in store.get_metric_history(run_id, "m")] == list(range(400))
        store.close()


def _log(url: str, run_id: str) -> None:
    store = open_store(url)
    for step in range(400):
        store.log_batch(run_id, metrics=[Metric("m", step, 1, step)])
        time.sleep(0.005)


def test_a_program_goes_on_while_its_server_is_away_and_loses_nothing(tmp_path: Path) -> None:
    with QuireServer(tmp_path / "server") as server:
        environment = {**os.environ, "QUIRE_ASYNC_LOGGING": "1", "QUIRE_OUTBOX": str(tmp_path / "outbox")}
        command = [sys.executable, "-c", _TRAINING, server.url]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=tmp_path, env=environment) as program:
            assert program.stdout is not None
            run_id = program.stdout.readline().strip()
            time.sleep(1)
            server.kill()
            time.sleep(60)
            server.start()
            longest = float(program.stdout.readline())
            assert program.wait(60) == 0
        store = open_store(server.url)
        for key in ("loss", "accuracy"):
            assert [point.step for point in store.get_metric_history(run_id, key)] == list(range(1200))
        run = store.get_run(run_id)
        assert (run.data.tags["done"], run.info.status) == ("yes", "FINISHED")
        assert longest < 2, "a call waited for a server that was away"
        store.close()
