"""Reading token counts off answers, and which failures end a batch."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quire.domain.calls import BATCH_FATAL, Call, Failure, Usage, read_usage

CALL = Call("chat.completions", {"model": "m"}, (0,))


def test_usage_of_chat() -> None:
    response = {
        "usage": {
            "prompt_tokens": 10,
            "completion_tokens": 5,
            "prompt_tokens_details": {"cached_tokens": 4},
            "completion_tokens_details": {"reasoning_tokens": 3},
        }
    }
    assert read_usage(response) == Usage(10, 5, 4, 3)


def test_usage_of_responses() -> None:
    response = {
        "usage": {
            "input_tokens": 10,
            "output_tokens": 5,
            "input_tokens_details": {"cached_tokens": 4},
            "output_tokens_details": {"reasoning_tokens": 3},
        }
    }
    assert read_usage(response) == Usage(10, 5, 4, 3)


@pytest.mark.parametrize(
    "usage",
    [
        None,
        [],
        "many",
        {},
        {"prompt_tokens": None, "completion_tokens": "5"},
        {"prompt_tokens_details": [1], "completion_tokens_details": "x"},
    ],
)
def test_an_odd_usage_counts_as_nothing(usage: Any) -> None:
    assert read_usage({"usage": usage}) == Usage()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)
NAMES = st.sampled_from(["usage", "prompt_tokens", "input_tokens", "prompt_tokens_details", "cached_tokens"])


@given(st.dictionaries(NAMES, st.dictionaries(NAMES, JSON) | JSON))
def test_reading_usage_never_fails(response: dict[str, Any]) -> None:
    assert isinstance(read_usage(response), Usage)


def test_a_refused_credential_stops_the_batch_and_a_bad_row_does_not() -> None:
    assert Failure(CALL, "authentication", "no").stops_batch
    assert not Failure(CALL, "bad_request", "no").stops_batch
    assert "not_sent" not in BATCH_FATAL
