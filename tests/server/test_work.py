"""Writers share transactions, point reads share views, and all stay apart: hurt by their own mistakes alone."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from quire.domain.entities import Metric, Param, Tag
from quire.domain.errors import InvalidInput, NotFound, Unavailable
from quire.server.work import READS_AT_ONCE, Work
from quire.store import open_store
from quire.store.base import Store
from tests.server.conftest import Served


class Counted:
    """A store that notes how many calls each of its transactions and views held."""

    def __init__(self, store: Any) -> None:
        self._store = store
        self.sizes: list[int] = []
        self.looked: list[int] = []
        self.now: list[int] = []

    def together(self, calls: Sequence[Callable[[], Any]]) -> list[Any]:
        self.sizes.append(len(calls))
        found: list[Any] = self._store.together(calls)
        return found

    def together_now(self, calls: Sequence[Callable[[], Any]]) -> list[Any] | None:
        found: list[Any] | None = self._store.together_now(calls)
        if found is not None:
            self.now.append(len(calls))
        return found

    def looked_at_together(self, calls: Sequence[Callable[[], Any]]) -> list[Any]:
        self.looked.append(len(calls))
        found: list[Any] = self._store.looked_at_together(calls)
        return found


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = open_store(f"sqlite:///{tmp_path}/quire.db")
    yield opened
    opened.close()


async def test_what_waits_shares_a_transaction_and_a_mistake_is_its_own(store: Store) -> None:
    counted = Counted(store)
    work = Work(counted, reading_threads=2, artifact_threads=2)
    run = store.create_run("0").info.run_id
    gate = threading.Event()
    first = asyncio.ensure_future(work.write(gate.wait))
    await asyncio.sleep(0.05)

    def param(number: int) -> Callable[[], None]:
        return lambda: store.log_batch(run, params=[Param("same" if number < 2 else f"p{number}", str(number))])

    waiting = [asyncio.ensure_future(work.write(param(number))) for number in range(20)]
    await asyncio.sleep(0.05)
    gate.set()
    outcomes = await asyncio.gather(*waiting, return_exceptions=True)
    await first
    assert [type(outcome) for outcome in outcomes].count(InvalidInput) == 1
    assert isinstance(outcomes[1], InvalidInput)
    assert counted.sizes == [20]
    assert len(store.get_run(run).data.params) == 19
    work.close()


async def test_small_writes_of_one_moment_share_a_transaction_in_the_event_loop(store: Store) -> None:
    counted = Counted(store)
    work = Work(counted, reading_threads=2, artifact_threads=2)
    run = store.create_run("0").info.run_id
    threads: set[str] = set()

    def param(number: int) -> Callable[[], None]:
        def write() -> None:
            threads.add(threading.current_thread().name)
            store.log_batch(run, params=[Param("same" if number < 2 else f"p{number}", str(number))])

        return write

    outcomes = await asyncio.gather(*(work.write_little(param(number)) for number in range(80)), return_exceptions=True)
    assert [type(outcome) for outcome in outcomes].count(InvalidInput) == 1
    assert isinstance(outcomes[1], InvalidInput)
    assert len(store.get_run(run).data.params) == 79
    assert (sum(counted.now), counted.sizes, threads) == (80, [], {threading.main_thread().name})
    assert len(counted.now) <= 3
    work.close()


async def test_small_writes_wait_in_the_thread_while_another_program_writes(store: Store, tmp_path: Path) -> None:
    counted = Counted(store)
    work = Work(counted, reading_threads=2, artifact_threads=2)
    run = store.create_run("0").info.run_id
    with closing(sqlite3.connect(tmp_path / "quire.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        waiting = [
            asyncio.ensure_future(work.write_little(partial(store.log_batch, run, params=[Param(f"p{number}", "x")])))
            for number in range(5)
        ]
        await asyncio.sleep(0.1)  # the event loop goes on
        assert not any(one.done() for one in waiting)
        other.execute("COMMIT")
    await asyncio.gather(*waiting)
    assert (counted.now, counted.sizes) == ([], [5])
    assert len(store.get_run(run).data.params) == 5
    await work.write_little(partial(store.log_batch, run, params=[Param("then", "x")]))
    assert counted.now == [1]
    work.close()


async def test_searches_take_turns_and_a_long_one_stops_no_others(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("quire.server.work.LONG_SEARCH", 0.5)  # a busy machine makes short ones long
    work = Work(Counted(store), reading_threads=3, artifact_threads=2)
    gate, running, most = threading.Event(), [0], [0]

    def short() -> str:
        running[0] += 1
        most[0] = max(most[0], running[0])
        time.sleep(0.001)
        running[0] -= 1
        return threading.current_thread().name

    assert len(set(await asyncio.gather(*(work.read(short) for _ in range(20))))) == 1
    long = [asyncio.ensure_future(work.read(partial(gate.wait, 20))) for _ in range(2)]
    await asyncio.gather(*(work.read(short) for _ in range(20)))
    assert not any(one.done() for one in long)
    gate.set()
    assert await asyncio.gather(*long) == [True, True]
    assert len(set(await asyncio.gather(*(work.read(short) for _ in range(20))))) == 1
    assert most == [1]
    work.close()


async def test_where_reads_wait_for_a_network_a_few_run_at_once_and_a_long_one_stops_no_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("quire.server.work.LONG_SEARCH", 0.5)  # a busy machine makes short ones long
    work = Work(None, reading_threads=4, artifact_threads=2)
    running, most, lock, gate = [0], [0], threading.Lock(), threading.Event()

    def short() -> None:
        with lock:
            running[0] += 1
            most[0] = max(most[0], running[0])
        time.sleep(0.002)
        with lock:
            running[0] -= 1

    for read in (work.read, work.look):
        most[0] = 0
        await asyncio.gather(*(read(short) for _ in range(40)))
        assert most[0] == READS_AT_ONCE
    long = [asyncio.ensure_future(work.look(partial(gate.wait, 20))) for _ in range(READS_AT_ONCE)]
    await asyncio.gather(*(work.look(short) for _ in range(20)))
    assert not any(one.done() for one in long)
    all_there = threading.Barrier(4)
    await asyncio.gather(*(work.write(partial(all_there.wait, 20)) for _ in range(4)))
    gate.set()
    assert await asyncio.gather(*long) == [True] * READS_AT_ONCE
    work.close()


async def test_point_reads_that_wait_share_a_view_and_a_mistake_is_its_own(store: Store) -> None:
    counted = Counted(store)
    work = Work(counted, reading_threads=2, artifact_threads=2)
    run = store.create_run("0").info.run_id
    gate = threading.Event()
    first = asyncio.ensure_future(work.look(gate.wait))
    await asyncio.sleep(0.05)

    def look(number: int) -> Callable[[], Any]:
        return lambda: store.get_run(run if number != 1 else "f" * 32)

    waiting = [asyncio.ensure_future(work.look(look(number))) for number in range(20)]
    await asyncio.sleep(0.05)
    assert (await work.read(lambda: store.get_run(run))).info.run_id == run  # a search waits for none of them
    gate.set()
    outcomes = await asyncio.gather(*waiting, return_exceptions=True)
    await first
    assert isinstance(outcomes[1], NotFound)
    assert {run} == {outcome.info.run_id for outcome in outcomes if not isinstance(outcome, BaseException)}
    assert len([outcome for outcome in outcomes if isinstance(outcome, BaseException)]) == 1
    assert counted.looked == [16, 4]
    work.close()


async def test_a_point_read_sees_what_was_answered_before_it(store: Store) -> None:
    work = Work(Counted(store), reading_threads=2, artifact_threads=2)
    run = store.create_run("0").info.run_id

    async def write_and_look(number: int) -> None:
        await work.write(lambda: store.log_batch(run, params=[Param(f"p{number}", str(number))]))
        seen = await work.look(lambda: store.get_run(run))
        assert seen.data.params[f"p{number}"] == str(number)

    await asyncio.gather(*(write_and_look(number) for number in range(60)))
    work.close()


async def test_an_answer_is_given_only_once_it_is_durable(store: Store, tmp_path: Path) -> None:
    work = Work(Counted(store), reading_threads=2, artifact_threads=2)
    run = store.create_run("0").info.run_id

    async def write(step: int) -> None:
        await work.write(lambda: store.log_batch(run, metrics=[Metric("m", 1.0, 1, step)]))
        seen = await work.read(lambda: store.get_metric_history(run, "m"))
        assert step in {metric.step for metric in seen}

    await asyncio.gather(*(write(step) for step in range(50)))
    work.close()


async def test_a_caller_that_gave_up_does_not_hurt_the_others(store: Store) -> None:
    work = Work(Counted(store), reading_threads=2, artifact_threads=2)
    run = store.create_run("0").info.run_id
    gate = threading.Event()
    asyncio.ensure_future(work.write(gate.wait))  # noqa: RUF006
    await asyncio.sleep(0.05)
    gone = asyncio.ensure_future(work.write(lambda: store.log_batch(run, params=[Param("a", "1")])))
    kept = asyncio.ensure_future(work.write(lambda: store.log_batch(run, params=[Param("b", "2")])))
    await asyncio.sleep(0.05)
    gone.cancel()
    gate.set()
    await kept
    assert store.get_run(run).data.params["b"] == "2"
    work.close()


async def test_work_that_has_ended_takes_nothing_more(store: Store) -> None:
    work = Work(Counted(store), reading_threads=2, artifact_threads=2)
    done = [asyncio.ensure_future(work.write(lambda: 1)) for _ in range(100)]
    await asyncio.sleep(0)
    await asyncio.get_running_loop().run_in_executor(None, work.close)
    assert await asyncio.gather(*done) == [1] * 100
    for late in (work.write, work.write_little, work.read, work.look):
        with pytest.raises(Unavailable, match="stopping"):
            await late(lambda: 1)


async def test_a_call_that_waits_for_a_lock_does_not_keep_a_server_from_ending(store: Store) -> None:
    work = Work(Counted(store), reading_threads=2, artifact_threads=2)
    gate, done = threading.Event(), threading.Event()

    def wait() -> None:
        gate.wait(20)
        done.set()

    waiting = asyncio.ensure_future(work.write(wait))
    await asyncio.sleep(0.05)
    await asyncio.get_running_loop().run_in_executor(None, work.close, 0.01)
    assert not done.is_set()
    gate.set()
    await waiting


def test_many_writers_of_one_run_meet_no_locked_database(server: Served) -> None:
    """mlflow#6490, #4353: concurrent writers of one run and one key."""
    run = server.run()

    def write(number: int) -> int:
        metrics = [{"key": f"m{key}", "value": number, "timestamp": 1, "step": number} for key in range(5)]
        tags = [{"key": "same", "value": str(number)}]
        body = {"run_id": run, "metrics": metrics, "tags": tags, "params": [{"key": f"p{number}", "value": "x"}]}
        return server.call("POST", "/api/2.0/mlflow/runs/log-batch", body).status

    with ThreadPoolExecutor(32) as pool:
        assert set(pool.map(write, range(300))) == {200}
    data = server.ask("GET", "runs/get", run_id=run)["run"]["data"]
    assert {metric["value"] for metric in data["metrics"]} == {299.0}
    assert len(data["params"]) == 300
    assert len(server.ask("GET", "metrics/get-history", run_id=run, metric_key="m0")["metrics"]) == 300


def test_readers_are_answered_while_a_writer_is_at_work(server: Served) -> None:
    gate = threading.Event()
    store = server.app.context.store

    def slow() -> None:
        with store.transaction():
            store.set_experiment_tag("0", Tag("slow", "x"))
            gate.wait(20)

    thread = threading.Thread(target=slow)
    thread.start()
    try:
        assert server.ask("GET", "experiments/get", experiment_id="0")["experiment"]["experiment_id"] == "0"
    finally:
        gate.set()
        thread.join()


def test_a_store_in_memory_is_one_for_all_requests(serve: Callable[..., Served], tmp_path: Path) -> None:
    """mlflow#12783."""
    server = serve(backend_store_uri="sqlite://", artifact_root=str(tmp_path))
    experiment = server.experiment("in memory")
    with ThreadPoolExecutor(8) as pool:
        runs = list(pool.map(lambda _: server.run(experiment), range(50)))
        found = list(pool.map(lambda run: server.ask("GET", "runs/get", run_id=run)["run"]["info"]["run_id"], runs))
    assert found == runs
