"""Likeness of texts by what they share: ROUGE, BLEU, chrF, and the edits between them."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass
from typing import Any, Literal

from quire.domain.errors import InvalidInput
from quire.scorers.base import Scorer
from quire.scorers.extra import need
from quire.scorers.reading import EXPECTED, accepted, answer_text

_ROUGE = ("rouge1", "rouge2", "rouge3", "rouge4", "rougeL", "rougeLsum")
_MEASURES = ("fmeasure", "precision", "recall")


@dataclass(frozen=True)
class Rouge(Scorer):
    """ROUGE of the answer against the expected text (the best of a list), from 0 to 1. A number.

    ``variant`` is ``rouge1`` … ``rouge4`` (words in a row), ``rougeL`` or ``rougeLsum`` (longest common subsequence);
    ``measure`` is ``fmeasure``, ``precision`` or ``recall``; ``stemmer`` compares English stems. Accepts text outputs.
    Computed by rouge-score (Lin, 2004). Needs ``quire[text]``: raises MissingExtra without it.
    """

    variant: str = "rougeL"
    _: KW_ONLY
    measure: Literal["fmeasure", "precision", "recall"] = "fmeasure"
    stemmer: bool = False
    field: str = EXPECTED
    name: str = ""
    kind = "number"

    def __post_init__(self) -> None:
        if self.variant not in _ROUGE:
            raise InvalidInput(f"The ROUGE variant is {self.variant!r}; expected one of {', '.join(_ROUGE)}.")
        if self.measure not in _MEASURES:
            raise InvalidInput(f"measure is {self.measure!r}; expected one of {', '.join(_MEASURES)}.")
        if not self.name:
            object.__setattr__(self, "name", self.variant.lower())
        _ = self._library

    @functools.cached_property
    def _library(self) -> Any:
        return need("rouge_score.rouge_scorer", "Rouge").RougeScorer([self.variant], use_stemmer=self.stemmer)

    def __call__(self, *, outputs: Any, expectations: Mapping[str, Any] | None) -> float:
        """The best ROUGE against the expected texts."""
        given = answer_text(outputs)
        found = (self._library.score(right, given)[self.variant] for right in accepted(expectations, self.field))
        return float(max(getattr(one, self.measure) for one in found))


@dataclass(frozen=True, kw_only=True)
class Bleu(Scorer):
    """BLEU of the answer against the expected text or texts, from 0 to 100. A number.

    Sentence BLEU of up to four words in a row, exponentially smoothed, with effective order, as sacrebleu computes it
    (Papineni et al., 2002; Post, 2018). ``lowercase`` overlooks case; ``tokenize`` is one of sacrebleu's tokenizers.
    Accepts text outputs; a list of expected texts are references together. Needs ``quire[text]``.
    """

    lowercase: bool = False
    tokenize: str = "13a"
    field: str = EXPECTED
    name: str = "bleu"
    kind = "number"

    def __post_init__(self) -> None:
        _ = self._library

    @functools.cached_property
    def _library(self) -> Any:
        metrics = need("sacrebleu", "Bleu").metrics
        if self.tokenize not in metrics.BLEU.TOKENIZERS:
            raise InvalidInput(f"tokenize is {self.tokenize!r}; expected one of {', '.join(metrics.BLEU.TOKENIZERS)}.")
        return metrics.BLEU(lowercase=self.lowercase, tokenize=self.tokenize, effective_order=True)

    def __call__(self, *, outputs: Any, expectations: Mapping[str, Any] | None) -> float:
        """The sentence's BLEU."""
        return float(self._library.sentence_score(answer_text(outputs), accepted(expectations, self.field)).score)


@dataclass(frozen=True, kw_only=True)
class ChrF(Scorer):
    """ChrF of the answer against the expected text or texts, from 0 to 100. A number.

    F-score of up to ``letters`` letters in a row and ``words`` words in a row (2 gives chrF++), recall counting
    ``beta`` times as much, as sacrebleu computes it (Popović, 2015). Accepts text outputs. Needs ``quire[text]``.
    """

    letters: int = 6
    words: int = 0
    beta: int = 2
    lowercase: bool = False
    field: str = EXPECTED
    name: str = "chrf"
    kind = "number"

    def __post_init__(self) -> None:
        if self.letters < 1 or self.words < 0 or self.beta < 1:
            raise InvalidInput("letters and beta are at least 1, and words at least 0.")
        _ = self._library

    @functools.cached_property
    def _library(self) -> Any:
        options = {"char_order": self.letters, "word_order": self.words, "beta": self.beta}
        return need("sacrebleu", "ChrF").metrics.CHRF(lowercase=self.lowercase, **options)

    def __call__(self, *, outputs: Any, expectations: Mapping[str, Any] | None) -> float:
        """The sentence's chrF."""
        return float(self._library.sentence_score(answer_text(outputs), accepted(expectations, self.field)).score)


@dataclass(frozen=True, kw_only=True)
class EditDistance(Scorer):
    """Insertions, deletions and replacements of letters between the answer and the expected text (the nearest of a
    list). A number; lower is better.

    Divided by the longer text's length, so from 0 (equal) to 1 (nothing in common), unless ``normalised`` is False:
    then a count (Levenshtein, 1966). Accepts text outputs. Computed by rapidfuzz; needs ``quire[text]``.
    """

    normalised: bool = True
    field: str = EXPECTED
    name: str = "edit_distance"
    kind = "number"
    higher_is_better = False

    def __post_init__(self) -> None:
        _ = self._distance

    @functools.cached_property
    def _distance(self) -> Any:
        library = need("rapidfuzz.distance", "EditDistance").Levenshtein
        return library.normalized_distance if self.normalised else library.distance

    def __call__(self, *, outputs: Any, expectations: Mapping[str, Any] | None) -> float:
        """The distance to the nearest expected text."""
        given = answer_text(outputs)
        return float(min(self._distance(given, right) for right in accepted(expectations, self.field)))
