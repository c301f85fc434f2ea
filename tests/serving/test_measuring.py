"""What answers say of themselves is read from their bytes: of all four APIs, whole and streamed."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quire.domain.calls import Usage
from quire.serving.measuring import cost_of, estimated, measure, measured
from quire.serving.request import Ask, Caller, Done, Given
from quire.testing import Simulator

CHAT = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": 'Say "usage": {"prompt_tokens": 9}'}]}
ASKED: dict[str, dict[str, Any]] = {
    "chat/completions": CHAT,
    "completions": {"model": "gpt-3.5-turbo-instruct", "prompt": "Say it"},
    "responses": {"model": "gpt-4o-mini", "input": "Say it", "metadata": {"usage": "none", "id": "mine"}},
    "embeddings": {"model": "text-embedding-3-small", "input": ["Say it", "twice"]},
}


@pytest.fixture(scope="module")
def simulator() -> Iterator[Simulator]:
    with Simulator(echo=True) as running:
        yield running


def asked(simulator: Simulator, path: str, **more: Any) -> bytes:
    body = json.dumps({**ASKED[path], **more}).encode()
    request = urllib.request.Request(
        f"{simulator.base_url}/{path}", body, {"Content-Type": "application/json", "Authorization": "Bearer any"}
    )
    with urllib.request.urlopen(request) as answer:
        content: bytes = answer.read()
        return content


def whole_usage(answer: dict[str, Any]) -> tuple[int, int]:
    usage = answer["usage"]
    return (
        usage.get("prompt_tokens", usage.get("input_tokens")),
        usage.get("completion_tokens", usage.get("output_tokens", 0)),
    )


@pytest.mark.parametrize("path", ASKED)
def test_a_whole_answer_tells_its_id_model_and_counts(path: str, simulator: Simulator) -> None:
    body = asked(simulator, path)
    answer, found = json.loads(body), measured(body)
    assert (found.response_id, found.model, found.counted) == (answer.get("id", ""), answer["model"], True)
    assert (found.usage.input_tokens, found.usage.output_tokens) == whole_usage(answer)


@pytest.mark.parametrize("path", ["chat/completions", "responses", "embeddings"])
def test_a_long_answer_tells_the_same_from_its_ends(path: str, simulator: Simulator) -> None:
    text = 'a "usage": {"prompt_tokens": 7} in a text, ' * 2_000
    long: dict[str, Any] = {
        "chat/completions": {"messages": [{"role": "user", "content": text}]},
        "responses": {"input": text},
        "embeddings": {"input": ["Say it"] * 900},
    }
    body = asked(simulator, path, **long[path])
    assert len(body) > 32 * 1024
    answer, found = json.loads(body), measured(body)
    assert (found.response_id, found.model) == (answer.get("id", ""), answer["model"])
    assert (found.usage.input_tokens, found.usage.output_tokens) == whole_usage(answer)


@pytest.mark.parametrize("path", ["chat/completions", "completions", "responses"])
def test_a_stream_tells_what_its_last_events_say(path: str, simulator: Simulator) -> None:
    options = {} if path == "responses" else {"stream_options": {"include_usage": True}}
    body, whole = asked(simulator, path, stream=True, **options), json.loads(asked(simulator, path))
    found = measured(body)
    assert found.counted
    assert (found.usage.input_tokens, found.usage.output_tokens) == whole_usage(whole)
    assert found.response_id in body.decode()
    assert found.model == whole["model"]
    assert measured(body.replace(b"\n", b"\r\n")) == found


def test_a_stream_that_was_not_asked_to_count_is_estimated(simulator: Simulator) -> None:
    body = asked(simulator, "chat/completions", stream=True)
    found = measured(body)
    assert not found.counted
    assert found.response_id
    assert found.model
    assert estimated(b"x" * 41, body) == Usage(11, body.count(b"\ndata:") - 2)


def test_a_stream_of_responses_that_broke_off_is_estimated_by_its_deltas(simulator: Simulator) -> None:
    body = asked(simulator, "responses", stream=True).partition(b"event: response.completed")[0]
    found = measured(body)
    assert not found.counted
    deltas = body.count(b'"type":"response.output_text.delta"')
    assert deltas
    assert estimated(b"", body).output_tokens == deltas


def test_details_of_counts_are_read() -> None:
    usage = {
        "input_tokens": 20,
        "output_tokens": 9,
        "input_tokens_details": {"cached_tokens": 12},
        "output_tokens_details": {"reasoning_tokens": 4},
    }
    assert measured(json.dumps({"id": "resp_1", "usage": usage}).encode()).usage == Usage(20, 9, 12, 4)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"not JSON",
        b"[1, 2]",
        b'{"id": 7, "usage": "none"}',
        b'{"usage": {"prompt_tokens": "many"}}',
        b"data: [DONE]\n\n",
        b"data: {broken\n\n",
        b"\xff\xfe",
        b"data:",
        b'{"error": {"message": "no"}}',
    ],
)
def test_what_says_nothing_of_itself_counts_as_nothing(body: bytes) -> None:
    found = measured(body)
    assert (found.usage, found.counted) == (Usage(), False)


@given(st.binary(max_size=400))
def test_no_bytes_are_too_odd(body: bytes) -> None:
    measured(body)
    measured(b"data: " + body)
    estimated(body, body)


def done(body: bytes, **fields: Any) -> Done:
    ask = Ask("chat.completions", "joker", {"model": "joker"}, False, Caller(), raw=b"x" * 40)
    given = {"ending": "answered", "status": 200, "start_ns": 0, "latency_s": 0.1, **fields}
    return Done(ask=ask, out=None, given=Given("champion", "models:/joker/1"), body=body, **given)


ANSWER = b'{"id":"c-1","model":"gpt-4o-mini-2024-07-18","usage":{"prompt_tokens":1000,"completion_tokens":500}}'


def test_what_a_request_cost_is_filled_in() -> None:
    found = done(ANSWER)
    measure(found)
    assert (found.response_id, found.model, found.usage) == ("c-1", "gpt-4o-mini-2024-07-18", Usage(1000, 500))
    assert found.cost_usd == pytest.approx(1000 * 0.15e-6 + 500 * 0.6e-6)
    assert not found.usage_estimated


def test_an_answer_from_the_cache_cost_nothing() -> None:
    found = done(ANSWER, cached=True)
    measure(found)
    assert (found.cost_usd, found.usage) == (0.0, Usage(1000, 500))


def test_an_estimate_says_that_it_is_one() -> None:
    found = done(b'data: {"id":"c-2","model":"m"}\n\n' * 6)
    measure(found)
    assert (found.usage, found.usage_estimated, found.cost_usd) == (Usage(10, 3), True, None)


def test_an_error_is_measured_as_nothing() -> None:
    found = done(b'{"id":"e","usage":{"prompt_tokens":3}}', ending="refused", status=400)
    measure(found)
    assert (found.response_id, found.usage, found.cost_usd) == ("", Usage(), None)


def test_a_model_without_a_price_takes_that_of_the_one_that_was_asked() -> None:
    assert cost_of(Usage(1000, 0), "a-deployment", "gpt-4o-mini") == pytest.approx(0.00015)
    assert cost_of(Usage(1000, 0), "a-deployment", "") is None
