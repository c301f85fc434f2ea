"""What reviewers are asked of an item, and which answers count."""

from __future__ import annotations

import math
from typing import Any

import msgspec

from quire.domain.assessments import MAX_NAME
from quire.domain.errors import InvalidInput
from quire.domain.names import check_text
from quire.domain.scores import ScoreKind, ScoreValue

FIRST, SECOND, TIE = "first", "second", "tie"
PAIR_CHOICES = [FIRST, SECOND, TIE]
"""What may be said of two answers, in the order in which they are shown."""


class Question(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One question: ``name`` is the assessment's name, ``text`` what reviewers read.

    ``choices`` are the answers that count; without, any answer of the ``kind`` does: True and False, a finite number,
    text. In a queue of pairs the choices are ``first``, ``second`` and ``tie``.
    """

    name: str
    text: str = ""
    choices: list[ScoreValue] = msgspec.field(default_factory=list)
    kind: ScoreKind = "binary"


def checked_questions(given: Any, *, pairs: bool) -> list[Question]:
    """Questions as a queue keeps them; text alone is a question's name. Raises InvalidInput."""
    listed = [given] if isinstance(given, str | Question) else given
    if not isinstance(listed, list | tuple) or not listed:
        raise InvalidInput(f"The questions are {given!r:.80}; give at least one: [Question(name='correct')].")
    questions = [_checked(one, pairs) for one in listed]
    names = [question.name for question in questions]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise InvalidInput(f"Two questions have the name {twice[0]!r}; each needs its own.")
    return questions


def _checked(given: Any, pairs: bool) -> Question:
    question = Question(name=given) if isinstance(given, str) else given
    if not isinstance(question, Question) or not question.name:
        raise InvalidInput(f"{given!r:.80} is no question; expected a Question or its name.")
    check_text(question.name, "The question's name", MAX_NAME)
    if pairs:
        return msgspec.structs.replace(question, choices=list(PAIR_CHOICES), kind="text")
    if question.choices:
        return msgspec.structs.replace(question, kind=_kind_of(question.choices))
    return question


def _kind_of(choices: list[ScoreValue]) -> ScoreKind:
    if all(isinstance(choice, bool) for choice in choices):
        return "binary"
    return "text" if any(isinstance(choice, str) for choice in choices) else "number"


def checked_answer(question: Question, answer: Any) -> ScoreValue:
    """An answer that counts. Raises InvalidInput, with those that do."""
    if question.choices:
        for choice in question.choices:
            if choice == answer and isinstance(choice, bool) is isinstance(answer, bool):
                return choice
        raise InvalidInput(f"{answer!r:.80} is no answer to {question.name!r}; expected one of {question.choices}.")
    fits = {
        "binary": isinstance(answer, bool),
        "number": isinstance(answer, int | float) and not isinstance(answer, bool) and math.isfinite(answer),
        "text": isinstance(answer, str) and bool(answer.strip()),
    }
    if not fits[question.kind]:
        words = {"binary": "True or False", "number": "a finite number", "text": "text"}[question.kind]
        raise InvalidInput(f"{answer!r:.80} is no answer to {question.name!r}; expected {words}.")
    return answer  # type: ignore[no-any-return]
