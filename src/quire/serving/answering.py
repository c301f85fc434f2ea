"""Answering a request: who asks, what is asked, which arm answers, and the control where that arm fails."""

from __future__ import annotations

import asyncio
import time

from quire.server.http import Disconnected, Receive, Scope, Send
from quire.server.http import Reply as Answer
from quire.serving.asking import read_ask, unknown_endpoint
from quire.serving.body import read_body, too_large
from quire.serving.connection import Watch, connection_of
from quire.serving.context import Context
from quire.serving.errors import NoAnswer, Refused
from quire.serving.exchange import Exchange
from quire.serving.following import PASSED
from quire.serving.keys import Admission
from quire.serving.live import LiveArm, LiveEndpoint, Table
from quire.serving.planning import without_usage
from quire.serving.request import Ask, Ending, Given, Outgoing, Reply, Route
from quire.serving.streaming import pass_on

_OK = 300
_SERVER_ERROR = 500
_UNKNOWN = frozenset({400, 422})
_ARM_FAILED = frozenset({401, 403, 404, 408, 429})
"""Refusals that tell of the arm (its model, its upstream), not of the request."""


class ArmFailed(Exception):
    """An arm of a trial gave no answer, and nothing was passed on: the control is to answer."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


async def serve(context: Context, route: Route, scope: Scope, receive: Receive, send: Send) -> None:
    """Serve one request of OpenAI's API. A caller that leaves cancels what was asked of the upstream."""
    exchange = Exchange(context, route, scope, send)
    watch = Watch(connection_of(scope))
    try:
        ask, live = await _asked(exchange, receive)
        watch.listen(receive)
        await _answered(exchange, ask, live)
    except Disconnected:
        exchange.tell_left()
    except asyncio.CancelledError:
        if not watch.left:
            raise
        exchange.tell_left()
    except Exception as error:
        if exchange.started:
            exchange.break_off(error)
        else:
            await exchange.refuse(error)
    finally:
        watch.end()


async def _asked(exchange: Exchange, receive: Receive) -> tuple[Ask, LiveEndpoint]:
    """What is asked, by somebody who may, of what is served. Raises Refused."""
    context, scope = exchange.context, exchange.scope
    admission = await context.keys.admit(scope)
    raw = await read_body(scope, receive, context.live.max_request_bytes, context.settings.request_timeout)
    ask = read_ask(exchange.route, scope["headers"], raw, admission.caller)
    live = _find(context.live.table, ask, admission)
    endpoint = live.endpoint
    admission.require(endpoint.name)
    if len(raw) > endpoint.limits.max_request_bytes:
        raise too_large(len(raw), endpoint.limits.max_request_bytes)
    exchange.asks(ask, live)
    admission.check_parameters(ask.body)
    admission.take()
    return ask, live


def _find(table: Table, ask: Ask, admission: Admission) -> LiveEndpoint:
    """What is served under the name that was asked for. Refused (404) where nothing is."""
    live = table.endpoints.get(ask.endpoint)
    model = ask.body.get("model")
    if live is not None:
        if model is not None and model != ask.endpoint:
            raise Refused(
                f"'model' is {model[:120]!r} and 'prompt.id' is {ask.endpoint!r}; they name one thing. Leave one out, "
                "or give both the same name.",
                param="model",
                code="invalid_value",
            )
        return live
    if table.passed is not None and model is not None and model not in table.endpoints:
        return table.passed
    known = [name for name in table.endpoints if admission.may_ask(name)]
    raise unknown_endpoint(ask.endpoint, known, "model" if model == ask.endpoint else "prompt.id")


async def _answered(exchange: Exchange, ask: Ask, live: LiveEndpoint) -> None:
    if ask.version and live.endpoint.name != PASSED:
        arm = control = await _version(exchange, ask, live)
        given = arm.given
    else:
        arm, given, control = live.choose(ask, ask.key or exchange.ids.trace_id, time.time_ns() // 1_000_000)
    if arm is not control:
        try:
            await _attempt(exchange, ask, live, arm, given, may_fail=True)
        except ArmFailed as failure:
            # What the control refuses as well is the caller's mistake, and no arm's.
            if exchange.out is not None or _takes(control, ask):
                exchange.fell_back = True
                exchange.tell("failed", failure.status, error=str(failure))
            exchange.out = None
            given = control.given
        else:
            return
    await _attempt(exchange, ask, live, control, given, may_fail=False)


def _takes(arm: LiveArm, ask: Ask) -> bool:
    """Whether an arm makes a request of what is asked."""
    try:
        arm.outgoing(ask)
    except Refused:
        return False
    return True


async def _version(exchange: Exchange, ask: Ask, live: LiveEndpoint) -> LiveArm:
    """The arm of the version that was asked for, loaded if this is the first time."""
    known = live.versions.get(ask.version)
    if known is not None:
        return known
    context = exchange.context
    loop = asyncio.get_running_loop()
    return await loop.run_in_executor(context.loading, context.following.choose, ask.endpoint, ask.version)


async def _attempt(
    exchange: Exchange, ask: Ask, live: LiveEndpoint, arm: LiveArm, given: Given, *, may_fail: bool
) -> None:
    """Ask an arm and pass its answer on. Raises ArmFailed where it ``may_fail`` and did before a byte was passed on."""
    exchange.arm, exchange.given = arm, given
    try:
        out = arm.outgoing(ask)
        exchange.sends(out)
        if not out.stream:
            reply = await live.sender.send(out)
            _check(reply, may_fail)
            await _pass_whole(exchange, reply)
            return
        if out.hides_usage and not live.counts:
            without_usage(out)
        if not await _stream(exchange, live, out, may_fail):
            live.counts = False
            without_usage(out)
            await _stream(exchange, live, out, may_fail)
    except (NoAnswer, Refused) as error:
        if not may_fail or exchange.started:
            raise
        raise ArmFailed(error.http_status, error.message) from error


async def _stream(exchange: Exchange, live: LiveEndpoint, out: Outgoing, may_fail: bool) -> bool:
    """Pass a streamed answer on; False where the upstream did not know how to count, and nothing was passed on."""
    async with live.sender.stream(out) as opened:
        if not isinstance(opened, Reply):
            await pass_on(exchange, opened)
            return True
        if out.hides_usage and opened.status in _UNKNOWN and b"stream_options" in opened.body:
            return False
        _check(opened, may_fail)
        await _pass_whole(exchange, opened)
        return True


def _check(reply: Reply, may_fail: bool) -> None:
    if may_fail and (reply.status >= _SERVER_ERROR or reply.status in _ARM_FAILED):
        raise ArmFailed(reply.status, f"The arm's upstream answered {reply.status}.")


async def _pass_whole(exchange: Exchange, reply: Reply) -> None:
    await exchange.answer(Answer(reply.body, reply.status, exchange.headers(reply.headers, cached=reply.cached)))
    ending: Ending = "answered" if reply.status < _OK else "failed" if reply.status >= _SERVER_ERROR else "refused"
    exchange.tell(
        ending,
        reply.status,
        body=reply.body,
        upstream=reply.upstream,
        attempts=reply.attempts,
        cached=reply.cached,
    )
