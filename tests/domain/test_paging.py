"""Page tokens."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quire.domain.errors import InvalidInput
from quire.domain.paging import Page, decode_token, encode_token

values = (
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False) | st.text(max_size=50)
)


@given(st.lists(values, max_size=6), st.lists(st.text(max_size=10), max_size=3))
def test_a_position_is_read_back_exactly(position: list[Any], query: list[str]) -> None:
    token = encode_token(position, query)
    assert decode_token(token, query) == position
    assert token.isascii()
    assert set(token) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")


def test_infinity_survives() -> None:
    assert decode_token(encode_token([math.inf, -math.inf])) == [math.inf, -math.inf]


def test_a_token_of_another_search_is_refused() -> None:
    token = encode_token([1], ["runs", "metrics.a > 1"])
    with pytest.raises(InvalidInput, match=r"belongs to another search.*pass no token"):
        decode_token(token, ["runs", "metrics.a > 2"])


@given(st.text(max_size=40))
def test_no_text_does_worse_than_being_refused(text: str) -> None:
    with pytest.raises(InvalidInput, match="page token"):
        decode_token(text, ["a search"])


def test_a_page_is_a_list_with_a_token() -> None:
    page = Page([1, 2], "next")
    assert page == [1, 2]
    assert page.token == "next"
    assert Page().token is None
