"""How long answers take: by a distribution, and for each token."""

from __future__ import annotations

import statistics
import time
from typing import Any

import openai
import pytest

from quire.simulator import Behaviour
from quire.simulator.draws import uniform
from quire.simulator.latency import parse_latency
from quire.simulator.simulation import Simulation
from quire.testing import Simulator

USER: list[Any] = [{"role": "user", "content": "hello"}]


def draws(given: float | str) -> list[float]:
    latency = parse_latency(given)
    return [latency.draw(uniform(b"%d" % number)) for number in range(4000)]


@pytest.mark.parametrize("given", [50, "50", "fixed:50"])
def test_fixed(given: float | str) -> None:
    assert set(draws(given)) == {0.05}


def test_uniform_lies_between_its_bounds() -> None:
    drawn = draws("uniform:20:80")
    assert min(drawn) == pytest.approx(0.02, abs=0.0002)
    assert max(drawn) == pytest.approx(0.08, abs=0.0002)
    assert statistics.fmean(drawn) == pytest.approx(0.05, abs=0.001)


def test_lognormal_has_its_median_and_a_tail() -> None:
    drawn = sorted(draws("lognormal:50:0.5"))
    assert statistics.median(drawn) == pytest.approx(0.05, rel=0.03)
    assert drawn[int(0.975 * len(drawn))] == pytest.approx(0.05 * 2.718281828 ** (1.96 * 0.5), rel=0.06)


def test_a_body_always_takes_as_long() -> None:
    delays = {Simulation(Behaviour(latency_ms="uniform:0:1000")).delay(b"body", 0) for _ in range(3)}
    assert len(delays) == 1
    assert delays != {Simulation(Behaviour(latency_ms="uniform:0:1000")).delay(b"other", 0)}


@pytest.mark.parametrize("stream", [False, True])
def test_an_answer_takes_its_time(simulator: Simulator, client: openai.OpenAI, stream: bool) -> None:
    simulator.behave(latency_ms=120)
    began = time.monotonic()
    client.chat.completions.create(model="gpt-4o", messages=USER, stream=stream)
    assert 0.12 <= time.monotonic() - began < 10


def test_tokens_take_time_in_a_stream_and_as_a_whole(simulator: Simulator, client: openai.OpenAI) -> None:
    simulator.behave(token_latency_ms=10)
    began = time.monotonic()
    answer = client.chat.completions.create(model="gpt-4o", messages=USER)
    assert answer.usage is not None
    assert time.monotonic() - began >= 0.01 * answer.usage.completion_tokens
    began = time.monotonic()
    stream = client.chat.completions.create(model="gpt-4o", messages=USER, stream=True)
    next(iter(stream))
    first = time.monotonic() - began
    list(stream)
    assert first < 0.01 * answer.usage.completion_tokens <= time.monotonic() - began


def test_refusals_come_at_once(simulator: Simulator, client: openai.OpenAI) -> None:
    simulator.behave(latency_ms=60_000, error_rates={"429": 1})
    began = time.monotonic()
    with pytest.raises(openai.RateLimitError):
        client.chat.completions.create(model="gpt-4o", messages=USER)
    assert time.monotonic() - began < 30
