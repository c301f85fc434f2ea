"""A package in the words of the other API: nothing is lost, nothing half said, and OpenAI's description agrees."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quire.domain.errors import InvalidInput
from quire.domain.package import make_package
from quire.domain.translated_content import input_of, messages_of
from quire.domain.translated_params import params_as
from quire.domain.translation import asked_by
from tests.simulator.conftest import validate as validate  # a fixture

Validate = Callable[[str, Any], None]

texts = st.text(max_size=20)
names = st.from_regex(r"[a-z_]{1,12}", fullmatch=True)
images = st.fixed_dictionaries(
    {"url": st.just("https://example.com/a.png"), "detail": st.sampled_from(["auto", "low", "high"])}
)
user_parts = st.lists(
    st.one_of(
        st.fixed_dictionaries({"type": st.just("text"), "text": texts}),
        st.fixed_dictionaries({"type": st.just("image_url"), "image_url": images}),
        st.fixed_dictionaries({"type": st.just("file"), "file": st.fixed_dictionaries({"file_id": st.just("file-1")})}),
    ),
    min_size=1,
    max_size=3,
)
calls = st.lists(
    st.fixed_dictionaries(
        {
            "id": names,
            "type": st.just("function"),
            "function": st.fixed_dictionaries({"name": names, "arguments": st.just("{}")}),
        }
    ),
    min_size=1,
    max_size=2,
)
assistant = st.one_of(
    st.fixed_dictionaries({"role": st.just("assistant"), "content": texts}),
    st.fixed_dictionaries({"role": st.just("assistant"), "content": st.none(), "tool_calls": calls}),
)
turns = st.one_of(
    st.fixed_dictionaries({"role": st.sampled_from(["system", "developer"]), "content": texts}),
    st.fixed_dictionaries({"role": st.just("user"), "content": st.one_of(texts, user_parts)}),
    st.tuples(assistant, st.fixed_dictionaries({"role": st.just("tool"), "tool_call_id": names, "content": texts})),
)
conversations = st.lists(turns, min_size=1, max_size=6).map(
    lambda found: [message for turn in found for message in (turn if isinstance(turn, tuple) else (turn,))]
)


@given(conversations)
def test_messages_come_back_as_they_were(messages: list[dict[str, Any]]) -> None:
    assert messages_of(input_of(messages), None) == messages


@given(conversations)
def test_translating_changes_nothing_that_it_is_given(messages: list[dict[str, Any]]) -> None:
    import copy

    before = copy.deepcopy(messages)
    items = input_of(messages)
    between = copy.deepcopy(items)
    messages_of(items, "Be brief.")
    assert messages == before
    assert items == between


tools = st.lists(
    st.fixed_dictionaries(
        {
            "type": st.just("function"),
            "function": st.fixed_dictionaries(
                {"name": names, "parameters": st.just({"type": "object"}), "strict": st.booleans()},
                optional={"description": texts},
            ),
        }
    ),
    min_size=1,
    max_size=2,
)
schemas = st.fixed_dictionaries(
    {"name": names, "schema": st.just({"type": "object"})}, optional={"strict": st.booleans()}
)
chat_params = st.fixed_dictionaries(
    {},
    optional={
        "temperature": st.floats(0, 2),
        "top_p": st.floats(0, 1),
        "max_completion_tokens": st.integers(16, 99),
        "reasoning_effort": st.sampled_from(["low", "medium", "high"]),
        "verbosity": st.sampled_from(["low", "high"]),
        "parallel_tool_calls": st.booleans(),
        "tools": tools,
        "tool_choice": st.one_of(
            st.sampled_from(["auto", "none", "required"]),
            st.fixed_dictionaries({"type": st.just("function"), "function": st.fixed_dictionaries({"name": names})}),
        ),
        "response_format": st.one_of(
            st.just({"type": "json_object"}),
            st.fixed_dictionaries({"type": st.just("json_schema"), "json_schema": schemas}),
        ),
        "store": st.booleans(),
        "metadata": st.dictionaries(names, texts, max_size=2),
    },
)


@given(chat_params)
def test_parameters_come_back_as_they_were(params: dict[str, Any]) -> None:
    assert params_as("chat.completions", params_as("responses", params)) == params


_ITEMS = {
    "message": "EasyInputMessage",
    "function_call": "FunctionToolCall",
    "function_call_output": "FunctionCallOutputItemParam",
}


@settings(max_examples=8)  # OpenAI's description is large, and takes a while to be held against
@given(conversations, chat_params)
def test_a_chat_package_is_a_request_of_the_responses_api(
    validate: Validate, messages: list[dict[str, Any]], params: dict[str, Any]
) -> None:
    validate("CreateResponse", {"model": "gpt-4o-mini", "input": "Hi", **params_as("responses", params)})
    for item in input_of(messages):  # one by one: the description takes a message for two kinds of item at once
        validate(_ITEMS[item.get("type", "message")], item)


@settings(max_examples=8)  # OpenAI's description is large, and takes a while to be held against
@given(conversations, chat_params)
def test_a_responses_package_is_a_request_of_chat_completions(
    validate: Validate, messages: list[dict[str, Any]], params: dict[str, Any]
) -> None:
    said = messages_of(input_of(messages), "Be brief.")
    back = params_as("chat.completions", params_as("responses", params))
    validate("CreateChatCompletionRequest", {"model": "gpt-4o-mini", "messages": said, **back})


@pytest.mark.parametrize(
    ("params", "said"),
    [
        ({"max_tokens": 5}, {"max_output_tokens": 5}),
        ({"n": 1, "frequency_penalty": 0, "modalities": ["text"]}, {}),
        ({"logprobs": True, "top_logprobs": 3}, {"include": ["message.output_text.logprobs"], "top_logprobs": 3}),
        (
            {"verbosity": "low", "response_format": {"type": "text"}},
            {"text": {"verbosity": "low", "format": {"type": "text"}}},
        ),
        (
            {"tools": [{"type": "function", "function": {"name": "f"}}]},
            {"tools": [{"type": "function", "name": "f", "parameters": {}, "strict": False}]},
        ),
    ],
)
def test_chat_parameters_have_these_counterparts(params: dict[str, Any], said: dict[str, Any]) -> None:
    assert params_as("responses", params) == said


@pytest.mark.parametrize(
    ("params", "said"),
    [
        ({"max_output_tokens": 5}, {"max_completion_tokens": 5}),
        ({"truncation": "disabled", "background": False}, {}),
        ({"include": ["message.output_text.logprobs"], "top_logprobs": 3}, {"logprobs": True, "top_logprobs": 3}),
        ({"reasoning": {"effort": "low", "summary": None}}, {"reasoning_effort": "low"}),
        (
            {"tools": [{"type": "function", "name": "f", "parameters": {}, "strict": None}]},
            {"tools": [{"type": "function", "function": {"name": "f", "parameters": {}, "strict": True}}]},
        ),
    ],
)
def test_parameters_of_a_response_have_these_counterparts(params: dict[str, Any], said: dict[str, Any]) -> None:
    assert params_as("chat.completions", params) == said


@pytest.mark.parametrize(
    ("task", "params", "named"),
    [
        ("responses", {"stop": ["x"], "seed": 1, "temperature": 1}, "'seed', 'stop'"),
        ("responses", {"n": 2}, "'n'"),
        ("responses", {"audio": {"voice": "alloy"}}, "'audio'"),
        ("chat.completions", {"truncation": "auto"}, "'truncation'"),
        ("chat.completions", {"tools": [{"type": "web_search"}]}, "'tools'"),
        ("chat.completions", {"reasoning": {"summary": "auto"}}, "'reasoning'"),
        ("chat.completions", {"include": ["reasoning.encrypted_content"]}, "'include'"),
    ],
)
def test_what_has_no_counterpart_is_refused_by_name(task: Any, params: dict[str, Any], named: str) -> None:
    with pytest.raises(InvalidInput, match=named):
        params_as(task, params)


def test_audio_and_items_that_only_one_api_has_are_refused_with_their_place() -> None:
    audio = {"type": "input_audio", "input_audio": {"data": "", "format": "wav"}}
    with pytest.raises(InvalidInput, match=r"messages\[1\]\.content\[0\] has a part of the type 'input_audio'"):
        input_of([{"role": "user", "content": "Hi"}, {"role": "user", "content": [audio]}])
    with pytest.raises(InvalidInput, match=r"input\[0\] has an item of the type 'reasoning'"):
        messages_of([{"type": "reasoning", "summary": []}], None)


def test_calls_in_a_row_are_calls_of_one_message() -> None:
    items = [
        {"role": "assistant", "content": "Let me see."},
        {"type": "function_call", "call_id": "a", "name": "f", "arguments": "{}"},
        {"type": "function_call", "call_id": "b", "name": "g", "arguments": "{}"},
    ]
    [message] = messages_of(items, None)
    assert message["content"] == "Let me see."
    assert [call["id"] for call in message["tool_calls"]] == ["a", "b"]


def test_open_parameters_go_by_the_other_apis_names() -> None:
    from quire.domain.schema import DataType, ParamSchema, ParamSpec
    from quire.domain.signature import ModelSignature

    opened = ParamSchema(
        [ParamSpec("max_tokens", DataType.long, 7, minimum=1, maximum=9), ParamSpec("stop", DataType.string, None)]
    )
    package = make_package("m", "chat.completions", {}, ModelSignature(params=opened))
    asked = asked_by(package, "responses")
    assert asked.constant == {"max_output_tokens": 7}
    assert list(asked.params) == ["max_output_tokens"]
    assert asked.params["max_output_tokens"].maximum == 9
