"""Completions, with the official SDK as the client."""

from __future__ import annotations

from typing import Any

import openai

from quire.testing import Simulator

MODEL = "gpt-3.5-turbo-instruct"


def test_choices_come_in_the_order_of_the_prompts(client: openai.OpenAI) -> None:
    both = client.completions.create(model=MODEL, prompt=["one", "two"], n=2)
    alone = [client.completions.create(model=MODEL, prompt=prompt, n=2) for prompt in ("one", "two")]
    assert [choice.index for choice in both.choices] == [0, 1, 2, 3]
    assert [choice.text for choice in both.choices] == [choice.text for answer in alone for choice in answer.choices]


def test_sixteen_tokens_unless_asked_otherwise(client: openai.OpenAI) -> None:
    answer = client.completions.create(model=MODEL, prompt="one")
    assert answer.usage is not None
    assert answer.usage.completion_tokens <= 16
    longer = client.completions.create(model=MODEL, prompt="one", max_tokens=500)
    assert longer.choices[0].text.startswith(answer.choices[0].text)
    assert len(longer.choices[0].text) > len(answer.choices[0].text)


def test_a_stream_says_what_the_whole_says(client: openai.OpenAI) -> None:
    asked: dict[str, Any] = {"model": MODEL, "prompt": ["one", "two"], "echo": True, "logprobs": 2}
    whole = client.completions.create(**asked)
    texts, likely, offsets = ["", ""], [[], []], [[], []]  # type: ignore[var-annotated]
    for chunk in client.completions.create(**asked, stream=True):
        choice = chunk.choices[0]
        texts[choice.index] += choice.text
        if choice.logprobs is not None:
            likely[choice.index] += choice.logprobs.token_logprobs or []
            offsets[choice.index] += choice.logprobs.text_offset or []
    assert texts == [choice.text for choice in whole.choices]
    assert texts[0].startswith("one[simulated]")
    logs = [choice.logprobs for choice in whole.choices]
    assert likely == [log.token_logprobs for log in logs if log]
    assert offsets == [log.text_offset for log in logs if log]


def test_echo_gives_back_the_prompts(simulator: Simulator, client: openai.OpenAI) -> None:
    simulator.behave(echo=True)
    answer = client.completions.create(model=MODEL, prompt=["one", "two"], max_tokens=1)
    assert [choice.text for choice in answer.choices] == ["one", "two"]


def test_a_recorded_answer_is_cut_only_on_demand(simulator: Simulator, client: openai.OpenAI) -> None:
    long = "word " * 40
    simulator.behave(recording={"one": long})
    assert client.completions.create(model=MODEL, prompt="one").choices[0].text == long
    cut = client.completions.create(model=MODEL, prompt="one", max_tokens=2).choices[0]
    assert (cut.text, cut.finish_reason) == ("word word", "length")
