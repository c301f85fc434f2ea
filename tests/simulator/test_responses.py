"""The Responses API, with the official SDK as the client: whole, streamed, parsed, with tools, continued, stored."""

from __future__ import annotations

import json
from typing import Any

import openai
import pytest
from pydantic import BaseModel

from quire.testing import Simulator

MODEL = "gpt-4o"
WEATHER: Any = {
    "type": "function",
    "name": "weather",
    "strict": True,
    "parameters": {
        "type": "object",
        "properties": {"city": {"type": "string"}},
        "required": ["city"],
        "additionalProperties": False,
    },
}


class Cat(BaseModel):
    name: str
    age: int


def test_an_answer_is_labelled_as_simulated(client: openai.OpenAI) -> None:
    answer = client.responses.create(model=MODEL, input="hello")
    assert answer.status == "completed"
    assert answer.output_text.startswith("[simulated] No model wrote this:")
    assert answer.usage is not None
    assert answer.usage.total_tokens == answer.usage.input_tokens + answer.usage.output_tokens


def test_a_stream_says_what_the_whole_says(client: openai.OpenAI) -> None:
    whole = client.responses.create(model=MODEL, input="hello")
    pieces, final = [], None
    for event in client.responses.create(model=MODEL, input="hello", stream=True):
        if event.type == "response.output_text.delta":
            pieces.append(event.delta)
        if event.type == "response.completed":
            final = event.response
    assert final is not None
    assert "".join(pieces) == final.output_text == whole.output_text
    assert final.usage == whole.usage


def test_stream_helper_gathers_the_response(client: openai.OpenAI) -> None:
    with client.responses.stream(model=MODEL, input="hello", text_format=Cat) as stream:
        events = [event.type for event in stream]
        final = stream.get_final_response()
    assert events[:2] == ["response.created", "response.in_progress"]
    assert isinstance(final.output_parsed, Cat)


def test_parse_gives_an_instance(client: openai.OpenAI) -> None:
    assert isinstance(client.responses.parse(model=MODEL, input="hello", text_format=Cat).output_parsed, Cat)


async def test_async_and_sync_get_the_same(simulator: Simulator) -> None:
    with openai.OpenAI() as client:
        expected = client.responses.create(model=MODEL, input="hello").output_text
    async with openai.AsyncOpenAI() as client_:
        assert (await client_.responses.create(model=MODEL, input="hello")).output_text == expected
        async with client_.responses.stream(model=MODEL, input="hello") as stream:
            assert (await stream.get_final_response()).output_text == expected


def test_a_tool_is_called_answered_and_the_talk_goes_on(client: openai.OpenAI) -> None:
    first = client.responses.create(model=MODEL, input="hello", tools=[WEATHER], tool_choice="required")
    call: Any = first.output[0]
    assert (call.type, call.name, list(json.loads(call.arguments))) == ("function_call", "weather", ["city"])
    answered: Any = [{"type": "function_call_output", "call_id": call.call_id, "output": "sun"}]
    second = client.responses.create(model=MODEL, previous_response_id=first.id, input=answered, tools=[WEATHER])
    assert second.output_text
    assert second.usage is not None
    assert first.usage is not None
    assert second.usage.input_tokens > first.usage.input_tokens
    with pytest.raises(openai.BadRequestError, match="No tool output found for function call"):
        client.responses.create(model=MODEL, previous_response_id=first.id, input="and now?")


def test_a_streamed_tools_arguments_add_up(client: openai.OpenAI) -> None:
    pieces, whole = [], None
    for event in client.responses.create(
        model=MODEL, input="hello", tools=[WEATHER], tool_choice="required", stream=True
    ):
        if event.type == "response.function_call_arguments.delta":
            pieces.append(event.delta)
        if event.type == "response.function_call_arguments.done":
            whole = event.arguments
    assert "".join(pieces) == whole
    assert len(pieces) > 1


def test_a_limit_leaves_the_response_incomplete(client: openai.OpenAI) -> None:
    answer = client.responses.create(model=MODEL, input="hello", max_output_tokens=16)
    assert answer.status == "incomplete"
    assert answer.incomplete_details is not None
    assert answer.incomplete_details.reason == "max_output_tokens"


def test_a_response_is_kept_listed_and_deleted(client: openai.OpenAI) -> None:
    made = client.responses.create(model=MODEL, input="hello")
    assert client.responses.retrieve(made.id).output_text == made.output_text
    again = [event for event in client.responses.retrieve(made.id, stream=True) if event.type == "response.completed"]
    assert again[0].response.output_text == made.output_text
    (item,) = client.responses.input_items.list(made.id)
    assert item.to_dict()["content"] == [{"type": "input_text", "text": "hello"}]
    client.responses.delete(made.id)
    with pytest.raises(openai.NotFoundError):
        client.responses.retrieve(made.id)


def test_messages_and_references_may_leave_their_type_out(client: openai.OpenAI) -> None:
    given: Any = [{"role": "user", "content": "hello"}, {"id": "msg_1"}]
    made = client.responses.create(model=MODEL, input=given)
    kinds = [item.to_dict()["type"] for item in client.responses.input_items.list(made.id, order="asc")]
    assert kinds == ["message", "item_reference"]


def test_what_is_not_to_be_stored_is_not(client: openai.OpenAI) -> None:
    made = client.responses.create(model=MODEL, input="hello", store=False)
    with pytest.raises(openai.NotFoundError):
        client.responses.retrieve(made.id)


def test_in_the_background_it_is_queued_and_then_done(client: openai.OpenAI) -> None:
    made = client.responses.create(model=MODEL, input="hello", background=True)
    assert (made.status, made.output) == ("queued", [])
    assert client.responses.cancel(made.id).status == "completed"
    assert client.responses.retrieve(made.id).output_text


def test_tokens_are_counted_without_an_answer(client: openai.OpenAI) -> None:
    made = client.responses.create(model=MODEL, input="hello", instructions="Be brief.")
    counted = client.responses.input_tokens.count(model=MODEL, input="hello", instructions="Be brief.")
    assert made.usage is not None
    assert counted.input_tokens == made.usage.input_tokens


@pytest.mark.parametrize(
    ("given", "expected"),
    [("hello", "hello"), ([{"role": "user", "content": "hello"}], '[{"role": "user", "content": "hello"}]')],
)
def test_echo_gives_back_the_input(simulator: Simulator, client: openai.OpenAI, given: Any, expected: str) -> None:
    simulator.behave(echo=True)
    assert client.responses.create(model=MODEL, input=given).output_text == expected


def test_a_reasoning_model_thinks_and_may_say_what(client: openai.OpenAI) -> None:
    answer = client.responses.create(model="gpt-5", input="hello", reasoning={"effort": "low", "summary": "auto"})
    assert [item.type for item in answer.output] == ["reasoning", "message"]
    assert answer.usage is not None
    assert answer.usage.output_tokens_details.reasoning_tokens > 0
