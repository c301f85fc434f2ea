"""How a score and a word of people are made comparable: right or wrong, grades of one scale, or words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable
from statistics import median
from typing import Literal

import msgspec

from quire.domain.scores import ScoreKind, ScoreValue
from quire.evaluate.rating import RATING
from quire.evaluate.table import Column

Basis = Literal["binary", "scale", "words"]
Label = bool | float | str
Read = Callable[[ScoreValue], Label | None]
GOOD_FROM = 4
"""The lowest of the five grades of a rating that counts as good."""
_MOST_GRADES = 12
_HIGHEST = 5
_GRADES = frozenset(float(grade) for grade in range(1, _HIGHEST + 1))
_TRUTHS = {"yes": True, "no": False, "true": True, "false": False, "pass": True, "fail": False}


class Reading(msgspec.Struct, frozen=True):
    """What people's words and scores are read as; None is left out. ``words`` name False and True; ``note`` says what
    was done to make the two comparable.
    """

    basis: Basis
    person: Read
    scorer: Read
    words: tuple[str, str] = ("no", "yes")
    note: str = ""

    def consensus(self, said: Iterable[ScoreValue]) -> Label | None:
        """What people say together: the middle of grades, else what most say; None if they are split or left out."""
        labels = [label for value in said if (label := self.person(value)) is not None]
        if not labels:
            return None
        if self.basis == "scale":
            return float(median(float(label) for label in labels))
        (label, count), *others = Counter(labels).most_common(2)
        return None if others and others[0][1] == count else label

    def word(self, label: Label) -> str:
        """A label as people read it."""
        if isinstance(label, bool):
            return self.words[label]
        return f"{label:g}" if isinstance(label, float) else label


class Scale(msgspec.Struct, frozen=True):
    """What the values of a score are over the whole evaluation: few numbers, words, or right and wrong."""

    kind: ScoreKind
    higher_is_better: bool = True
    numbers: frozenset[float] | None = None
    words: frozenset[str] = frozenset()

    @property
    def is_truth(self) -> bool:
        """Whether it says right or wrong, in whatever words."""
        if self.kind == "text":
            return bool(self.words) and all(word.lower() in _TRUTHS for word in self.words)
        return self.kind == "binary" or (bool(self.numbers) and self.numbers is not None and self.numbers <= {0, 1})


def scale_of(columns: Collection[Column]) -> Scale:
    """The scale of a score, from its columns in all variants."""
    kinds = {column.kind for column in columns if column.present}
    kind: ScoreKind = "text" if "text" in kinds else "binary" if kinds == {"binary"} else "number"
    better = all(column.info.higher_is_better for column in columns)
    if kind == "text":
        return Scale(kind, better, words=frozenset(word for column in columns for word in column.words))
    numbers: set[float] = set()
    for column in columns:
        for value in column.values:
            if value == value:
                numbers.add(value)
        if len(numbers) > _MOST_GRADES:
            return Scale(kind, better)
    return Scale(kind, better, frozenset(numbers))


def reading_of(question: str, said: Collection[ScoreValue], scale: Scale, good_from: int = GOOD_FROM) -> Reading | None:
    """How what people said to a question is compared with a score; None where the two do not say the same thing."""
    if question == RATING:
        return _of_rating(said, scale, good_from)
    if scale.is_truth and all(_truth(value) is not None for value in said):
        return Reading("binary", _truth, _truth)
    if scale.kind == "text" and scale.words & {value for value in said if isinstance(value, str)}:
        return Reading("words", _text, _text)
    if scale.kind == "number" and scale.numbers and all(_grade(value) is not None for value in said):
        theirs = {float(value) for value in said}
        if len(theirs) <= _MOST_GRADES and _nested(theirs, scale.numbers):
            return Reading("scale", _grade, _grade)
    return None


def _of_rating(said: Collection[ScoreValue], scale: Scale, good_from: int) -> Reading | None:
    grades = any(_grade(value) is not None for value in said)
    note = _grades_note(good_from) if grades else ""
    words = ("bad", "good")
    if scale.is_truth:
        turned = not scale.higher_is_better
        if turned:
            note = " ".join(filter(None, [note, "Yes counts as bad: lower is better."]))

        def is_good(value: ScoreValue) -> bool | None:
            truth = _truth(value)
            return None if truth is None else truth is not turned

        return Reading("binary", lambda value: _good(value, good_from), is_good, words, note)
    on_scale = bool(scale.numbers) and (scale.numbers or frozenset()) <= _GRADES
    if not on_scale or not scale.higher_is_better:
        return None
    if grades:
        return Reading("scale", _grade, _grade)
    return Reading("binary", _truth, lambda value: _good(value, good_from), words, _scores_note(good_from))


def _grades_note(good_from: int) -> str:
    return f"Ratings of {good_from} and more count as good." if good_from < _HIGHEST else "Ratings of 5 count as good."


def _scores_note(good_from: int) -> str:
    return f"Scores of {good_from} and more count as good."


def _truth(value: ScoreValue) -> bool | None:
    if isinstance(value, bool):
        return value
    if isinstance(value, str):
        return _TRUTHS.get(value.strip().lower())
    return bool(value) if value in (0, 1) else None


def _grade(value: ScoreValue) -> float | None:
    return None if isinstance(value, bool | str) else float(value)


def _good(value: ScoreValue, good_from: int) -> bool | None:
    if isinstance(value, str):
        return _truth(value)
    return value if isinstance(value, bool) else value >= good_from


def _text(value: ScoreValue) -> str | None:
    return value if isinstance(value, str) else None


def _nested(one: Collection[float], other: Collection[float]) -> bool:
    """Whether the range of one lies in that of the other."""
    inside = min(one) >= min(other) and max(one) <= max(other)
    return inside or (min(other) >= min(one) and max(other) <= max(one))
