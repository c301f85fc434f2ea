"""A body of ``/invocations`` as requests to the upstream, and the answers as MLflow's model server gives them."""

from __future__ import annotations

import asyncio
import functools
import logging
import math
from collections.abc import Mapping, Sequence

import msgspec

from quire.domain.calls import Call
from quire.domain.errors import ErrorCode, QuireError
from quire.domain.outputs import Output
from quire.domain.package import Package
from quire.domain.rows import Row
from quire.server.http import JSON, Headers, Reply
from quire.serving.errors import NoAnswer, Refused, UnsupportedContent
from quire.serving.scoring import plan_rows
from quire.serving.scoring_input import read_scoring

_logger = logging.getLogger("quire.serving")
_TEXT = (b"content-type", b"text/plain; charset=utf-8")
_LARGE = 128 * 1024
"""Bytes of a body from which on it is read in a thread: other requests must not wait for that."""
_CODES: dict[int, ErrorCode] = {
    400: "BAD_REQUEST",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "RESOURCE_DOES_NOT_EXIST",
    429: "REQUEST_LIMIT_EXCEEDED",
    503: "TEMPORARILY_UNAVAILABLE",
}


class Asked(msgspec.Struct, frozen=True):
    """What a body asks: its rows, the requests that answer them, how long each may take, the parameters given.

    ``wrapped`` says that the answer is ``{"predictions": …}``.
    """

    rows: Sequence[Row]
    calls: list[Call]
    params: Mapping[str, object]
    timeout_s: float | None
    wrapped: bool

    def variables(self, call: Call) -> dict[str, str]:
        """The values of the row that a request answers, by their columns; none of one that answers several."""
        if len(call.rows) != 1:
            return {}
        row = self.rows[call.rows[0]]
        named = row if isinstance(row, Mapping) else {"input": row}
        return {str(name): str(value) for name, value in named.items()}


async def read_asked(package: Package, body: bytes, content_type: str, *, default_batch_size: int = 1024) -> Asked:
    """What a body asks of a model; a large one is read in a thread.

    Raises UnsupportedContent, UnreadableInput, SchemaError for a row that does not fit, PolicyError for a parameter.
    """
    work = functools.partial(_read, package, body, content_type, default_batch_size)
    return await asyncio.to_thread(work) if len(body) > _LARGE else work()


def _read(package: Package, body: bytes, content_type: str, batch_size: int) -> Asked:
    scoring = read_scoring(body, content_type, package.signature)
    calls, timeout_s = plan_rows(package, scoring, default_batch_size=batch_size)
    return Asked(scoring.rows, calls, scoring.params, timeout_s, scoring.wrapped)


def predictions(outputs: Sequence[Output], *, wrapped: bool, headers: Headers = ()) -> Reply:  # type: ignore[assignment]
    """The answer with the outputs of all rows."""
    answer: object = {"predictions": outputs} if wrapped else outputs
    return Reply(msgspec.json.encode(answer), 200, [JSON, *headers])


def scoring_error(error: Exception) -> Reply:
    """The answer to a request that failed: ``{"error_code", "message"}``; plain text for a wrong content type."""
    if not isinstance(error, QuireError):
        _logger.error("An invocation failed", exc_info=error)
        words = {"error_code": "INTERNAL_ERROR", "message": "The server failed to answer. Its log says why."}
        return Reply(msgspec.json.encode(words), 500)
    if isinstance(error, UnsupportedContent):
        return Reply(error.message.encode(), error.http_status, [_TEXT])
    status = error.http_status
    code = _CODES.get(status, error.error_code) if isinstance(error, Refused | NoAnswer) else error.error_code
    headers: Headers = [JSON]
    wait = getattr(error, "retry_after_s", None)
    if wait is not None:
        headers.append((b"retry-after", b"%d" % max(1, math.ceil(wait))))
    return Reply(msgspec.json.encode({"error_code": code, "message": error.message}), status, headers)
