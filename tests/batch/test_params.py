from __future__ import annotations

import pytest

from quire.batch import read_params
from quire.domain.errors import PolicyError
from quire.domain.schema import ParamSchema, ParamSpec

SCHEMA = ParamSchema(
    [
        ParamSpec("temperature", "double", 0.2, minimum=0, maximum=2),
        ParamSpec("n", "long", 1),
        ParamSpec("logprobs", "boolean", False),
        ParamSpec("user", "string", "x"),
        ParamSpec("stop", "string", ["."], (-1,)),
    ]
)


def test_texts_are_read_by_the_types_of_the_signature() -> None:
    given = ["temperature=1", "n=3", "logprobs=True", "user= a=b ", 'stop=["!", "?"]']
    assert read_params(SCHEMA, given) == {
        "temperature": 1.0,
        "n": 3,
        "logprobs": True,
        "user": " a=b ",
        "stop": ["!", "?"],
    }


def test_a_name_that_the_schema_lacks_is_left_to_the_policy() -> None:
    assert read_params(SCHEMA, ["seed=1"]) == {"seed": "1"}
    assert read_params(None, ["seed=1"]) == {"seed": "1"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("temperature", "'temperature' has no value; expected name=value"),
        ("=1", "'=1' has no value"),
        ("temperature=hot", "Parameter 'temperature' is 'hot'; expected a double from 0 to 2"),
        ("n=1.5", "Parameter 'n' is '1.5'; expected a long"),
        ("logprobs=maybe", "Parameter 'logprobs' is 'maybe'; expected a boolean"),
        ("stop=!", "Parameter 'stop' is '!'; expected a JSON list"),
    ],
)
def test_text_that_cannot_be_read_is_refused(text: str, message: str) -> None:
    with pytest.raises(PolicyError, match=message):
        read_params(SCHEMA, [text])


def test_a_parameter_given_twice_is_refused() -> None:
    with pytest.raises(PolicyError, match="'n' is given twice"):
        read_params(SCHEMA, ["n=1", "n=2"])
