"""Comments on runs, prompts and traces, and who is mentioned in them: ``/api/quire/v1/comments``, ``mentions``.

Who may read a thing may read what was said about it, and say something. One's own words one may change; take away
also who administers the server.
"""

from __future__ import annotations

from collections.abc import Sequence

from quire.domain.access import Identity, Resource
from quire.domain.comments import Comment, check_subject_kind
from quire.domain.errors import InvalidInput, PermissionDenied
from quire.domain.mentions import mentions_in
from quire.server.auth.asking import current
from quire.server.calls import Calls
from quire.server.context import Context
from quire.store.access import access_of
from quire.store.comments import CommentStore, comment_in, comment_keepers, comments_of
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

calls = Calls("quire", "v1", tag="Comments")
_COMMENTS = "/api/quire/v1/comments"
_COMMENT = f"{_COMMENTS}/{{comment_id}}"
_MOST_PEOPLE = 50
_LOOKED_AT = 500
"""Mentions that are looked at for those that may be read."""


@calls.read("GET", _COMMENTS, reads="point")
def list_comments(context: Context, request: OfSubject) -> CommentsResponse:
    """What was said about a run, a prompt or a trace, oldest first."""
    keeper = _keeper(context, request.subject_kind)
    page = keeper.list_comments(
        check_subject_kind(request.subject_kind),
        request.subject_id,
        max_results=request.max_results,
        page_token=request.page_token,
    )
    identity = _identity()
    return CommentsResponse(
        comments=[_seen(item, identity) for item in page],
        next_page_token=page.token,
        you="" if identity is None else identity.name,
    )


@calls.write("POST", _COMMENTS)
def create_comment(context: Context, request: CreateComment) -> CommentResponse:
    """Say something about a run, a prompt or a trace. With auth the author is who asks."""
    identity = _identity()
    made = _keeper(context, request.subject_kind).create_comment(
        check_subject_kind(request.subject_kind),
        request.subject_id,
        request.text,
        author=request.author if identity is None else identity.name,
        mentions=_known(context, identity, request.text),
    )
    return _seen(made, identity)


@calls.read("GET", _COMMENT, reads="point")
def get_comment(context: Context, request: OfComment) -> CommentResponse:
    """A comment."""
    return _seen(comment_in(_keepers(context), request.comment_id)[1], _identity())


@calls.write("PATCH", _COMMENT)
def edit_comment(context: Context, request: EditComment) -> CommentResponse:
    """Replace the text of one's own comment."""
    identity = _identity()
    keeper, found = comment_in(_keepers(context), request.comment_id)
    if identity is not None and found.author != identity.name:
        raise PermissionDenied(f"The comment is {found.author!r:.100}'s: nobody else may change it. Write another.")
    changed = keeper.edit_comment(request.comment_id, request.text, mentions=_known(context, identity, request.text))
    return _seen(changed, identity)


@calls.write("DELETE", _COMMENT)
def delete_comment(context: Context, request: OfComment) -> CommentResponse:
    """Take one's own comment back, or, as an admin of the server, anybody's."""
    identity = _identity()
    keeper, found = comment_in(_keepers(context), request.comment_id)
    if identity is not None and found.author != identity.name and not identity.administers:
        raise PermissionDenied(
            f"The comment is {found.author!r:.100}'s: they may delete it, and admins of the server. Ask one of them."
        )
    return _seen(keeper.delete_comment(request.comment_id), identity)


@calls.read("GET", "/api/quire/v1/mentions", reads="point")
def list_mentions(context: Context, request: OfMentions) -> MentionsResponse:
    """Comments that mention who asks, newest first, of those that they may read."""
    identity = _identity()
    name = request.name if identity is None else identity.name
    return MentionsResponse(comments=mentions_for(context, identity, name, request.since, request.max_results))


@calls.read("GET", "/api/quire/v1/people", reads="point")
def list_people(context: Context, request: OfPeople) -> PeopleResponse:
    """Who can be mentioned: users whose names begin so; without auth, who has commented."""
    most = max(1, min(request.max_results, _MOST_PEOPLE))
    if _identity() is None:
        found: Sequence[str] = comments_of(context.store).authors(request.prefix, max_results=most)
    else:
        users = access_of(context.store).list_users()
        wanted = request.prefix.casefold()
        found = [user.username for user in users if user.username.casefold().startswith(wanted)]
    return PeopleResponse(names=list(found[:most]))


def mentions_for(context: Context, identity: Identity | None, name: str, since: int, most: int) -> list[Comment]:
    """Comments since a time that mention somebody, newest first, of those that they may read. InvalidInput."""
    if most < 1:
        raise InvalidInput(f"max_results is {most}; expected a number from 1.")
    if not name:
        return []
    found = [
        item
        for keeper in _keepers(context)
        for item in keeper.mentions_of(name, since=since, max_results=_LOOKED_AT)
        if identity is None or identity.reads(_place(item))
    ]
    return sorted(found, key=lambda item: -item.creation_time)[:most]


def _place(comment: Comment) -> Resource:
    """What decides who may read a comment."""
    if comment.subject_kind == "prompt":
        return Resource("registered_model", comment.subject_id)
    return Resource("experiment", comment.experiment_id)


def _keeper(context: Context, kind: str) -> CommentStore:
    return comments_of(context.registry if kind == "prompt" else context.store)


def _keepers(context: Context) -> list[CommentStore]:
    return comment_keepers(context.store, context.registry)


def _identity() -> Identity | None:
    """Who asks; None on a server without auth."""
    asking = current.get(None)
    return None if asking is None else asking.identity


def _known(context: Context, identity: Identity | None, text: str) -> list[str] | None:
    """The users whom a text mentions; without auth anybody may be."""
    if identity is None:
        return None
    access = access_of(context.store)
    return [name for name in mentions_in(text) if access.find_login(name) is not None]


def _seen(comment: Comment, identity: Identity | None) -> CommentResponse:
    own = identity is None or comment.author == identity.name
    writes = comment.deletion_time is None and (identity is None or not identity.scope.read_only)
    return CommentResponse(
        comment=comment,
        may_edit=own and writes,
        may_delete=writes and (own or (identity is not None and identity.administers)),
    )
