"""Putting sign-in, authorization and the audit log into an application."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import msgspec

from quire.domain.access import Identity
from quire.domain.credentials import check_password
from quire.domain.errors import InvalidInput
from quire.server.auth.asking import CHANGE, IDENTITY, PREPARED, Asking, current
from quire.server.auth.changes import Changes
from quire.server.auth.door import Door, nothing
from quire.server.auth.first import ensure_admin
from quire.server.auth.guard import Guard
from quire.server.auth.login import CALLBACK, EXTRA, LOGIN, LOGOUT, PAGE
from quire.server.auth.login import calls as login_calls
from quire.server.auth.logins import Logins
from quire.server.auth.oidc import Oidc
from quire.server.auth.password_login import LOGINS
from quire.server.auth.password_login import calls as password_calls
from quire.server.auth.places import Whereabouts
from quire.server.auth.rule import route_of
from quire.server.auth.settings import AuthSettings
from quire.server.auth.tokens import calls as token_calls
from quire.server.auth.users import calls as user_calls
from quire.server.auth.users import calls_of_3
from quire.server.calls import AnyCall, Call
from quire.server.context import Context
from quire.server.dispatch import Front
from quire.server.http import Application, Request, Scope
from quire.server.routes.me import WAYS
from quire.store.access import access_of

_WITH_PASSWORD = {"POST 2.0/mlflow/users/create", "PATCH 2.0/mlflow/users/update-password"}


def access_calls() -> list[AnyCall]:
    """The calls about users, permissions, tokens, the audit log and sign-in."""
    return [*user_calls.all, *calls_of_3.all, *token_calls.all, *login_calls.all, *password_calls.all]


def attach(
    context: Context,
    front: Front,
    settings: AuthSettings,
    is_open: Callable[[Scope], bool] = nothing,
    sign_in: str | None = None,
) -> Application:
    """Have ``front`` ask who may do what; the application to put before it. What ``is_open`` needs no sign-in.

    ``sign_in`` is the page of the interface for that, if there is one; an identity provider goes before it.
    Raises InvalidState for a store that keeps no users, InvalidInput if nobody administers the server.
    """
    access = access_of(context.store)
    ensure_admin(access)
    logins = Logins(access, context.work, settings)
    context.extras[LOGINS] = logins
    changes = Changes(context, access, logging=settings.audit_logging)
    front.guards += [Guard(context, Whereabouts(context, access), logins), Preparation(logins, changes)]
    front.wrappers.append(partial(_wrapped, changes))
    front.observers.append(Forgetting(logins))
    if settings.oidc is not None:
        context.extras[EXTRA] = Oidc(settings.oidc)
        context.extras[PAGE] = sign_in
        sign_in = LOGIN
    return Door(front, context, logins, (LOGIN, CALLBACK, LOGOUT, WAYS), sign_in, is_open)


def _wrapped(
    changes: Changes, call: Call, request: Request, message: msgspec.Struct, run: Callable[[], Any]
) -> Callable[[], Any]:
    """What runs a call, with who asks known to it and its change recorded."""
    identity: Identity | None = request.scope.get(IDENTITY)
    if identity is None:
        return run
    asking = Asking(identity=identity, call=call, request=request, message=message)
    inner = changes.recorded(asking, run) if call.kind == "write" else run

    def work() -> Any:
        token = current.set(asking)
        try:
            return inner()
        finally:
            current.reset(token)

    return work


class Preparation:
    """What has to be done after a call was allowed and before it runs: slow work, which no thread that writes does."""

    def __init__(self, logins: Logins, changes: Changes) -> None:
        self._logins, self._changes = logins, changes

    async def __call__(self, call: AnyCall, request: Request, message: Any) -> None:
        """Hash a new password; prepare the entry of a streaming call."""
        identity: Identity | None = request.scope.get(IDENTITY)
        if identity is None:
            return
        route = route_of(call)
        asking = Asking(identity=identity, call=call, request=request, message=message)
        if route in _WITH_PASSWORD:
            check_password(message.password)
            await self._check_current(asking)
            request.scope[PREPARED] = await self._logins.hash_password(message.password)
        if not isinstance(call, Call) and call.kind == "write" and self._changes.wanted(route):
            request.scope[CHANGE] = self._changes.streamed(asking)

    async def _check_current(self, asking: Asking) -> None:
        """Who changes their own password knows the one before it."""
        message: Any = asking.message
        if asking.call.name != "update_user_password" or message.username != asking.identity.name:
            return
        given = message.current_password
        if given is None and asking.identity.method == "password":
            return
        if not given or not await self._logins.check_password(message.username, given, asking.address):
            raise InvalidInput("current_password is not your password. Give the one that you have now.")


class Forgetting:
    """What is known of users is read anew at once on the server that changed it."""

    def __init__(self, logins: Logins) -> None:
        self._logins = logins

    async def __call__(self, call: AnyCall, request: Request, message: Any, answer: Any) -> None:
        """Told of each call that was answered."""
        if call.kind == "write" and (call.tag in ("Users", "Tokens", "Sign-in") or call.name in _GIVING):
            self._logins.forget()


_GIVING = {
    "create_experiment",
    "create_registered_model",
    "rename_registered_model",
    "delete_registered_model",
    "put_endpoint",
    "delete_endpoint",
}
