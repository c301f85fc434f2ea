"""Signing in at an identity provider, and out: ``/api/quire/v1/login``, ``…/login/callback``, ``…/logout``."""

from __future__ import annotations

import base64
import hmac
import logging
from functools import partial
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import msgspec

from quire.domain.access import User
from quire.domain.credentials import is_token
from quire.domain.errors import AlreadyExists, NotFound, PermissionDenied, QuireError
from quire.server.auth.cookies import (
    check_comes_from_here,
    cookie_of,
    ended_session,
    host_name,
    is_over_tls,
    session_cookie,
    session_of,
    set_cookie,
)
from quire.server.auth.oidc import Begun, Oidc, Person, Refused, SignInRefused
from quire.server.auth.sessions import address_of, auth_settings, begin_session, change, end_session
from quire.server.calls import Calls
from quire.server.context import Context
from quire.server.http import Headers, Reply, Request, Send, header, send_reply
from quire.store.access import AccessStore, access_of

calls = Calls("quire", "v1", tag="Sign-in")
LOGIN, CALLBACK, LOGOUT = "/api/quire/v1/login", "/api/quire/v1/login/callback", "/api/quire/v1/logout"
EXTRA = "oidc"
"""The key of the identity provider among a context's extras."""
PAGE = "page of sign-in"
"""The key of the path of the interface's page for that, if there is one."""
_logger = logging.getLogger("quire.server")
_BEGUN_COOKIE = "quire_login"
_BEGUN_SECONDS = 600
_REDIRECT: dict[str, Any] = {"responses": {"302": {"description": "Where to go on."}}}
_NO_STORE = (b"cache-control", b"no-store")


@calls.stream("GET", LOGIN, openapi=_REDIRECT)
async def sign_in(context: Context, request: Request, send: Send) -> None:
    """Send a browser to the identity provider. ``next`` is the page of this server to come back to."""
    next_page = _local_page(context, dict(request.query).get("next", ""))
    try:
        begun, place = await context.run_files(partial(_provider(context).begin, next_page))
    except QuireError as error:
        await send_reply(send, _refusal(context, request, next_page, error))
        return
    content = base64.urlsafe_b64encode(msgspec.json.encode(begun)).decode().rstrip("=")
    cookie = set_cookie(_begun_cookie(context), content, _BEGUN_SECONDS, secure=is_over_tls(context))
    await send_reply(send, _redirect(place, [cookie]))


@calls.stream("GET", CALLBACK, openapi=_REDIRECT)
async def signed_in(context: Context, request: Request, send: Send) -> None:
    """Let in who comes back from the identity provider."""
    begun = _begun(context, request)
    try:
        reply = await _let_in(context, request, begun)
    except QuireError as error:
        reply = _refusal(context, request, "" if begun is None else begun.next, error)
    await send_reply(send, reply)


async def _let_in(context: Context, request: Request, begun: Begun | None) -> Reply:
    """Begin the session of who comes back. Raises SignInRefused, PermissionDenied, Unavailable."""
    fields = dict(request.query)
    if begun is None or not hmac.compare_digest(begun.state.encode(), fields.get("state", "").encode()):
        raise SignInRefused("begun", "This browser has begun no such sign-in, or too long ago. Begin again.")
    code = fields.get("code")
    if not code:
        said = fields.get("error", "no code")[:100]
        raise SignInRefused("denied", f"The identity provider let nobody in: {said!r}.")
    person = await context.run_files(partial(_provider(context).finish, begun, code))
    address = address_of(request)
    find = partial(_user_of, context, person, address)
    secret = await context.run_write(partial(begin_session, context, find, route=f"GET {CALLBACK}", address=address))
    cookies = [
        session_cookie(context, request.scope, secret, int(auth_settings(context).session)),
        set_cookie(_begun_cookie(context), "", 0, secure=is_over_tls(context)),
    ]
    return _redirect(_local_page(context, begun.next), cookies)


def _refusal(context: Context, request: Request, next_page: str, error: QuireError) -> Reply:
    """Where a person goes who was not let in: to the page of sign-in, which says why. Else the error is raised."""
    page: str | None = context.extras.get(PAGE)
    if page is None or "text/html" not in header(request.scope, b"accept"):
        raise error
    _logger.info("A sign-in at the identity provider was refused: %s", error.message)
    query: dict[str, str] = {"refused": _word(error)}
    if next_page:
        query["next"] = _local_page(context, next_page)
    over = set_cookie(_begun_cookie(context), "", 0, secure=is_over_tls(context))
    return _redirect(f"{context.settings.static_prefix}{page}?{urlencode(query)}", [over])


def _word(error: QuireError) -> Refused:
    if isinstance(error, SignInRefused):
        return error.why
    return "taken" if isinstance(error, PermissionDenied) else "away"


@calls.stream("POST", LOGOUT, kind="write", openapi=_REDIRECT)
async def sign_out(context: Context, request: Request, send: Send) -> None:
    """End the session of a browser."""
    secret = session_of(context, request.scope)
    if is_token(secret):
        check_comes_from_here(context, request.scope)
        end = partial(end_session, context, secret, route=f"POST {LOGOUT}", address=address_of(request))
        await context.run_write(end)
    await send_reply(send, _redirect(_local_page(context, ""), ended_session(context)))


def _user_of(context: Context, person: Person, address: str, access: AccessStore) -> str:
    """The name of the user who signed in, made when they do so for the first time."""
    user = access.find_user_of_subject(person.subject)
    if user is None:
        user = _new_user(context, person)
        access.append_change(change(user.username, "create_user", route=f"GET {CALLBACK}", address=address))
    return user.username


def _new_user(context: Context, person: Person) -> User:
    oidc = auth_settings(context).oidc
    try:
        return access_of(context.store).create_user(
            person.username, password_hash=None, role=oidc.role if oidc else None, subject=person.subject
        )
    except AlreadyExists:
        raise PermissionDenied(
            f"A user named {person.username!r} exists here who does not sign in at the identity provider. Ask an admin "
            "of the server to rename or delete that user."
        ) from None


def _provider(context: Context) -> Oidc:
    provider: Oidc | None = context.extras.get(EXTRA)
    if provider is None:
        raise NotFound("This server has no identity provider. Sign in with a user name and password, or a token.")
    return provider


def _begun_cookie(context: Context) -> str:
    return host_name(_BEGUN_COOKIE, is_over_tls(context))


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


def _redirect(place: str, cookies: Headers) -> Reply:
    return Reply(b"", 302, [(b"location", place.encode()), _NO_STORE, *cookies])
