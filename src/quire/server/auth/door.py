"""The first thing that a request meets: who asks? Nobody gets past without an answer, but to what is open."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import quote

from quire.domain.errors import QuireError
from quire.server.auth.asking import CHANGE, IDENTITY, REQUEST_ID
from quire.server.auth.cookies import check_comes_from_here, session_of
from quire.server.auth.logins import Logins
from quire.server.context import Context
from quire.server.errors import error_reply
from quire.server.http import Application, Disconnected, Receive, Reply, Request, Scope, Send, header, send_reply

_OPEN = ("/health", "/version")
_REQUEST_ID = re.compile(r"[\w.\-]{1,64}", re.ASCII)
_DRAINED = 1 << 20


def nothing(scope: Scope) -> bool:
    """No request."""
    return False


class Door:
    """Puts who asks into a request's scope, or answers 401.

    ``also_open`` are more paths that nobody signs in for, and ``is_open`` tells of further requests. A browser that
    asks for a page is sent to ``sign_in``.
    """

    def __init__(
        self,
        inner: Application,
        context: Context,
        logins: Logins,
        also_open: Iterable[str] = (),
        sign_in: str | None = None,
        is_open: Callable[[Scope], bool] = nothing,
    ) -> None:
        self._inner, self._context, self._logins = inner, context, logins
        prefix = context.settings.static_prefix
        self._open = frozenset(prefix + path for path in (*_OPEN, *also_open))
        self._sign_in = None if sign_in is None else prefix + sign_in
        self._is_open = is_open

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        request_id = _request_id(scope)
        scope[REQUEST_ID] = request_id
        named = (b"x-request-id", request_id.encode())

        async def sending(message: Any) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], named]
                await self._store_change(scope, message["status"])
            await send(message)

        if scope["path"] not in self._open and not self._is_open(scope):
            try:
                scope[IDENTITY] = await self._identify(scope)
            except QuireError as error:
                await self._drain(scope, receive)
                await send_reply(sending, self._page_of_sign_in(scope) or _without_dialog(scope, error_reply(error)))
                return
        await self._inner(scope, receive, sending)

    async def _identify(self, scope: Scope) -> Any:
        client = scope.get("client")
        address = client[0] if client else ""
        authorization, session = header(scope, b"authorization"), session_of(self._context, scope)
        if session and not authorization:
            check_comes_from_here(self._context, scope)
        return await self._logins.identify(authorization, session, address)

    def _page_of_sign_in(self, scope: Scope) -> Reply | None:
        """Where a person goes who asks for a page with a browser."""
        asks_for_page = scope["method"] == "GET" and "text/html" in header(scope, b"accept")
        if self._sign_in is None or not asks_for_page or header(scope, b"authorization"):
            return None
        page = quote(scope["path"], safe="/")
        return Reply(b"", 302, [(b"location", f"{self._sign_in}?next={quote(page, safe='')}".encode())])

    async def _drain(self, scope: Scope, receive: Receive) -> None:
        """Read a small body, so that a client that is still sending it reads the answer."""
        request = Request(scope, receive, max_bytes=_DRAINED, timeout=5.0)
        length = request.length
        if length is not None and 0 < length <= _DRAINED:
            try:
                await request.body()
            except (QuireError, Disconnected):
                return

    async def _store_change(self, scope: Scope, status: int) -> None:
        """Before a streaming call says that it is done, its entry in the audit log is durable."""
        append = scope.pop(CHANGE, None)
        if append is not None and status < 400:
            await self._context.run_write(append)


def _without_dialog(scope: Scope, reply: Reply) -> Reply:
    """A refusal that no browser asks for a password of its own because of, when a script of a page gets it."""
    if header(scope, b"sec-fetch-mode") in ("", "navigate"):
        return reply
    headers = [(name, value) for name, value in reply.headers if not value.startswith(b"Basic ")]
    return Reply(reply.body, reply.status, headers)


def _request_id(scope: Scope) -> str:
    given = header(scope, b"x-request-id")
    return given if _REQUEST_ID.fullmatch(given) else os.urandom(8).hex()
