"""What a token may ask endpoints for."""

from __future__ import annotations

from typing import Any

import pytest

from quire.domain.allowances import OF_REQUEST, ParameterRefused, ParameterRule, check_parameters

RULE = ParameterRule(only=("temperature", "max_tokens"), most={"max_tokens": 100, "temperature": 1})


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"temperature": 1, "max_tokens": 100},
        {"max_tokens": None, "tools": None},
        dict.fromkeys(OF_REQUEST, "what is asked is no parameter"),
    ],
)
def test_what_a_rule_allows_passes(body: dict[str, Any]) -> None:
    check_parameters(RULE, body)


@pytest.mark.parametrize(
    ("body", "param", "message"),
    [
        ({"top_p": 0.5}, "top_p", "may not set the parameter 'top_p'. It may set: temperature, max_tokens"),
        ({"max_tokens": 101}, "max_tokens", "max_tokens is 101; this token may ask for at most 100"),
        ({"temperature": 1.5}, "temperature", "temperature is 1.5"),
        ({"temperature": float("nan")}, "temperature", "temperature is nan"),
        ({"max_tokens": "many"}, "max_tokens", "max_tokens is 'many'; expected a number up to 100"),
        ({"max_tokens": True}, "max_tokens", "max_tokens is 'True'"),
    ],
)
def test_what_a_rule_does_not_allow_is_named(body: dict[str, Any], param: str, message: str) -> None:
    with pytest.raises(ParameterRefused) as caught:
        check_parameters(RULE, body)
    assert caught.value.param == param
    assert message in caught.value.message


@pytest.mark.parametrize("name", ["max_tokens", "max_completion_tokens", "max_output_tokens"])
def test_a_longest_answer_holds_under_every_name_of_it(name: str) -> None:
    with pytest.raises(ParameterRefused, match=f"{name} is 5,?000"):
        check_parameters(ParameterRule(most={"max_tokens": 100}), {name: 5000})


def test_a_rule_that_allows_nothing_says_so() -> None:
    with pytest.raises(ParameterRefused, match="It may set: none"):
        check_parameters(ParameterRule(only=()), {"seed": 1})
