"""Predicting for rows through an endpoint's sender: all are checked first, then many are asked at once."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence

import msgspec

from quire.domain.calls import Answer, Call, read_usage
from quire.domain.errors import ErrorCode, PolicyError, QuireError
from quire.domain.outputs import Output, UnreadableAnswer, read_outputs
from quire.domain.package import Package
from quire.domain.policy import describe_allowed
from quire.domain.unreadable import UNREADABLE
from quire.serving.errors import NoAnswer
from quire.serving.request import Outgoing, Reply
from quire.serving.scoring_input import Scoring

AT_ONCE = 64
"""Requests of one caller's rows that are under way at the same time."""
_PASSED_ON: dict[int, ErrorCode] = {400: "BAD_REQUEST", 404: "BAD_REQUEST", 413: "BAD_REQUEST", 422: "BAD_REQUEST"}

Send = Callable[[Call, Outgoing], Awaitable[Reply]]
"""Sends the request that answers some rows."""


class RowRefused(QuireError):
    """A row to which no answer came: ``status`` is what the caller is told, ``retry_after_s`` when to ask again."""

    def __init__(self, message: str, *, status: int, code: ErrorCode, retry_after_s: float | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.error_code = code
        self.retry_after_s = retry_after_s

    @property
    def http_status(self) -> int:
        """The status that the caller is told."""
        return self.status


def plan_rows(package: Package, scoring: Scoring, *, default_batch_size: int = 1024) -> tuple[list[Call], float | None]:
    """The requests that answer the rows, and how long each may take where the caller says so.

    Raises SchemaError for the first row that does not fit, PolicyError for a parameter that is not open.
    """
    planner = package.planner(scoring.params, on_unknown="ignore", default_batch_size=default_batch_size)
    if planner.ignored:
        refused = ", ".join(map(repr, planner.ignored))
        raise PolicyError(f"Parameter {refused} may not be set. {describe_allowed(package.signature.params)}")
    scoring.check_columns(planner.columns)
    timeout = planner.caller_params.get("timeout")
    return list(planner.plan(scoring.rows)), None if timeout is None else float(timeout)


async def answer_rows(
    calls: Sequence[Call], send: Send, *, timeout_s: float | None = None, at_once: int = AT_ONCE
) -> list[Output]:
    """The outputs, one for each row in order. The first row that gets no answer ends the others.

    Raises RowRefused, naming the row.
    """
    found: dict[int, Output] = {}
    waiting = iter(calls)

    async def work() -> None:
        for call in waiting:
            found.update(zip(call.rows, await _outputs(call, send, timeout_s), strict=True))

    await _together([work() for _ in range(min(at_once, len(calls)))])
    return [found[index] for index in range(len(found))]


async def _together(work: list[Awaitable[None]]) -> None:
    """Wait for all; what one raises ends the others, and is raised by itself."""
    tasks = [asyncio.ensure_future(one) for one in work]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _outputs(call: Call, send: Send, timeout_s: float | None) -> list[Output]:
    out = Outgoing(call.task, call.body, stream=False)
    began = time.monotonic()
    with _named(call):
        async with asyncio.timeout(timeout_s):
            reply = await send(call, out)
    if reply.status != 200:
        raise _refused(call, reply)
    return _read(call, reply, time.monotonic() - began)


def _read(call: Call, reply: Reply, latency: float) -> list[Output]:
    try:
        response = msgspec.json.decode(reply.body)
        return read_outputs(Answer(call, response, read_usage(response), latency, reply.attempts))
    except (*UNREADABLE, AttributeError):
        problem = "answered what is not JSON"
    except UnreadableAnswer as error:
        problem = f"gave an answer that cannot be read: {error.message}"
    raise RowRefused(f"{_rows(call)}: the upstream {problem}", status=502, code="INTERNAL_ERROR")


@contextlib.contextmanager
def _named(call: Call) -> Iterator[None]:
    """Name the row in what the sender raises."""
    try:
        yield
    except NoAnswer as error:
        code: ErrorCode = "REQUEST_LIMIT_EXCEEDED" if error.status == 429 else "TEMPORARILY_UNAVAILABLE"
        raise RowRefused(
            f"{_rows(call)}: {error.message}", status=error.status, code=code, retry_after_s=error.retry_after_s
        ) from error
    except TimeoutError as error:
        raise RowRefused(
            f"{_rows(call)}: no answer came within the timeout that was given.",
            status=504,
            code="TEMPORARILY_UNAVAILABLE",
        ) from error


def _refused(call: Call, reply: Reply) -> RowRefused:
    said = f"{_rows(call)}: the upstream answered with status {reply.status}: {_message(reply.body)}"
    if reply.status == 429:
        return RowRefused(
            said, status=429, code="REQUEST_LIMIT_EXCEEDED", retry_after_s=_seconds(reply.headers.get("retry-after"))
        )
    if reply.status in _PASSED_ON:
        return RowRefused(said, status=400, code=_PASSED_ON[reply.status])
    return RowRefused(said, status=502, code="INTERNAL_ERROR")


def _message(body: bytes) -> str:
    try:
        message = msgspec.json.decode(body)["error"]["message"]
    except (*UNREADABLE, KeyError, TypeError):
        message = body[:500].decode("utf-8", "replace")
    return str(message)[:2000]


def _seconds(text: str | None) -> float | None:
    try:
        return None if text is None else float(text)
    except ValueError:
        return None


def _rows(call: Call) -> str:
    first, last = call.rows[0], call.rows[-1]
    return f"Row {first}" if first == last else f"Rows {first} to {last}"
