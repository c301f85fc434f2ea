"""Rate limits: headers as OpenAI sends them, refusals that say how long to wait, refilled continuously."""

from __future__ import annotations

import re
from typing import Any

import openai
import pytest

from quire.simulator.errors import ApiError
from quire.simulator.limits import Limits, duration
from quire.testing import Simulator
from tests.simulator.conftest import Raw

USER: list[Any] = [{"role": "user", "content": "hello"}]


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_headers_state_what_is_left(simulator: Simulator, raw: Raw) -> None:
    simulator.behave(requests_per_minute=60, tokens_per_minute=6000)
    _, headers, _ = raw("/v1/chat/completions", {"model": "gpt-4o", "messages": USER, "max_tokens": 92})
    assert {name: value for name, value in headers.items() if name.startswith("x-ratelimit")} == {
        "x-ratelimit-limit-requests": "60",
        "x-ratelimit-remaining-requests": "59",
        "x-ratelimit-reset-requests": "1s",
        "x-ratelimit-limit-tokens": "6000",
        "x-ratelimit-remaining-tokens": "5900",  # 8 of the prompt, 92 that may be generated
        "x-ratelimit-reset-tokens": "1s",
    }


def test_without_limits_nothing_is_stated(raw: Raw) -> None:
    _, headers, _ = raw("/v1/chat/completions", {"model": "gpt-4o", "messages": USER})
    assert not [name for name in headers if name.startswith("x-ratelimit")]


@pytest.mark.parametrize("stream", [False, True])
def test_beyond_the_limit_the_refusal_says_how_long_to_wait(simulator: Simulator, stream: bool) -> None:
    simulator.behave(requests_per_minute=2)
    with openai.OpenAI(max_retries=0) as client:
        for _ in range(2):
            client.chat.completions.create(model="gpt-4o", messages=USER, stream=stream)
        with pytest.raises(openai.RateLimitError) as met:
            client.chat.completions.create(model="gpt-4o", messages=USER, stream=stream)
        client.chat.completions.create(model="gpt-4o-mini", messages=USER)  # each model has limits of its own
    assert met.value.code == "rate_limit_exceeded"
    assert met.value.type == "requests"
    assert re.search(r"Rate limit reached for gpt-4o on requests per min \(RPM\): Limit 2, Used 2", met.value.message)
    headers = met.value.response.headers
    assert headers["x-ratelimit-remaining-requests"] == "0"
    assert 25_000 < int(headers["retry-after-ms"]) <= 30_000
    assert int(headers["retry-after"]) == 30


def test_a_bucket_refills_continuously() -> None:
    clock = Clock()
    limits = Limits(60, None, clock)
    for _ in range(60):
        limits.admit("m", 1)
    with pytest.raises(ApiError) as met:
        limits.admit("m", 1)
    assert dict(met.value.headers)["retry-after-ms"] == "1000"
    clock.now = 1.0
    assert dict(limits.admit("m", 1))["x-ratelimit-remaining-requests"] == "0"
    clock.now = 1000.0
    assert dict(limits.admit("m", 1))["x-ratelimit-remaining-requests"] == "59"


def test_a_refused_request_costs_nothing() -> None:
    limits = Limits(2, 100, Clock())
    limits.admit("m", 60)
    with pytest.raises(ApiError, match="on tokens per min"):
        limits.admit("m", 60)
    assert dict(limits.admit("m", 40))["x-ratelimit-remaining-requests"] == "0"


def test_what_never_fits_is_not_told_to_wait() -> None:
    with pytest.raises(ApiError, match="Request too large for m on tokens per min: Limit 100, Requested 101") as met:
        Limits(None, 100, Clock()).admit("m", 101)
    assert met.value.status == 429
    assert not met.value.headers


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.0, "0ms"), (0.0201, "21ms"), (1.5, "1.5s"), (59.9999, "60s"), (61, "1m1s"), (360, "6m0s"), (3720, "1h2m0s")],
)
def test_durations_read_like_openais(seconds: float, text: str) -> None:
    assert duration(seconds) == text
