"""Beginning and ending the session of a browser, each with its entry in the audit log."""

from __future__ import annotations

from collections.abc import Callable

from quire.domain.credentials import hash_token, new_token
from quire.domain.errors import InvalidState
from quire.domain.ids import now_ms
from quire.server.auth.settings import AuthSettings
from quire.server.context import Context
from quire.server.http import Request
from quire.store.access import AccessStore, Change, access_of


def auth_settings(context: Context) -> AuthSettings:
    """How this server decides who may do what. Raises InvalidState if it asks nobody."""
    settings = context.settings.auth
    if settings is None:
        raise InvalidState("This server asks nobody who they are.")
    return settings


def begin_session(context: Context, find: Callable[[AccessStore], str], *, route: str, address: str) -> str:
    """Make a session of the user that ``find`` names, in one transaction with what that does; its secret."""
    access, secret = access_of(context.store), new_token()

    def work() -> None:
        username = find(access)
        access.create_token(
            username,
            hash_token(secret),
            name="browser",
            kind="session",
            expiration_time=now_ms() + int(auth_settings(context).session * 1000),
        )
        access.append_change(change(username, "sign_in", route=route, address=address))

    access.all_or_nothing(work)
    return secret


def end_session(context: Context, secret: str, *, route: str, address: str) -> None:
    """End a session, if it is one that has not ended."""
    access = access_of(context.store)
    login = access.find_token(hash_token(secret))
    token = login.token if login is not None else None
    if login is None or token is None or token.kind != "session" or not token.is_valid(now_ms()):
        return

    def work() -> None:
        access.revoke_token(token.token_id)
        access.append_change(change(login.user.username, "sign_out", route=route, address=address))

    access.all_or_nothing(work)


def change(username: str, action: str, *, route: str, address: str) -> Change:
    """The entry of something that a user did to their own sign-in."""
    return Change(username=username, action=action, route=route, entity=f"user:{username}", address=address)


def address_of(request: Request) -> str:
    """Where a request came from."""
    client = request.scope.get("client")
    return client[0] if client else ""
