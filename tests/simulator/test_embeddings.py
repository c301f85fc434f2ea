"""Embeddings, with the official SDK as the client: base64 is what it asks for unless told otherwise."""

from __future__ import annotations

import math
import sys
from typing import Any

import openai
import pytest

from quire.testing import Simulator

MODEL = "text-embedding-3-small"


def cosine(a: list[float], b: list[float]) -> float:
    return sum(x * y for x, y in zip(a, b, strict=True))


def vectors(client: openai.OpenAI, given: Any, **more: Any) -> list[list[float]]:
    return [entry.embedding for entry in client.embeddings.create(model=MODEL, input=given, **more).data]


def test_base64_and_floats_hold_the_same_vector(simulator: Simulator, client: openai.OpenAI) -> None:
    (packed,) = vectors(client, "A cat sat.")
    assert simulator.requests[-1].body["encoding_format"] == "base64"
    (plain,) = vectors(client, "A cat sat.", encoding_format="float")
    assert packed == pytest.approx(plain, abs=1e-7)
    assert len(plain) == 1536
    assert math.hypot(*plain) == pytest.approx(1, abs=1e-5)


def test_base64_is_read_without_numpy(client: openai.OpenAI, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "numpy", None)
    assert len(vectors(client, "A cat sat.")[0]) == 1536


def test_texts_that_share_words_are_near(client: openai.OpenAI) -> None:
    cat, same, other = vectors(client, ["the cat sat on the mat", "on the mat the cat sat", "quarterly revenue grew"])
    assert cosine(cat, same) > 0.8 > 0.3 > cosine(cat, other)


@pytest.mark.parametrize(("given", "count"), [("a", 1), (["a", "b"], 2), ([15339], 1), ([[15339], [1917, 0]], 2)])
def test_inputs_of_every_kind(client: openai.OpenAI, given: Any, count: int) -> None:
    assert len(vectors(client, given, dimensions=8)) == count


def test_token_ids_mean_their_text(client: openai.OpenAI) -> None:
    assert vectors(client, [15339]) == vectors(client, "hello")


def test_tokens_are_counted(client: openai.OpenAI) -> None:
    usage = client.embeddings.create(model=MODEL, input=["hello world", "hello"]).usage
    assert (usage.prompt_tokens, usage.total_tokens) == (3, 3)


def test_echo_gives_three_numbers(simulator: Simulator, client: openai.OpenAI) -> None:
    simulator.behave(echo=True)
    assert vectors(client, ["a", "b"]) == [[0.1, 0.2, 0.3]] * 2
