"""Comments on runs, prompts and traces, beside :class:`~quire.store.base.Store`, whose promises hold here.

Quire's own stores keep them (SQL, and a Quire server's behind ``/api/quire/v1``); a server of MLflow does not.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from quire.domain.comments import Comment, SubjectKind
from quire.domain.errors import InvalidState, NotFound
from quire.domain.paging import Page


class CommentStore(Protocol):
    """Comments. Those of a deleted run are not found until it is restored; what is gone for good takes them along."""

    def create_comment(
        self, kind: SubjectKind, subject_id: str, text: str, *, author: str, mentions: Sequence[str] | None = None
    ) -> Comment:
        """Say something. NotFound for a subject that there is not.

        ``mentions`` are the people mentioned; those that the text names if it is None.
        """

    def get_comment(self, comment_id: str) -> Comment:
        """A comment; one that was deleted has no text. NotFound."""

    def list_comments(
        self, kind: SubjectKind, subject_id: str, *, max_results: int = 100, page_token: str | None = None
    ) -> Page[Comment]:
        """What was said of a subject, oldest first, without what was deleted. NotFound for no such subject."""

    def edit_comment(self, comment_id: str, text: str, *, mentions: Sequence[str] | None = None) -> Comment:
        """Replace the text. NotFound, also for one that was deleted."""

    def delete_comment(self, comment_id: str) -> Comment:
        """Take it back: its text is gone. Deleting again changes nothing."""

    def mentions_of(self, name: str, *, since: int = 0, max_results: int = 100) -> list[Comment]:
        """Comments since a time (ms) that mention somebody, newest first."""

    def authors(self, prefix: str = "", *, max_results: int = 20) -> list[str]:
        """Who has commented, by name, of those whose names begin so."""


def comments_of(store: object) -> CommentStore:
    """The comments in a store. Raises InvalidState for a store that keeps none: a server of MLflow."""
    comments: CommentStore | None = getattr(store, "comments", None)
    if comments is None:
        raise InvalidState(
            f"{getattr(store, 'uri', store)} keeps no comments: it speaks MLflow's protocol alone. Use a Quire server "
            "(quire server) as the tracking URI, or a database such as sqlite:///quire.db."
        )
    return comments


def comment_keepers(store: object, registry: object) -> list[CommentStore]:
    """Where a server's comments are: beside what is tracked, and beside registered models if those are elsewhere."""
    return [comments_of(kept) for kept in ([store] if registry is store else [store, registry])]


def comment_in(keepers: Sequence[CommentStore], comment_id: str) -> tuple[CommentStore, Comment]:
    """A comment, and which of these keeps it. NotFound."""
    for keeper in keepers[:-1]:
        try:
            return keeper, keeper.get_comment(comment_id)
        except NotFound:
            continue
    return keepers[-1], keepers[-1].get_comment(comment_id)
