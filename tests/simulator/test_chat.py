"""Chat completions, with the official SDK as the client: whole, streamed, parsed, with tools, stored."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, Literal

import openai
import pytest
from pydantic import BaseModel, Field

from quire.domain import tokens
from quire.testing import Simulator

USER: list[Any] = [{"role": "user", "content": "Tell me about cats."}]
PARAMETERS = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
WEATHER: Any = {"type": "function", "function": {"name": "weather", "parameters": PARAMETERS}}


class Cat(BaseModel):
    name: str
    age: int = Field(ge=0, le=30)
    colour: Literal["black", "white", "red"]
    kittens: list[str]


def test_an_answer_is_labelled_as_simulated(client: openai.OpenAI) -> None:
    raw = client.chat.completions.with_raw_response.create(model="gpt-4o-mini", messages=USER)
    answer = raw.parse()
    assert raw.headers["x-quire-simulator"] == "1"
    assert answer.system_fingerprint == "fp_quire_simulator"
    assert (answer.choices[0].message.content or "").startswith("[simulated] No model wrote this:")
    assert answer.choices[0].finish_reason == "stop"


def test_tokens_are_counted_as_openai_counts_them(client: openai.OpenAI) -> None:
    """The figures of the worked example in OpenAI's cookbook, "How to count tokens with tiktoken"."""
    messages: list[Any] = [
        {
            "role": "system",
            "content": "You are a helpful, pattern-following assistant that translates corporate jargon into plain "
            "English.",
        },
        {"role": "system", "name": "example_user", "content": "New synergies will help drive top-line growth."},
        {
            "role": "system",
            "name": "example_assistant",
            "content": "Things working well together will increase revenue.",
        },
        {
            "role": "system",
            "name": "example_user",
            "content": "Let's circle back when we have more bandwidth to touch base on opportunities for increased "
            "leverage.",
        },
        {
            "role": "system",
            "name": "example_assistant",
            "content": "Let's talk later when we're less busy about how to do better.",
        },
        {
            "role": "user",
            "content": "This late pivot means we don't have time to boil the ocean for the client deliverable.",
        },
    ]
    for model, expected in (("gpt-3.5-turbo", 129), ("gpt-4", 129), ("gpt-4o", 124), ("gpt-4o-mini", 124)):
        answer = client.chat.completions.create(model=model, messages=messages)
        assert answer.usage is not None
        assert answer.usage.prompt_tokens == expected
        text = answer.choices[0].message.content or ""
        assert answer.usage.completion_tokens == tokens.count(text, tokens.encoding_name(model))


def test_a_stream_says_what_the_whole_says(client: openai.OpenAI) -> None:
    whole = client.chat.completions.create(model="gpt-4o", messages=USER, n=2)
    stream = client.chat.completions.create(
        model="gpt-4o", messages=USER, n=2, stream=True, stream_options={"include_usage": True}
    )
    texts, ends, usage = {0: "", 1: ""}, {}, None
    for chunk in stream:
        usage = chunk.usage or usage
        for choice in chunk.choices:
            texts[choice.index] += choice.delta.content or ""
            ends[choice.index] = choice.finish_reason or ends.get(choice.index)
    assert [texts[0], texts[1]] == [choice.message.content for choice in whole.choices]
    assert texts[0] != texts[1]
    assert ends == {0: "stop", 1: "stop"}
    assert usage == whole.usage


async def test_async_and_sync_get_the_same(simulator: Simulator) -> None:
    with openai.OpenAI() as client:
        expected = client.chat.completions.create(model="gpt-4o", messages=USER).choices[0].message.content
    async with openai.AsyncOpenAI() as client_:
        answer = await client_.chat.completions.create(model="gpt-4o", messages=USER)
        assert answer.choices[0].message.content == expected
        stream = await client_.chat.completions.create(model="gpt-4o", messages=USER, stream=True)
        assert "".join([chunk.choices[0].delta.content or "" async for chunk in stream]) == expected


def test_parse_gives_an_instance(client: openai.OpenAI) -> None:
    answer = client.chat.completions.parse(model="gpt-4o", messages=USER, response_format=Cat)
    cat = answer.choices[0].message.parsed
    assert isinstance(cat, Cat)


def test_stream_helper_parses(client: openai.OpenAI) -> None:
    with client.chat.completions.stream(model="gpt-4o", messages=USER, response_format=Cat) as stream:
        kinds = [event.type for event in stream]
        final = stream.get_final_completion()
    assert isinstance(final.choices[0].message.parsed, Cat)
    assert kinds[-1] == "content.done"


def test_a_required_tool_is_called_whole_and_streamed(client: openai.OpenAI) -> None:
    whole = client.chat.completions.create(model="gpt-4o", messages=USER, tools=[WEATHER], tool_choice="required")
    (call,) = whole.choices[0].message.tool_calls or []
    assert call.type == "function"
    assert list(json.loads(call.function.arguments)) == ["city"]
    assert whole.choices[0].finish_reason == "tool_calls"
    assert whole.choices[0].message.content is None

    stream = client.chat.completions.create(
        model="gpt-4o", messages=USER, tools=[WEATHER], tool_choice="required", stream=True
    )
    name, arguments, reason = "", "", None
    for chunk in stream:
        reason = chunk.choices[0].finish_reason
        for delta in chunk.choices[0].delta.tool_calls or []:
            assert delta.function is not None
            name += delta.function.name or ""
            arguments += delta.function.arguments or ""
    assert (name, arguments, reason) == ("weather", call.function.arguments, "tool_calls")


def test_a_tools_answer_ends_the_calls(simulator: Simulator, client: openai.OpenAI) -> None:
    simulator.behave(call_tools="auto")
    first = client.chat.completions.create(model="gpt-4o", messages=USER, tools=[WEATHER]).choices[0].message
    assert first.tool_calls is not None
    answered: Any = [*USER, first.to_dict(), {"role": "tool", "tool_call_id": first.tool_calls[0].id, "content": "sun"}]
    second = client.chat.completions.create(model="gpt-4o", messages=answered, tools=[WEATHER]).choices[0].message
    assert second.tool_calls is None
    assert second.content


@pytest.mark.parametrize(
    ("choice", "called"),
    [
        ("none", None),
        ("auto", None),
        ("required", "weather"),
        ({"type": "function", "function": {"name": "other"}}, "other"),
        (
            {
                "type": "allowed_tools",
                "allowed_tools": {"mode": "required", "tools": [{"type": "function", "function": {"name": "other"}}]},
            },
            "other",
        ),
    ],
)
def test_which_tool_is_called(client: openai.OpenAI, choice: Any, called: str | None) -> None:
    tools: Any = [WEATHER, {"type": "function", "function": {"name": "other"}}]
    answer = client.chat.completions.create(model="gpt-4o", messages=USER, tools=tools, tool_choice=choice)
    calls: list[Any] = list(answer.choices[0].message.tool_calls or [])
    assert [call.function.name for call in calls] == ([] if called is None else [called])


def test_a_limit_cuts_and_a_stop_sequence_ends(client: openai.OpenAI) -> None:
    cut = client.chat.completions.create(model="gpt-4o", messages=USER, max_tokens=3)
    assert cut.choices[0].finish_reason == "length"
    assert cut.usage is not None
    assert cut.usage.completion_tokens == 3
    ended = client.chat.completions.create(model="gpt-4o", messages=USER, stop=["wrote"])
    assert ended.choices[0].message.content == "[simulated] No model "
    assert ended.choices[0].finish_reason == "stop"


def test_reasoning_counts_against_the_limit(client: openai.OpenAI) -> None:
    answer = client.chat.completions.create(
        model="o4-mini", messages=USER, reasoning_effort="high", max_completion_tokens=10
    )
    assert answer.usage is not None
    assert answer.usage.completion_tokens_details is not None
    assert answer.usage.completion_tokens_details.reasoning_tokens == 10
    assert answer.choices[0].message.content == ""
    assert answer.choices[0].finish_reason == "length"


def test_echo_gives_back_the_messages(simulator: Simulator, client: openai.OpenAI) -> None:
    simulator.behave(echo=True)
    messages: list[Any] = [{"role": "system", "content": "Früh"}, *USER]
    answer = client.chat.completions.create(model="gpt-4o", messages=messages, max_tokens=1)
    assert answer.choices[0].message.content == json.dumps(messages)


@pytest.mark.parametrize("stream", [False, True])
def test_what_is_stored_can_be_asked_for(client: openai.OpenAI, stream: bool) -> None:
    asked: Callable[..., Any] = client.chat.completions.create
    made = asked(model="gpt-4o", messages=USER, store=True, metadata={"a": "b"}, stream=stream)
    name = {chunk.id for chunk in made}.pop() if stream else made.id
    assert client.chat.completions.retrieve(name).metadata == {"a": "b"}
    assert [kept.id for kept in client.chat.completions.list(metadata={})] == [name]
    assert client.chat.completions.delete(name).deleted
    with pytest.raises(openai.NotFoundError, match="store=true"):
        client.chat.completions.retrieve(name)


def test_log_probabilities_belong_to_the_tokens(client: openai.OpenAI) -> None:
    answer = client.chat.completions.create(model="gpt-4o", messages=USER, logprobs=True, top_logprobs=2)
    choice = answer.choices[0]
    assert choice.logprobs is not None
    entries = choice.logprobs.content or []
    assert "".join(entry.token for entry in entries) == choice.message.content
    assert all(entry.logprob <= 0 and entry.top_logprobs[0].token == entry.token for entry in entries)
