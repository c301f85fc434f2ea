from __future__ import annotations

import random
import time
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from quire.domain.textdiff import Piece, diff_text

TEXTS = st.lists(st.sampled_from(["Tell", "me", "a", "joke", " ", "\n", ".", "é", "{x}", "  "]), max_size=30).map(
    "".join
)


@given(TEXTS, TEXTS)
def test_the_pieces_make_up_both_texts(old: str, new: str) -> None:
    pieces = diff_text(old, new)
    assert "".join(piece.text for piece in pieces if piece.op != "added") == old
    assert "".join(piece.text for piece in pieces if piece.op != "removed") == new
    assert all(piece.text for piece in pieces)


@given(TEXTS)
def test_equal_texts_have_no_change(text: str) -> None:
    assert all(piece.op == "same" for piece in diff_text(text, text))


def test_a_changed_word_is_the_only_change() -> None:
    pieces = diff_text("Tell me a joke about {animal}.", "Tell me a pun about {animal}.")
    assert pieces == [
        Piece("same", "Tell me a "),
        Piece("removed", "joke"),
        Piece("added", "pun"),
        Piece("same", " about {animal}."),
    ]


def test_neighbouring_changes_read_as_one() -> None:
    pieces = diff_text("You are a kind helper. Answer.", "You are a grumpy critic. Answer.")
    assert [piece for piece in pieces if piece.op != "same"] == [
        Piece("removed", "kind helper"),
        Piece("added", "grumpy critic"),
    ]


def test_texts_with_nothing_in_common_are_replaced_whole() -> None:
    assert diff_text("alpha beta gamma", "1 + 1 = 2") == [
        Piece("removed", "alpha beta gamma"),
        Piece("added", "1 + 1 = 2"),
    ]


def test_a_large_text_does_not_take_long() -> None:
    old = "word " * 200_000
    started = time.perf_counter()
    pieces = diff_text(old, old.replace("word", "term"))
    assert time.perf_counter() - started < 30
    assert "".join(piece.text for piece in pieces if piece.op != "added") == old


@given(st.integers(0, 2**32), st.integers(0, 8), st.sampled_from([3, 50, 3000]))
def test_the_pieces_of_long_texts_make_up_both(seed: int, edits: int, vocabulary: int) -> None:
    draw = random.Random(seed)
    words = [f"w{draw.randrange(vocabulary)}{draw.choice(['', '', '.', '.' + chr(10)])}" for _ in range(1500)]
    old = " ".join(words)
    for _ in range(edits):
        place = draw.randrange(len(words))
        words[place : place + draw.randrange(3)] = [f"x{draw.randrange(9)}"] * draw.randrange(3)
    new = " ".join(words)
    pieces = diff_text(old, new)
    assert "".join(piece.text for piece in pieces if piece.op != "added") == old
    assert "".join(piece.text for piece in pieces if piece.op != "removed") == new
    assert all(one.op != other.op for one, other in pairwise(pieces))
    if vocabulary == 3000:
        assert sum(len(piece.text) for piece in pieces if piece.op != "same") <= 60 * edits
