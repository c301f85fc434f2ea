"""Which run is active where: threads, asyncio tasks, processes."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from threading import Thread

import pytest

import quire


def test_a_new_thread_has_no_active_run() -> None:
    seen: list[object] = []
    with quire.start_run() as run:
        thread = Thread(target=lambda: seen.append(quire.active_run()))
        thread.start()
        thread.join()
        assert quire.active_run() is run
    assert seen == [None]


def test_many_threads_each_have_their_own_run() -> None:
    def work(number: int) -> str:
        with quire.start_run(run_name=str(number)) as run:
            for step in range(5):
                quire.log_metric("n", number * 10 + step, step=step)
            with quire.start_run(nested=True):
                quire.log_param("of", number)
            assert quire.active_run() is run
        return run.info.run_id

    with ThreadPoolExecutor(16) as pool:
        ids = list(pool.map(work, range(100)))
    assert len(set(ids)) == 100
    for number, run_id in enumerate(ids):
        run = quire.get_run(run_id)
        assert (run.info.status, run.data.metrics) == ("FINISHED", {"n": number * 10 + 4})
    assert len(quire.search_runs(filter_string="params.of LIKE '%'", output_format="list")) == 100


async def test_a_thousand_tasks_each_have_their_own_run() -> None:
    async def work(number: int) -> str:
        with quire.start_run() as run:
            await asyncio.sleep(0)
            quire.log_metric("n", number)
            await asyncio.sleep(0.01)
            assert quire.active_run() is run
        assert quire.active_run() is None
        return run.info.run_id

    ids = await asyncio.gather(*(work(number) for number in range(1000)))
    runs = {run.info.run_id: run for run in quire.search_runs(output_format="list")}
    assert [runs[run_id].data.metrics["n"] for run_id in ids] == list(range(1000))
    assert {run.info.status for run in runs.values()} == {"FINISHED"}


async def test_a_task_logs_to_the_run_that_was_active_when_it_was_made() -> None:
    async def log(number: int) -> None:
        await asyncio.sleep(0)
        quire.log_metric(f"m{number}", number)
        with quire.start_run(nested=True):
            await asyncio.sleep(0.001)
            quire.log_metric("inner", number)

    with quire.start_run() as run:
        await asyncio.gather(*(log(number) for number in range(20)))
        assert quire.active_run() is run
    stored = quire.get_run(run.info.run_id)
    assert stored.data.metrics == {f"m{number}": number for number in range(20)}
    children = quire.search_runs(filter_string=f"tags.mlflow.parentRunId = '{run.info.run_id}'", output_format="list")
    assert sorted(child.data.metrics["inner"] for child in children) == list(range(20))


async def test_a_run_started_in_a_task_is_not_active_in_its_sibling() -> None:
    started, looked = asyncio.Event(), asyncio.Event()
    seen: list[object] = []

    async def first() -> None:
        with quire.start_run():
            started.set()
            await looked.wait()

    async def second() -> None:
        await started.wait()
        seen.append(quire.active_run())
        looked.set()

    await asyncio.gather(first(), second())
    assert seen == [None]
    assert quire.active_run() is None


async def test_a_run_that_a_child_task_ended_is_active_no_more() -> None:
    run = quire.start_run()

    async def end() -> None:
        quire.end_run()

    await asyncio.create_task(end())
    assert quire.active_run() is None
    assert quire.get_run(run.info.run_id).info.status == "FINISHED"


async def test_a_cancelled_task_kills_its_run() -> None:
    ids: list[str] = []

    async def wait() -> None:
        with quire.start_run() as run:
            ids.append(run.info.run_id)
            await asyncio.sleep(60)

    task = asyncio.create_task(wait())
    await asyncio.sleep(0.05)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert quire.get_run(ids[0]).info.status == "KILLED"


async def test_work_handed_to_a_thread_by_a_task_logs_to_the_tasks_run() -> None:
    with quire.start_run() as run:
        await asyncio.to_thread(quire.log_metric, "m", 1)
    assert quire.get_run(run.info.run_id).data.metrics == {"m": 1}


def test_many_processes_log_to_one_run_and_to_their_own() -> None:
    with quire.start_run() as run:
        pass
    code = (
        "import quire, sys\n"
        f"for step in range(20): quire.log_metric('m' + sys.argv[1], step, step=step, run_id={run.info.run_id!r})\n"
        "with quire.start_run(): quire.log_param('who', sys.argv[1])\n"
    )
    started = [subprocess.Popen([sys.executable, "-c", code, str(number)]) for number in range(4)]
    assert [process.wait() for process in started] == [0] * 4
    assert quire.get_run(run.info.run_id).data.metrics == {f"m{number}": 19 for number in range(4)}
    assert len(quire.search_runs(output_format="list")) == 5


def test_a_thread_pool_inside_a_run_does_not_share_it_by_accident() -> None:
    with quire.start_run() as run, ThreadPoolExecutor(4) as pool:
        ids = set(pool.map(lambda number: quire.log_param(str(number), 1) and quire.active_run().info.run_id, range(4)))
        pool.submit(lambda: None)
    assert run.info.run_id not in ids
