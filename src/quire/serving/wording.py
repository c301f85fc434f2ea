"""Errors in the words of OpenAI's API.

Every one is ``{"error": {"message", "type", "param", "code"}}`` under OpenAI's statuses. ``x-should-retry`` stands
where the official SDK would guess wrong: by itself it asks again after 408, 409, 429 and anything from 500 on.
"""

from __future__ import annotations

import logging
import math

import msgspec

from quire.domain.errors import QuireError
from quire.server.http import JSON, Headers, Reply
from quire.serving.errors import NoAnswer, Refused

_logger = logging.getLogger("quire.serving")
_TYPES = {401: "authentication_error", 403: "permission_error", 429: "rate_limit_error"}
_CODES = {401: "invalid_api_key", 403: "permission_denied", 413: "request_too_large", 429: "rate_limit_exceeded"}
_SERVER_ERROR = 500
_GATEWAY_TIMEOUT = 504
_CLOSING = frozenset({408, 413})


class OpenAIError(msgspec.Struct, frozen=True):
    """What stands under ``error`` in an answer or in an event of a stream."""

    message: str
    type: str
    param: str | None = None
    code: str | None = None


def describe(error: Exception) -> tuple[int, OpenAIError]:
    """The status and the words of an error. What was not foreseen is logged, and said without its details."""
    if not isinstance(error, QuireError):
        _logger.error("A request failed", exc_info=error)
        return 500, OpenAIError("The server failed to answer. Its log says why.", "server_error", code="internal_error")
    status = error.http_status
    kind = _TYPES.get(status, "server_error" if status >= _SERVER_ERROR else "invalid_request_error")
    code = _CODES.get(status)
    if isinstance(error, Refused):
        return status, OpenAIError(error.message, error.kind, error.param, error.code or code)
    if isinstance(error, NoAnswer):
        return status, OpenAIError(error.message, kind, code=code or "no_answer")
    return status, OpenAIError(error.message, kind, code=code)


def error_reply(error: Exception) -> Reply:
    """The answer to a request that failed."""
    status, words = describe(error)
    reply = Reply(msgspec.json.encode({"error": words}), status, [JSON, *_hints(error)])
    if status in _CLOSING:
        reply.headers.append((b"connection", b"close"))
    return reply


def _hints(error: Exception) -> Headers:
    """When, and whether, to ask again."""
    found: Headers = []
    if not isinstance(error, Refused | NoAnswer):
        return found
    wait = error.retry_after_s
    if wait is not None:
        found.append((b"retry-after", b"%d" % max(1, math.ceil(wait))))
        found.append((b"retry-after-ms", b"%d" % max(1, math.ceil(wait * 1000))))
    should = error.should_retry if isinstance(error, Refused) else None
    if isinstance(error, NoAnswer) and error.status == _GATEWAY_TIMEOUT:
        should = False  # the whole deadline was spent on trying
    if should is not None:
        found.append((b"x-should-retry", b"true" if should else b"false"))
    return found
