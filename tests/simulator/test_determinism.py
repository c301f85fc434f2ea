"""The same seed and request give the same answer, in any process; with a clock, the same bytes."""

from __future__ import annotations

import json
from typing import Any

import pytest

from quire.testing import Simulator, SimulatorProcess
from tests.simulator.conftest import Raw

SCHEMA = {"type": "object", "properties": {"a": {"type": "number"}}, "required": ["a"], "additionalProperties": False}
CHAT = {"model": "gpt-4o", "messages": [{"role": "user", "content": "hello"}]}
REQUESTS: list[tuple[str, dict[str, Any]]] = [
    ("chat/completions", {**CHAT, "n": 2, "logprobs": True, "top_logprobs": 1}),
    ("chat/completions", {**CHAT, "stream": True}),
    (
        "chat/completions",
        {**CHAT, "response_format": {"type": "json_schema", "json_schema": {"name": "n", "schema": SCHEMA}}},
    ),
    (
        "chat/completions",
        {
            **CHAT,
            "tools": [{"type": "function", "function": {"name": "f", "parameters": SCHEMA}}],
            "tool_choice": "required",
        },
    ),
    ("completions", {"model": "gpt-3.5-turbo-instruct", "prompt": ["a", "b"]}),
    ("embeddings", {"model": "text-embedding-3-small", "input": "a", "dimensions": 5}),
    ("responses", {"model": "gpt-5", "input": "hello", "reasoning": {"summary": "auto"}}),
    ("responses", {"model": "gpt-4o", "input": "hello", "stream": True}),
    ("moderations", {"input": "hello"}),
]


def answers(raw: Raw) -> list[bytes]:
    return [raw(f"/v1/{path}", body)[2] for path, body in REQUESTS]


def words(raw: Raw, **more: Any) -> str:
    body = {**CHAT, **more}
    text: str = json.loads(raw("/v1/chat/completions", body)[2])["choices"][0]["message"]["content"]
    return text


def test_with_a_clock_two_simulators_give_the_same_bytes() -> None:
    given = []
    for kind in (Simulator, SimulatorProcess):
        with kind(clock=1_700_000_000, seed=7) as running:
            given += [answers(Raw(running.port)) for _ in range(2)]
    assert given[0] == given[1] == given[2] == given[3]
    assert json.loads(given[0][0])["created"] == 1_700_000_000


def test_with_a_clock_uploads_get_ids_by_their_order() -> None:
    import openai

    names = []
    for _ in range(2):
        with Simulator(clock=1_700_000_000) as running, openai.OpenAI(base_url=running.base_url, api_key="k") as client:
            names.append([client.files.create(file=("a.txt", b"a"), purpose="user_data").id for _ in range(2)])
    assert names[0] == names[1]
    assert names[0][0] != names[0][1]


def test_without_a_clock_every_answer_has_an_id_of_its_own(raw: Raw) -> None:
    assert len({raw.json("/v1/chat/completions", CHAT)["id"] for _ in range(3)}) == 3
    assert words(raw) == words(raw)


def test_another_seed_says_something_else(simulator: Simulator, raw: Raw) -> None:
    first = words(raw)
    simulator.behave(seed=1)
    assert words(raw) != first


@pytest.mark.parametrize(
    "more",
    [
        {"temperature": 0.5},
        {"seed": 5},
        {"model": "gpt-4o-mini"},
        {"messages": [{"role": "system", "content": "Be kind."}, *CHAT["messages"]]},  # type: ignore[misc]
    ],
)
def test_what_decides_the_words(raw: Raw, more: dict[str, Any]) -> None:
    assert words(raw, **more) != words(raw)


@pytest.mark.parametrize("more", [{"user": "someone"}, {"max_tokens": 500}, {"n": 1}])
def test_what_leaves_the_words_alone(raw: Raw, more: dict[str, Any]) -> None:
    assert words(raw, **more) == words(raw)


def test_a_text_and_a_message_that_says_it_are_one_question(raw: Raw) -> None:
    said = ["hello", [{"role": "user", "content": "hello"}], [{"type": "message", "role": "user", "content": "hello"}]]
    answers = [raw.json("/v1/responses", {"model": "gpt-4o", "input": given})["output"][0] for given in said]
    assert len({answer["content"][0]["text"] for answer in answers}) == 1
