"""Messages about comments, below ``/api/quire/v1``."""

from __future__ import annotations

import msgspec

from quire.domain.comments import Comment
from quire.domain.protojson import Int64, Message, Required


class OfSubject(Message, frozen=True, kw_only=True):
    """``GET comments``: those on a ``run``, ``prompt`` or ``trace``, oldest first."""

    subject_kind: Required
    subject_id: Required
    max_results: int = 100
    page_token: str | None = None


class CreateComment(Message, frozen=True, kw_only=True):
    """``POST comments``. ``author`` counts only on a server without auth, which does not know who asks."""

    subject_kind: Required
    subject_id: Required
    text: str
    author: str = ""


class OfComment(Message, frozen=True, kw_only=True):
    """``GET`` and ``DELETE comments/{comment_id}``."""

    comment_id: Required


class EditComment(OfComment, frozen=True, kw_only=True):
    """``PATCH comments/{comment_id}``."""

    text: str


class CommentResponse(Message, frozen=True, kw_only=True):
    """A comment, and what who asks may do with it."""

    comment: Comment
    may_edit: bool = False
    may_delete: bool = False


class CommentsResponse(Message, frozen=True, kw_only=True):
    """Comments. ``you`` is the name of who asks; empty on a server without auth, which takes the author as said."""

    comments: list[CommentResponse] = msgspec.field(default_factory=list)
    next_page_token: str | None = None
    you: str = ""


class OfMentions(Message, frozen=True, kw_only=True):
    """``GET mentions``: of who asks; of ``name`` on a server without auth."""

    name: str = ""
    since: Int64 = 0
    max_results: int = 100


class MentionsResponse(Message, frozen=True, kw_only=True):
    """Comments that mention somebody, newest first."""

    comments: list[Comment] = msgspec.field(default_factory=list)


class OfPeople(Message, frozen=True, kw_only=True):
    """``GET people``: whose names begin so, of those who can be mentioned."""

    prefix: str = ""
    max_results: int = 10


class PeopleResponse(Message, frozen=True, kw_only=True):
    """Names."""

    names: list[str] = msgspec.field(default_factory=list)
