"""Signing in and out with a browser: ``/api/quire/v1/login``, ``…/login/callback``, ``/api/quire/v1/logout``."""

from __future__ import annotations

import base64
import hmac
from functools import partial
from typing import Any
from urllib.parse import quote, urlsplit

import msgspec

from quire.domain.credentials import hash_token, is_token, new_token
from quire.domain.errors import AlreadyExists, InvalidState, NotFound, PermissionDenied, Unauthenticated
from quire.domain.ids import now_ms
from quire.server.auth.door import cookie_of, is_over_tls, session_cookie
from quire.server.auth.oidc import Begun, Oidc, Person
from quire.server.auth.settings import AuthSettings
from quire.server.calls import Calls
from quire.server.context import Context
from quire.server.http import Headers, Reply, Request, Send, send_reply
from quire.store.access import Change, access_of

calls = Calls("quire", "v1", tag="Sign-in")
LOGIN, CALLBACK, LOGOUT = "/api/quire/v1/login", "/api/quire/v1/login/callback", "/api/quire/v1/logout"
EXTRA = "oidc"
"""The key of the identity provider among a context's extras."""
_BEGUN_COOKIE = "quire_login"
_BEGUN_SECONDS = 600
_REDIRECT: dict[str, Any] = {"responses": {"302": {"description": "Where to go on."}}}
_NO_STORE = (b"cache-control", b"no-store")


@calls.stream("GET", LOGIN, openapi=_REDIRECT)
async def sign_in(context: Context, request: Request, send: Send) -> None:
    """Send a browser to the identity provider. ``next`` is the page of this server to come back to."""
    next_page = _local_page(context, dict(request.query).get("next", ""))
    begun, place = await context.run_files(partial(_provider(context).begin, next_page))
    content = base64.urlsafe_b64encode(msgspec.json.encode(begun)).decode().rstrip("=")
    cookie = _cookie(context, _begun_cookie(context), content, _BEGUN_SECONDS)
    await send_reply(send, _redirect(place, [cookie]))


@calls.stream("GET", CALLBACK, openapi=_REDIRECT)
async def signed_in(context: Context, request: Request, send: Send) -> None:
    """Let in who comes back from the identity provider."""
    fields = dict(request.query)
    begun = _begun(context, request)
    if begun is None or not hmac.compare_digest(begun.state.encode(), fields.get("state", "").encode()):
        raise Unauthenticated("This browser has begun no such sign-in, or too long ago. Begin again.")
    code = fields.get("code")
    if not code:
        raise Unauthenticated(f"The identity provider let nobody in: {fields.get('error', 'no code')[:100]!r}.")
    person = await context.run_files(partial(_provider(context).finish, begun, code))
    secret = await context.run_write(partial(_let_in, context, person, _address(request)))
    cookies = [
        _cookie(context, session_cookie(context), secret, int(_settings(context).session)),
        _cookie(context, _begun_cookie(context), "", 0),
    ]
    await send_reply(send, _redirect(_local_page(context, begun.next), cookies))


@calls.stream("POST", LOGOUT, kind="write", openapi=_REDIRECT)
async def sign_out(context: Context, request: Request, send: Send) -> None:
    """End the session of a browser."""
    secret = cookie_of(request.scope, session_cookie(context))
    if is_token(secret):
        await context.run_write(partial(_end, context, secret, _address(request)))
    await send_reply(send, _redirect(_local_page(context, ""), [_cookie(context, session_cookie(context), "", 0)]))


def _let_in(context: Context, person: Person, address: str) -> str:
    """Make a session of who signed in, and a user of who does so for the first time; its secret."""
    access, settings = access_of(context.store), _settings(context)
    secret = new_token()

    def work() -> None:
        user = access.find_user_of_subject(person.subject)
        if user is None:
            user = _new_user(context, person)
            access.append_change(_change(user.username, "create_user", address))
        access.create_token(
            user.username,
            hash_token(secret),
            name="browser",
            kind="session",
            expiration_time=now_ms() + int(settings.session * 1000),
        )
        access.append_change(_change(user.username, "sign_in", address))

    access.all_or_nothing(work)
    return secret


def _new_user(context: Context, person: Person) -> Any:
    oidc = _settings(context).oidc
    try:
        return access_of(context.store).create_user(
            person.username, password_hash=None, role=oidc.role if oidc else None, subject=person.subject
        )
    except AlreadyExists:
        raise PermissionDenied(
            f"A user named {person.username!r} exists here who does not sign in at the identity provider. Ask an admin "
            "of the server to rename or delete that user."
        ) from None


def _end(context: Context, secret: str, address: str) -> None:
    """End a session."""
    access = access_of(context.store)
    login = access.find_token(hash_token(secret))
    token = login.token if login is not None else None
    if login is None or token is None or token.kind != "session" or not token.is_valid(now_ms()):
        return

    def work() -> None:
        access.revoke_token(token.token_id)
        access.append_change(_change(login.user.username, "sign_out", address, route=f"POST {LOGOUT}"))

    access.all_or_nothing(work)


def _change(username: str, action: str, address: str, *, route: str = f"GET {CALLBACK}") -> Change:
    return Change(username=username, action=action, route=route, entity=f"user:{username}", address=address)


def _provider(context: Context) -> Oidc:
    provider: Oidc | None = context.extras.get(EXTRA)
    if provider is None:
        raise NotFound("This server has no identity provider. Sign in with a user name and password, or a token.")
    return provider


def _settings(context: Context) -> AuthSettings:
    settings = context.settings.auth
    if settings is None:
        raise InvalidState("This server asks nobody who they are.")
    return settings


def _begun_cookie(context: Context) -> str:
    return f"__Host-{_BEGUN_COOKIE}" if is_over_tls(context) else _BEGUN_COOKIE


def _begun(context: Context, request: Request) -> Begun | None:
    """The sign-in that this browser began."""
    content = cookie_of(request.scope, _begun_cookie(context))
    try:
        return msgspec.json.decode(base64.urlsafe_b64decode(content + "=" * (-len(content) % 4)), type=Begun)
    except (ValueError, msgspec.MsgspecError):
        return None


def _local_page(context: Context, page: str) -> str:
    """A page of this server, never of another: browsers take ``//host`` and backslashes for one."""
    start = f"{context.settings.static_prefix}/"
    if not page.startswith("/") or page.startswith("//") or "\\" in page or not page.isprintable():
        return start
    parts = urlsplit(page)
    return start if parts.scheme or parts.netloc else quote(page, safe="/?&=%#:@!$'()*+,;~-._")


def _cookie(context: Context, name: str, value: str, seconds: int) -> tuple[bytes, bytes]:
    """A cookie that no script reads and no other site sends; over TLS only, where the server is reached so."""
    secure = "; Secure" if is_over_tls(context) else ""
    return b"set-cookie", f"{name}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}".encode()


def _redirect(place: str, cookies: Headers) -> Reply:
    return Reply(b"", 302, [(b"location", place.encode()), _NO_STORE, *cookies])


def _address(request: Request) -> str:
    client = request.scope.get("client")
    return client[0] if client else ""
