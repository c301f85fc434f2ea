"""Faults: what a client meets for each kind, and that their share and their victims depend on content alone."""

from __future__ import annotations

import concurrent.futures
import http.client
import json
import time
from typing import Any

import openai
import pytest

from quire.simulator import Behaviour
from quire.simulator.faults import Faults
from quire.testing import Simulator
from tests.simulator.conftest import Raw

USER: list[Any] = [{"role": "user", "content": "Tell me about cats."}]
CHAT = {"model": "gpt-4o", "messages": USER}


def ask(client: openai.OpenAI, **more: Any) -> Any:
    return client.chat.completions.create(model="gpt-4o", messages=USER, **more)


@pytest.mark.parametrize(
    ("kind", "error", "status"),
    [
        ("rate_limit", openai.RateLimitError, 429),
        ("server_error", openai.InternalServerError, 500),
        ("unavailable", openai.InternalServerError, 503),
    ],
)
def test_refusals(
    simulator: Simulator, client: openai.OpenAI, kind: str, error: type[openai.APIStatusError], status: int
) -> None:
    simulator.behave(error_rates={kind: 1}, retry_after_ms=1500)
    with pytest.raises(error) as met:
        ask(client)
    assert met.value.status_code == simulator.requests[0].status == status
    assert set(met.value.body) == {"message", "type", "param", "code"}  # type: ignore[call-overload]
    headers = met.value.response.headers
    wanted = ("2", "1500") if kind != "server_error" else (None, None)
    assert (headers.get("retry-after"), headers.get("retry-after-ms")) == wanted
    assert headers["x-quire-simulator"] == "1"


def test_timeout_never_answers(simulator: Simulator, client: openai.OpenAI) -> None:
    simulator.behave(error_rates={"timeout": 1})
    with pytest.raises(openai.APITimeoutError):
        ask(client.with_options(timeout=0.2))
    assert simulator.requests[0].status is None


@pytest.mark.parametrize("stream", [False, True])
def test_disconnect_closes_without_an_answer(simulator: Simulator, client: openai.OpenAI, stream: bool) -> None:
    simulator.behave(error_rates={"disconnect": 1})
    with pytest.raises(openai.APIConnectionError):
        ask(client, stream=stream)


def test_truncate_closes_in_the_middle_of_the_body(simulator: Simulator, raw: Raw) -> None:
    simulator.behave(error_rates={"truncate": 1})
    with pytest.raises(http.client.IncompleteRead) as met:
        raw("/v1/chat/completions", CHAT)
    assert met.value.partial.startswith(b'{"id":"chatcmpl-')
    assert met.value.expected is not None
    assert abs(met.value.expected - len(met.value.partial)) <= 1


@pytest.mark.parametrize("kind", ["truncate", "broken_stream"])
def test_a_broken_stream_ends_early(simulator: Simulator, client: openai.OpenAI, kind: str) -> None:
    whole = [chunk.choices[0].delta.content for chunk in ask(client, stream=True)]
    simulator.behave(error_rates={kind: 1})
    with pytest.raises(openai.APIConnectionError):
        list(ask(client, stream=True))
    assert simulator.requests[-1].events == (len(whole) + 1) // 2


def test_broken_stream_spares_whole_answers(simulator: Simulator, client: openai.OpenAI) -> None:
    simulator.behave(error_rates={"broken_stream": 1})
    assert ask(client).choices[0].message.content


def test_malformed_is_no_json(simulator: Simulator, raw: Raw, client: openai.OpenAI) -> None:
    simulator.behave(error_rates={"malformed": 1})
    status, _, body = raw("/v1/chat/completions", CHAT)
    assert status == 200
    with pytest.raises(json.JSONDecodeError):
        json.loads(body)
    with pytest.raises(json.JSONDecodeError):
        list(ask(client, stream=True))


@pytest.mark.parametrize("path", ["/v1/models", "/v1/files", "/v1/batches"])
def test_faults_meet_only_what_models_answer(simulator: Simulator, raw: Raw, path: str) -> None:
    simulator.behave(error_rates={"500": 1}, requests_per_minute=1)
    assert [raw(path)[0] for _ in range(3)] == [200, 200, 200]


def test_a_wrong_request_is_refused_for_what_it_is(simulator: Simulator, raw: Raw) -> None:
    simulator.behave(error_rates={"timeout": 1})
    assert raw("/v1/chat/completions", {"model": "gpt-4o"})[0] == 400


def test_the_shares_are_met() -> None:
    faults = Faults(Behaviour(error_rates={"429": 0.2, "500": 0.05, "disconnect": 0.02}))
    drawn = [faults.draw("/chat/completions", b"%d" % number) for number in range(20_000)]
    assert drawn.count("rate_limit") / 20_000 == pytest.approx(0.2, abs=0.01)
    assert drawn.count("server_error") / 20_000 == pytest.approx(0.05, abs=0.005)
    assert drawn.count("disconnect") / 20_000 == pytest.approx(0.02, abs=0.004)


def test_whatever_the_order_the_same_requests_fail(simulator: Simulator) -> None:
    def statuses(order: list[int], threads: int) -> dict[int, list[int]]:
        simulator.behaviour = Behaviour(error_rates={"429": 0.3}, seed=4)
        raw = Raw(simulator.port)
        bodies = [{**CHAT, "user": str(number)} for number in order]
        with concurrent.futures.ThreadPoolExecutor(threads) as pool:
            rounds = [pool.map(lambda body: raw("/v1/chat/completions", body)[0], bodies) for _ in range(2)]
            met = [dict(zip(order, one, strict=True)) for one in rounds]
        return {number: sorted(one[number] for one in met) for number in order}

    forwards = statuses(list(range(40)), 1)
    assert forwards == statuses(list(range(40))[::-1], 8)
    assert [200, 429] in forwards.values()  # a retry draws anew


def test_another_seed_meets_other_requests() -> None:
    drawn = []
    for seed in (1, 2):
        faults = Faults(Behaviour(error_rates={"429": 0.5}, seed=seed))
        drawn.append([faults.draw("/p", b"%d" % number) for number in range(50)])
    assert drawn[0] != drawn[1]


def test_one_request_is_told_to_pause(simulator: Simulator, client: openai.OpenAI) -> None:
    simulator.behave(pause_at_request=2, pause_s=30)
    ask(client)
    with pytest.raises(openai.RateLimitError, match=r"try again in 30s") as met:
        ask(client)
    assert met.value.response.headers["retry-after"] == "30"
    ask(client)
    assert [request.status for request in simulator.requests] == [200, 429, 200]


def test_the_sdk_waits_as_told_and_succeeds(simulator: Simulator) -> None:
    simulator.behave(pause_at_request=1, pause_s=0.2)
    began = time.monotonic()
    with openai.OpenAI(max_retries=1) as client:
        ask(client)
    assert time.monotonic() - began >= 0.2
    assert len(simulator.requests) == 2
