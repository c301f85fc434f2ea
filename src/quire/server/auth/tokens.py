"""Tokens and the audit log: ``/api/quire/v1/tokens``, ``/api/quire/v1/audit``, ``/api/quire/v1/whoami``."""

from __future__ import annotations

import time

import msgspec

from quire.domain.access import AuditEntry, Method, Role, Scope, Token, User, expiration
from quire.domain.allowances import ANY_PARAMETER, UNLIMITED, Allowance, ParameterRule, Used
from quire.domain.credentials import hash_token, new_token
from quire.domain.errors import NotFound
from quire.domain.ids import now_ms
from quire.domain.protojson import Int64, Message, Required
from quire.server.auth.asking import current
from quire.server.calls import Calls
from quire.server.context import Context
from quire.store.access import access_of
from quire.store.rest.wire.common import Empty

calls = Calls("quire", "v1", tag="Tokens")
_TOKENS, _AUDIT = "/api/quire/v1/tokens", "/api/quire/v1/audit"


class CreateToken(Message, frozen=True, kw_only=True):
    """A token for oneself or, by an admin, for another user. Without ``experiments``, ``registered_models`` and
    ``endpoints`` it holds for everything that the user may do; with one of them, for what they name alone.
    ``parameters`` and ``allowance`` hold wherever it asks an endpoint.
    """

    name: str = ""
    username: str = ""
    expires_in_days: float | None = None
    read_only: bool = False
    experiments: list[str] | None = None
    registered_models: list[str] | None = None
    endpoints: list[str] | None = None
    parameters: ParameterRule = ANY_PARAMETER
    allowance: Allowance = UNLIMITED


class NewToken(msgspec.Struct, frozen=True, kw_only=True):
    """A token, and its secret, which is told this once."""

    token: Token
    secret: str


class ListTokens(Message, frozen=True, kw_only=True):
    """The tokens of a user: by default of who asks."""

    username: str = ""


class TokensResponse(msgspec.Struct, frozen=True, kw_only=True):
    """Tokens, newest first, and what those that asked endpoints used today (UTC), by id."""

    tokens: list[Token]
    used_today: dict[str, Used] = {}


class OfToken(Message, frozen=True, kw_only=True):
    """One token."""

    token_id: Required


class RevokeToken(OfToken, frozen=True, kw_only=True):
    """The token to revoke; ``reason`` is for the audit log."""

    reason: str = ""


class WhoAmI(msgspec.Struct, frozen=True, kw_only=True):
    """Who asks, how they signed in, and what their token is limited to."""

    user: User
    method: Method
    default_permission: Role
    token_id: str | None
    scope: Scope


class SearchAudit(Message, frozen=True, kw_only=True):
    """What entries must match; times are in milliseconds, ``since`` included, ``until`` not."""

    username: str | None = None
    action: str | None = None
    entity: str | None = None
    since: Int64 | None = None
    until: Int64 | None = None
    max_results: Int64 = 100
    page_token: str | None = None


class AuditResponse(msgspec.Struct, frozen=True, kw_only=True):
    """A page of entries, newest first."""

    entries: list[AuditEntry]
    next_page_token: str | None


@calls.write("POST", _TOKENS)
def create_token(context: Context, request: CreateToken) -> NewToken:
    """Make a token. Its secret is in the answer, and nowhere else."""
    scope = Scope(
        read_only=request.read_only,
        experiments=None if request.experiments is None else tuple(request.experiments),
        registered_models=None if request.registered_models is None else tuple(request.registered_models),
        endpoints=None if request.endpoints is None else tuple(request.endpoints),
        parameters=request.parameters,
        allowance=request.allowance,
    )
    secret = new_token()
    token = access_of(context.store).create_token(
        request.username or current.get().identity.name,
        hash_token(secret),
        name=request.name,
        scope=scope,
        expiration_time=expiration(request.expires_in_days, now_ms()),
    )
    return NewToken(token=token, secret=secret)


@calls.read("GET", _TOKENS)
def list_tokens(context: Context, request: ListTokens) -> TokensResponse:
    """The tokens of a user, without their secrets."""
    username = request.username or current.get().identity.name
    access = access_of(context.store)
    tokens = access.list_tokens(username=username)
    used = access.token_usage(int(time.time()) // 86_400, [token.token_id for token in tokens])
    return TokensResponse(tokens=tokens, used_today=used)


@calls.write("DELETE", f"{_TOKENS}/{{token_id}}")
def revoke_token(context: Context, request: RevokeToken) -> Token:
    """Let a token in no more: one's own or, by an admin, any. A limited token revokes itself alone."""
    access, identity = access_of(context.store), current.get().identity
    token = access.get_token(request.token_id)
    itself = token.token_id == identity.token_id
    own = token.username == identity.name and not identity.scope.is_limited
    if not (itself or own or identity.administers):
        raise NotFound(f"No token has the id {request.token_id[:60]!r}. List them with `quire tokens list`.")
    return access.revoke_token(request.token_id)


@calls.read("GET", "/api/quire/v1/whoami")
def whoami(context: Context, request: Empty) -> WhoAmI:
    """Who asks, and what their token is limited to."""
    identity = current.get().identity
    return WhoAmI(
        user=identity.user,
        method=identity.method,
        default_permission=identity.default,
        token_id=identity.token_id,
        scope=identity.scope,
    )


@calls.read("GET", _AUDIT)
def search_audit(context: Context, request: SearchAudit) -> AuditResponse:
    """A page of the audit log, newest first."""
    page = access_of(context.store).search_audit(
        username=request.username or None,
        action=request.action or None,
        entity=request.entity or None,
        since=request.since,
        until=request.until,
        max_results=request.max_results,
        page_token=request.page_token or None,
    )
    return AuditResponse(entries=page.to_list(), next_page_token=page.token)
