"""From an error to the answer that MLflow's clients understand."""

from __future__ import annotations

import logging

from quire.domain.errors import QuireError
from quire.domain.protojson import encode
from quire.server.http import JSON, Reply, TooLarge, TooSlow
from quire.store.rest.wire.info import ErrorResponse

_logger = logging.getLogger("quire.server")
# What newer servers of MLflow add; its clients show it.
_CLASSES = {"RESOURCE_DOES_NOT_EXIST": "RESOURCE_NOT_FOUND", "ENDPOINT_NOT_FOUND": "RESOURCE_NOT_FOUND"}
_SQLSTATE = "KAM00"


class HttpError(QuireError):
    """An answer that is decided by the request line or a header, before any call is made."""

    def __init__(self, status: int, code: str, message: str, headers: list[tuple[bytes, bytes]] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.headers = headers or []

    @property
    def http_status(self) -> int:
        """The status of the answer."""
        return self.status


def error_reply(error: Exception) -> Reply:
    """The answer to a request that failed. What was not foreseen is logged, and said without its details."""
    if not isinstance(error, QuireError):
        _logger.error("A request failed", exc_info=error)
        return _reply(500, "INTERNAL_ERROR", "The server failed to answer. Its log says why.")
    if isinstance(error, HttpError):
        reply = _reply(error.status, error.code, error.message)
        reply.headers.extend(error.headers)
        return reply
    if error.http_status >= 500:
        _logger.error("%s: %s", type(error).__name__, error.message)
    reply = _reply(error.http_status, error.error_code, error.message)
    if isinstance(error, TooLarge | TooSlow):
        reply.headers.append((b"connection", b"close"))
    return reply


def _reply(status: int, code: str, message: str) -> Reply:
    content = ErrorResponse(error_code=code, message=message, sqlstate=_SQLSTATE, error_class=_CLASSES.get(code, code))
    return Reply(encode(content), status, [JSON])


def not_found(path: str) -> HttpError:
    """No call has that path."""
    return HttpError(404, "ENDPOINT_NOT_FOUND", f"Nothing is served at {path[:300]!r}. See /api/quire/v1/docs.")


def not_allowed(method: str, path: str, allowed: list[str]) -> HttpError:
    """The path is served, for other methods."""
    listed = ", ".join(sorted(allowed))
    message = f"{path[:300]!r} does not take {method[:20]!r}; it takes {listed}."
    return HttpError(405, "BAD_REQUEST", message, [(b"allow", listed.encode())])
