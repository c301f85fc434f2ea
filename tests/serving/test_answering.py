"""Whole answers, through a real socket, by the official SDK."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import openai
import pytest

from quire.domain.endpoints import Caching, Endpoint
from quire.testing import Simulator
from tests.serving.serving import Served

JOKE = [{"role": "system", "content": "You tell jokes."}, {"role": "user", "content": "One about {animal}."}]


@pytest.fixture
def joker(register: Callable[..., str], serve: Callable[..., Served]) -> Served:
    register(messages=JOKE, temperature=0.2)
    return serve("joker")


def client(served: Served) -> openai.OpenAI:
    return openai.OpenAI(base_url=served.base_url, api_key="any", max_retries=0)


def test_the_template_is_filled_and_the_callers_messages_follow(joker: Served, upstream: Simulator) -> None:
    answer = client(joker).chat.completions.create(
        model="joker",
        messages=[{"role": "user", "content": "Make it short."}],
        extra_body={"prompt": {"id": "joker", "variables": {"animal": "cats"}}},
    )
    assert answer.choices[0].message.content
    sent: Any = upstream.requests[-1].body
    assert sent["model"] == "gpt-4o-mini"
    assert sent["temperature"] == 0.2
    assert [message["content"] for message in sent["messages"]] == [
        "You tell jokes.",
        "One about cats.",
        "Make it short.",
    ]
    assert "prompt" not in sent


def test_a_stream_passes_on_piece_by_piece_without_the_count_that_was_not_asked_for(
    joker: Served, upstream: Simulator
) -> None:
    stream = client(joker).chat.completions.create(
        model="joker", messages=[], stream=True, extra_body={"variables": {"animal": "cats"}}
    )
    pieces = list(stream)
    assert "".join(piece.choices[0].delta.content or "" for piece in pieces if piece.choices)
    assert all(piece.choices for piece in pieces)
    sent: Any = upstream.requests[-1].body
    assert sent["stream_options"] == {"include_usage": True}
    [done] = joker.wait_for(1)
    assert done.ending == "answered"
    assert done.body.rstrip().endswith(b"data: [DONE]")
    assert b'"usage":{' in done.body.replace(b" ", b"")
    assert done.first_token_s is not None


def test_a_stream_whose_caller_asked_for_the_count_ends_with_it(joker: Served) -> None:
    stream = client(joker).chat.completions.create(
        model="joker",
        messages=[],
        stream=True,
        stream_options={"include_usage": True},
        extra_body={"variables": {"animal": "cats"}},
    )
    *_pieces, last = stream
    assert last.usage is not None
    assert last.usage.total_tokens > 0


def test_an_answer_is_the_upstreams_bytes_with_what_quire_adds_in_headers(joker: Served) -> None:
    answer = joker.chat(variables={"animal": "cats"})
    [done] = joker.wait_for(1)
    assert answer.status == 200
    assert answer.body == done.body
    assert answer.headers["x-quire-endpoint"] == "joker"
    assert answer.headers["x-quire-model-version"] == "1"
    assert answer.headers["x-quire-arm"] == "champion"
    assert answer.headers["x-quire-trace-id"] == done.trace_id
    assert answer.headers["x-request-id"]


async def test_the_asynchronous_client_gets_the_same(joker: Served) -> None:
    async with openai.AsyncOpenAI(base_url=joker.base_url, api_key="any", max_retries=0) as asking:
        options: Any = {"model": "joker", "messages": [], "extra_body": {"variables": {"animal": "cats"}}}
        whole = await asking.chat.completions.create(**options)
        stream = await asking.chat.completions.create(**options, stream=True)
        text = "".join([piece.choices[0].delta.content or "" async for piece in stream])
    assert text == whole.choices[0].message.content


@pytest.mark.parametrize("stream", [False, True])
def test_a_kept_answer_says_that_it_is_one(
    register: Callable[..., str], serve: Callable[..., Served], upstream: Simulator, stream: bool
) -> None:
    register(messages=JOKE)
    served = serve(Endpoint(name="joker", model="models:/joker@champion", caching=Caching()))
    said = []
    for _ in range(2):
        with client(served).chat.completions.with_streaming_response.create(
            model="joker", messages=[], stream=stream, extra_body={"variables": {"animal": "cats"}}
        ) as answer:
            said.append((answer.headers.get("x-quire-cached"), answer.read()))
    assert [cached for cached, _ in said] == [None, "1"]
    assert said[0][1] == said[1][1]
    assert len(upstream.requests) == 1
