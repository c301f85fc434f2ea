"""How a server decides who may do what. Secrets are not among the settings: they are read where they are used."""

from __future__ import annotations

import os

import msgspec

from quire.domain.access import DEFAULT_ROLE, Role, check_role
from quire.domain.errors import InvalidInput

_ON, _OFF = {"1", "true", "yes", "on", "basic"}, {"0", "false", "no", "off", ""}


class OidcSettings(msgspec.Struct, frozen=True, kw_only=True):
    """The identity provider that people sign in at. Its secret is in ``QUIRE_OIDC_CLIENT_SECRET``.

    ``issuer`` is its address; ``scopes`` are asked for; ``username_claim`` names the claim that becomes the user
    name of who signs in for the first time; they get ``role`` in the workspace, or the default permission.
    ``redirect_uri`` is this server's ``/api/quire/v1/login/callback`` as browsers reach it.
    """

    issuer: str
    client_id: str
    redirect_uri: str
    scopes: str = "openid profile email"
    username_claim: str = "email"
    role: Role | None = None


class AuthSettings(msgspec.Struct, frozen=True, kw_only=True):
    """``default_permission`` is the role of users without one in the workspace, on what nobody gave them a role on.

    ``refresh`` is how long, in seconds, what is known of a user may lag behind the database, so how soon a
    revocation counts on every server; ``verified`` how long a password that was checked is not stretched again.
    ``failures`` logins of one user from one address may fail in a row, and one more each ``failure_pause`` seconds;
    of one address, ``address_factor`` times as many. ``audit_logging`` tells whether logged metrics, params and spans
    are in the audit log too. ``session`` is how long a sign-in lasts.
    """

    default_permission: Role = DEFAULT_ROLE
    refresh: float = 1.0
    verified: float = 300.0
    failures: int = 5
    failure_pause: float = 12.0
    address_factor: int = 6
    audit_logging: bool = True
    session: float = 12 * 3600.0
    oidc: OidcSettings | None = None


def auth_from_environment(wanted: bool | None = None) -> AuthSettings | None:
    """The settings that the environment gives; None if auth is off. ``wanted`` is what an option said, if it did.

    ``QUIRE_AUTH`` turns it on, ``QUIRE_AUTH_DEFAULT_PERMISSION`` sets the default permission,
    ``QUIRE_AUTH_AUDIT_LOGGING`` whether metrics, params and spans are audited, ``QUIRE_OIDC_ISSUER``,
    ``QUIRE_OIDC_CLIENT_ID`` and ``QUIRE_OIDC_REDIRECT_URI`` an identity provider (with ``QUIRE_OIDC_SCOPES``,
    ``QUIRE_OIDC_USERNAME_CLAIM`` and ``QUIRE_OIDC_ROLE``). Raises InvalidInput for values that cannot be.
    """
    if not (_flag("QUIRE_AUTH", False) if wanted is None else wanted):
        return None
    default = os.environ.get("QUIRE_AUTH_DEFAULT_PERMISSION")
    return AuthSettings(
        default_permission=check_role(default.lower()) if default else DEFAULT_ROLE,
        audit_logging=_flag("QUIRE_AUTH_AUDIT_LOGGING", True),
        oidc=_oidc(),
    )


def _oidc() -> OidcSettings | None:
    issuer = os.environ.get("QUIRE_OIDC_ISSUER")
    if not issuer:
        return None
    client_id, redirect_uri = (_needed(f"QUIRE_OIDC_{name}") for name in ("CLIENT_ID", "REDIRECT_URI"))
    role = os.environ.get("QUIRE_OIDC_ROLE")
    return OidcSettings(
        issuer=issuer.rstrip("/"),
        client_id=client_id,
        redirect_uri=redirect_uri,
        scopes=os.environ.get("QUIRE_OIDC_SCOPES") or "openid profile email",
        username_claim=os.environ.get("QUIRE_OIDC_USERNAME_CLAIM") or "email",
        role=check_role(role.lower()) if role else None,
    )


def _needed(name: str) -> str:
    value = os.environ.get(name)
    if not value:
        raise InvalidInput(f"QUIRE_OIDC_ISSUER is set, and {name} is not. Set both, or none.")
    return value


def _flag(name: str, default: bool) -> bool:
    text = os.environ.get(name)
    if text is None:
        return default
    if text.lower() in _ON:
        return True
    if text.lower() in _OFF:
        return False
    raise InvalidInput(f"{name} is {text[:40]!r}; expected 1 or 0.")
