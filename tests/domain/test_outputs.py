"""Outputs: what is read from each shape of answer, and what is said of an answer without that shape."""

from __future__ import annotations

import array
import base64
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quire.domain.calls import Answer, Call, Task, Usage
from quire.domain.outputs import UnreadableAnswer, decode_embedding, read_outputs


def outputs(task: Task, response: dict[str, Any], rows: int = 1, body: dict[str, Any] | None = None) -> list[Any]:
    return read_outputs(Answer(Call(task, body or {}, tuple(range(rows))), response, Usage(), 0.1))


def message(**fields: Any) -> dict[str, Any]:
    return {"choices": [{"index": 0, "message": {"role": "assistant", **fields}}]}


CALLS = [{"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}]


@pytest.mark.parametrize(
    ("fields", "output"),
    [
        ({"content": "Hi"}, "Hi"),
        ({"content": ""}, ""),
        ({"content": None, "refusal": "No."}, "No."),
        ({"content": None}, ""),
        (
            {"content": None, "tool_calls": CALLS},
            '[{"id":"c","type":"function","function":{"name":"f","arguments":"{}"}}]',
        ),
        ({"content": "Hi", "tool_calls": CALLS}, "Hi"),
    ],
)
def test_chat(fields: dict[str, Any], output: str) -> None:
    assert outputs("chat.completions", message(**fields)) == [output]


def test_completions_come_back_by_index_first_choice_of_each() -> None:
    choices = [{"index": index, "text": f"t{index}"} for index in (3, 0, 2, 1)]
    assert outputs("completions", {"choices": choices}, 4) == ["t0", "t1", "t2", "t3"]
    assert outputs("completions", {"choices": choices}, 2, {"n": 2}) == ["t0", "t2"]


def test_embeddings_come_back_by_index_as_floats() -> None:
    encoded = base64.b64encode(array.array("f", [0.5, -1.0]).tobytes()).decode()
    data = [{"index": 1, "embedding": [1.0]}, {"index": 0, "embedding": encoded}]
    assert outputs("embeddings", {"data": data}, 2) == [[0.5, -1.0], [1.0]]


@given(st.lists(st.floats(width=32, allow_nan=False)))
def test_base64_embeddings_are_exact(values: list[float]) -> None:
    assert decode_embedding(base64.b64encode(array.array("f", values).tobytes()).decode()) == values


@pytest.mark.parametrize(
    ("items", "output"),
    [
        (
            [
                {
                    "type": "message",
                    "content": [{"type": "output_text", "text": "a"}, {"type": "output_text", "text": "b"}],
                }
            ],
            "ab",
        ),
        ([{"type": "reasoning"}, {"type": "message", "content": [{"type": "refusal", "refusal": "No."}]}], "No."),
        ([{"type": "function_call", "name": "f"}], '[{"type":"function_call","name":"f"}]'),
        ([], ""),
    ],
)
def test_responses(items: list[Any], output: str) -> None:
    assert outputs("responses", {"output": items}) == [output]


@pytest.mark.parametrize("task", ["chat.completions", "completions", "embeddings", "responses"])
@pytest.mark.parametrize(
    "response", [{}, {"choices": []}, {"choices": [3]}, {"output": 3}, {"data": [{}]}, {"output": [3]}]
)
def test_an_answer_of_another_shape_is_named(task: Task, response: dict[str, Any]) -> None:
    with pytest.raises(UnreadableAnswer, match=r"OpenAI-compatible service\?|1 inputs were sent"):
        outputs(task, response)


def test_a_wrong_number_of_outputs_is_named() -> None:
    with pytest.raises(UnreadableAnswer, match="3 inputs were sent in one embeddings request and 1 came back"):
        outputs("embeddings", {"data": [{"index": 0, "embedding": [1.0]}]}, 3)
