"""What a server keeps of its users: who they are, what lets them in, what they may, and what they changed.

Separate from :class:`~quire.store.base.Store`: a script that tracks needs none of it. Promises and errors are those
of that interface. No password or token comes in here, only what may be kept of it (:mod:`quire.domain.credentials`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol, TypeVar

import msgspec

from quire.domain.access import EVERYTHING, AuditEntry, Permission, Resource, Role, Scope, Token, TokenKind, User
from quire.domain.allowances import Used
from quire.domain.errors import InvalidState
from quire.domain.paging import Page

T = TypeVar("T")


class Login(msgspec.Struct, frozen=True, kw_only=True):
    """What is needed to let somebody in: ``password_hash`` to check a password, ``token`` if one was shown."""

    user: User
    password_hash: str | None
    permissions: Mapping[Resource, Role]
    token: Token | None = None


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """What the audit log is told of one change; it adds the time."""

    username: str
    action: str
    route: str
    entity: str
    token_id: str | None = None
    address: str = ""
    before: str | None = None
    after: str | None = None
    request_id: str = ""


class UserStore(Protocol):
    """Users."""

    def create_user(
        self, username: str, *, password_hash: str | None, role: Role | None = None, subject: str | None = None
    ) -> User:
        """Add a user. AlreadyExists if the name is taken. ``subject`` is how an identity provider knows them."""

    def get_user(self, username: str) -> User:
        """The user of that name."""

    def find_user_of_subject(self, subject: str) -> User | None:
        """The user whom an identity provider knows by this."""

    def list_users(self) -> list[User]:
        """All users, by name."""

    def has_admin(self) -> bool:
        """Whether anybody administers the server."""

    def set_password_hash(self, username: str, password_hash: str | None) -> None:
        """Replace what their password is checked by; None leaves them without. Their sessions end."""

    def set_role(self, username: str, role: Role | None) -> None:
        """Change their role in the workspace. InvalidState if nobody would administer the server."""

    def delete_user(self, username: str) -> None:
        """Remove a user with permissions and tokens. InvalidState if nobody would administer the server."""

    def find_login(self, username: str) -> Login | None:
        """What is needed to let in who claims to be this user; None if there is none of that name."""


class PermissionStore(Protocol):
    """Roles of users on single things."""

    def create_permission(self, username: str, resource: Resource, role: Role) -> Permission:
        """Give a role. AlreadyExists if they have one there."""

    def set_permission(self, username: str, resource: Resource, role: Role) -> Permission:
        """Give a role, in place of the one that they may have there."""

    def get_permission(self, username: str, resource: Resource) -> Permission:
        """The role that was given; NotFound if none was."""

    def delete_permission(self, username: str, resource: Resource) -> None:
        """Take the role away; NotFound if none was given."""

    def list_permissions(self, *, username: str | None = None, resource: Resource | None = None) -> list[Permission]:
        """The roles of a user, or on a thing, or all."""

    def rename_resource(self, resource: Resource, key: str) -> None:
        """Let the roles on a thing follow its new name."""

    def forget_resource(self, resource: Resource) -> None:
        """Drop the roles on a thing that is no more."""


class TokenStore(Protocol):
    """Tokens."""

    def create_token(
        self,
        username: str,
        token_hash: str,
        *,
        name: str = "",
        scope: Scope = EVERYTHING,
        expiration_time: int | None = None,
        kind: TokenKind = "token",
    ) -> Token:
        """Let a token in, known by its hash."""

    def find_token(self, token_hash: str) -> Login | None:
        """What is needed to let in who shows this token, valid or not; None if there is no such token."""

    def find_tokens(self, token_hashes: Sequence[str]) -> dict[str, Login]:
        """What :meth:`find_token` finds for each of many, by the hash; without those that are not known."""

    def list_tokens(self, *, username: str | None = None) -> list[Token]:
        """The tokens of a user, or of all, newest first; sessions are not among them."""

    def get_token(self, token_id: str) -> Token:
        """The token of that id."""

    def revoke_token(self, token_id: str) -> Token:
        """Let it in no more. Revoking again changes nothing."""

    def mark_used(self, times: Mapping[str, int]) -> None:
        """Note when tokens, by id, were last used."""

    def add_token_usage(self, day: int, used: Mapping[str, Used]) -> dict[str, Used]:
        """Add to what tokens, by id, used on a day (of UTC, counted from the epoch); what each has used of it now."""

    def token_usage(self, day: int, token_ids: Sequence[str] | None = None) -> dict[str, Used]:
        """What tokens (all, or these) used on a day, by id; without those that used nothing."""


class AuditStore(Protocol):
    """The log of changes, which only grows."""

    def append_change(self, change: Change) -> None:
        """Add an entry."""

    def search_audit(
        self,
        *,
        username: str | None = None,
        action: str | None = None,
        entity: str | None = None,
        since: int | None = None,
        until: int | None = None,
        max_results: int = 100,
        page_token: str | None = None,
    ) -> Page[AuditEntry]:
        """Entries that match all that is given, newest first. ``since`` is included, ``until`` is not."""

    def all_or_nothing(self, call: Callable[[], T]) -> T:
        """What ``call`` gives; what it does to this store and to the tracking store beside it is one change."""


class PlaceStore(Protocol):
    """Which experiment things belong to; what belongs to none, or does not exist, has none."""

    def experiment_of_run(self, run_id: str) -> str | None:
        """The experiment of a run."""

    def experiment_of_logged_model(self, model_id: str) -> str | None:
        """The experiment of a logged model, deleted or not."""

    def experiment_of_trace(self, trace_id: str) -> str | None:
        """The experiment of a trace."""

    def experiments_of_dataset(self, dataset_id: str) -> list[str] | None:
        """The experiments that an evaluation dataset is used in; None if it does not exist."""


class AccessStore(UserStore, PermissionStore, TokenStore, AuditStore, PlaceStore, Protocol):
    """Everything about users, beside what they track."""


def access_of(store: object) -> AccessStore:
    """The users of a tracking store. Raises InvalidState for a store that keeps none."""
    access: AccessStore | None = getattr(store, "access", None)
    if access is None:
        raise InvalidState(
            "Users are kept in the server's own database, and this store is another server. Name the database with "
            "--tracking-uri, such as sqlite:///quire.db or postgresql://host/database."
        )
    return access
