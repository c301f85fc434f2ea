"""Who may do what: roles, what a token is limited to, and the decision. Pure: nothing is looked up here.

A user has a role in the workspace (on everything in it), or none of their own; and roles on single experiments and
registered models, which count there instead. Who has no role in the workspace is what MLflow calls a user: they have
the default permission on what others made, and may make things of their own. A token acts for its user and may be
limited further; it never widens.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Literal, get_args

import msgspec

from quire.domain.allowances import ANY_PARAMETER, UNLIMITED, Allowance, ParameterRule, check_allowance, check_rule
from quire.domain.endpoint_checks import check_endpoint_name
from quire.domain.entities import Entity
from quire.domain.errors import InvalidInput, PermissionDenied

Role = Literal["none", "reader", "editor", "admin"]
Kind = Literal["experiment", "registered_model", "endpoint"]
ROLES: tuple[Role, ...] = get_args(Role)
DEFAULT_ROLE: Role = "reader"
MAX_NAME = 255
MAX_SCOPE = 1000
MAX_TOKEN_DAYS = 3650
DAY_MS = 86_400_000

_RANK: dict[Role, int] = {role: rank for rank, role in enumerate(ROLES)}
_NAME = re.compile(r"[^\x00-\x1f\x7f:\s](?:[^\x00-\x1f\x7f:]*[^\x00-\x1f\x7f:\s])?")
_KIND_WORDS: dict[Kind, str] = {
    "experiment": "experiment",
    "registered_model": "registered model",
    "endpoint": "endpoint",
}


class Resource(msgspec.Struct, frozen=True):
    """What permissions are given on: an experiment by its id, a registered model (or prompt) or endpoint by its name.

    A reader of an endpoint may ask it.
    """

    kind: Kind
    key: str

    def __str__(self) -> str:
        return f"the {_KIND_WORDS[self.kind]} {self.key!r}"


class User(Entity, frozen=True, kw_only=True):
    """Someone, or a service, that may sign in. ``role`` is the one in the workspace, None if they have none there.

    Without a password (``has_password``) only tokens and the sign-in of an identity provider let them in.
    """

    user_id: str
    username: str
    role: Role | None
    has_password: bool
    creation_time: int
    last_update_time: int

    @property
    def is_admin(self) -> bool:
        """Whether they administer the server."""
        return self.role == "admin"


class Scope(msgspec.Struct, frozen=True, kw_only=True):
    """What a token is limited to. None means no limit of that kind, unless another kind has one: then nothing.

    ``parameters`` and ``allowance`` hold wherever it asks an endpoint.
    """

    read_only: bool = False
    experiments: tuple[str, ...] | None = None
    registered_models: tuple[str, ...] | None = None
    endpoints: tuple[str, ...] | None = None
    parameters: ParameterRule = ANY_PARAMETER
    allowance: Allowance = UNLIMITED

    @property
    def is_narrow(self) -> bool:
        """Whether it names what it holds for, so that it holds for nothing else."""
        return any(keys is not None for keys in (self.experiments, self.registered_models, self.endpoints))

    @property
    def is_limited(self) -> bool:
        """Whether it limits what its user may do, apart from how much is asked of endpoints."""
        return self.read_only or self.is_narrow

    def keys(self, kind: Kind) -> frozenset[str] | None:
        """What it holds for, of a kind; None for everything."""
        if not self.is_narrow:
            return None
        held = {"experiment": self.experiments, "registered_model": self.registered_models, "endpoint": self.endpoints}
        return frozenset(held[kind] or ())


EVERYTHING = Scope()
TokenKind = Literal["token", "session"]
Method = Literal["password", "token", "session"]


class Token(Entity, frozen=True, kw_only=True):
    """A credential for programs, or what a browser holds after a sign-in (a session).

    Its secret is told once and not kept; times are in milliseconds.
    """

    token_id: str
    kind: TokenKind = "token"
    username: str
    name: str
    scope: Scope
    creation_time: int
    expiration_time: int | None
    last_used_time: int | None
    revocation_time: int | None

    def is_valid(self, now: int) -> bool:
        """Whether it lets anybody in at that time."""
        return self.revocation_time is None and (self.expiration_time is None or now < self.expiration_time)


class Permission(Entity, frozen=True, kw_only=True):
    """A role that a user has on one thing."""

    username: str
    user_id: str
    resource: Resource
    role: Role


class AuditEntry(Entity, frozen=True, kw_only=True):
    """One change: who, when, what. ``before`` and ``after`` are small JSON texts without credentials."""

    entry_id: int
    time: int
    username: str
    token_id: str | None
    address: str
    action: str
    route: str
    entity: str
    before: str | None
    after: str | None
    request_id: str


class Visible(msgspec.Struct, frozen=True):
    """Which things of a kind somebody may read: ``keys``, or everything but them."""

    keys: frozenset[str]
    excluding: bool

    @property
    def is_everything(self) -> bool:
        """Whether nothing is hidden."""
        return self.excluding and not self.keys

    def holds(self, key: str) -> bool:
        """Whether a thing may be read."""
        return (key in self.keys) is not self.excluding


class Identity(msgspec.Struct, frozen=True, kw_only=True):
    """Who asks, and what they may. ``permissions`` are the roles on single things; ``default`` is for the rest.

    ``method`` tells how they signed in; ``token_id`` and ``scope`` are those of the token, if it was one.
    """

    user: User
    permissions: Mapping[Resource, Role]
    default: Role = DEFAULT_ROLE
    method: Method = "password"
    token_id: str | None = None
    scope: Scope = EVERYTHING

    @property
    def name(self) -> str:
        """The user's name."""
        return self.user.username

    @property
    def administers(self) -> bool:
        """Whether they may do everything: an admin, not by a limited token."""
        return self.user.is_admin and not self.scope.is_limited

    @property
    def _usual(self) -> Role:
        return self.user.role if self.user.role is not None else self.default

    def role_on(self, resource: Resource) -> Role:
        """The role on a thing: the one given on it, else the workspace's, else the default; never above the scope."""
        usual = self._usual
        role = usual if usual == "admin" and self.user.is_admin else self.permissions.get(resource, usual)
        held = self.scope.keys(resource.kind)
        if held is not None and resource.key not in held:
            return "none"
        return weakest(role, "reader") if self.scope.read_only else role

    def may_create(self, kind: Kind) -> bool:
        """Whether they may make a new thing of a kind."""
        if self.scope.is_limited:
            return False
        return self.user.role is None or reaches(self.user.role, "editor")

    def visible(self, kind: Kind) -> Visible:
        """What of a kind they may read."""
        held = self.scope.keys(kind)
        if held is not None:
            return Visible(frozenset(key for key in held if self.reads(Resource(kind, key))), excluding=False)
        own = [resource for resource in self.permissions if resource.kind == kind]
        excluding = reaches(self._usual, "reader")
        return Visible(
            frozenset(resource.key for resource in own if self.reads(resource) is not excluding), excluding=excluding
        )

    def reads(self, resource: Resource) -> bool:
        """Whether they may read a thing."""
        return reaches(self.role_on(resource), "reader")

    def asks(self, endpoint: str) -> bool:
        """Whether they may ask an endpoint: that spends money, so a token that may only read has to name it."""
        if self.scope.read_only and self.scope.endpoints is None:
            return False
        return self.reads(Resource("endpoint", endpoint))

    def require(self, role: Role, resource: Resource) -> None:
        """Raise PermissionDenied unless their role on a thing reaches that."""
        own = self.role_on(resource)
        if not reaches(own, role):
            raise PermissionDenied(
                f"{self._described()} has the role {own!r} on {resource}; this needs {role!r}. Ask an admin of it, or "
                "of the server, for that role."
            )

    def require_create(self, kind: Kind) -> None:
        """Raise PermissionDenied unless they may make a thing of a kind."""
        if not self.may_create(kind):
            word = _KIND_WORDS[kind]
            raise PermissionDenied(
                f"{self._described()} may not create a new {word}: this needs the role 'editor' in the workspace, and "
                "no limited token. Ask an admin of the server."
            )

    def require_admin(self) -> None:
        """Raise PermissionDenied unless they administer the server."""
        if not self.administers:
            raise PermissionDenied(
                f"{self._described()} does not administer this server. Ask an admin, or sign in as one without a "
                "limited token."
            )

    def require_person(self) -> None:
        """Raise PermissionDenied if a token was shown: one may not make or change what lets people in."""
        if self.method == "token":
            raise PermissionDenied(
                "A token cannot create tokens, or change users. Sign in with the user's name and password."
            )

    def _described(self) -> str:
        who = f"The user {self.name!r}"
        return f"{who}, by a limited token," if self.scope.is_limited else who


def reaches(role: Role, needed: Role) -> bool:
    """Whether a role includes another."""
    return _RANK[role] >= _RANK[needed]


def weakest(*roles: Role) -> Role:
    """The role that all of these include."""
    return min(roles, key=_RANK.__getitem__)


def check_role(role: object) -> Role:
    """A role by its name. Raises InvalidInput."""
    for known in ROLES:
        if role == known:
            return known
    raise InvalidInput(f"Invalid role {str(role)[:40]!r}; expected one of {', '.join(ROLES)}.")


def check_username(name: object) -> str:
    """A user name: 1 to 255 characters, no colon (HTTP's basic login ends the name there), no control characters."""
    if not isinstance(name, str) or not _NAME.fullmatch(name) or len(name) > MAX_NAME:
        raise InvalidInput(
            f"Invalid user name {str(name)[:60]!r}: expected 1 to {MAX_NAME} characters, without colons, control "
            "characters, or blanks at its ends."
        )
    return name


def check_token_name(name: object) -> str:
    """What a token is called by its owner: up to 255 printable characters."""
    if not isinstance(name, str) or len(name) > MAX_NAME or not name.isprintable():
        raise InvalidInput(f"Invalid token name {str(name)[:60]!r}: expected up to {MAX_NAME} printable characters.")
    return name


def check_scope(scope: Scope) -> Scope:
    """A scope whose lists are of a reasonable length and whose names and numbers can be. Raises InvalidInput.

    Of one with endpoints the other lists are not None, so that a server that knows no endpoints lets it do nothing.
    """
    lists = {
        "experiments": scope.experiments,
        "registered models": scope.registered_models,
        "endpoints": scope.endpoints,
    }
    for what, keys in lists.items():
        if keys is not None and len(keys) > MAX_SCOPE:
            raise InvalidInput(f"The token names {len(keys):,} {what}; at most {MAX_SCOPE:,} are allowed.")
    for key in scope.experiments or ():
        if not (key.isascii() and key.isdecimal()):
            raise InvalidInput(f"The token names the experiment {key[:60]!r}; expected an experiment id such as '1'.")
    for key in scope.endpoints or ():
        check_endpoint_name(key)
    check_rule(scope.parameters)
    check_allowance(scope.allowance)
    if scope.endpoints is None:
        return scope
    return msgspec.structs.replace(
        scope, experiments=scope.experiments or (), registered_models=scope.registered_models or ()
    )


def expiration(days: float | None, now: int) -> int | None:
    """When a token that is made now expires, in milliseconds; None for never. Raises InvalidInput."""
    if days is None:
        return None
    if not 0 < days <= MAX_TOKEN_DAYS:
        raise InvalidInput(f"A token may last up to {MAX_TOKEN_DAYS:,} days, not {days:g}. Leave it out for no end.")
    return now + int(days * DAY_MS)
