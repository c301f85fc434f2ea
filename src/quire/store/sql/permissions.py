"""Roles of users on single experiments and registered models, in SQL."""

from __future__ import annotations

from typing import Any

from quire.domain.access import Permission, Resource, Role, check_role
from quire.domain.errors import AlreadyExists, NotFound
from quire.domain.names import MAX_EXPERIMENT_NAME, check_text
from quire.store.sql.base import SqlPart
from quire.store.sql.statement import Statement
from quire.store.sql.users import user_row

_COLUMNS = "users.id, username, permissions.kind, key, permissions.role"
_FROM = "FROM permissions JOIN users ON users.id = permissions.user_id"
_ORDER = "ORDER BY username, permissions.kind, key"
_ALL = Statement("SELECT $columns $source $order", columns=_COLUMNS, source=_FROM, order=_ORDER)
_OF_USER = Statement(
    "SELECT $columns $source WHERE permissions.user_id = :id $order", columns=_COLUMNS, source=_FROM, order=_ORDER
)
_ON = Statement(
    "SELECT $columns $source WHERE permissions.kind = :kind AND key = :key $order",
    columns=_COLUMNS,
    source=_FROM,
    order=_ORDER,
)
_ONE = Statement(
    "SELECT $columns $source WHERE permissions.user_id = :id AND permissions.kind = :kind AND key = :key",
    columns=_COLUMNS,
    source=_FROM,
)
_ADD = Statement(
    "INSERT INTO permissions (user_id, kind, key, role) VALUES (:id, :kind, :key, :role) ON CONFLICT DO NOTHING"
)
_SET = Statement(
    """INSERT INTO permissions (user_id, kind, key, role) VALUES (:id, :kind, :key, :role)
    ON CONFLICT (user_id, kind, key) DO UPDATE SET role = excluded.role"""
)
_DELETE = Statement("DELETE FROM permissions WHERE user_id = :id AND kind = :kind AND key = :key")
_RENAME = Statement("UPDATE permissions SET key = :new WHERE kind = :kind AND key = :key")
_FORGET = Statement("DELETE FROM permissions WHERE kind = :kind AND key = :key")


class SqlPermissions(SqlPart):
    """The part of a store that keeps permissions."""

    def create_permission(self, username: str, resource: Resource, role: Role) -> Permission:
        """Give a role. AlreadyExists if they have one there."""
        _check(resource, role)
        with self._database.write() as session:
            user = user_row(session, username)
            if not session.run(_ADD, (user[0], resource.kind, resource.key, role)):
                raise AlreadyExists(f"{username!r} has a role on {resource} already. Update it, or delete it first.")
            return Permission(username=user[1], user_id=str(user[0]), resource=resource, role=role)

    def set_permission(self, username: str, resource: Resource, role: Role) -> Permission:
        """Give a role, in place of the one that they may have there."""
        _check(resource, role)
        with self._database.write() as session:
            user = user_row(session, username)
            session.run(_SET, (user[0], resource.kind, resource.key, role))
            return Permission(username=user[1], user_id=str(user[0]), resource=resource, role=role)

    def get_permission(self, username: str, resource: Resource) -> Permission:
        """The role that was given; NotFound if none was."""
        with self._database.read() as session:
            user = user_row(session, username)
            row = session.row(_ONE, (user[0], resource.kind, resource.key))
            if row is None:
                raise _none_given(username, resource)
            return _permission(row)

    def delete_permission(self, username: str, resource: Resource) -> None:
        """Take the role away; NotFound if none was given."""
        with self._database.write() as session:
            user = user_row(session, username)
            if not session.run(_DELETE, (user[0], resource.kind, resource.key)):
                raise _none_given(username, resource)

    def list_permissions(self, *, username: str | None = None, resource: Resource | None = None) -> list[Permission]:
        """The roles of a user, or on a thing, or all."""
        with self._database.read() as session:
            if username is not None:
                rows = session.rows(_OF_USER, (user_row(session, username)[0],))
            elif resource is not None:
                rows = session.rows(_ON, (resource.kind, resource.key))
            else:
                rows = session.rows(_ALL)
            found = [_permission(row) for row in rows]
            return found if resource is None else [item for item in found if item.resource == resource]

    def rename_resource(self, resource: Resource, key: str) -> None:
        """Let the roles on a thing follow its new name."""
        if key == resource.key:
            return
        with self._database.write() as session:
            session.run(_FORGET, (resource.kind, key))
            session.run(_RENAME, (key, resource.kind, resource.key))

    def forget_resource(self, resource: Resource) -> None:
        """Drop the roles on a thing that is no more."""
        with self._database.write() as session:
            session.run(_FORGET, (resource.kind, resource.key))


def _check(resource: Resource, role: Role) -> None:
    check_role(role)
    check_text(resource.key, "The name of what the role is on", MAX_EXPERIMENT_NAME)


def _permission(row: tuple[Any, ...]) -> Permission:
    return Permission(user_id=str(row[0]), username=row[1], resource=Resource(row[2], row[3]), role=row[4])


def _none_given(username: str, resource: Resource) -> NotFound:
    return NotFound(f"{username!r} was given no role on {resource}; the workspace's, or the default, counts there.")
