"""Refusals, outages and nonsense from the service: what is retried, what is obeyed, what ends the batch."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import time
from collections.abc import Callable
from typing import Any

import pytest

from quire.caller import Caller, Report, ServiceSettings
from quire.domain.calls import Answer, Call, Failure, Outcome
from quire.testing import Simulator

CallerAt = Callable[..., Caller]
Calls = Callable[..., list[Call]]


def only_answers(outcomes: list[Outcome]) -> bool:
    return all(isinstance(outcome, Answer) for outcome in outcomes)


def failure(outcome: Outcome) -> Failure:
    assert isinstance(outcome, Failure), outcome
    return outcome


# -- retries -------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 529])
def test_a_passing_fault_is_retried(upstream: Any, caller_at: CallerAt, calls: Calls, status: int) -> None:
    async def once(exchange: Any) -> None:
        if exchange.number == 0:
            await exchange.refuse(status)
        else:
            await exchange.answer()

    report = Report()
    outcomes = list(caller_at(upstream(once), max_concurrency=1).iterate(calls(3), report=report))
    assert only_answers(outcomes)
    assert isinstance(outcomes[0], Answer)
    assert outcomes[0].attempts == 2
    assert (report.requests, report.retries) == (4, 1)


@pytest.mark.parametrize(
    "fault", ["hang up", "half an answer", "no json", "an array", "an error inside", "nested too deep", "no choices"]
)
def test_a_spoiled_answer_is_asked_for_again(
    upstream: Any, caller_at: CallerAt, calls: Calls, answered: Callable[..., bytes], fault: str
) -> None:
    async def once(exchange: Any) -> None:
        if exchange.number != 1:
            await exchange.answer()
        elif fault == "hang up":
            exchange.hang_up()
        elif fault == "half an answer":
            await exchange.answer(answered()[:40], length=400)
            exchange.hang_up()
        elif fault == "no json":
            await exchange.answer(b"<html>bad gateway</html>")
        elif fault == "an array":
            await exchange.answer(b"[1, 2]")
        elif fault == "nested too deep":
            await exchange.answer(b'{"x": ' + b"[" * 50_000 + b"]" * 50_000 + b"}")
        elif fault == "an error inside":
            await exchange.answer(b'{"error": {"code": "server_error", "message": "x"}}')
        else:
            await exchange.answer(b"{}")

    report = Report()
    outcomes = list(caller_at(upstream(once), max_concurrency=1).iterate(calls(3), report=report))
    assert only_answers(outcomes)
    assert report.retries == 1


def test_retries_end_and_the_row_says_why(upstream: Any, caller_at: CallerAt, calls: Calls) -> None:
    async def never(exchange: Any) -> None:
        if exchange.row == "row 1":
            await exchange.refuse(500, "broken for ever")
        else:
            await exchange.answer()

    server = upstream(never)
    outcomes = list(caller_at(server, max_retries=2).iterate(calls(3)))
    failed = failure(outcomes[1])
    assert (failed.kind, failed.status, failed.attempts) == ("server_error", 500, 3)
    assert failed.message == "HTTP 500: broken for ever"
    assert len(server.exchanges) == 5


@pytest.mark.parametrize("status", [429, 500])
def test_no_retries_means_none(upstream: Any, caller_at: CallerAt, calls: Calls, status: int) -> None:
    async def odd_rows_fail(exchange: Any) -> None:
        if int(exchange.row.split()[1]) % 2:
            await exchange.refuse(status, retry_after="0")
        else:
            await exchange.answer()

    server = upstream(odd_rows_fail)
    outcomes = list(caller_at(server, max_retries=0).iterate(calls(10)))
    assert [isinstance(outcome, Answer) for outcome in outcomes] == [True, False] * 5
    assert len(server.exchanges) == 10


def test_a_silent_server_without_retries_costs_one_timeout(upstream: Any, caller_at: CallerAt, calls: Calls) -> None:
    async def silent(exchange: Any) -> None:
        await asyncio.sleep(60)

    server = upstream(silent)
    outcomes = list(caller_at(server, max_retries=0, timeout=0.1).iterate(calls(1)))
    assert failure(outcomes[0]).kind == "timeout"
    assert len(server.exchanges) == 1


def test_refusals_do_not_use_up_retries_while_other_rows_get_through(
    upstream: Any, caller_at: CallerAt, calls: Calls
) -> None:
    refused = 0

    async def unlucky(exchange: Any) -> None:
        nonlocal refused
        if exchange.row == "row 0" and refused < 5:
            refused += 1
            await exchange.refuse(429, retry_after_ms="20")
        else:
            await asyncio.sleep(0.01)
            await exchange.answer()

    outcomes = list(caller_at(upstream(unlucky), max_retries=2, max_concurrency=2).iterate(calls(1000)))
    assert only_answers(outcomes)
    assert isinstance(outcomes[0], Answer)
    assert outcomes[0].attempts == 6


async def test_an_outage_is_not_met_with_a_flood_of_retries(upstream: Any, caller_at: CallerAt, calls: Calls) -> None:
    async def down(exchange: Any) -> None:
        await exchange.refuse(500)

    server = upstream(down)
    caller = caller_at(server, max_concurrency=64, max_retries=50)
    async with contextlib.aclosing(caller.run(calls(1000))) as outcomes:
        first = asyncio.ensure_future(anext(outcomes))
        for _ in range(300):
            if len(server.exchanges) <= 200:
                await asyncio.sleep(0.1)
        await asyncio.sleep(1.5)
        assert not first.done()
        first.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await first
    first_attempts_and_those_laid_aside = 2 * 64
    assert 200 < len(server.exchanges) <= first_attempts_and_those_laid_aside + 200


# -- what the service asks for -------------------------------------------------------------------


@pytest.mark.parametrize("headers", [{"retry_after": "1"}, {"retry_after_ms": "700"}])
def test_a_refused_request_waits_as_long_as_it_is_asked_to(
    upstream: Any, caller_at: CallerAt, calls: Calls, headers: dict[str, str]
) -> None:
    async def once(exchange: Any) -> None:
        if exchange.number == 0:
            await exchange.refuse(429, **headers)
        else:
            await exchange.answer()

    server = upstream(once)
    report = Report()
    assert only_answers(list(caller_at(server).iterate(calls(1), report=report)))
    asked = float(headers.get("retry_after", 0)) or float(headers["retry_after_ms"]) / 1000
    waited = server.exchanges[1].arrived - server.exchanges[0].arrived
    assert asked <= waited < asked * 1.1 + 0.3
    assert report.waited_s >= asked


def test_a_short_wait_is_that_of_the_refused_request_alone(upstream: Any, caller_at: CallerAt, calls: Calls) -> None:
    async def one_row(exchange: Any) -> None:
        if exchange.number == 5:
            await exchange.refuse(429, retry_after="2")
        else:
            await asyncio.sleep(0.005)
            await exchange.answer()

    server = upstream(one_row)
    assert only_answers(list(caller_at(server, max_concurrency=8).iterate(calls(200))))
    assert len(server.exchanges) == 201
    refused = server.exchanges[5].arrived
    assert sum(exchange.arrived - refused < 1.9 for exchange in server.exchanges) == 200


def test_a_long_wait_holds_for_everything(upstream: Any, caller_at: CallerAt, calls: Calls) -> None:
    async def pause(exchange: Any) -> None:
        if exchange.number == 50:
            await exchange.refuse(429, retry_after="5")
        else:
            await asyncio.sleep(0.01)
            await exchange.answer()

    server = upstream(pause)
    assert only_answers(list(caller_at(server, max_concurrency=8).iterate(calls(200))))
    refused = server.exchanges[50].arrived
    assert not [e for e in server.exchanges if 0.1 < e.arrived - refused < 5.0]
    resumed = [e.arrived - refused for e in server.exchanges if e.arrived - refused >= 5.0]
    assert len(resumed) == 201 - len([e for e in server.exchanges if e.arrived - refused <= 0.1])
    first_wave = sorted(resumed)[:6]
    assert first_wave[-1] - first_wave[0] > 0.01


def test_when_nothing_gets_through_a_short_wait_holds_for_everything_too(
    upstream: Any, caller_at: CallerAt, calls: Calls
) -> None:
    opens_at = time.monotonic() + 1.5

    async def closed(exchange: Any) -> None:
        left = opens_at - time.monotonic()
        if left > 0:
            await exchange.refuse(429, retry_after_ms=str(int(left * 1000)))
        else:
            await exchange.answer()

    server = upstream(closed)
    assert only_answers(list(caller_at(server, max_concurrency=32).iterate(calls(100))))
    assert sum(e.arrived < opens_at for e in server.exchanges) <= 32 + 8


def test_a_request_is_not_repeated_at_once_when_asked_to_wait_no_time(
    upstream: Any, caller_at: CallerAt, calls: Calls
) -> None:
    async def busy(exchange: Any) -> None:
        await exchange.refuse(429, retry_after="0")

    server = upstream(busy)
    began = time.monotonic()
    outcomes = list(caller_at(server, max_concurrency=1, max_retries=5).iterate(calls(1)))
    assert failure(outcomes[0]).kind == "rate_limit"
    assert len(server.exchanges) == 6
    assert time.monotonic() - began > 0.1


def test_stated_limits_are_kept_without_meeting_refusals(
    simulator_factory: Callable[..., Simulator], caller_at: CallerAt, calls: Calls
) -> None:
    """1200 a minute flow in at 20 a second; the bucket holds 1200, so drain it first."""
    server = simulator_factory(requests_per_minute=1200, latency_ms=5)
    caller = caller_at(server, max_concurrency=32)
    list(caller.iterate(calls(1190)))
    server.reset()
    began = time.monotonic()
    assert only_answers(list(caller.iterate(calls(80))))
    elapsed = time.monotonic() - began
    refused = sum(request.status == 429 for request in server.requests)
    assert refused <= 40
    assert elapsed < 80 / 20 * 2


def test_the_limits_of_one_model_do_not_slow_another(upstream: Any, caller_at: CallerAt, calls: Calls) -> None:
    """One model is nearly used up and refills at one a second; the other has plenty."""

    async def two_models(exchange: Any) -> None:
        limit, left, reset = ("60", "0", "60s") if exchange.body["model"] == "slow" else ("10000", "9999", "6ms")
        await exchange.answer(
            x_ratelimit_limit_requests=limit, x_ratelimit_remaining_requests=left, x_ratelimit_reset_requests=reset
        )

    server = upstream(two_models)
    mixed = [*calls(4, model="slow"), *calls(300, model="quick")]
    assert only_answers(list(caller_at(server, max_concurrency=8).iterate(mixed)))
    arrived = {name: [e.arrived for e in server.exchanges if e.body["model"] == name] for name in ("slow", "quick")}
    assert len(arrived["quick"]) == 300
    assert arrived["quick"][-1] - arrived["quick"][0] < 30


def test_a_server_with_few_places_is_kept_busy(upstream: Any, caller_at: CallerAt, calls: Calls) -> None:
    places, busy = 8, 0

    async def crowded(exchange: Any) -> None:
        nonlocal busy
        if busy >= places:
            await exchange.refuse(429)
            return
        busy += 1
        try:
            await asyncio.sleep(0.02)
        finally:
            busy -= 1
        await exchange.answer()

    server = upstream(crowded)
    assert only_answers(list(caller_at(server, max_concurrency=64).iterate(calls(800))))
    elapsed = server.exchanges[-1].arrived - server.exchanges[0].arrived
    assert elapsed < 5 * 800 / places * 0.02  # one at a time: 8 times


def test_all_places_are_filled_again_after_refusals(upstream: Any, caller_at: CallerAt, calls: Calls) -> None:
    closed_until = time.monotonic() + 1.0
    answered_beside: list[int] = []

    async def closed_at_first(exchange: Any) -> None:
        if time.monotonic() < closed_until:
            await exchange.refuse(429)
        else:
            await asyncio.sleep(0.02)
            answered_beside.append(server.at_once)
            await exchange.answer()

    server = upstream(closed_at_first)
    assert only_answers(list(caller_at(server, max_concurrency=32).iterate(calls(2000))))
    assert server.most_at_once == 32
    assert max(answered_beside[1000:]) > 24


# -- the user's ceilings -------------------------------------------------------------------------


def test_requests_per_minute_are_kept(upstream: Any, caller_at: CallerAt, calls: Calls) -> None:
    async def quick(exchange: Any) -> None:
        await exchange.answer()

    began = time.monotonic()
    outcomes = list(caller_at(upstream(quick), max_requests_per_minute=1200).iterate(calls(60)))
    assert all(isinstance(outcome, Answer) for outcome in outcomes)
    assert time.monotonic() - began >= (60 - 20) / 20 * 0.9


def test_tokens_per_minute_are_kept_by_what_the_service_counts(
    upstream: Any, caller_at: CallerAt, calls: Calls
) -> None:
    async def quick(exchange: Any) -> None:
        await exchange.answer()

    began = time.monotonic()
    list(caller_at(upstream(quick), max_tokens_per_minute=60 * 300, max_concurrency=1).iterate(calls(60)))
    assert time.monotonic() - began >= (60 * 15 - 300 - 100) / 300 * 0.9


# -- what ends a batch ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "code", "kind", "remedy"),
    [
        (401, "invalid_api_key", "authentication", "check OPENAI_API_KEY"),
        (403, None, "permission", "permissions"),
        (404, "model_not_found", "model_not_found", "Check the model's name"),
        (429, "insufficient_quota", "quota", "Add credit"),
    ],
)
def test_a_fault_that_all_rows_share_ends_the_batch_at_once(
    upstream: Any, caller_at: CallerAt, calls: Calls, status: int, code: str | None, kind: str, remedy: str
) -> None:
    async def refuse(exchange: Any) -> None:
        await asyncio.sleep(0.01)
        await exchange.refuse(status, "no", code)

    server = upstream(refuse)
    began = time.monotonic()
    outcomes = [failure(outcome) for outcome in caller_at(server, max_concurrency=8).iterate(calls(500))]
    assert time.monotonic() - began < 10
    assert len(outcomes) == 500
    assert len(server.exchanges) <= 16
    assert outcomes[0].kind == kind
    assert remedy in outcomes[0].message
    assert {outcome.kind for outcome in outcomes} == {kind, "not_sent"}
    last = outcomes[-1]
    assert (last.kind, last.attempts) == ("not_sent", 0)
    assert last.message.startswith("not sent: HTTP")


def test_rows_that_wait_are_released_when_the_batch_ends(upstream: Any, caller_at: CallerAt, calls: Calls) -> None:
    async def paused_then_refused(exchange: Any) -> None:
        if exchange.number < 4:
            await exchange.refuse(429, retry_after="60")
        else:
            await asyncio.sleep(0.2)
            await exchange.refuse(401)

    began = time.monotonic()
    outcomes = list(caller_at(upstream(paused_then_refused), max_concurrency=8).iterate(calls(20)))
    assert time.monotonic() - began < 5.0
    assert {failure(outcome).kind for outcome in outcomes} == {"authentication", "not_sent"}


def test_answers_on_their_way_when_the_batch_ends_are_kept(upstream: Any, caller_at: CallerAt, calls: Calls) -> None:
    async def one_is_refused(exchange: Any) -> None:
        if exchange.row == "row 3":
            await exchange.refuse(429, "no money", "insufficient_quota")
        else:
            await asyncio.sleep(0.2)
            await exchange.answer()

    outcomes = list(caller_at(upstream(one_is_refused), max_concurrency=4).iterate(calls(10)))
    assert [isinstance(outcome, Answer) for outcome in outcomes] == [True] * 3 + [False] * 7


def test_an_unreachable_server_is_named_quickly(calls: Calls) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        base = f"http://127.0.0.1:{unused.getsockname()[1]}/v1"
        began = time.monotonic()
        caller = Caller(ServiceSettings(api_key="sk-test", base_url=base))
        outcomes = [failure(outcome) for outcome in caller.iterate(calls(200))]
    assert time.monotonic() - began < 5.0
    assert {outcome.kind for outcome in outcomes} == {"unreachable", "not_sent"}
    for outcome in outcomes:
        assert f"{base} cannot be reached after 3 attempts" in outcome.message
        assert "Check OPENAI_BASE_URL and the network" in outcome.message


def test_a_host_that_does_not_exist_is_named(calls: Calls) -> None:
    caller = Caller(ServiceSettings(api_key="sk-test", base_url="http://service.invalid/v1"))
    (outcome,) = caller.iterate(calls(1))
    assert failure(outcome).kind == "unreachable"
    assert "http://service.invalid/v1 cannot be reached" in failure(outcome).message


def test_a_password_in_the_base_url_is_not_shown(calls: Calls) -> None:
    caller = Caller(ServiceSettings(api_key="sk-test", base_url="http://user:pa55word@127.0.0.1:9/v1"))
    (outcome,) = caller.iterate(calls(1))
    assert "pa55word" not in failure(outcome).message


def test_a_server_that_only_hangs_up_is_unreachable_too(upstream: Any, caller_at: CallerAt, calls: Calls) -> None:
    async def hang_up(exchange: Any) -> None:
        exchange.hang_up()

    outcomes = [failure(outcome) for outcome in caller_at(upstream(hang_up), max_concurrency=4).iterate(calls(50))]
    assert "unreachable" in {outcome.kind for outcome in outcomes}


def test_a_server_that_is_silent_costs_the_timeout(upstream: Any, caller_at: CallerAt, calls: Calls) -> None:
    async def silent(exchange: Any) -> None:
        await asyncio.sleep(60)

    server = upstream(silent)
    began = time.monotonic()
    outcomes = list(caller_at(server, timeout=0.2, max_retries=1).iterate(calls(3)))
    assert time.monotonic() - began < 20
    assert {failure(outcome).kind for outcome in outcomes} == {"timeout"}
    assert "no answer within the timeout" in failure(outcomes[0]).message
    assert len(server.exchanges) == 6


def test_the_timeout_bounds_an_answer_that_trickles(upstream: Any, caller_at: CallerAt, calls: Calls) -> None:
    async def trickle(exchange: Any) -> None:
        exchange.writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n")
        for _ in range(100):
            exchange.writer.write(b" ")
            await exchange.writer.drain()
            await asyncio.sleep(0.05)

    began = time.monotonic()
    (outcome,) = caller_at(upstream(trickle), timeout=0.3, max_retries=0).iterate(calls(1))
    assert time.monotonic() - began < 4.5
    assert failure(outcome).kind == "timeout"


def test_a_redirect_is_followed(upstream: Any, caller_at: CallerAt, calls: Calls) -> None:
    async def moved(exchange: Any) -> None:
        if exchange.path.startswith("/v1/"):
            await exchange.answer(b"", 307, location="/v2/chat/completions")
        else:
            await exchange.answer()

    assert only_answers(list(caller_at(upstream(moved), max_concurrency=1).iterate(calls(3))))


def test_a_compressed_answer_is_read(
    upstream: Any, caller_at: CallerAt, calls: Calls, answered: Callable[..., bytes]
) -> None:
    import gzip

    async def packed(exchange: Any) -> None:
        assert "gzip" in exchange.headers["accept-encoding"]
        await exchange.answer(gzip.compress(answered()), content_encoding="gzip")

    assert only_answers(list(caller_at(upstream(packed), max_concurrency=1).iterate(calls(3))))
