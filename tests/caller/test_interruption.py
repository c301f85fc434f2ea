"""Ending early: closed iterators, Ctrl-C, the interpreter's exit, forks and threads leave nothing behind."""

from __future__ import annotations

import asyncio
import contextlib
import multiprocessing
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from quire.caller import Caller, Journal
from quire.domain.calls import Answer, Call

CallerAt = Callable[..., Caller]
Calls = Callable[..., list[Call]]

PROGRAM = """
import os, sys
from quire.caller import Caller, CallerOptions, Journal, ServiceSettings
from quire.domain.calls import Call
base, journal, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
caller = Caller(ServiceSettings(api_key="sk-test", base_url=base), CallerOptions(max_concurrency=8))
calls = [
    Call("chat.completions", {"model": "m", "messages": [{"role": "user", "content": f"row {n}"}]}, (n,))
    for n in range(count)
]
"""


def program(tail: str, *arguments: object) -> list[str]:
    return [sys.executable, "-W", "always", "-c", PROGRAM + textwrap.dedent(tail), *map(str, arguments)]


async def answers_after_20_ms(exchange: Any) -> None:
    await asyncio.sleep(0.02)
    await exchange.answer()


async def answers_first_ten(exchange: Any) -> None:
    if int(exchange.row.split()[1]) >= 10:
        await asyncio.sleep(60)
    await exchange.answer()


def wait_until(condition: Callable[[], bool], seconds: float = 10.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come to pass"
        time.sleep(0.01)


def test_closing_the_iterator_drops_what_is_in_flight(
    upstream: Any, caller_at: CallerAt, calls: Calls, tmp_path: Path
) -> None:
    server = upstream(answers_first_ten)
    with Journal(tmp_path / "j") as journal:
        outcomes = caller_at(server, max_concurrency=8).iterate(calls(100), journal=journal)
        for _ in range(10):
            assert isinstance(next(outcomes), Answer)
        wait_until(lambda: server.at_once == 8)
        began = time.monotonic()
        outcomes.close()  # type: ignore[attr-defined]
        assert time.monotonic() - began < 20
    wait_until(lambda: server.open_connections == 0)
    assert len(server.exchanges) == 18
    with Journal(tmp_path / "j") as journal:
        assert journal.entries_before == 10


def test_a_loop_that_is_left_early_ends_the_batch(upstream: Any, caller_at: CallerAt, calls: Calls) -> None:
    server = upstream(answers_after_20_ms)
    for _outcome in caller_at(server, max_concurrency=4).iterate(calls(10_000)):
        break
    wait_until(lambda: server.open_connections == 0)
    assert len(server.exchanges) < 50


async def test_closing_the_async_iterator_drops_what_is_in_flight(
    upstream: Any, caller_at: CallerAt, calls: Calls
) -> None:
    server = upstream(answers_first_ten)
    async with contextlib.aclosing(caller_at(server, max_concurrency=8).run(calls(100))) as outcomes:
        for _ in range(10):
            assert isinstance(await anext(outcomes), Answer)
    await asyncio.to_thread(wait_until, lambda: server.open_connections == 0)
    assert len(asyncio.all_tasks()) == 1


async def test_a_cancelled_task_ends_its_batch(upstream: Any, caller_at: CallerAt, calls: Calls) -> None:
    server = upstream(answers_first_ten)

    async def consume() -> None:
        async for _outcome in caller_at(server, max_concurrency=8).run(calls(100)):
            pass

    task = asyncio.create_task(consume())
    await asyncio.to_thread(wait_until, lambda: server.at_once == 8)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await asyncio.to_thread(wait_until, lambda: server.open_connections == 0)


def test_ctrl_c_keeps_finished_rows_and_ends_promptly(upstream: Any, tmp_path: Path) -> None:
    server = upstream(answers_first_ten)
    command = program(
        """
        with Journal(journal) as kept:
            for outcome in caller.iterate(calls, journal=kept):
                print(outcome.call.rows[0], flush=True)
        """,
        server.base_url,
        tmp_path / "j",
        100,
    )
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        for _ in range(10):
            process.stdout.readline()
        wait_until(lambda: server.at_once == 8)
        began = time.monotonic()
        process.send_signal(signal.SIGINT)
        process.wait(timeout=10)
        assert time.monotonic() - began < 8
        said = process.stderr.read()
    assert process.returncode == -signal.SIGINT
    assert said.rstrip().endswith("KeyboardInterrupt")
    assert "Task was destroyed" not in said
    assert "Unclosed" not in said
    with Journal(tmp_path / "j") as journal:
        assert journal.entries_before == 10


SYNC_CELLS = """
import asyncio

loop = asyncio.new_event_loop()

def first_cell():
    try:
        for outcome in caller.iterate(calls):
            print(outcome.call.rows[0], flush=True)
    except KeyboardInterrupt:
        print("interrupted", flush=True)
    loop.call_soon(second_cell)

def second_cell():
    print("then", len(list(caller.iterate(calls[:5]))), flush=True)
    loop.stop()

loop.call_soon(first_cell)
loop.run_forever()
loop.close()
"""
ASYNC_CELLS = """
import asyncio, signal

loop = asyncio.new_event_loop()

async def cell(calls):
    count = 0
    async for outcome in caller.run(calls):
        print(outcome.call.rows[0], flush=True)
        count += 1
    return count

first = loop.create_task(cell(calls))
loop.add_signal_handler(signal.SIGINT, first.cancel)
try:
    loop.run_until_complete(first)
except asyncio.CancelledError:
    print("interrupted", flush=True)
print("then", loop.run_until_complete(cell(calls[:5])), flush=True)
loop.close()
"""


@pytest.mark.parametrize("cells", [SYNC_CELLS, ASYNC_CELLS], ids=["sync", "async"])
def test_ctrl_c_ends_a_cell_of_a_notebook_and_the_next_one_works(upstream: Any, cells: str) -> None:
    """As a kernel does: cells run inside its event loop, Ctrl-C ends the cell and not the loop."""
    server = upstream(answers_first_ten)
    command = program(cells, server.base_url, "-", 100)
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        for _ in range(10):
            process.stdout.readline()
        wait_until(lambda: server.at_once == 8)
        process.send_signal(signal.SIGINT)
        assert process.stdout.readline() == "interrupted\n"
        wait_until(lambda: server.at_once == 0)
        assert process.stdout.read().splitlines()[-1] == "then 5"
        assert process.wait(timeout=10) == 0
        assert process.stderr.read() == ""
    assert len(server.exchanges) == 18 + 5


@pytest.mark.parametrize(
    "tail",
    [
        "outcomes = caller.iterate(calls); next(outcomes)",
        "outcomes = caller.iterate(calls); next(outcomes); outcomes.close()",
        "import threading; first = threading.Event(); "
        "threading.Thread(target=lambda: [first.set() for _ in caller.iterate(calls)], daemon=True).start(); "
        "first.wait()",
        "deltas = caller.stream(calls[0]); next(deltas)",
        "import sys; outcomes = caller.iterate(calls); next(outcomes); sys.exit(0)",
        "list(caller.iterate(calls[:3]))",
    ],
)
def test_the_interpreter_exits_with_requests_in_flight(upstream: Any, tmp_path: Path, tail: str) -> None:
    async def first_is_quick(exchange: Any) -> None:
        if exchange.body.get("stream"):
            event = 'data: {"choices": [{"index": 0, "delta": {"content": "a"}}]}\n\n'
            await exchange.answer(event.encode(), length=10_000, content_type="text/event-stream")
            await asyncio.sleep(60)
        if int(exchange.row.split()[1]) >= 3:
            await asyncio.sleep(60)
        await exchange.answer()

    server = upstream(first_is_quick)
    ran = subprocess.run(
        program(tail, server.base_url, tmp_path / "j", 20), capture_output=True, text=True, timeout=20, check=False
    )
    assert ran.returncode == 0, ran.stderr
    assert ran.stderr == ""


def test_many_threads_share_one_caller(upstream: Any, caller_at: CallerAt, calls: Calls) -> None:
    server = upstream(answers_after_20_ms)
    caller = caller_at(server, max_concurrency=4)
    counts: list[int] = []

    def work() -> None:
        counts.append(sum(isinstance(outcome, Answer) for outcome in caller.iterate(calls(20))))

    threads = [threading.Thread(target=work) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    assert counts == [20] * 16
    assert len(server.exchanges) == 320


async def test_many_batches_share_one_event_loop(upstream: Any, caller_at: CallerAt, calls: Calls) -> None:
    server = upstream(answers_after_20_ms)
    async with caller_at(server, max_concurrency=4) as caller:

        async def count() -> int:
            return len([outcome async for outcome in caller.run(calls(20))])

        assert await asyncio.gather(*(count() for _ in range(16))) == [20] * 16


FORK = """
assert len(list(caller.iterate(calls))) == count
child = os.fork()
assert len(list(caller.iterate(calls))) == count
if child == 0:
    sys.exit(0)
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
assert len(list(caller.iterate(calls))) == count
"""


def test_parent_and_child_go_on_after_a_fork(upstream: Any, tmp_path: Path) -> None:
    """The child ends by the interpreter's own exit, so that it collects what it inherited."""
    server = upstream(answers_after_20_ms)
    ran = subprocess.run(
        program(FORK, server.base_url, tmp_path / "j", 20), capture_output=True, text=True, timeout=20, check=False
    )
    assert (ran.returncode, ran.stderr) == (0, "")
    assert len(server.exchanges) == 80


def _in_worker(base_url: str) -> int:
    from quire.caller import Caller, ServiceSettings
    from quire.domain.calls import Call

    caller = Caller(ServiceSettings(api_key="sk-test", base_url=base_url))
    return len(list(caller.iterate([Call("chat.completions", {"model": "m", "messages": []}, (0,))] * 5)))


def test_a_pool_of_forked_workers(upstream: Any, caller_at: CallerAt, calls: Calls) -> None:
    server = upstream(answers_after_20_ms)
    list(caller_at(server).iterate(calls(3)))
    with multiprocessing.get_context("fork").Pool(3) as pool:
        assert pool.map(_in_worker, [server.base_url] * 6) == [5] * 6


def test_a_killed_process_keeps_what_it_delivered(upstream: Any, tmp_path: Path) -> None:
    server = upstream(answers_after_20_ms)
    command = program(
        """
        for outcome in caller.iterate(calls, journal=Journal(journal)):
            print(outcome.call.rows[0], flush=True)
        """,
        server.base_url,
        tmp_path / "j",
        100_000,
    )
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for _ in range(100):
            process.stdout.readline()
        process.kill()
        delivered = 100 + len(process.stdout.read().splitlines())
    time.sleep(0.1)
    with Journal(tmp_path / "j") as journal:
        assert delivered <= journal.entries_before
        assert journal.entries_before >= len(server.exchanges) - 8


def test_threads_of_the_caller_are_few(upstream: Any, caller_at: CallerAt, calls: Calls) -> None:
    server = upstream(answers_after_20_ms)
    list(caller_at(server, max_concurrency=32).iterate(calls(100)))
    named = [thread.name for thread in threading.enumerate() if "quire-caller" in thread.name]
    assert named == ["quire-caller"]
