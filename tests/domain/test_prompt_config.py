"""The model configuration of a prompt is checked as OpenAI would check it."""

from __future__ import annotations

from typing import Any

import pytest

from quire.domain.errors import InvalidInput, PolicyError
from quire.domain.prompt_config import PromptModelConfig, checked_config, openai_parameters


@pytest.mark.parametrize(
    "config",
    [
        {"model_name": "gpt-4o-mini", "temperature": 0, "max_tokens": 10, "top_p": 1.0},
        {"stop": ["a", "b"], "seed": 7, "n": 2, "logprobs": True, "reasoning_effort": "low"},
        {"provider": "anthropic", "model_name": "claude", "temperature": 0.5, "top_k": 3},
        {"tools": [{"type": "function", "function": {"name": "f"}}], "tool_choice": "auto"},
    ],
)
def test_what_openai_takes_is_kept_as_it_is(config: dict[str, Any]) -> None:
    assert checked_config(config) == config
    assert checked_config(PromptModelConfig.from_dict(config)) == config


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ({"temperature": 2.1}, "from 0 to 2"),
        ({"temperature": "warm"}, "a number from 0 to 2"),
        ({"temperature": True}, "a number"),
        ({"temperature": float("nan")}, "a number"),
        ({"top_p": 1.1}, "from 0 to 1"),
        ({"max_tokens": 0}, "at least 1"),
        ({"max_tokens": 1.5}, "whole number"),
        ({"frequency_penalty": -3}, "from -2 to 2"),
        ({"stop_sequences": ["a"] * 5}, "at most 4"),
        ({"stop_sequences": [1]}, "list of texts"),
        ({"reasoning_effort": "a lot"}, "one of"),
        ({"temprature": 1}, "Did you mean 'temperature'"),
        ({"anthropic_version": "x"}, "extra_params"),
        ({"model": "gpt-4o"}, "'model_name'"),
        ({"response_format": {}}, "register_prompt"),
        ({"extra_params": 7}, "mapping"),
        ({"extra_params": {"a": object()}}, "JSON"),
        ({"provider": "anthropic", "temperature": -1}, "at least 0"),
        ({"model_name": "sk-abcdefghijklmnopqrstuvwx"}, "credential"),
        (7, "mapping such as"),
        ({7: 1}, "key 7"),
    ],
)
def test_what_openai_refuses_is_refused(config: Any, words: str) -> None:
    with pytest.raises(InvalidInput, match=words):
        checked_config(config)


@pytest.mark.parametrize("config", [{"api_key": "x"}, {"stream": True}, {"extra_params": {"api_key": "x"}}])
def test_what_no_model_may_hold_no_prompt_may_hold(config: dict[str, Any]) -> None:
    with pytest.raises(PolicyError, match="cannot be kept with a prompt"):
        checked_config(config)


def test_what_another_service_takes_is_kept_beside_the_rest() -> None:
    config = {"model_name": "claude", "extra_params": {"anthropic_version": "2023-06-01"}}
    assert checked_config(config) == {"model_name": "claude", "anthropic_version": "2023-06-01"}


def test_a_configuration_that_says_nothing_is_none() -> None:
    assert checked_config(None) is checked_config({}) is checked_config(PromptModelConfig()) is None


def test_parameters_are_sent_under_openais_names() -> None:
    config = {"provider": "openai", "model_name": "m", "stop_sequences": ["a"], "temperature": 1}
    assert openai_parameters(config) == {"stop": ["a"], "temperature": 1}
    assert openai_parameters(None) == {}
