"""What a queue is, as its run's tag holds it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from quire.domain.assessments import MAX_NAME
from quire.domain.errors import InvalidInput, MalformedModel
from quire.domain.names import check_text
from quire.review.questions import Question

NAME_TAG = "quire.review.name"
DEFINITION_TAG = "quire.review.queue"
CLOSING_TAG = "quire.review.closing"
"""Why a queue was closed, or opened again."""


class Definition(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A queue: its questions, who answers them (anyone, where nobody is named), and how items are handed out.

    ``blind`` hides who gave an answer. ``per_item`` is how many reviewers an item needs; None for all.
    """

    name: str
    questions: list[Question]
    reviewers: list[str] = msgspec.field(default_factory=list)
    pairs: bool = False
    blind: bool = False
    per_item: int | None = None

    def question(self, name: str | None) -> Question:
        """The question of that name; the only one for None. Raises InvalidInput."""
        names = [question.name for question in self.questions]
        if name is None and len(names) == 1:
            return self.questions[0]
        if name not in names:
            raise InvalidInput(f"The queue {self.name!r} asks {', '.join(names)}; got the question {name!r}.")
        return self.questions[names.index(name)]


def encoded(definition: Definition) -> str:
    """As text of a tag."""
    return msgspec.json.encode(definition).decode()


def decoded(text: str) -> Definition:
    """What :func:`encoded` wrote. Raises MalformedModel."""
    try:
        return msgspec.json.decode(text, type=Definition)
    except msgspec.MsgspecError as error:
        raise MalformedModel(f"The tag {DEFINITION_TAG} holds no review queue that Quire can read: {error}.") from None


def checked_reviewers(given: Iterable[str] | str) -> list[str]:
    """Names of reviewers, each once. Raises InvalidInput."""
    names: list[Any] = [given] if isinstance(given, str) else list(given)
    for name in names:
        if not isinstance(name, str) or not name.strip():
            raise InvalidInput(f"A reviewer is {name!r}; expected a name, such as an e-mail address.")
        check_text(name, "The reviewer's name", MAX_NAME)
    return list(dict.fromkeys(names))


def checked_per_item(given: int | None) -> int | None:
    """How many reviewers an item needs. Raises InvalidInput."""
    if given is not None and (type(given) is not int or given < 1):
        raise InvalidInput(f"per_item is {given!r}; expected a whole number of at least 1, or None for every reviewer.")
    return given
