"""A batch: every call has one outcome, in order or not, and as many requests are in flight as are allowed."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest

from quire.caller import Caller, Report
from quire.caller.progress import Progress
from quire.domain.calls import Answer, Call, Outcome
from quire.testing import Simulator

CallerAt = Callable[..., Caller]
Calls = Callable[..., list[Call]]


def text(outcome: Outcome) -> str:
    assert isinstance(outcome, Answer), outcome
    return str(outcome.response["choices"][0]["message"]["content"])


def echoed(outcome: Outcome) -> str:
    return str(json.loads(text(outcome))[0]["content"])


def test_outcomes_come_in_order_whatever_the_latencies(
    simulator_factory: Callable[..., Simulator], caller_at: CallerAt, calls: Calls
) -> None:
    server = simulator_factory(echo=True, latency_ms="uniform:0:30")
    outcomes = list(caller_at(server, max_concurrency=16).iterate(calls(200)))
    assert [echoed(outcome) for outcome in outcomes] == [f"row {index}" for index in range(200)]
    assert len(server.requests) == 200


def test_unordered_outcomes_come_as_they_finish(upstream: Any, caller_at: CallerAt, calls: Calls) -> None:
    async def first_is_slow(exchange: Any) -> None:
        await asyncio.sleep(0.4 if exchange.row == "row 0" else 0.0)
        await exchange.answer()

    outcomes = list(caller_at(upstream(first_is_slow), max_concurrency=4).iterate(calls(50), ordered=False))
    rows = [outcome.call.rows[0] for outcome in outcomes]
    assert sorted(rows) == list(range(50))
    assert rows[-1] == 0


@pytest.mark.parametrize("most", [1, 5, 40])
def test_no_more_requests_than_allowed_are_in_flight(
    upstream: Any, caller_at: CallerAt, calls: Calls, most: int
) -> None:
    async def slow(exchange: Any) -> None:
        await asyncio.sleep(0.01)
        await exchange.answer()

    server = upstream(slow)
    outcomes = list(caller_at(server, max_concurrency=most).iterate(calls(100)))
    assert len(outcomes) == 100
    assert server.most_at_once == most


def test_no_calls_give_no_outcomes(upstream: Any, caller_at: CallerAt) -> None:
    async def never(exchange: Any) -> None:
        raise AssertionError

    assert list(caller_at(upstream(never)).iterate([])) == []


def test_calls_are_read_a_bounded_number_ahead(upstream: Any, caller_at: CallerAt, calls: Calls) -> None:
    async def quick(exchange: Any) -> None:
        await exchange.answer()

    taken = given = ahead = 0

    def source() -> Iterator[Call]:
        nonlocal taken, ahead
        for call in calls(9000):
            taken += 1
            ahead = max(ahead, taken - given)
            yield call

    for _outcome in caller_at(upstream(quick), max_concurrency=16).iterate(source()):
        given += 1
    assert given == 9000
    assert ahead <= 4096 + 1


def test_a_slow_source_does_not_hold_up_what_is_ready(upstream: Any, caller_at: CallerAt, calls: Calls) -> None:
    async def quick(exchange: Any) -> None:
        await exchange.answer()

    seen_midway = 0
    seen: list[int] = []

    def source() -> Iterator[Call]:
        nonlocal seen_midway
        for call in calls(30):
            threading.Event().wait(0.01)
            yield call
        seen_midway = len(seen)

    for outcome in caller_at(upstream(quick)).iterate(source()):
        seen.append(outcome.call.rows[0])
    assert seen_midway > 10


def test_when_the_source_fails_the_calls_before_are_finished_first(
    upstream: Any, caller_at: CallerAt, calls: Calls
) -> None:
    async def slow(exchange: Any) -> None:
        await asyncio.sleep(0.05)
        await exchange.answer()

    def source() -> Iterator[Call]:
        yield from calls(5)
        raise ValueError("row 5 does not fit")

    collected: list[Outcome] = []

    def collect() -> None:
        for outcome in caller_at(upstream(slow)).iterate(source()):
            collected.append(outcome)

    with pytest.raises(ValueError, match="row 5 does not fit"):
        collect()
    assert len(collected) == 5


def test_a_row_that_is_refused_is_data_and_the_others_go_on(upstream: Any, caller_at: CallerAt, calls: Calls) -> None:
    async def picky(exchange: Any) -> None:
        if exchange.row == "row 3":
            await exchange.refuse(400, "too long", "context_length_exceeded")
        else:
            await exchange.answer()

    report = Report()
    outcomes = list(caller_at(upstream(picky)).iterate(calls(10), report=report))
    failure = outcomes[3]
    assert not isinstance(failure, Answer)
    assert (failure.kind, failure.status, failure.attempts) == ("bad_request", 400, 1)
    assert failure.message == "HTTP 400: too long"
    assert sum(isinstance(outcome, Answer) for outcome in outcomes) == 9
    assert (report.rows, report.failed, report.requests, report.retries) == (10, 1, 10, 0)


def test_the_answer_holds_body_tokens_and_latency(upstream: Any, caller_at: CallerAt, calls: Calls) -> None:
    async def slow(exchange: Any) -> None:
        await asyncio.sleep(0.05)
        await exchange.answer()

    (outcome,) = caller_at(upstream(slow)).iterate(calls(1))
    assert isinstance(outcome, Answer)
    assert text(outcome) == "yes"
    assert (outcome.usage.input_tokens, outcome.usage.output_tokens) == (10, 5)
    assert 0.05 <= outcome.latency < 1.0
    assert (outcome.attempts, outcome.replayed) == (1, False)


@pytest.mark.parametrize("task", ["chat.completions", "completions", "embeddings", "responses"])
def test_every_task_reaches_its_path_with_its_body(
    simulator_factory: Callable[..., Simulator], caller_at: CallerAt, task: Any
) -> None:
    bodies: dict[str, dict[str, Any]] = {
        "chat.completions": {"messages": [{"role": "user", "content": "a"}], "temperature": 0.5},
        "completions": {"prompt": ["a", "b"], "max_tokens": 5},
        "embeddings": {"input": ["a", "b"], "encoding_format": "base64"},
        "responses": {"input": "a", "instructions": "b"},
    }
    body = {"model": "gpt-4o-mini", **bodies[task]}
    server = simulator_factory()
    repeated = [Call(task, body, (0, 1)) for _ in range(3)]
    outcomes = list(caller_at(server, max_concurrency=1).iterate(repeated))
    assert all(isinstance(outcome, Answer) for outcome in outcomes), outcomes
    assert [request.body for request in server.requests] == [body] * 3
    assert {request.path for request in server.requests} == {"/v1/" + task.replace(".", "/")}
    assert {request.headers["authorization"] for request in server.requests} == {"Bearer sk-test"}


def test_later_requests_are_signed_and_addressed_as_the_first(upstream: Any, caller_at: CallerAt, calls: Calls) -> None:
    async def quick(exchange: Any) -> None:
        await exchange.answer()

    server = upstream(quick)
    list(caller_at(server, max_concurrency=1).iterate(calls(3)))
    first, *later = server.exchanges
    ignored = {"content-length", "x-stainless-read-timeout"}
    wanted = {name: value for name, value in first.headers.items() if name not in ignored}
    for exchange in later:
        assert exchange.path == first.path
        assert {name: value for name, value in exchange.headers.items() if name not in ignored} == wanted


def test_connections_are_kept_between_batches(upstream: Any, caller_at: CallerAt, calls: Calls) -> None:
    async def quick(exchange: Any) -> None:
        await exchange.answer()

    server = upstream(quick)
    caller = caller_at(server, max_concurrency=1)
    for _ in range(5):
        assert len(list(caller.iterate(calls(3)))) == 3
    assert server.connections == 1


def test_a_proxy_that_the_environment_names_is_used_from_the_next_batch_on(
    upstream: Any, calls: Calls, caller_at: CallerAt, monkeypatch: pytest.MonkeyPatch
) -> None:
    service, proxy = (upstream(lambda exchange: exchange.answer()) for _ in range(2))
    caller = caller_at(service)
    list(caller.iterate(calls(1)))
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{proxy.port}")
    monkeypatch.setenv("no_proxy", "")
    list(caller.iterate(calls(2)))
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    list(caller.iterate(calls(4)))
    assert [exchange.path for exchange in proxy.exchanges] == [f"{service.base_url}/chat/completions"] * 2
    assert len(service.exchanges) == 1 + 4


class Told:
    """A progress display that notes what it is told."""

    def __init__(self) -> None:
        self.rows: list[int] = []
        self.closed = 0

    def watch(self, note: Callable[[], str]) -> None:
        assert note() == ""

    def update(self, rows: int, failed: int) -> None:
        self.rows.append(rows)

    def close(self) -> None:
        self.closed += 1


def test_progress_is_told_of_what_finished_and_closed_once(upstream: Any, caller_at: CallerAt, calls: Calls) -> None:
    async def quick(exchange: Any) -> None:
        await exchange.answer()

    told = Told()
    progress: Progress = told
    list(caller_at(upstream(quick)).iterate(calls(100), progress=progress))
    assert told.rows == sorted(told.rows)
    assert told.rows[-1] == 100
    assert told.closed == 1


# -- the async API -------------------------------------------------------------------------------


async def test_async_outcomes_come_in_order(
    simulator_factory: Callable[..., Simulator], caller_at: CallerAt, calls: Calls
) -> None:
    server = simulator_factory(echo=True, latency_ms="uniform:0:30")
    outcomes = [outcome async for outcome in caller_at(server, max_concurrency=16).run(calls(200))]
    assert [echoed(outcome) for outcome in outcomes] == [f"row {index}" for index in range(200)]


async def test_calls_may_come_asynchronously(upstream: Any, caller_at: CallerAt, calls: Calls) -> None:
    async def quick(exchange: Any) -> None:
        await exchange.answer()

    async def source() -> AsyncIterator[Call]:
        for call in calls(2000):
            if call.rows[0] % 100 == 0:
                await asyncio.sleep(0.001)
            yield call

    rows = [outcome.call.rows[0] async for outcome in caller_at(upstream(quick)).run(source())]
    assert rows == list(range(2000))


async def test_async_calls_are_read_a_bounded_number_ahead(upstream: Any, caller_at: CallerAt, calls: Calls) -> None:
    async def quick(exchange: Any) -> None:
        await exchange.answer()

    taken = given = ahead = 0

    async def source() -> AsyncIterator[Call]:
        nonlocal taken, ahead
        for call in calls(9000):
            taken += 1
            ahead = max(ahead, taken - given)
            yield call

    async for _outcome in caller_at(upstream(quick), max_concurrency=16).run(source()):
        given += 1
    assert given == 9000
    assert ahead <= 4096 + 1


async def test_when_an_async_source_fails_the_calls_before_are_finished_first(
    upstream: Any, caller_at: CallerAt, calls: Calls
) -> None:
    async def slow(exchange: Any) -> None:
        await asyncio.sleep(0.05)
        await exchange.answer()

    async def source() -> AsyncIterator[Call]:
        for call in calls(5):
            yield call
        raise ValueError("row 5 does not fit")

    collected: list[Outcome] = []

    async def collect() -> None:
        async for outcome in caller_at(upstream(slow)).run(source()):
            collected.append(outcome)

    with pytest.raises(ValueError, match="row 5 does not fit"):
        await collect()
    assert len(collected) == 5


async def test_within_a_block_batches_share_their_connections(upstream: Any, caller_at: CallerAt, calls: Calls) -> None:
    async def quick(exchange: Any) -> None:
        await exchange.answer()

    server = upstream(quick)
    async with caller_at(server, max_concurrency=1) as caller:
        for _ in range(5):
            assert len([outcome async for outcome in caller.run(calls(2))]) == 2
    assert server.connections == 1
    await asyncio.sleep(0.05)
    assert server.open_connections == 0


async def test_the_sync_api_works_inside_a_running_loop(upstream: Any, caller_at: CallerAt, calls: Calls) -> None:
    async def quick(exchange: Any) -> None:
        await exchange.answer()

    assert len(list(caller_at(upstream(quick)).iterate(calls(20)))) == 20
