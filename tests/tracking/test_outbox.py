"""Logging in the background: nothing is lost, nothing is double, the program does not wait."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

import quire
from quire.domain.entities import Param
from quire.domain.errors import InvalidInput, NotFound, Unavailable
from quire.tracking import background, outbox, outboxes
from quire.tracking.operations import Operation, merged
from tests.quire_server import QuireServer


@pytest.fixture(scope="module")
def one_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[QuireServer]:
    with QuireServer(tmp_path_factory.mktemp("server")) as started:
        yield started


@pytest.fixture
def server(one_server: QuireServer) -> QuireServer:
    """A server that runs; a test may kill it, the next one then starts it again."""
    if not one_server.running:
        one_server.start()
    return one_server


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    """The folder of what waits on disk."""
    return tmp_path / "outbox"


@pytest.fixture(autouse=True)
def _in_background(kept: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("QUIRE_ASYNC_LOGGING", "1")
    monkeypatch.setenv("QUIRE_OUTBOX", str(kept))
    monkeypatch.setenv("QUIRE_ASYNC_EXIT_SECONDS", "0")
    yield
    outboxes.close_all(0)


def history(run_id: str, key: str = "m") -> list[float]:
    return [metric.value for metric in quire.Client().get_metric_history(run_id, key)]


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.glob("*.db")) if folder.is_dir() else []


def test_all_is_stored_in_order_when_the_run_ends(server: QuireServer, kept: Path) -> None:
    quire.set_tracking_uri(server.url)
    with quire.start_run() as run:
        for step in range(3000):
            quire.log_metric("m", step, step=step)
        for value in "abc":
            quire.set_tag("last", value)
        assert quire.log_param("p", 1) is not None
    stored = quire.get_run(run.info.run_id)
    assert history(run.info.run_id) == [float(step) for step in range(3000)]
    assert stored.data.tags["last"] == "c"
    assert stored.data.params == {"p": "1"}
    assert (stored.info.status, stored.info.end_time is not None) == ("FINISHED", True)
    assert files(kept) == []


def test_a_local_store_works_the_same(tmp_path: Path) -> None:
    quire.set_tracking_uri(f"sqlite:///{tmp_path}/quire.db")
    with quire.start_run() as run:
        for step in range(500):
            quire.log_metrics({"m": step, "n": -step}, step=step)
    assert history(run.info.run_id) == [float(step) for step in range(500)]
    assert len(history(run.info.run_id, "n")) == 500


def test_synchronous_decides_for_one_call(server: QuireServer, monkeypatch: pytest.MonkeyPatch) -> None:
    quire.set_tracking_uri(server.url)
    with quire.start_run() as run:
        assert quire.log_metric("m", 1, synchronous=True) is None
        assert history(run.info.run_id) == [1.0]
        monkeypatch.setenv("QUIRE_ASYNC_LOGGING", "0")
        assert quire.log_metric("n", 1) is None
        operations = quire.log_metric("m", 2, step=1, synchronous=False)
        assert operations is not None
        operations.wait()
        assert history(run.info.run_id) == [1.0, 2.0]
        quire.Client().log_batch(run.info.run_id, params=[Param("p", "1")], synchronous=False)
        quire.flush_async_logging()
        assert quire.get_run(run.info.run_id).data.params == {"p": "1"}


@pytest.mark.parametrize("away", [2, pytest.param(60, marks=pytest.mark.slow)])
def test_a_server_that_is_away_for_a_while_loses_nothing(server: QuireServer, kept: Path, away: int) -> None:
    quire.set_tracking_uri(server.url)
    with quire.start_run() as run:
        for step in range(100):
            quire.log_metric("m", step, step=step)
        server.kill()
        begun = time.monotonic()
        for step in range(100, 400):
            logged = time.monotonic()
            quire.log_metric("m", step, step=step)
            assert time.monotonic() - logged < 10  # far less than the patience with a server that is away
            time.sleep(away / 300)
        quire.set_tag("while", "away")
        assert time.monotonic() - begun < away + 10
        assert len(files(kept)) == 1
        server.start()
        for step in range(400, 500):
            quire.log_metric("m", step, step=step)
        quire.flush_async_logging()
    assert history(run.info.run_id) == [float(step) for step in range(500)]
    assert quire.get_run(run.info.run_id).data.tags["while"] == "away"
    assert quire.get_run(run.info.run_id).info.status == "FINISHED"
    assert files(kept) == []


def test_a_run_may_end_while_the_server_is_away(server: QuireServer) -> None:
    quire.set_tracking_uri(server.url)
    with quire.start_run() as run:
        quire.log_metric("m", 1)
        quire.flush_async_logging()
        server.kill()
        quire.log_metric("m", 2, step=1)
    server.start()
    quire.flush_async_logging()
    assert history(run.info.run_id) == [1.0, 2.0]
    assert quire.get_run(run.info.run_id).info.status == "FINISHED"


_CLIENT = """
import os, sys, time
import quire
quire.set_tracking_uri(sys.argv[1])
run = quire.start_run()
quire.log_metric("m", 0, step=0, synchronous=True)
print(run.info.run_id, flush=True)
sys.stdin.readline()
for step in range(1, 301):
    quire.log_metric("m", step, step=step)
    time.sleep(0.003)
quire.log_param("p", "1")
from quire.tracking import background
assert not background.outbox_of(sys.argv[1]).flush(while_away=False)
print("logged", flush=True)
sys.stdin.readline()
"""


def _client(url: str) -> tuple[subprocess.Popen[str], str]:
    client = subprocess.Popen(
        [sys.executable, "-c", _CLIENT, url], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert client.stdout is not None
    return client, client.stdout.readline().strip()


def _go_on(client: subprocess.Popen[str]) -> None:
    assert client.stdin is not None
    client.stdin.write("\n")
    client.stdin.flush()


@pytest.mark.parametrize("end", ["killed", "exits"])
def test_the_next_process_brings_what_one_that_is_gone_left_on_disk(server: QuireServer, kept: Path, end: str) -> None:
    client, run_id = _client(server.url)
    server.kill()
    _go_on(client)
    assert client.stdout is not None
    assert client.stdout.readline() == "logged\n"
    if end == "killed":
        client.send_signal(signal.SIGKILL)
    else:
        _go_on(client)
    client.wait(30)
    assert len(files(kept)) == 1
    server.start()
    quire.set_tracking_uri(server.url)
    quire.flush_async_logging()
    assert history(run_id) == [float(step) for step in range(301)]
    assert quire.get_run(run_id).data.params == {"p": "1"}
    if end == "exits":
        assert quire.get_run(run_id).info.status == "FINISHED"
    assert files(kept) == []


def test_what_a_living_process_keeps_is_left_to_it(server: QuireServer, kept: Path) -> None:
    client, run_id = _client(server.url)
    server.kill()
    _go_on(client)
    assert client.stdout is not None
    assert client.stdout.readline() == "logged\n"
    quire.set_tracking_uri(server.url)
    assert background.outbox_of(server.url).is_empty
    assert len(files(kept)) == 1
    server.start()
    deadline = time.monotonic() + 30
    while files(kept) and time.monotonic() < deadline:
        time.sleep(0.05)
    _go_on(client)
    client.wait(30)
    assert history(run_id) == [float(step) for step in range(301)]


def test_a_slow_server_does_not_fill_the_memory(
    server: QuireServer, kept: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox, "MAX_WEIGHT", 100_000)
    quire.set_tracking_uri(server.url)
    with quire.start_run() as run:
        quire.log_metric("m", -1, step=-1)
        quire.flush_async_logging()
        server.freeze()
        waiting = background.outbox_of(server.url)
        for step in range(3000):
            quire.log_metric("m", step, step=step)
            assert waiting._weight <= 100_000
        assert len(files(kept)) == 1
        server.thaw()
        quire.flush_async_logging()
    assert history(run.info.run_id) == [float(step) for step in range(-1, 3000)]


def test_what_is_refused_is_named_and_the_rest_is_stored(server: QuireServer, caplog: pytest.LogCaptureFixture) -> None:
    quire.set_tracking_uri(server.url)
    with caplog.at_level(logging.ERROR, "quire"), quire.start_run() as run:
        quire.log_param("p", 1)
        quire.log_metric("before", 1)
        refused = quire.log_param("p", 2)
        quire.log_metric("after", 1)
        with pytest.raises(InvalidInput, match="'p' is '1' and was given as '2'"):
            refused.wait()
        with pytest.raises(InvalidInput, match=r"refused what was logged in the background.*'p' is '1'"):
            quire.flush_async_logging()
        quire.flush_async_logging()
    assert run.info.run_id in caplog.text
    data = quire.get_run(run.info.run_id).data
    assert data.params == {"p": "1"}
    assert data.metrics == {"before": 1.0, "after": 1.0}


def test_a_run_that_does_not_exist_is_refused_and_does_not_stop_the_others(server: QuireServer) -> None:
    quire.set_tracking_uri(server.url)
    with quire.start_run() as run:
        lost = quire.log_metric("m", 1, run_id="0" * 32)
        quire.log_metric("m", 1)
        assert lost is not None
        with pytest.raises(NotFound, match="0" * 32):
            lost.wait()
    assert history(run.info.run_id) == [1.0]
    background.outbox_of(server.url).refusals()


def test_what_no_store_takes_is_refused_at_once(server: QuireServer) -> None:
    quire.set_tracking_uri(server.url)
    with quire.start_run():
        with pytest.raises(InvalidInput, match="Invalid metric key"):
            quire.log_metric("a;b", 1)
        with pytest.raises(InvalidInput, match="at most 100,000"):
            quire.log_param("p", "x" * 100_001)


def test_waiting_for_a_server_that_stays_away_ends_in_time(server: QuireServer) -> None:
    quire.set_tracking_uri(server.url)
    with quire.start_run():
        server.kill()
        operations = quire.log_metric("m", 1)
        assert operations is not None
        with pytest.raises(
            Unavailable, match=r"within 2 s\. The tracking server http://127.0.0.1:\d+ cannot be reached"
        ):
            operations.wait(2)


def test_no_credential_reaches_the_disk(server: QuireServer, kept: Path) -> None:
    secret = "sk-abcdefghijklmnopqrstuv"
    quire.set_tracking_uri(server.url)
    with quire.start_run():
        server.kill()
        quire.set_tag("note", f"use {secret}")
        background.outbox_of(server.url).flush(while_away=False)
        assert b"use [REDACTED]" in b"".join(path.read_bytes() for path in kept.iterdir())
        assert secret.encode() not in b"".join(path.read_bytes() for path in kept.iterdir())
        assert all(path.stat().st_mode & 0o077 == 0 for path in [kept])


def test_a_disk_that_takes_nothing_is_named(
    server: QuireServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("QUIRE_OUTBOX", str(tmp_path / "file" / "folder"))
    monkeypatch.setattr(outbox, "MAX_WEIGHT", 1000)
    quire.set_tracking_uri(server.url)
    with quire.start_run() as run:
        server.freeze()
        taken = 0
        with pytest.raises(Unavailable, match="name another folder in QUIRE_OUTBOX"):  # noqa: PT012 - at some step
            for step in range(100):
                quire.log_metric("m", step, step=step)
                taken += 1
        server.thaw()
        quire.flush_async_logging()
    assert history(run.info.run_id) == [float(step) for step in range(taken)]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_a_forked_child_sends_its_own_and_nothing_of_its_parent(server: QuireServer) -> None:
    quire.set_tracking_uri(server.url)
    with quire.start_run() as run:
        quire.log_metric("m", 1, step=1)
        child = os.fork()
        if child == 0:
            try:
                quire.log_metric("m", 2, step=2)
                outboxes.close_all(20)
                os._exit(0)
            finally:
                os._exit(1)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        quire.log_metric("m", 3, step=3)
    assert history(run.info.run_id) == [1.0, 2.0, 3.0]


def test_merging_keeps_the_order_of_a_run_and_the_limits_of_a_batch() -> None:
    operations = [Operation(run_id="a", params=[Param(f"p{n}", "")]) for n in range(150)]
    operations.insert(10, Operation(run_id="b", params=[Param("x", "")]))
    operations.insert(20, Operation(run_id="a", status="FINISHED"))
    joined = list(merged(operations))
    assert [operation.run_id for operation, _ in joined] == ["a", "a", "a", "a", "b"]
    assert [len(operation.params) for operation, _ in joined] == [19, 0, 100, 31, 1]
    assert [param.key for operation, _ in joined[:4] for param in operation.params] == [f"p{n}" for n in range(150)]
    assert sorted(place for _, places in joined for place in places) == list(range(152))
