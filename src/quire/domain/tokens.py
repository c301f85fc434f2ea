"""True token counts, by the encodings of OpenAI's models; the tables come with rs_bpe, no download is needed."""

from __future__ import annotations

import functools
from typing import Any

_CL100K_PREFIXES = ("gpt-4-", "gpt-3.5", "gpt-35", "text-embedding", "davinci-002", "babbage-002")
VOCABULARY = {"cl100k_base": 100_256, "o200k_base": 199_998}
"""How many token ids each encoding has, special tokens left out."""
_CACHED_LENGTH = 20_000
"""Longer texts are counted each time, so that the cache stays small."""


def encoding_name(model: str) -> str:
    """The encoding of a model: ``cl100k_base`` for the GPT-3.5, GPT-4 and embedding models, else ``o200k_base``."""
    base = model.removeprefix("ft:")
    if base == "gpt-4" or base.startswith(_CL100K_PREFIXES):
        return "cl100k_base"
    return "o200k_base"


@functools.lru_cache(maxsize=2)
def _tokenizer(encoding: str) -> Any:
    """Building one takes some 70 ms and 40 MB, so it happens on first use."""
    from rs_bpe.bpe import openai  # type: ignore[import-not-found]

    return openai.cl100k_base() if encoding == "cl100k_base" else openai.o200k_base()


def count(text: str, encoding: str) -> int:
    """How many tokens a text has."""
    if len(text) > _CACHED_LENGTH:
        return int(_tokenizer(encoding).count(text))
    return _cached_count(text, encoding)


@functools.lru_cache(maxsize=16_384)
def _cached_count(text: str, encoding: str) -> int:
    return int(_tokenizer(encoding).count(text))


def encode(text: str, encoding: str) -> list[int]:
    """The token ids of a text."""
    ids: list[int] = _tokenizer(encoding).encode(text)
    return ids


def decode(ids: list[int], encoding: str) -> str | None:
    """The text of token ids; None where they end inside a character or are no tokens."""
    size = VOCABULARY[encoding]
    if any(not 0 <= token < size for token in ids):  # reading outside the table would end the process
        return None
    text: str | None = _tokenizer(encoding).decode(ids)
    return text


def pieces(text: str, encoding: str) -> list[str]:
    """A text cut into its tokens; tokens that share a character stay together, so that each piece is text."""
    result: list[str] = []
    pending: list[int] = []
    for token in encode(text, encoding):
        pending.append(token)
        piece = decode(pending, encoding)
        if piece is not None:
            result.append(piece)
            pending = []
    return result


def cut(text: str, limit: int, encoding: str) -> tuple[str, bool]:
    """The first ``limit`` tokens of a text, and whether anything was cut off. Never ends inside a character."""
    if 4 * len(text) <= limit:  # a token has at least one byte, a character at most four
        return text, False
    ids = encode(text, encoding)
    if len(ids) <= limit:
        return text, False
    for end in range(limit, -1, -1):
        part = decode(ids[:end], encoding)
        if part is not None:
            return part, True
    return "", True
