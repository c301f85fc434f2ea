"""Comments behind a Quire server, over its own API; MLflow's protocol has nothing like it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from quire.domain import protojson
from quire.domain.comments import Comment, SubjectKind, check_subject_kind, checked_author, checked_comment_text
from quire.domain.errors import NotFound
from quire.domain.paging import Page
from quire.domain.protojson import Message
from quire.store.rest.base import RestPart, encode, segment
from quire.store.rest.client import Call
from quire.store.rest.wire.comments import (
    CommentResponse,
    CommentsResponse,
    CreateComment,
    EditComment,
    MentionsResponse,
    OfComment,
    OfMentions,
    OfPeople,
    OfSubject,
    PeopleResponse,
)

T = TypeVar("T", bound=Message)
_API = "/api/quire/v1"


class RestComments(RestPart):
    """Comments. On a server with auth their author is who signed in, and mentions are those of its users."""

    def create_comment(
        self, kind: SubjectKind, subject_id: str, text: str, *, author: str, mentions: Sequence[str] | None = None
    ) -> Comment:
        """Say something. NotFound for a subject that there is not. The server finds out who is mentioned."""
        message = CreateComment(
            subject_kind=check_subject_kind(kind),
            subject_id=_given(subject_id, kind),
            text=checked_comment_text(text),
            author=checked_author(author),
        )
        how = Call(
            method="POST",
            path=f"{_API}/comments",
            body=encode(message),
            repeatable=False,
            look="Look with list_comments before you repeat it.",
        )
        return self._client.decode(how, CommentResponse).comment

    def get_comment(self, comment_id: str) -> Comment:
        """A comment; one that was deleted has no text. NotFound."""
        return self._look(_path(comment_id), CommentResponse).comment

    def list_comments(
        self, kind: SubjectKind, subject_id: str, *, max_results: int = 100, page_token: str | None = None
    ) -> Page[Comment]:
        """What was said of a subject, oldest first, without what was deleted. NotFound for no such subject."""
        message = OfSubject(
            subject_kind=check_subject_kind(kind),
            subject_id=_given(subject_id, kind),
            max_results=max_results,
            page_token=page_token,
        )
        answer = self._look("/comments", CommentsResponse, message)
        return Page([item.comment for item in answer.comments], answer.next_page_token)

    def edit_comment(self, comment_id: str, text: str, *, mentions: Sequence[str] | None = None) -> Comment:
        """Replace the text. NotFound, also for one that was deleted."""
        message = EditComment(comment_id=comment_id, text=checked_comment_text(text))
        call = Call(method="PATCH", path=_API + _path(comment_id), body=encode(message))
        return self._client.decode(call, CommentResponse).comment

    def delete_comment(self, comment_id: str) -> Comment:
        """Take it back: its text is gone. Deleting again changes nothing."""
        call = Call(method="DELETE", path=_API + _path(comment_id), body=encode(OfComment(comment_id=comment_id)))
        return self._client.decode(call, CommentResponse).comment

    def mentions_of(self, name: str, *, since: int = 0, max_results: int = 100) -> list[Comment]:
        """Comments since a time (ms) that mention somebody, newest first; on a server with auth, who signed in."""
        message = OfMentions(name=name, since=since, max_results=max_results)
        return self._look("/mentions", MentionsResponse, message).comments

    def authors(self, prefix: str = "", *, max_results: int = 20) -> list[str]:
        """Who can be mentioned, by name, of those whose names begin so."""
        return self._look("/people", PeopleResponse, OfPeople(prefix=prefix, max_results=max_results)).names

    def _look(self, path: str, kind: type[T], message: Message | None = None) -> T:
        query = protojson.encode_query(message) if message is not None else ()
        return self._client.decode(Call(method="GET", path=_API + path, query=query), kind)


def _given(subject_id: str, kind: str) -> str:
    if not subject_id:
        raise NotFound(f"No {kind} has an empty id. Comments are on what there is.")
    return subject_id


def _path(comment_id: str) -> str:
    if not comment_id:
        raise NotFound("No comment has an empty id.")
    return f"/comments/{segment(comment_id)}"
