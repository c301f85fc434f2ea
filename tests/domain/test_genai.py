"""Messages as OpenTelemetry's conventions write them, from every kind of request and answer."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from quire.domain.genai import INPUT, OUTPUT, SYSTEM, content_attributes, input_messages, output_messages


def test_chat_with_tools_and_pictures():
    request = {
        "messages": [
            {"role": "system", "content": "Be short."},
            {
                "role": "user",
                "content": [
                    {"type": "text", "text": "What is it?"},
                    {"type": "image_url", "image_url": {"url": "https://example.org/cat.png"}},
                    {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}},
                    {"type": "input_audio", "input_audio": {"data": "BBBB", "format": "mp3"}},
                ],
            },
            {
                "role": "assistant",
                "content": None,
                "tool_calls": [
                    {"id": "c1", "type": "function", "function": {"name": "look", "arguments": '{"at": 1}'}}
                ],
            },
            {"role": "tool", "tool_call_id": "c1", "content": "a cat"},
        ]
    }
    system, user, assistant, tool = input_messages(request)
    assert system == {"role": "system", "parts": [{"type": "text", "content": "Be short."}]}
    assert user["parts"] == [
        {"type": "text", "content": "What is it?"},
        {"type": "uri", "modality": "image", "uri": "https://example.org/cat.png"},
        {"type": "blob", "modality": "image", "mime_type": "image/png", "content": "AAAA"},
        {"type": "blob", "modality": "audio", "mime_type": "audio/mp3", "content": "BBBB"},
    ]
    assert assistant["parts"] == [{"type": "tool_call", "id": "c1", "name": "look", "arguments": {"at": 1}}]
    assert tool == {"role": "tool", "parts": [{"type": "tool_call_response", "id": "c1", "response": "a cat"}]}


def test_answers_of_a_chat_and_of_completions():
    chat = {"choices": [{"finish_reason": "stop", "message": {"role": "assistant", "content": "A", "refusal": "no"}}]}
    parts = [{"type": "text", "content": "A"}, {"type": "text", "content": "no"}]
    assert output_messages(chat) == [{"role": "assistant", "parts": parts, "finish_reason": "stop"}]
    completion = {"choices": [{"text": "B", "finish_reason": "length"}]}
    assert output_messages(completion) == [
        {"role": "assistant", "parts": [{"type": "text", "content": "B"}], "finish_reason": "length"}
    ]
    assert input_messages({"prompt": "Say B"}) == [{"role": "user", "parts": [{"type": "text", "content": "Say B"}]}]


def test_responses():
    request = {
        "instructions": "Be short.",
        "input": [
            {"role": "user", "content": [{"type": "input_text", "text": "Hi"}]},
            {"type": "function_call", "call_id": "c", "name": "f", "arguments": "not json"},
            {"type": "function_call_output", "call_id": "c", "output": "7"},
        ],
    }
    answer = {
        "status": "completed",
        "output": [
            {"type": "reasoning", "summary": [{"type": "summary_text", "text": "I think."}]},
            {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "Hello"}]},
        ],
    }
    made = {name: json.loads(text) for name, text in content_attributes(request, answer).items()}
    assert made[SYSTEM] == [{"type": "text", "content": "Be short."}]
    assert [message["role"] for message in made[INPUT]] == ["user", "assistant", "tool"]
    assert made[INPUT][1]["parts"][0]["arguments"] == "not json"
    assert made[OUTPUT] == [
        {
            "role": "assistant",
            "parts": [{"type": "reasoning", "content": "I think."}, {"type": "text", "content": "Hello"}],
            "finish_reason": "stop",
        }
    ]


def test_what_is_no_call_of_a_model_has_no_messages():
    assert content_attributes("text", ["other"]) == {}
    assert content_attributes({"a": 1}, None) == {}


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["messages", "content", "role", "type", "tool_calls", "function", "choices", "message", "input"]
            )
            | st.sampled_from(["output", "image_url", "input_audio", "summary", "text", "prompt"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(json_values, json_values)
def test_nothing_that_a_program_sends_makes_it_fail(inputs, outputs):
    content_attributes(inputs, outputs)
