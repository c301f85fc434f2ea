"""The outermost layer: which hosts and origins are served, headers that every answer carries, what is counted."""

from __future__ import annotations

import time
from fnmatch import fnmatchcase
from typing import Any
from urllib.parse import urlsplit

from quire.server.errors import HttpError, error_reply
from quire.server.http import Application, Headers, Receive, Reply, Scope, Send, header, send_reply
from quire.server.meter import Meter
from quire.server.settings import Settings

LOOPBACK = ("localhost", "127.0.0.1", "[::1]")
_SAFE = {"GET", "HEAD", "OPTIONS"}
_ALWAYS: Headers = [
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"SAMEORIGIN"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"content-security-policy", b"frame-ancestors 'self'; object-src 'none'; base-uri 'self'"),
]
_VARY = (b"vary", b"Origin")
_ALLOWED_METHODS = b"GET, POST, PUT, PATCH, DELETE, OPTIONS"
_DEFAULT_PORTS = {"http": 80, "https": 443}
_PUBLIC = ("/health", "/version")


class Outer:
    """Checks Host and Origin, adds headers to every answer, counts it.

    A Host that was not allowed is refused, so that a page of another name cannot reach a server of this machine (DNS
    rebinding). A page of another origin may read nothing, and change nothing, unless its origin is allowed.
    """

    def __init__(self, inner: Application, settings: Settings, meter: Meter) -> None:
        self._inner = inner
        self._hosts = tuple(host.lower() for host in settings.allowed_hosts or (*LOOPBACK, settings.host))
        self._origins = settings.cors_allowed_origins
        self._meter = meter

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._inner(scope, receive, send)
            return
        meter = self._meter
        begun = time.perf_counter()
        origin = header(scope, b"origin")
        added = _ALWAYS if not origin else [*_ALWAYS, _VARY, *self._sharing(origin)]
        status = 499

        async def sending(message: Any) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message["headers"], *added]
            await send(message)

        meter.in_flight += 1
        try:
            refused = self._refusal(scope, origin)
            if refused is not None:
                await send_reply(sending, refused)
            else:
                await self._inner(scope, receive, sending)
        finally:
            meter.in_flight -= 1
            meter.count(scope.get("quire.call", "other"), scope["method"], status, time.perf_counter() - begun)

    def _refusal(self, scope: Scope, origin: str) -> Reply | None:
        host = header(scope, b"host")
        if not self._serves(host) and scope["path"] not in _PUBLIC:
            return error_reply(
                HttpError(
                    403,
                    "PERMISSION_DENIED",
                    f"The Host {host[:100]!r} is not served. Start the server with --allowed-hosts {host[:100]!r} if "
                    "that is its name.",
                )
            )
        if not origin:
            return None
        allowed = self._shares(origin, host)
        if scope["method"] == "OPTIONS" and header(scope, b"access-control-request-method"):
            return Reply(b"", 204, []) if allowed else _foreign(origin)
        return None if allowed or scope["method"] in _SAFE else _foreign(origin)

    def _serves(self, host: str) -> bool:
        name = host.lower()
        bare = name if name.endswith("]") else name.rpartition(":")[0] or name
        return any(found == allowed or fnmatchcase(found, allowed) for found in (name, bare) for allowed in self._hosts)

    def _shares(self, origin: str, host: str) -> bool:
        return same_origin(origin, host) or any(fnmatchcase(origin, allowed) for allowed in self._origins)

    def _sharing(self, origin: str) -> Headers:
        if not any(fnmatchcase(origin, allowed) for allowed in self._origins):
            return []
        headers = [
            (b"access-control-allow-origin", origin.encode("latin-1")),
            (b"access-control-allow-methods", _ALLOWED_METHODS),
            (b"access-control-allow-headers", b"authorization, content-type, x-mlflow-experiment-id"),
            (b"access-control-max-age", b"600"),
        ]
        if "*" not in self._origins:
            headers.append((b"access-control-allow-credentials", b"true"))
        return headers


def same_origin(origin: str, host: str) -> bool:
    """Whether a page of this origin was sent by the server of this Host."""
    parts = urlsplit(origin)
    return parts.scheme in _DEFAULT_PORTS and parts.netloc.lower() == host.lower()


def _foreign(origin: str) -> Reply:
    return error_reply(
        HttpError(
            403,
            "PERMISSION_DENIED",
            f"Pages of the origin {origin[:100]!r} may not change anything here. Start the server with "
            "--cors-allowed-origins to allow it.",
        )
    )
