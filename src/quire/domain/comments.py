"""Comments: what people said about a run, a prompt or registered model, or a trace."""

from __future__ import annotations

from typing import Literal, get_args

import msgspec

from quire.domain.entities import Entity
from quire.domain.errors import InvalidInput
from quire.domain.names import check_text
from quire.domain.redaction import redact

SubjectKind = Literal["run", "prompt", "trace"]
SUBJECT_KINDS: tuple[SubjectKind, ...] = get_args(SubjectKind)
MAX_COMMENT = 20_000
MAX_AUTHOR = 255


class Comment(Entity, frozen=True, kw_only=True):
    """One comment, in Markdown. Times are in ms since the epoch, None for what did not happen.

    ``subject_id`` is a run's id, a prompt's or registered model's name, or a trace's id; ``experiment_id`` that of the
    run or the trace. A deleted comment has no text any more. ``mentions`` are names of people.
    """

    comment_id: str
    subject_kind: SubjectKind
    subject_id: str
    experiment_id: str = ""
    author: str
    text: str
    creation_time: int
    edit_time: int | None = None
    deletion_time: int | None = None
    mentions: list[str] = msgspec.field(default_factory=list)


def check_subject_kind(kind: object) -> SubjectKind:
    """What a comment is about. Raises InvalidInput."""
    for known in SUBJECT_KINDS:
        if kind == known:
            return known
    raise InvalidInput(f"There are no comments on {str(kind)[:40]!r}; expected one of {', '.join(SUBJECT_KINDS)}.")


def checked_comment_text(text: object) -> str:
    """The text of a comment as it may be stored: not empty, not too long, without credentials. Raises InvalidInput."""
    given = check_text(text, "The comment", MAX_COMMENT)
    if not given.strip():
        raise InvalidInput("The comment is empty. Write something, or delete it.")
    return redact(given)


def checked_author(author: object) -> str:
    """The name of who writes. Raises InvalidInput for none, a long one, or one with control characters."""
    given = check_text(author, "The author", MAX_AUTHOR).strip()
    if not given or not given.isprintable():
        raise InvalidInput(f"The author is {given[:60]!r}; expected the name of who writes, in printable characters.")
    return redact(given)
