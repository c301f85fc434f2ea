"""Comments in SQL."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from quire.domain.comments import Comment, SubjectKind, check_subject_kind, checked_author, checked_comment_text
from quire.domain.errors import InvalidState, NotFound
from quire.domain.ids import new_comment_id, now_ms
from quire.domain.mentions import MOST_MENTIONS, mentions_in
from quire.domain.names import check_page_size
from quire.domain.paging import Page, decode_token, encode_token
from quire.store.sql import comment_tables as _tables  # noqa: F401 - so that a new database has them
from quire.store.sql.base import SqlPart
from quire.store.sql.session import Session
from quire.store.sql.statement import Statement

MAX_PAGE = 1000
_COLUMNS: dict[SubjectKind, str] = {"run": "run_id", "prompt": "model_id", "trace": "trace_id"}
_FIND: dict[SubjectKind, Statement] = {
    "run": Statement("SELECT id, deleted_time FROM runs WHERE run_id = :id"),
    "prompt": Statement("SELECT id, NULL FROM registered_models WHERE name = :id"),
    "trace": Statement("SELECT id, NULL FROM traces WHERE trace_id = :id"),
}
_SELECT = """SELECT comments.id, comments.comment_id, runs.run_id, registered_models.name, traces.trace_id,
    coalesce(runs.experiment_id, traces.experiment_id), author, text, mentions, comments.created, edited, deleted,
    runs.deleted_time
    FROM comments LEFT JOIN runs ON runs.id = comments.run_id
    LEFT JOIN registered_models ON registered_models.id = comments.model_id
    LEFT JOIN traces ON traces.id = comments.trace_id"""
_ONE = Statement(f"{_SELECT} WHERE comments.comment_id = :id")
_LIST: dict[SubjectKind, Statement] = {
    kind: Statement(
        f"""{_SELECT} WHERE comments.{column} = :of AND deleted IS NULL AND comments.id > :after
        ORDER BY comments.id LIMIT :most"""
    )
    for kind, column in _COLUMNS.items()
}
_MENTIONING = Statement(
    f"""{_SELECT} JOIN comment_mentions ON comment_mentions.comment_id = comments.id
    WHERE comment_mentions.name = :name AND comment_mentions.created >= :since AND runs.deleted_time IS NULL
    ORDER BY comment_mentions.created DESC, comments.id DESC LIMIT :most"""
)
_ADD: dict[SubjectKind, Statement] = {
    kind: Statement(
        f"""INSERT INTO comments (comment_id, {column}, author, text, mentions, created)
        VALUES (:comment, :of, :author, :text, :mentions, :created) RETURNING id"""  # noqa: S608 - a column of ours
    )
    for kind, column in _COLUMNS.items()
}
_EDIT = Statement("UPDATE comments SET text = :text, mentions = :mentions, edited = :edited WHERE id = :id")
_DELETE = Statement("UPDATE comments SET text = '', mentions = '[]', deleted = :deleted WHERE id = :id")
_ADD_MENTION = Statement(
    "INSERT INTO comment_mentions (name, created, comment_id) VALUES (:name, :created, :comment) ON CONFLICT DO NOTHING"
)
_MENTIONED = Statement("SELECT name FROM comment_mentions WHERE comment_id = :comment")
_DROP_MENTION = Statement("DELETE FROM comment_mentions WHERE comment_id = :comment AND name = :name")
_AUTHORS = Statement(
    """SELECT DISTINCT author FROM comments WHERE substr(author, 1, CAST(:length AS INTEGER)) = :prefix
    ORDER BY author LIMIT :most"""
)


class SqlComments(SqlPart):
    """The part of a store that keeps comments."""

    def create_comment(
        self, kind: SubjectKind, subject_id: str, text: str, *, author: str, mentions: Sequence[str] | None = None
    ) -> Comment:
        """Say something. NotFound for a subject that there is not.

        ``mentions`` are the people mentioned; those that the text names if it is None.
        """
        subject = check_subject_kind(kind)
        said, who = checked_comment_text(text), checked_author(author)
        named = _named(said, mentions)
        made = new_comment_id()
        with self._database.write() as session:
            number, deleted = _found(session, subject, subject_id)
            if deleted:
                raise InvalidState(f"The run {subject_id!r:.100} is deleted. Restore it before you comment on it.")
            now = now_ms()
            row = session.row(_ADD[subject], (made, number, who, said, _json(named), now))
            assert row is not None
            _note(session, row[0], named, now)
            return _comment(_row(session, made))

    def get_comment(self, comment_id: str) -> Comment:
        """A comment; one that was deleted has no text. NotFound."""
        with self._database.read() as session:
            return _comment(_row(session, comment_id))

    def list_comments(
        self, kind: SubjectKind, subject_id: str, *, max_results: int = 100, page_token: str | None = None
    ) -> Page[Comment]:
        """What was said of a subject, oldest first, without what was deleted. NotFound for no such subject."""
        subject = check_subject_kind(kind)
        size = check_page_size(max_results, MAX_PAGE)
        scope = ["comments", subject, subject_id]
        after = decode_token(page_token, scope)[0] if page_token else 0
        with self._database.read() as session:
            number, deleted = _found(session, subject, subject_id)
            rows = [] if deleted else session.rows(_LIST[subject], (number, after, size + 1))
        token = encode_token([rows[size - 1][0]], scope) if len(rows) > size else None
        return Page([_comment(row) for row in rows[:size]], token)

    def edit_comment(self, comment_id: str, text: str, *, mentions: Sequence[str] | None = None) -> Comment:
        """Replace the text. NotFound, also for one that was deleted."""
        said = checked_comment_text(text)
        named = _named(said, mentions)
        with self._database.write() as session:
            found = _row(session, comment_id)
            if found[11] is not None:
                raise NotFound(f"The comment {comment_id!r:.100} was deleted. Write another.")
            now = now_ms()
            session.run(_EDIT, (said, _json(named), now, found[0]))
            _note(session, found[0], named, now)
            return _comment(_row(session, comment_id))

    def delete_comment(self, comment_id: str) -> Comment:
        """Take it back: its text is gone. Deleting again changes nothing."""
        with self._database.write() as session:
            found = _row(session, comment_id)
            if found[11] is None:
                now = now_ms()
                session.run(_DELETE, (now, found[0]))
                _note(session, found[0], [], now)
            return _comment(_row(session, comment_id))

    def mentions_of(self, name: str, *, since: int = 0, max_results: int = 100) -> list[Comment]:
        """Comments since a time (ms) that mention somebody, newest first."""
        size = check_page_size(max_results, MAX_PAGE)
        with self._database.read() as session:
            return [_comment(row) for row in session.rows(_MENTIONING, (name.replace("\0", ""), since, size))]

    def authors(self, prefix: str = "", *, max_results: int = 20) -> list[str]:
        """Who has commented, by name, of those whose names begin so."""
        wanted = prefix.replace("\0", "")
        with self._database.read() as session:
            return [name for (name,) in session.rows(_AUTHORS, (len(wanted), wanted, max_results))]


def _named(text: str, mentions: Sequence[str] | None) -> list[str]:
    named = mentions_in(text)
    return named if mentions is None else [name for name in named if name in set(mentions)][:MOST_MENTIONS]


def _found(session: Session, kind: SubjectKind, subject_id: str) -> tuple[int, bool]:
    row = None if "\0" in subject_id else session.row(_FIND[kind], (subject_id,))
    if row is None:
        raise NotFound(f"There is no {kind} {subject_id[:100]!r}. Comments are on what there is.")
    return row[0], row[1] is not None


def _row(session: Session, comment_id: str) -> tuple[Any, ...]:
    row = None if "\0" in comment_id else session.row(_ONE, (comment_id,))
    if row is None or row[12] is not None:
        raise NotFound(f"There is no comment {comment_id[:100]!r}, or what it is about was deleted.")
    return row


def _note(session: Session, comment: int, names: Sequence[str], now: int) -> None:
    """Who is mentioned now. Who was before keeps the time at which they were first."""
    before = {name for (name,) in session.rows(_MENTIONED, (comment,))}
    for name in before.difference(names):
        session.run(_DROP_MENTION, (comment, name))
    for name in names:
        if name not in before:
            session.run(_ADD_MENTION, (name, now, comment))


def _comment(row: tuple[Any, ...]) -> Comment:
    kind: SubjectKind = "run" if row[2] is not None else "prompt" if row[3] is not None else "trace"
    return Comment(
        comment_id=row[1],
        subject_kind=kind,
        subject_id=next(item for item in row[2:5] if item is not None),
        experiment_id="" if row[5] is None else str(row[5]),
        author=row[6],
        text=row[7],
        mentions=msgspec.json.decode(row[8], type=list[str]),
        creation_time=row[9],
        edit_time=row[10],
        deletion_time=row[11],
    )


def _json(names: Sequence[str]) -> str:
    return msgspec.json.encode(list(names)).decode()
