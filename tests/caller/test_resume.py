"""A batch with a journal resumes where it ended, and a spend limit holds, also across runs."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from quire.caller import Caller, Journal, Report
from quire.domain.calls import Answer, Call, Failure, Outcome
from quire.domain.errors import InvalidInput, Unavailable

CallerAt = Callable[..., Caller]
Calls = Callable[..., list[Call]]
PRICE = 10 * 0.15e-6 + 5 * 0.6e-6
"""What an answer of the tests' upstream costs: 10 tokens in, 5 out, of gpt-4o-mini."""


async def quick(exchange: Any) -> None:
    await exchange.answer()


def only_answers(outcomes: list[Outcome]) -> bool:
    return all(isinstance(outcome, Answer) for outcome in outcomes)


def test_a_second_run_asks_nothing_again(upstream: Any, caller_at: CallerAt, calls: Calls, tmp_path: Path) -> None:
    server = upstream(quick)
    with Journal(tmp_path / "j") as journal:
        first = list(caller_at(server).iterate(calls(200), journal=journal))
    report = Report()
    with Journal(tmp_path / "j") as journal:
        second = list(caller_at(server).iterate(calls(200), journal=journal, report=report))
    assert len(server.exchanges) == 200
    assert [o.response for o in first if isinstance(o, Answer)] == [o.response for o in second if isinstance(o, Answer)]
    assert (report.rows, report.replayed, report.requests) == (200, 200, 0)


async def test_a_second_async_run_asks_nothing_again(
    upstream: Any, caller_at: CallerAt, calls: Calls, tmp_path: Path
) -> None:
    server = upstream(quick)
    for _ in range(2):
        with Journal(tmp_path / "j") as journal:
            assert len([outcome async for outcome in caller_at(server).run(calls(100), journal=journal)]) == 100
    assert len(server.exchanges) == 100


def test_only_failed_rows_are_asked_again(upstream: Any, caller_at: CallerAt, calls: Calls, tmp_path: Path) -> None:
    broken = True

    async def sometimes(exchange: Any) -> None:
        if broken and exchange.row in {"row 3", "row 7"}:
            await exchange.refuse(400)
        else:
            await exchange.answer()

    server = upstream(sometimes)
    with Journal(tmp_path / "j") as journal:
        first = list(caller_at(server).iterate(calls(10), journal=journal))
    assert sum(isinstance(outcome, Failure) for outcome in first) == 2
    broken = False
    with Journal(tmp_path / "j") as journal:
        assert only_answers(list(caller_at(server).iterate(calls(10), journal=journal)))
    assert sorted(e.row for e in server.exchanges[10:]) == ["row 3", "row 7"]


def test_a_source_that_fails_keeps_what_was_finished(
    upstream: Any, caller_at: CallerAt, calls: Calls, tmp_path: Path
) -> None:
    def source() -> Iterator[Call]:
        yield from calls(20)
        raise ValueError("the file is torn")

    server = upstream(quick)
    with Journal(tmp_path / "j") as journal, pytest.raises(ValueError, match="torn"):
        list(caller_at(server).iterate(source(), journal=journal))
    with Journal(tmp_path / "j") as journal:
        assert journal.entries_before == 20


FULL_DISK = """
import resource, signal, sys
from quire.caller import Caller, CallerOptions, Journal, ServiceSettings
from quire.domain.calls import Call
from quire.domain.errors import Unavailable
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
caller = Caller(ServiceSettings(api_key="sk-test", base_url=sys.argv[1]), CallerOptions(max_concurrency=4))
calls = (
    Call("chat.completions", {"model": "m", "messages": [{"role": "user", "content": f"row {n}"}]}, (n,))
    for n in range(5000)
)
journal = Journal(sys.argv[2])
resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, resource.RLIM_INFINITY))
got = 0
try:
    for outcome in caller.iterate(calls, journal=journal):
        got += 1
except Unavailable as error:
    print(got, error)
"""


def test_a_full_disk_stops_the_batch_and_keeps_what_was_delivered(upstream: Any, tmp_path: Path) -> None:
    server = upstream(quick)
    ran = subprocess.run(
        [sys.executable, "-c", FULL_DISK, server.base_url, str(tmp_path / "j")],
        capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    got, message = ran.stdout.split(" ", 1)
    assert "make room and run again with the same journal" in message
    assert ran.stderr == ""
    with Journal(tmp_path / "j") as journal:
        assert 0 < int(got) <= journal.entries_before < 5000
    assert len(server.exchanges) < 5000


def test_an_error_of_the_journal_ends_the_batch(
    upstream: Any, caller_at: CallerAt, calls: Calls, tmp_path: Path
) -> None:
    server = upstream(quick)
    journal = Journal(tmp_path / "j")
    outcomes = caller_at(server, max_concurrency=2).iterate(calls(5000), journal=journal)
    next(outcomes)
    journal.close()
    with pytest.raises((Unavailable, InvalidInput, Exception), match="is closed"):
        list(outcomes)
    assert len(server.exchanges) < 5000


# -- kill -9 -------------------------------------------------------------------------------------

KILLED = """
import sys
from quire.caller import Caller, CallerOptions, Journal, ServiceSettings
from quire.domain.calls import Call
caller = Caller(ServiceSettings(api_key="sk-test", base_url=sys.argv[1]), CallerOptions(max_concurrency=16))
calls = (
    Call("chat.completions", {"model": "m", "messages": [{"role": "user", "content": f"row {n}"}]}, (n,))
    for n in range(int(sys.argv[3]))
)
with Journal(sys.argv[2]) as journal:
    for outcome in caller.iterate(calls, journal=journal):
        print(outcome.response["choices"][0]["message"]["content"], flush=True)
"""


def test_after_a_kill_the_batch_resumes_to_the_same_result(upstream: Any, tmp_path: Path) -> None:
    count, times = 400, 2
    delivered: set[str] = set()

    async def echo(exchange: Any) -> None:
        await asyncio.sleep(0.01)
        text = f"answer to {exchange.row}"
        await exchange.answer(json.dumps({"choices": [{"index": 0, "message": {"content": text}}]}).encode())

    server = upstream(echo)
    command = [sys.executable, "-c", KILLED, server.base_url, str(tmp_path / "j"), str(count)]
    before: set[str] = set()
    for _ in range(times):
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            for _line in range(100 + len(delivered)):
                process.stdout.readline()
            os.kill(process.pid, signal.SIGKILL)
        time.sleep(0.1)
        asked = [exchange.row for exchange in server.exchanges]
        server.exchanges.clear()
        assert not before & set(asked), "a row that the journal had was asked again"
        with Journal(tmp_path / "j") as journal:
            assert journal.entries_before >= len(before) + len(asked) - 16
            before = {row for row in (f"row {n}" for n in range(count)) if _recorded(journal, row, int(row.split()[1]))}
        delivered = before
    ran = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    assert ran.stdout.splitlines() == [f"answer to row {n}" for n in range(count)]
    assert not before & {exchange.row for exchange in server.exchanges}
    assert len(server.exchanges) == count - len(before)


def _recorded(journal: Journal, row: str, position: int) -> bool:
    from quire.caller.journal import content_key

    call = Call("chat.completions", {"model": "m", "messages": [{"role": "user", "content": row}]}, (position,))
    return journal.replay([(content_key(call), position, call)])[0] is not None


# -- the spend limit -----------------------------------------------------------------------------


def test_the_spend_limit_is_never_passed_with_max_tokens(upstream: Any, caller_at: CallerAt, calls: Calls) -> None:
    server = upstream(quick)
    limit = 100.5 * PRICE
    report = Report()
    outcomes = list(
        caller_at(server, max_cost_usd=limit, max_concurrency=16).iterate(calls(300, max_tokens=5), report=report)
    )
    answers = [outcome for outcome in outcomes if isinstance(outcome, Answer)]
    assert report.cost_usd is not None
    assert report.cost_usd <= limit
    assert 60 <= len(answers) == len(server.exchanges) <= 100
    left = outcomes[-1]
    assert isinstance(left, Failure)
    assert left.kind == "spend_limit"
    assert "Raise max_cost_usd and run again with the same journal" in left.message


def test_without_max_tokens_the_first_answer_sets_the_measure(upstream: Any, caller_at: CallerAt, calls: Calls) -> None:
    async def long_winded(exchange: Any) -> None:
        await asyncio.sleep(0.02)
        usage = {"prompt_tokens": 10, "completion_tokens": 10_000}
        await exchange.answer(json.dumps({"choices": [{"message": {"content": "x"}}], "usage": usage}).encode())

    server = upstream(long_winded)
    each = 10 * 0.15e-6 + 10_000 * 0.6e-6
    list(caller_at(server, max_cost_usd=5.5 * each, max_concurrency=32).iterate(calls(100)))
    assert len(server.exchanges) == 5
    assert server.most_at_once == 4


def test_a_limit_holds_for_all_runs_on_one_journal(
    upstream: Any, caller_at: CallerAt, calls: Calls, tmp_path: Path
) -> None:
    server = upstream(quick)
    for limit in (50.5, 50.5, 100.5):
        with Journal(tmp_path / "j") as journal:
            options = {"max_cost_usd": limit * PRICE, "max_concurrency": 4}
            outcomes = list(caller_at(server, **options).iterate(calls(200, max_tokens=5), journal=journal))
        assert sum(isinstance(outcome, Answer) for outcome in outcomes) == len(server.exchanges) <= limit
    assert len(server.exchanges) > 80


def test_a_limit_without_a_price_is_refused_before_anything_is_sent(
    upstream: Any, caller_at: CallerAt, calls: Calls
) -> None:
    server = upstream(quick)
    with pytest.raises(InvalidInput, match=r"price of 'my-own-model' is not known.*Leave max_cost_usd out"):
        list(caller_at(server, max_cost_usd=1.0).iterate(calls(10, model="my-own-model")))
    assert server.exchanges == []


def test_requests_that_fail_do_not_use_up_the_limit(upstream: Any, caller_at: CallerAt, calls: Calls) -> None:
    async def every_other(exchange: Any) -> None:
        if int(exchange.row.split()[1]) % 2:
            await exchange.refuse(400)
        else:
            await exchange.answer()

    outcomes = list(
        caller_at(upstream(every_other), max_cost_usd=1.0, max_concurrency=4).iterate(calls(50, max_tokens=5))
    )
    assert [isinstance(outcome, Answer) for outcome in outcomes] == [True, False] * 25
