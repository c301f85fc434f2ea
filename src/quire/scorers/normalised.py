"""Normalised match: the answer is what was expected, but for case, white space, punctuation and articles."""

from __future__ import annotations

import functools
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from quire.scorers.base import Scorer
from quire.scorers.reading import EXPECTED, accepted, answer_text

_ARTICLES = re.compile(r"\b(?:a|an|the)\b", re.IGNORECASE)


class _Punctuation(dict[int, int | None]):
    """A table for ``str.translate`` that drops Unicode's punctuation (categories P*); filled as letters are met."""

    def __missing__(self, code: int) -> int | None:
        kept = None if unicodedata.category(chr(code)).startswith("P") else code
        self[code] = kept
        return kept


_PUNCTUATION = _Punctuation()


def normalise(
    text: str, *, case: bool = True, whitespace: bool = True, punctuation: bool = True, articles: bool = True
) -> str:
    """A text without the differences that the options name, in Unicode's form NFKC.

    Articles are those of English, as in the evaluation of SQuAD (Rajpurkar et al., 2016); white space becomes one
    blank each, and none at either end.
    """
    text = unicodedata.normalize("NFKC", text)
    if case:
        text = text.casefold()
    if punctuation:
        text = text.translate(_PUNCTUATION)
    if articles:
        text = _ARTICLES.sub(" ", text)
    text = unicodedata.normalize("NFKC", text)  # an accent may have come to stand beside its letter only now
    return " ".join(text.split()) if whitespace else text


_normalised = functools.lru_cache(maxsize=4096)(normalise)
"""Expected answers come again with each variant and repeat."""


@dataclass(frozen=True, kw_only=True)
class NormalizedMatch(Scorer):
    """Whether the answer equals the expectation ``field`` once both are normalised. Binary.

    Accepts ``outputs`` that are text (or a mapping with text under ``response``), and an expected text or list of
    texts, any of which will do. Each of ``case``, ``whitespace``, ``punctuation`` and ``articles`` says whether such
    differences are overlooked (:func:`normalise`). A record without the expectation gets an error.
    """

    name: str = "normalized_match"
    field: str = EXPECTED
    case: bool = True
    whitespace: bool = True
    punctuation: bool = True
    articles: bool = True
    kind = "binary"

    def __call__(self, *, outputs: Any, expectations: Mapping[str, Any] | None) -> bool:
        """Whether they are equal, normalised."""
        options = {
            "case": self.case,
            "whitespace": self.whitespace,
            "punctuation": self.punctuation,
            "articles": self.articles,
        }
        given = normalise(answer_text(outputs), **options)
        return any(given == _normalised(text, **options) for text in accepted(expectations, self.field))
