"""Whom a text mentions."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quire.domain.mentions import MOST_MENTIONS, mentions_in


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("@ada look", ["ada"]),
        ("thanks @ada.", ["ada"]),
        ("(@ada, @bob-b)", ["ada", "bob-b"]),
        ("@ada and @ada again", ["ada"]),
        ("@ada@example.com wrote", ["ada@example.com"]),
        ('@"Ada Lovelace" knows', ["Ada Lovelace"]),
        ("mail ada@example.com", []),
        ("https://example.com/@ada", []),
        ("an @ alone", []),
        ("`@ada` is code", []),
        ("``a ` @ada`` @bob", ["bob"]),
        ("```\n@ada\n```\n@bob", ["bob"]),
        ("~~~\n@ada", []),
        ("@Jürgen und @李", ["Jürgen", "李"]),
        ("**@ada**", ["ada"]),
    ],
)
def test_names_are_found_where_people_are_meant(text: str, names: list[str]) -> None:
    assert mentions_in(text) == names


def test_a_text_mentions_no_more_than_some() -> None:
    assert len(mentions_in(" ".join(f"@n{number}" for number in range(200)))) == MOST_MENTIONS


@given(st.text(alphabet='@"` \n~abc.é'))
def test_any_text_can_be_looked_at(text: str) -> None:
    for name in mentions_in(text):
        assert name in text
        assert name.strip() == name != ""
