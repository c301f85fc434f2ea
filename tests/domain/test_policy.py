"""The parameter policy: what is allowed is sent, all else is refused or, when asked, left out."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quire.domain.errors import PolicyError
from quire.domain.policy import describe_allowed, refuse_fixed_and_open, resolve_params
from quire.domain.schema import ParamSchema, ParamSpec

SCHEMA = ParamSchema(
    [
        ParamSpec("temperature", "float", 0.2, minimum=0, maximum=2),
        ParamSpec("effort", "string", None, choices=["low", "high"]),
    ]
)


def test_defaults_hold_until_replaced() -> None:
    assert resolve_params(SCHEMA, None) == ({"temperature": 0.2}, [])
    assert resolve_params(SCHEMA, {"temperature": 1, "effort": "low"}) == ({"temperature": 1.0, "effort": "low"}, [])


def test_none_means_not_sent() -> None:
    assert resolve_params(SCHEMA, {"temperature": None}) == ({}, [])


def test_an_unknown_parameter_is_refused_with_what_is_allowed() -> None:
    with pytest.raises(PolicyError) as caught:
        resolve_params(SCHEMA, {"top_p": 1, "temperature": 1, "seed": 2})
    message = caught.value.message
    assert "Parameter 'top_p', 'seed' may not be set at prediction." in message
    assert "temperature: a float from 0 to 2, default 0.2" in message
    assert "effort: a string out of 'low', 'high', default None" in message
    assert "on_unknown_params='ignore'" in message


def test_an_unknown_parameter_is_left_out_when_asked() -> None:
    assert resolve_params(SCHEMA, {"top_p": 1}, "ignore") == ({"temperature": 0.2}, ["top_p"])


@pytest.mark.parametrize("value", ["hot", -1, 3, True, [1]])
def test_a_wrong_value_is_refused_even_when_unknown_ones_are_ignored(value: Any) -> None:
    with pytest.raises(PolicyError, match=r"Parameter 'temperature' is .*; expected a float from 0 to 2"):
        resolve_params(SCHEMA, {"temperature": value}, "ignore")


def test_without_a_schema_nothing_may_be_set() -> None:
    assert describe_allowed(None) == describe_allowed(ParamSchema([])) == "This model lets a caller set no parameter."
    with pytest.raises(PolicyError, match="This model lets a caller set no parameter"):
        resolve_params(None, {"temperature": 1})


@given(st.dictionaries(st.text(), st.integers() | st.text() | st.none()), st.sampled_from(["raise", "ignore"]))
def test_nothing_that_the_schema_does_not_name_gets_through(given_params: dict[str, Any], on_unknown: Any) -> None:
    try:
        values, ignored = resolve_params(SCHEMA, given_params, on_unknown)
    except PolicyError:
        return
    assert values.keys() <= {"temperature", "effort"}
    assert set(ignored) == given_params.keys() - {"temperature", "effort"}


@pytest.mark.parametrize("name", ["temperature", "messages", "model", "input", "prompt"])
def test_a_parameter_both_fixed_and_open_is_refused(name: str) -> None:
    with pytest.raises(PolicyError, match=rf"\['{name}'\] cannot be in the signature's params"):
        refuse_fixed_and_open({"temperature": 1}, ParamSchema([ParamSpec(name, "string", None)]))
    refuse_fixed_and_open({"temperature": 1}, ParamSchema([ParamSpec("top_p", "float", None)]))
