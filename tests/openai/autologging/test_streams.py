"""Streams are what they were to the program; the span holds what came of them, however they end."""

from __future__ import annotations

import asyncio
import gc
import threading
import weakref
from collections.abc import Iterator
from typing import Any

import openai
import pytest

import quire
from quire.testing import Simulator
from tests.openai.autologging.conftest import Recorded
from tests.openai.autologging.upstream import Upstream, chunk, events, reply

MESSAGES: Any = [{"role": "user", "content": "Say hello"}]
ASKED: dict[str, Any] = {"model": "gpt-4o-mini", "messages": MESSAGES, "stream": True}
HELLO = events(chunk("Hel"), chunk("lo"), chunk(finish_reason="stop"))


def said(span: Any) -> Any:
    return span.outputs["choices"][0]["message"]["content"]


def test_a_stream_gives_the_same_pieces_and_type(recorded: Recorded, client: openai.OpenAI) -> None:
    quire.openai.autolog(disable=True)
    before = client.chat.completions.create(**ASKED, seed=1)
    expected = [piece.model_dump(exclude={"id", "created"}) for piece in before]
    quire.openai.autolog()
    stream = client.chat.completions.create(**ASKED, seed=1)
    assert type(stream) is type(before)
    assert [piece.model_dump(exclude={"id", "created"}) for piece in stream] == expected
    span = recorded.span()
    assert span.inputs == {**ASKED, "seed": 1}
    assert said(span) == "".join(piece["choices"][0]["delta"]["content"] or "" for piece in expected)
    assert span.attributes["quire.stream.pieces"] == len(expected)
    assert 0 < span.attributes["quire.stream.first_token_ms"] < (span.end_time_ns - span.start_time_ns) / 1e6
    assert span.attributes["quire.stream.tokens_per_second"] > 0


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("completions", {"model": "gpt-3.5-turbo-instruct", "prompt": "Once"}),
        ("responses", {"model": "gpt-4o-mini", "input": "Say hello"}),
    ],
)
def test_other_streams_are_put_together(
    recorded: Recorded, client: openai.OpenAI, name: str, body: dict[str, Any]
) -> None:
    resource = getattr(client, name)
    list(resource.create(**body, stream=True, extra_headers={"x": "1"}))
    resource.create(**body)
    streamed, whole = recorded.spans()
    text = {"completions": lambda out: out["choices"][0]["text"], "responses": lambda out: out["output"][0]["content"]}
    assert text[name](streamed.outputs) == text[name](whole.outputs)
    usage = [span.attributes["mlflow.chat.tokenUsage"] for span in (streamed, whole)]
    assert usage[0]["total_tokens"] == usage[1]["total_tokens"]


def test_tool_calls_are_put_together(recorded: Recorded, odd: openai.OpenAI, upstream: Upstream) -> None:
    def call(index: int, **function: str) -> dict[str, Any]:
        return {
            "tool_calls": [
                {"index": index, "function": function, **({"id": f"t{index}"} if "name" in function else {})}
            ]
        }

    upstream.put(
        events(
            chunk(delta=call(0, name="add", arguments="")),
            chunk(delta=call(0, arguments='{"a": ')),
            chunk(delta=call(1, name="sub", arguments="{}")),
            chunk(delta=call(0, arguments="1}")),
            chunk(finish_reason="tool_calls"),
        )
    )
    list(odd.chat.completions.create(**ASKED))
    choice = recorded.span().outputs["choices"][0]
    assert choice["finish_reason"] == "tool_calls"
    assert choice["message"]["content"] is None
    assert [(one["id"], one["function"]) for one in choice["message"]["tool_calls"]] == [
        ("t0", {"name": "add", "arguments": '{"a": 1}'}),
        ("t1", {"name": "sub", "arguments": "{}"}),
    ]


def test_the_helper_for_streams_is_one_span(recorded: Recorded, client: openai.OpenAI) -> None:
    with client.chat.completions.stream(model="gpt-4o-mini", messages=MESSAGES) as stream:
        final = stream.get_final_completion()
    with client.responses.stream(model="gpt-4o-mini", input="Say hello") as events_:
        text = events_.get_final_response().output_text
    chat, response = recorded.spans()
    assert said(chat) == final.choices[0].message.content
    assert response.outputs["output"][0]["content"][0]["text"] == text


# -- ends ----------------------------------------------------------------------------------------------


def leave_early(stream: Any) -> None:
    next(stream)


def close(stream: Any) -> None:
    next(stream)
    stream.close()


def leave_the_block(stream: Any) -> None:
    with stream:
        next(stream)


def raise_in_the_loop(stream: Any) -> None:
    def work() -> None:
        with stream:
            for _piece in stream:
                raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        work()


def close_the_response(stream: Any) -> None:
    next(stream)
    stream.response.close()


def go_on_in_a_second_loop(stream: Any) -> None:
    for _piece in stream:
        break
    list(stream)


ENDS = {
    leave_early: "Hel",
    close: "Hel",
    leave_the_block: "Hel",
    raise_in_the_loop: "Hel",
    close_the_response: "Hel",
    go_on_in_a_second_loop: "Hello",
}


@pytest.mark.parametrize("end", ENDS, ids=lambda end: end.__name__)
def test_a_stream_that_ends(recorded: Recorded, odd: openai.OpenAI, upstream: Upstream, end: Any) -> None:
    upstream.put(HELLO)
    end(odd.chat.completions.create(**ASKED))
    gc.collect()
    span = recorded.span()
    assert (said(span), span.status.status_code) == (ENDS[end], "OK")


def test_a_stream_that_is_never_read(recorded: Recorded, odd: openai.OpenAI, upstream: Upstream) -> None:
    upstream.put(HELLO)
    odd.chat.completions.create(**ASKED)
    gc.collect()
    assert recorded.span().outputs is None


def test_an_upstream_that_breaks_off(recorded: Recorded, odd: openai.OpenAI, upstream: Upstream) -> None:
    upstream.put(events(chunk("Hel"), whole=False))
    stream = odd.chat.completions.create(**ASKED)
    assert next(stream).choices[0].delta.content == "Hel"
    with pytest.raises(Exception) as caught:  # noqa: PT011 - the SDK's, which differs by version
        next(stream)
    span = recorded.span()
    assert (said(span), span.status.status_code) == ("Hel", "ERROR")
    assert span.attributes["error.type"] == type(caught.value).__name__
    assert span.attributes["mlflow.chat.tokenUsage"]["output_tokens"] > 0


def test_an_error_in_the_stream(recorded: Recorded, odd: openai.OpenAI, upstream: Upstream) -> None:
    upstream.put(events(chunk("Hel"), {"error": {"message": "overloaded", "code": "x"}}))
    with pytest.raises(openai.APIError, match="overloaded"):
        list(odd.chat.completions.create(**ASKED))
    assert recorded.span().status.status_code == "ERROR"


def test_a_stream_is_freed_as_soon_as_it_was_read(recorded: Recorded, odd: openai.OpenAI, upstream: Upstream) -> None:
    """Nothing of ours keeps a stream alive, nor does a response keep its stream alive."""
    upstream.put(HELLO)
    gc.disable()
    try:
        stream = odd.chat.completions.create(**ASKED)
        response = stream.response
        list(stream)
        gone = weakref.ref(stream)
        del stream
        assert gone() is None
        assert response.is_closed
    finally:
        gc.enable()


# -- asynchronous --------------------------------------------------------------------------------------


async def test_an_asynchronous_stream(recorded: Recorded, service: Simulator) -> None:
    async with openai.AsyncOpenAI(base_url=service.base_url, api_key="any") as client:
        stream = await client.chat.completions.create(**ASKED)
        assert type(stream) is openai.AsyncStream
        text = "".join([piece.choices[0].delta.content or "" async for piece in stream])
        async with client.chat.completions.stream(model="gpt-4o-mini", messages=MESSAGES) as helper:
            await helper.get_final_completion()
    first, second = recorded.spans()
    assert (first.name, said(first), said(second)) == ("AsyncCompletions", text, text)


@pytest.mark.parametrize("end", ["break", "close", "cancel"])
async def test_an_asynchronous_stream_that_ends_early(recorded: Recorded, upstream: Upstream, end: str) -> None:
    async def read(client: openai.AsyncOpenAI) -> None:
        stream = await client.chat.completions.create(**ASKED)
        async for _piece in stream:
            seen.set()
            if end != "cancel":
                break
        if end == "close":
            await stream.close()

    seen, answer = asyncio.Event(), events(chunk("Hel"), chunk("lo"))
    answer.go_on = threading.Event()
    upstream.put(answer)
    async with openai.AsyncOpenAI(base_url=upstream.base_url, api_key="any") as client:
        task = asyncio.ensure_future(read(client))
        await seen.wait()
        if end == "cancel":
            await asyncio.sleep(0.01)
            task.cancel()
        await asyncio.wait([task])
        assert task.cancelled() == (end == "cancel")
        answer.go_on.set()
        del task
        for _ in range(4):  # the loop closes what the collector finds, one generator after the other
            gc.collect()
            await asyncio.sleep(0.005)
    span = recorded.span()
    assert (said(span), span.status.status_code) == ("Hel", "ERROR" if end == "cancel" else "OK")


# -- token counts --------------------------------------------------------------------------------------


def test_azure_is_asked_for_counts_and_the_program_does_not_see_them(
    recorded: Recorded, azure: openai.AzureOpenAI, service: Simulator
) -> None:
    """mlflow#23026: streamed calls of Azure had no tokens."""
    stream = azure.chat.completions.create(**ASKED)
    assert all(len(piece.choices) == 1 for piece in stream)
    span = recorded.span()
    assert service.requests[-1].body["stream_options"] == {"include_usage": True}
    assert "stream_options" not in span.inputs
    assert span.attributes["mlflow.chat.tokenUsage"]["output_tokens"] > 0
    assert "quire.usage.estimated" not in span.attributes


def test_what_the_program_asked_of_counts_stays(
    recorded: Recorded, azure: openai.AzureOpenAI, service: Simulator
) -> None:
    assert list(azure.chat.completions.create(**ASKED, stream_options={"include_usage": True}))[-1].choices == []
    list(azure.chat.completions.create(**ASKED, stream_options={"include_usage": False}))
    assert service.requests[-1].body["stream_options"] == {"include_usage": False}
    asked, refused = recorded.spans()
    assert "quire.usage.estimated" not in asked.attributes
    assert refused.attributes["quire.usage.estimated"] is True


def test_a_service_that_is_not_known_to_understand_is_not_asked(
    recorded: Recorded, client: openai.OpenAI, service: Simulator
) -> None:
    list(client.chat.completions.create(**ASKED))
    assert "stream_options" not in service.requests[-1].body
    assert recorded.span().attributes["quire.usage.estimated"] is True


def test_a_service_can_be_said_to_understand_or_not(
    recorded: Recorded, client: openai.OpenAI, azure: openai.AzureOpenAI, service: Simulator
) -> None:
    quire.openai.autolog(stream_usage="always")
    list(client.chat.completions.create(**ASKED))
    assert service.requests[-1].body["stream_options"] == {"include_usage": True}
    quire.openai.autolog(stream_usage="never")
    list(azure.chat.completions.create(**ASKED))
    assert "stream_options" not in service.requests[-1].body
    with pytest.raises(quire.QuireError, match="stream_usage is 'perhaps'"):
        quire.openai.autolog(stream_usage="perhaps")  # type: ignore[arg-type]


def test_an_old_version_of_azure_is_not_asked(recorded: Recorded, service: Simulator) -> None:
    with openai.AzureOpenAI(azure_endpoint=service.azure_endpoint, api_key="a", api_version="2024-02-01") as client:
        list(client.chat.completions.create(**ASKED))
    assert "stream_options" not in service.requests[-1].body


def test_a_service_that_refuses_to_count_is_asked_without(
    recorded: Recorded, odd: openai.OpenAI, upstream: Upstream
) -> None:
    quire.openai.autolog(stream_usage="always")
    upstream.put(reply({"error": {"message": "Unknown parameter: stream_options"}}, 400), HELLO, HELLO)
    assert len(list(odd.chat.completions.create(**ASKED))) == 3
    list(odd.chat.completions.create(**ASKED))
    assert ["stream_options" in body for body in upstream.bodies] == [True, False, False]
    assert [span.status.status_code for span in recorded.spans()] == ["OK", "OK"]


@pytest.mark.parametrize(
    ("name", "body"),
    [
        (
            "chat.completions",
            {"model": "gpt-4o-mini", "messages": [{"role": "system", "content": "Be brief."}, *MESSAGES]},
        ),
        ("chat.completions", {"model": "gpt-4", "messages": MESSAGES, "n": 2}),
        ("completions", {"model": "gpt-3.5-turbo-instruct", "prompt": ["Once", "Twice"]}),
    ],
)
def test_an_estimate_is_what_the_service_would_count(
    recorded: Recorded, client: openai.OpenAI, name: str, body: dict[str, Any]
) -> None:
    resource: Any = client
    for part in name.split("."):
        resource = getattr(resource, part)
    list(resource.create(**body, stream=True))
    counted = resource.create(**body).usage
    usage = recorded.spans()[0].attributes["mlflow.chat.tokenUsage"]
    assert (usage["input_tokens"], usage["output_tokens"]) == (counted.prompt_tokens, counted.completion_tokens)


# -- raw streams ---------------------------------------------------------------------------------------


def raw_parsed(client: openai.OpenAI) -> Iterator[Any]:
    raw = client.chat.completions.with_raw_response.create(**ASKED)
    yield from raw.parse()  # type: ignore[misc]


def raw_lines(client: openai.OpenAI) -> Iterator[Any]:
    with client.chat.completions.with_streaming_response.create(**ASKED) as response:
        yield from response.iter_lines()


@pytest.mark.parametrize("read", [raw_parsed, raw_lines], ids=lambda read: read.__name__)
def test_a_raw_stream_is_put_together(recorded: Recorded, client: openai.OpenAI, read: Any) -> None:
    list(read(client))
    list(client.chat.completions.create(**ASKED))
    raw, plain = recorded.spans()
    assert said(raw) == said(plain)
    assert raw.outputs.keys() == plain.outputs.keys()
    assert raw.attributes["mlflow.chat.tokenUsage"] == plain.attributes["mlflow.chat.tokenUsage"]
    assert raw.attributes["quire.stream.first_token_ms"] > 0


def test_a_raw_stream_that_is_left_early(recorded: Recorded, client: openai.OpenAI) -> None:
    reading = raw_lines(client)
    next(reading)
    reading.close()
    assert recorded.span().status.status_code == "OK"
