"""Load at a constant rate, whatever the answers take, and load by as many connections as are kept busy.

At a constant rate a request is due at its time whether or not the last one was answered, and its latency counts from
then: a service that stops for a second is seen to have held up all that came in that second, not the one request that
a waiting client had sent (coordinated omission).
"""

from __future__ import annotations

import gc
import select
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

from bench.exchanges import Exchange, Outcome, Taken, outcome
from bench.load import Address

PATIENCE = 3.0
"""Seconds after the end in which answers are still waited for."""


def pace(address: Address, request: bytes, *, tokens: int, rate: float, seconds: float, connections: int) -> Outcome:
    """Send ``rate`` requests a second over kept connections; one that finds none free waits for it, its time running.

    What is unanswered three seconds after the last was due is given up, and counted as failed.
    """
    with _exchanges(address, tokens, connections) as made:
        run = _Paced(made, request, rate, int(rate * seconds))
        busy, began = time.process_time(), time.perf_counter()
        run.run(began)
        now = time.perf_counter()
        return outcome(run.taken, run.late(now), now - began, time.process_time() - busy)


class _Paced:
    def __init__(self, made: list[Exchange], request: bytes, rate: float, total: int) -> None:
        self.taken: list[Taken] = []
        self._request, self._rate, self._total = request, rate, total
        self._free, self._busy = deque(made), dict[int, Exchange]()
        self._due: deque[float] = deque()
        self._under_way: dict[int, float] = {}
        self._began = 0.0
        self._issued = 0

    def run(self, began: float) -> None:
        """Until all is answered, or patience ends."""
        self._began = began
        until = began + self._total / self._rate + PATIENCE
        while len(self.taken) < self._total:
            now = time.perf_counter()
            if now > until:
                return
            self._issue(now)
            self._send()
            self._receive(max(0.0, self._next(until) - time.perf_counter()))

    def late(self, now: float) -> list[float]:
        """How long each request has waited that has no answer."""
        return [now - due for due in [*self._due, *self._under_way.values()]]

    def _next(self, until: float) -> float:
        return self._began + self._issued / self._rate if self._issued < self._total else until

    def _issue(self, now: float) -> None:
        while self._issued < self._total and (due := self._began + self._issued / self._rate) <= now:
            self._due.append(due)
            self._issued += 1

    def _send(self) -> None:
        while self._due and self._free:
            exchange, due = self._free.popleft(), self._due.popleft()
            exchange.send(self._request, due)
            number = exchange.socket.fileno()
            self._busy[number], self._under_way[number] = exchange, due

    def _receive(self, seconds: float) -> None:
        # select counts microseconds where poll counts milliseconds
        for number in select.select(list(self._busy), [], [], seconds)[0]:
            taken = self._busy[number].receive()
            if taken is not None:
                self.taken.append(taken)
                self._free.append(self._busy.pop(number))
                del self._under_way[number]


def saturate(
    address: Address, request: bytes, *, tokens: int, seconds: float, connections: int, patience: float = PATIENCE
) -> Outcome:
    """Keep so many connections busy: each sends its next request once the last was answered.

    What is under way when the time is over is waited for, ``patience`` seconds at most; the rest is counted as failed.
    """
    with _exchanges(address, tokens, connections) as made:
        busy, began = time.process_time(), time.perf_counter()
        taken, late, ended = _keep_busy(made, request, began + seconds, patience)
        return outcome(taken, late, ended - began, time.process_time() - busy)


def _keep_busy(
    made: list[Exchange], request: bytes, until: float, patience: float
) -> tuple[list[Taken], list[float], float]:
    taken: list[Taken] = []
    poller = select.epoll()
    by_number: dict[int, Exchange] = {}
    sent: dict[int, float] = {}

    def start(exchange: Exchange) -> None:
        now = time.perf_counter()
        exchange.send(request, now)
        number = exchange.socket.fileno()
        if number not in by_number:
            poller.register(number, select.EPOLLIN)
        by_number[number], sent[number] = exchange, now

    for exchange in made:
        start(exchange)
    now = time.perf_counter()
    while by_number and now < until + patience:
        for number, _event in poller.poll(0.5):
            answer = by_number[number].receive()
            if answer is None:
                continue
            taken.append(answer)
            exchange = by_number[number]
            if exchange.socket.fileno() != number or time.perf_counter() >= until:
                del by_number[number], sent[number]
                _forget(poller, number)
            if time.perf_counter() < until:
                start(exchange)
        now = time.perf_counter()
    poller.close()
    return taken, [now - one for one in sent.values()], now


def _forget(poller: select.epoll, number: int) -> None:
    try:
        poller.unregister(number)
    except OSError:
        return  # closed, and by that forgotten


@contextmanager
def _exchanges(address: Address, tokens: int, connections: int) -> Iterator[list[Exchange]]:
    """Connections that are open before the clock starts; this process collects no garbage meanwhile."""
    made = [Exchange(address, tokens) for _ in range(connections)]
    gc.collect()
    gc.disable()
    try:
        yield made
    finally:
        gc.enable()
        for exchange in made:
            exchange.close()
