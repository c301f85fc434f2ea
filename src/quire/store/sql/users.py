"""Users in SQL, and what is needed to let them in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

from quire.domain.access import Resource, Role, User, check_role, check_username
from quire.domain.errors import AlreadyExists, InvalidState, NotFound
from quire.domain.ids import now_ms
from quire.store.access import Login
from quire.store.sql.base import SqlPart
from quire.store.sql.session import Session
from quire.store.sql.statement import Statement

COLUMNS = "id, username, password_hash, role, creation_time, last_update_time"
WIDTH = 6
_BY_NAME = Statement("SELECT $columns FROM users WHERE username = :name", columns=COLUMNS)
_TO_CHANGE = Statement("$by_name FOR UPDATE", by_name=_BY_NAME.sql)
_BY_SUBJECT = Statement("SELECT $columns FROM users WHERE subject = :subject", columns=COLUMNS)
_ALL = Statement("SELECT $columns FROM users ORDER BY username", columns=COLUMNS)
_ADD = Statement(
    """INSERT INTO users (username, password_hash, role, subject, creation_time, last_update_time)
    VALUES (:name, :hash, :role, :subject, :created, :updated) ON CONFLICT DO NOTHING RETURNING $columns""",
    columns=COLUMNS,
)
_SET_PASSWORD = Statement("UPDATE users SET password_hash = :hash, last_update_time = :now WHERE id = :id")
_SET_ROLE = Statement("UPDATE users SET role = :role, last_update_time = :now WHERE id = :id")
_DELETE = Statement("DELETE FROM users WHERE id = :id")
_END_SESSIONS = Statement(
    "UPDATE tokens SET revocation_time = :now WHERE user_id = :id AND kind = 'session' AND revocation_time IS NULL"
)
_ADMINS = Statement("SELECT count(*) FROM users WHERE role = 'admin'")
_PERMISSIONS = Statement("SELECT user_id, kind, key, role FROM permissions WHERE user_id = ANY(:ids)")


class SqlUsers(SqlPart):
    """The part of a store that keeps users."""

    def create_user(
        self, username: str, *, password_hash: str | None, role: Role | None = None, subject: str | None = None
    ) -> User:
        """Add a user. AlreadyExists if the name is taken. ``subject`` is how an identity provider knows them."""
        check_username(username)
        if role is not None:
            check_role(role)
        now = now_ms()
        with self._database.write() as session:
            row = session.row(_ADD, (username, password_hash, role, subject, now, now))
            if row is None:
                raise AlreadyExists(f"A user named {username!r} exists already. Choose another name.")
            return user_of(row)

    def get_user(self, username: str) -> User:
        """The user of that name."""
        with self._database.read() as session:
            return user_of(user_row(session, username))

    def find_user_of_subject(self, subject: str) -> User | None:
        """The user whom an identity provider knows by this."""
        with self._database.read() as session:
            row = session.row(_BY_SUBJECT, (subject,))
            return user_of(row) if row else None

    def list_users(self) -> list[User]:
        """All users, by name."""
        with self._database.read() as session:
            return [user_of(row) for row in session.rows(_ALL)]

    def has_admin(self) -> bool:
        """Whether anybody administers the server."""
        with self._database.read() as session:
            return _admins(session) > 0

    def set_password_hash(self, username: str, password_hash: str | None) -> None:
        """Replace what their password is checked by; None leaves them without. Their sessions end."""
        with self._database.write() as session:
            number, now = user_row(session, username, _TO_CHANGE)[0], now_ms()
            session.run(_SET_PASSWORD, (password_hash, now, number))
            session.run(_END_SESSIONS, (now, number))

    def set_role(self, username: str, role: Role | None) -> None:
        """Change their role in the workspace. InvalidState if nobody would administer the server."""
        if role is not None:
            check_role(role)
        with self._database.write() as session:
            session.take_turns("users")
            row = user_row(session, username, _TO_CHANGE)
            if role != "admin":
                _keep_an_admin(session, row)
            session.run(_SET_ROLE, (role, now_ms(), row[0]))

    def delete_user(self, username: str) -> None:
        """Remove a user with permissions and tokens. InvalidState if nobody would administer the server."""
        with self._database.write() as session:
            session.take_turns("users")
            row = user_row(session, username, _TO_CHANGE)
            _keep_an_admin(session, row)
            session.run(_DELETE, (row[0],))

    def find_login(self, username: str) -> Login | None:
        """What is needed to let in who claims to be this user; None if there is none of that name."""
        if "\0" in username:
            return None
        with self._database.read() as session:
            row = session.row(_BY_NAME, (username,))
            return login_of(session, row) if row else None


def user_row(session: Session, username: str, find: Statement = _BY_NAME) -> tuple[Any, ...]:
    """The row of a user. Raises NotFound."""
    row = session.row(find, (check_username(username),))
    if row is None:
        raise NotFound(f"No user is named {username!r}. List them with `quire users list`.")
    return row


def user_of(row: tuple[Any, ...]) -> User:
    """The user in a row of COLUMNS."""
    return User(
        user_id=str(row[0]),
        username=row[1],
        role=row[3],
        has_password=row[2] is not None,
        creation_time=row[4],
        last_update_time=row[5],
    )


def login_of(session: Session, row: tuple[Any, ...]) -> Login:
    """The user in a row of COLUMNS, with the hash and the permissions."""
    return logins_of(session, [row])[0]


def logins_of(session: Session, rows: Sequence[tuple[Any, ...]]) -> list[Login]:
    """The users in rows of COLUMNS, with the hashes and the permissions, at the cost of one query."""
    permissions: dict[int, dict[Resource, Role]] = {row[0]: {} for row in rows}
    for user_id, kind, key, role in session.rows_of(_PERMISSIONS, list(permissions)):
        permissions[user_id][Resource(kind, key)] = cast(Role, role)
    return [Login(user=user_of(row), password_hash=row[2], permissions=permissions[row[0]]) for row in rows]


def _admins(session: Session) -> int:
    row = session.row(_ADMINS)
    assert row is not None
    return int(row[0])


def _keep_an_admin(session: Session, row: tuple[Any, ...]) -> None:
    if row[3] == "admin" and _admins(session) == 1:
        raise InvalidState(
            f"{row[1]!r} is the only admin of this server. Make somebody else an admin first: "
            "quire users update NAME --admin."
        )
