"""Who asks and what they may, and how one signs in: ``/api/quire/v1/me``, ``/api/quire/v1/sign-in``."""

from __future__ import annotations

from typing import Literal, get_args
from urllib.parse import urlsplit

import msgspec

from quire.domain.access import Identity, Kind, Resource, Role
from quire.server.auth.asking import current
from quire.server.calls import Calls
from quire.server.context import Context
from quire.store.rest.wire.common import Empty

calls = Calls("quire", "v1", tag="Sign-in")
WAYS = "/api/quire/v1/sign-in"
_KINDS: tuple[Kind, ...] = get_args(Kind)


class RoleOn(msgspec.Struct, frozen=True, kw_only=True):
    """A role on one experiment (by its id), registered model or endpoint (by its name)."""

    kind: Kind
    key: str
    role: Role


class Me(msgspec.Struct, frozen=True, kw_only=True):
    """Who asks, and what they may.

    Without ``auth`` the server asks nobody, and everybody may do everything. ``role`` counts for everything that
    ``roles`` does not name; ``creates`` tells whether they may make experiments and models. ``method`` is how they
    signed in.
    """

    auth: bool
    username: str
    administers: bool
    creates: bool
    role: Role
    roles: list[RoleOn]
    method: Literal["none", "password", "token", "session"]
    has_password: bool


_NOBODY = Me(
    auth=False,
    username="",
    administers=True,
    creates=True,
    role="admin",
    roles=[],
    method="none",
    has_password=False,
)


class SignInWays(msgspec.Struct, frozen=True, kw_only=True):
    """How one signs in: not at all without ``auth``; else by a password or at an identity provider.

    ``provider`` is the provider's host; empty if there is none.
    """

    auth: bool
    provider: str


@calls.read("GET", "/api/quire/v1/me", reads="point")
def get_me(context: Context, request: Empty) -> Me:
    """Who asks, and what they may do; also on a server that asks nobody."""
    asking = current.get(None)
    if asking is None:
        return _NOBODY
    return _described(asking.identity)


def _described(identity: Identity) -> Me:
    user, scope = identity.user, identity.scope
    usual: Role = user.role if user.role is not None else identity.default
    if scope.is_narrow:
        usual = "none"
    elif scope.read_only and usual != "none":
        usual = "reader"
    things = {*identity.permissions, *(Resource(kind, key) for kind in _KINDS for key in scope.keys(kind) or ())}
    return Me(
        auth=True,
        username=user.username,
        administers=identity.administers,
        creates=identity.may_create("experiment"),
        role=usual,
        roles=[found for item in sorted(things, key=str) if (found := _role(identity, item)).role != usual],
        method=identity.method,
        has_password=user.has_password,
    )


def _role(identity: Identity, resource: Resource) -> RoleOn:
    return RoleOn(kind=resource.kind, key=resource.key, role=identity.role_on(resource))


@calls.read("GET", WAYS, reads="point")
def get_sign_in(context: Context, request: Empty) -> SignInWays:
    """How one signs in here. Open to everybody."""
    auth = context.settings.auth
    oidc = auth.oidc if auth is not None else None
    return SignInWays(auth=auth is not None, provider=(urlsplit(oidc.issuer).hostname or "") if oidc else "")
