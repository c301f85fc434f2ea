"""Signing in with a user name and a password in a browser: ``POST /api/quire/v1/login``."""

from __future__ import annotations

from functools import partial
from typing import Any

import msgspec

from quire.domain import protojson
from quire.domain.protojson import Message, Required
from quire.server.auth.cookies import session_cookie
from quire.server.auth.login import LOGIN
from quire.server.auth.logins import Logins
from quire.server.auth.sessions import address_of, auth_settings, begin_session
from quire.server.calls import Calls
from quire.server.context import Context
from quire.server.errors import HttpError
from quire.server.http import Reply, Request, Send, send_reply
from quire.store.access import AccessStore

calls = Calls("quire", "v1", tag="Sign-in")
LOGINS = "logins"
"""The key of what checks passwords among a context's extras."""
_MOST_BYTES = 16 * 1024
_NO_STORE = (b"cache-control", b"no-store")


class SignIn(Message, frozen=True, kw_only=True):
    """A user name and a password."""

    username: Required
    password: Required


class SignedIn(msgspec.Struct, frozen=True, kw_only=True):
    """Who signed in."""

    username: str


_TEXT = {"type": "string", "minLength": 1}
_OPENAPI: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {
                    "type": "object",
                    "properties": {"username": _TEXT, "password": _TEXT},
                    "required": ["username", "password"],
                }
            }
        },
    },
    "responses": {
        "200": {
            "description": "Signed in; the session is in a cookie.",
            "content": {
                "application/json": {
                    "schema": {
                        "type": "object",
                        "properties": {"username": {"type": "string"}},
                        "required": ["username"],
                    }
                }
            },
        }
    },
}


@calls.stream("POST", LOGIN, kind="write", openapi=_OPENAPI)
async def sign_in_with_password(context: Context, request: Request, send: Send) -> None:
    """Let a browser in by a user name and a password: a session in a cookie. Tries are limited as everywhere."""
    asked = await _asked(request)
    logins: Logins = context.extras[LOGINS]
    address = address_of(request)
    if not await logins.check_password(asked.username, asked.password, address):
        raise HttpError(401, "UNAUTHENTICATED", "The user name or the password is wrong.")

    def find(_access: AccessStore) -> str:
        return asked.username

    begin = partial(begin_session, context, find, route=f"POST {LOGIN}", address=address)
    secret = await context.run_write(begin)
    cookie = session_cookie(context, request.scope, secret, int(auth_settings(context).session))
    answer = protojson.encode(SignedIn(username=asked.username))
    await send_reply(send, Reply(answer, 200, [(b"content-type", b"application/json"), _NO_STORE, cookie]))


async def _asked(request: Request) -> SignIn:
    """The name and the password. A form of another site cannot send JSON, so it signs nobody in as somebody else."""
    if request.header(b"content-type").partition(";")[0].strip().lower() != "application/json":
        raise HttpError(415, "INVALID_PARAMETER_VALUE", "Send the user name and the password as application/json.")
    request.max_bytes = min(request.max_bytes, _MOST_BYTES)
    return protojson.decode(await request.body(), SignIn)
