"""The circuit breaker, against a model of it that keeps every event; then in front of upstreams that fail."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, rule

from quire.domain.endpoints import Breaker, Retrying
from quire.serving.errors import NoAnswer
from quire.serving.sender.breaking import CircuitBreaker
from quire.testing import Simulator
from tests.serving.sender.conftest import MakeSender, chat

RULE = Breaker(failing=0.5, least=4, window_s=10.0, rest_s=5.0)


def fail(breaker: CircuitBreaker, times: int, now: float) -> None:
    for _ in range(times):
        breaker.failed(breaker.admit(now), now)


def test_it_opens_after_enough_failures_and_not_before() -> None:
    breaker = CircuitBreaker(RULE)
    fail(breaker, 3, 0.0)
    assert breaker.state == "closed"
    fail(breaker, 1, 0.0)
    assert breaker.state == "open"
    assert not breaker.admit(4.9)
    assert breaker.wait_s(4.0) == 1.0


def test_it_stays_closed_below_the_share() -> None:
    breaker = CircuitBreaker(RULE)
    for _ in range(50):
        breaker.succeeded(breaker.admit(0.0), 0.0)
    fail(breaker, 49, 0.0)
    assert breaker.state == "closed"
    fail(breaker, 1, 0.0)
    assert breaker.state == "open"


def test_failures_are_forgotten_after_the_window() -> None:
    breaker = CircuitBreaker(RULE)
    for second in range(0, 60, 4):
        fail(breaker, 1, float(second))
    assert breaker.state == "closed"


def test_successes_are_forgotten_after_the_window_too() -> None:
    breaker = CircuitBreaker(RULE)
    for _ in range(100):
        breaker.succeeded(breaker.admit(0.0), 0.0)
    fail(breaker, 4, 11.0)
    assert breaker.state == "open"


def test_one_probe_decides() -> None:
    breaker = CircuitBreaker(RULE)
    fail(breaker, 4, 0.0)
    probe = breaker.admit(5.0)
    assert probe
    assert [breaker.admit(5.0) for _ in range(3)] == [0, 0, 0]
    breaker.failed(probe, 6.0)
    assert breaker.state == "open"
    assert not breaker.admit(10.9)
    probe = breaker.admit(11.0)
    breaker.succeeded(probe, 11.0)
    assert breaker.state == "closed"
    assert breaker.admit(11.0)


def test_a_probe_that_is_given_up_makes_room_for_another() -> None:
    breaker = CircuitBreaker(RULE)
    fail(breaker, 4, 0.0)
    breaker.dropped(breaker.admit(5.0))
    assert breaker.admit(5.0)


def test_what_was_sent_before_says_nothing_after() -> None:
    breaker = CircuitBreaker(RULE)
    early = [breaker.admit(0.0) for _ in range(3)]
    fail(breaker, 4, 0.0)
    probe = breaker.admit(5.0)
    breaker.succeeded(early[0], 5.0)
    assert breaker.state == "half-open"
    breaker.succeeded(probe, 5.0)
    for ticket in early[1:]:
        breaker.failed(ticket, 5.0)
    fail(breaker, 2, 5.0)
    assert breaker.state == "closed"


class BreakerMachine(RuleBasedStateMachine):
    """Requests that begin and end in any order, while time passes."""

    tickets = Bundle("tickets")

    @initialize(least=st.integers(1, 5), failing=st.sampled_from([0.2, 0.5, 1.0]), rest=st.sampled_from([0.0, 3.0]))
    def begin(self, least: int, failing: float, rest: float) -> None:
        self.rule = Breaker(failing=failing, least=least, window_s=10.0, rest_s=rest)
        self.breaker = CircuitBreaker(self.rule)
        self.now = 0.0
        self.opened_at: float | None = None
        self.era = 0
        self.events: list[tuple[float, bool]] = []
        self.probes = 0

    @rule(seconds=st.sampled_from([0.0, 0.5, 1.0, 3.0, 11.0]))
    def wait(self, seconds: float) -> None:
        self.now += seconds

    @rule(target=tickets)
    def ask(self) -> tuple[int, int] | None:
        before = self.breaker.state
        ticket = self.breaker.admit(self.now)
        if self.opened_at is None and before == "closed":
            assert ticket
        if self.opened_at is not None:
            rested = self.now >= self.opened_at + self.rule.rest_s
            assert bool(ticket) == (rested and self.probes == 0)
            if ticket:
                self.probes += 1
        return (ticket, self.era) if ticket else None

    @rule(ticket=tickets, good=st.booleans())
    def end(self, ticket: tuple[int, int] | None, good: bool) -> None:
        if ticket is None:
            return
        number, era = ticket
        (self.breaker.succeeded if good else self.breaker.failed)(number, self.now)
        probing = self.opened_at is not None
        if era != self.era or (probing and self.probes == 0):
            return
        if probing:
            self._changed(None if good else self.now)
            if good:
                self.events.append((self.now, True))
            return
        self.events.append((self.now, good))
        # the window moves by tenths of itself: what is older than it surely is forgotten, what is younger than
        # nine tenths surely counts
        if good:
            return
        young = [one for at, one in self.events if at > self.now - 9.0]
        all_of_it = [one for at, one in self.events if at > self.now - 10.0]
        if young == all_of_it:
            bad = young.count(False)
            opens = len(young) >= self.rule.least and bad >= self.rule.failing * len(young)
            assert (self.breaker.state == "open") == opens
        if self.breaker.state == "open":
            self._changed(self.now)

    @rule(ticket=tickets)
    def give_up(self, ticket: tuple[int, int] | None) -> None:
        if ticket is None or ticket[1] != self.era:
            return
        if self.opened_at is not None:
            self.breaker.dropped(ticket[0])
            if self.probes:
                self.probes = 0
                self.era += 1
        else:
            self.breaker.dropped(ticket[0])

    def _changed(self, opened_at: float | None) -> None:
        self.era += 1
        self.opened_at = opened_at
        self.events = []
        self.probes = 0

    @invariant()
    def states_agree(self) -> None:
        if hasattr(self, "breaker"):
            assert (self.breaker.state == "closed") == (self.opened_at is None)
            assert self.breaker.wait_s(self.now) <= self.rule.rest_s


TestBreakerMachine = pytest.mark.filterwarnings("default")(BreakerMachine.TestCase)
TestBreakerMachine.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)


FEW = Breaker(failing=0.5, least=4, window_s=60, rest_s=0.15)
ONCE = Retrying(retries=0)


async def test_an_upstream_that_fails_is_left_alone_then_tried_by_one(
    simulator: Simulator, sender_at: MakeSender
) -> None:
    simulator.behave(error_rates={"500": 1})
    sender = sender_at(simulator, breaker=FEW, retrying=ONCE)
    for _ in range(4):
        with pytest.raises(NoAnswer, match="HTTP 500"):
            await sender.send(chat())
    with pytest.raises(NoAnswer, match="failed too often and is left alone") as met:
        await sender.send(chat())
    assert met.value.status == 503
    assert met.value.retry_after_s is not None
    assert 0 < met.value.retry_after_s <= 0.15
    assert len(simulator.requests) == 4
    simulator.behave(error_rates={}, latency_ms=50)
    await asyncio.sleep(0.2)
    replies = await asyncio.gather(*(sender.send(chat()) for _ in range(20)), return_exceptions=True)
    assert sum(not isinstance(reply, BaseException) for reply in replies) == 1
    assert len(simulator.requests) == 5
    assert (await sender.send(chat())).status == 200


async def test_while_it_is_left_alone_another_answers_at_once(
    simulator: Simulator, simulator_factory: object, sender_at: MakeSender
) -> None:
    simulator.behave(error_rates={"500": 1})
    second = simulator_factory()  # type: ignore[operator]
    sender = sender_at(simulator, second, breaker=FEW, retrying=Retrying(retries=1))
    replies = [await sender.send(chat()) for _ in range(10)]
    assert {reply.upstream for reply in replies} == {"u1"}
    assert len(simulator.requests) == 4
    assert replies[-1].attempts == 1


async def test_refusals_and_limits_do_not_open_it(simulator: Simulator, sender_at: MakeSender) -> None:
    simulator.behave(error_rates={"429": 1}, retry_after_ms=20_000)
    sender = sender_at(simulator, breaker=FEW, retrying=ONCE)
    assert {(await sender.send(chat())).status for _ in range(10)} == {429}
    simulator.behave(error_rates={})
    wrong = chat()
    wrong.body["messages"] = 1
    assert {(await sender.send(wrong)).status for _ in range(10)} == {400}
    assert (await sender.send(chat())).status == 200


async def test_a_probe_whose_caller_leaves_does_not_close_the_way_for_ever(
    simulator: Simulator, sender_at: MakeSender
) -> None:
    simulator.behave(error_rates={"500": 1})
    sender = sender_at(simulator, breaker=Breaker(failing=0.5, least=2, rest_s=0), retrying=ONCE)
    for _ in range(2):
        with pytest.raises(NoAnswer):
            await sender.send(chat())
    simulator.behave(error_rates={"timeout": 1})
    probing = asyncio.create_task(sender.send(chat()))
    while len(simulator.requests) < 3:  # noqa: ASYNC110 - the simulator counts in another thread
        await asyncio.sleep(0.001)
    probing.cancel()
    await asyncio.gather(probing, return_exceptions=True)
    simulator.behave(error_rates={})
    assert (await sender.send(chat())).status == 200
