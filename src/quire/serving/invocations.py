"""MLflow's ``/invocations``: rows in, predictions out, each row asked as any other request of the endpoint is.

One arm answers all rows of a request. Where it fails, the control answers them all: the caller is none the worse.
"""

from __future__ import annotations

import asyncio
import os
import time
from functools import partial
from urllib.parse import unquote

import msgspec

from quire.domain.calls import Call
from quire.domain.errors import InvalidInput, QuireError
from quire.domain.package import BATCHED_TASKS, Package
from quire.server.http import Disconnected, Headers, Receive, Reply, Scope, Send, header, send_reply
from quire.serving.app import App, Handler
from quire.serving.asking import unknown_endpoint
from quire.serving.body import read_body, too_large
from quire.serving.connection import Watch, connection_of
from quire.serving.context import Context
from quire.serving.errors import NoAnswer, Refused, UnreadableInput
from quire.serving.exchange import Exchange
from quire.serving.keys import Admission
from quire.serving.live import LiveArm, LiveEndpoint, Table
from quire.serving.logging import request_id_of
from quire.serving.request import Ask, Given, Outgoing
from quire.serving.request import Reply as UpstreamReply
from quire.serving.scoring import AT_ONCE, answer_rows
from quire.serving.scoring_reply import Asked, predictions, read_asked, scoring_error
from quire.serving.sender.services import service_of
from quire.serving.traceparents import Ids

PATH = "/invocations"
PREFIX = "/endpoints/"
_OK = 300
_SERVER_ERROR = 500
_GIVEN_UP = 504
_MOST_TRACES = 64
_ARM_FAILED = frozenset({401, 403, 404, 408, 429})
"""Refusals of an upstream that tell of the arm, not of the row."""


def install(app: App) -> None:
    """Serve ``/invocations`` and ``/endpoints/NAME/invocations``."""
    methods: dict[str, Handler] = {"POST": partial(serve_invocations, app.context)}
    app.routes[PATH] = methods
    app.patterns.append((PREFIX, PATH, methods))


async def serve_invocations(context: Context, scope: Scope, receive: Receive, send: Send) -> None:
    """Answer one request for predictions. A caller that leaves cancels what is under way."""
    watch = Watch(connection_of(scope))
    invocation = _Invocation(context, scope, send, watch)
    try:
        reply = await invocation.reply(receive)
    except Disconnected:
        return
    except asyncio.CancelledError:
        if not watch.left:
            raise
        return
    except Exception as error:
        reply = scoring_error(error)
        invocation.refused(reply.status, error)
    finally:
        watch.end()
    reply.headers.append((b"x-request-id", invocation.request_id.encode()))
    await send_reply(send, reply)


class _Invocation:
    """One request for predictions.

    ``failed`` has the traces that begin with an arm's failure, by their row; ``sent`` says whether a row was asked.
    """

    def __init__(self, context: Context, scope: Scope, send: Send, watch: Watch) -> None:
        self.watch = watch
        self._context = context
        self._scope = scope
        self._send = send
        self._key = header(scope, b"x-quire-key")
        self.request_id = request_id_of(scope["headers"])
        self.failed: dict[int, Ids] = {}
        self.sent = False

    async def reply(self, receive: Receive) -> Reply:
        """Who asks, for which endpoint; then the rows through the arm that they are given."""
        context, scope = self._context, self._scope
        admission = await context.keys.admit(scope)
        raw = await read_body(scope, receive, context.live.max_request_bytes, context.settings.request_timeout)
        self.watch.listen(receive)
        live = _find(context.live.table, scope["path"])
        admission.require(live.endpoint.name)
        if len(raw) > live.endpoint.limits.max_request_bytes:
            raise too_large(len(raw), live.endpoint.limits.max_request_bytes)
        ask = self._ask(live, admission)
        key = self._key or self.exchange(ask).ids.trace_id
        arm, given, control = live.choose(ask, key, time.time_ns() // 1_000_000)
        try:
            return await self._rows(live, arm, given, ask, admission, raw, may_fail=arm is not control)
        except (_ArmFailed, QuireError) as error:
            if arm is control or not isinstance(error, _ArmFailed | InvalidInput | UnreadableInput):
                raise
            fitted = self.sent
            reply = await self._rows(live, control, control.given, ask, admission, raw, may_fail=False)
            if not fitted:
                self._does_not_fit(ask, live, given, error)
            return reply

    def _ask(self, live: LiveEndpoint, admission: Admission) -> Ask:
        package = live.champion.package
        assert package is not None
        return Ask(
            route=package.task,
            endpoint=live.endpoint.name,
            body={},
            stream=False,
            caller=admission.caller,
            key=self._key,
            namespace=header(self._scope, b"x-quire-namespace"),
            traceparent=header(self._scope, b"traceparent"),
        )

    async def _rows(
        self,
        live: LiveEndpoint,
        arm: LiveArm,
        given: Given,
        ask: Ask,
        admission: Admission,
        raw: bytes,
        *,
        may_fail: bool,
    ) -> Reply:
        """All rows by one arm. Raises _ArmFailed where it ``may_fail`` and did."""
        package = arm.package
        assert package is not None
        content_type = header(self._scope, b"content-type")
        asked = await read_asked(package, raw, content_type, default_batch_size=_batch_size(live, package))
        admission.check_parameters(asked.params)
        sending = _Sending(self, live, arm, given, ask, admission, asked, may_fail)
        at_once = min(AT_ONCE, live.endpoint.limits.concurrency)
        outputs = await answer_rows(asked.calls, sending.send, timeout_s=asked.timeout_s, at_once=at_once)
        return predictions(outputs, wrapped=asked.wrapped, headers=[*sending.trace_header(), *arm.headers])

    def _does_not_fit(self, ask: Ask, live: LiveEndpoint, given: Given, error: Exception) -> None:
        """Tell that rows do not fit an arm though they fit the control: its unit leaves the comparison."""
        exchange = self.begun(ask, live)
        exchange.given, exchange.fell_back = given, True
        exchange.tell("failed", 400, error=str(error))

    def begun(self, ask: Ask, live: LiveEndpoint) -> Exchange:
        """The exchange of a request that is made for rows."""
        exchange = self.exchange(ask)
        exchange.asks(ask, live)
        ask.request_id = self.request_id
        return exchange

    def exchange(self, ask: Ask) -> Exchange:
        """A new exchange for one row's request."""
        return Exchange(self._context, ask.route, self._scope, self._send)

    def refused(self, status: int, error: Exception) -> None:
        """Tell of a request that came to no row: rows are told each by itself."""
        if not self.sent:
            code: str = getattr(error, "code", None) or getattr(error, "error_code", None) or "internal_error"
            self._context.tell_refusal(self._scope["path"], status, code.lower())


class _ArmFailed(Exception):
    """An arm of a trial gave a row no answer."""


class _Sending(msgspec.Struct):
    """Sends the requests of one arm, each told to the observers as a request of its own."""

    invocation: _Invocation
    live: LiveEndpoint
    arm: LiveArm
    given: Given
    ask: Ask
    admission: Admission
    asked: Asked
    may_fail: bool
    traces: dict[int, str] = msgspec.field(default_factory=dict)

    def trace_header(self) -> Headers:
        """The traces of the rows in their order, by which feedback on an answer is given; none of very many rows."""
        if not 0 < len(self.traces) <= _MOST_TRACES:
            return []
        listed = ", ".join(self.traces[row] for row in sorted(self.traces))
        return [(b"x-quire-trace-id", listed.encode())]

    async def send(self, call: Call, out: Outgoing) -> UpstreamReply:
        """The upstream's answer to the request of some rows."""
        self.admission.take()
        exchange = self._begun(call, out)
        try:
            reply = await self.live.sender.send(out)
        except NoAnswer as error:
            self._failed(exchange, call, error.http_status, error.message)
            raise
        except asyncio.CancelledError:
            self._given_up(exchange, call)
            raise
        if self.may_fail and (reply.status >= _SERVER_ERROR or reply.status in _ARM_FAILED):
            self._failed(exchange, call, reply.status, f"The arm's upstream answered {reply.status}.")
        exchange.tell(
            "answered" if reply.status < _OK else "failed" if reply.status >= _SERVER_ERROR else "refused",
            reply.status,
            body=reply.body,
            upstream=reply.upstream,
            attempts=reply.attempts,
            cached=reply.cached,
        )
        return reply

    def _begun(self, call: Call, out: Outgoing) -> Exchange:
        body = {**out.body, "model": self.live.endpoint.name}
        ask = msgspec.structs.replace(self.ask, route=out.route, body=body, variables=self.asked.variables(call))
        exchange = self.invocation.begun(ask, self.live)
        self.invocation.sent = True
        exchange.ids = self.invocation.failed.get(call.rows[0], exchange.ids)
        exchange.arm, exchange.given = self.arm, self.given
        exchange.sends(out)
        self.traces[call.rows[0]] = exchange.ids.trace_id
        return exchange

    def _given_up(self, exchange: Exchange, call: Call) -> None:
        """Tell of a request that was not waited for."""
        if self.invocation.watch.left:
            exchange.tell_left()
            return
        exchange.fell_back = self.may_fail
        self.invocation.failed[call.rows[0]] = exchange.ids
        exchange.tell("failed", _GIVEN_UP, error="Given up: another row failed, or the time that was given is over.")

    def _failed(self, exchange: Exchange, call: Call, status: int, message: str) -> None:
        """Tell of a request without an answer. Raises _ArmFailed where the control is to answer."""
        exchange.fell_back = self.may_fail
        exchange.tell("failed", status, error=message)
        if self.may_fail:
            self.invocation.failed[call.rows[0]] = exchange.ids
            raise _ArmFailed


def _find(table: Table, path: str) -> LiveEndpoint:
    """The endpoint that a path names, or the only one. Refused (404) where there is none, or several."""
    names = sorted(table.endpoints)
    if path != PATH:
        name = unquote(path.removeprefix(PREFIX).removesuffix(PATH))
        if name not in table.endpoints:
            raise unknown_endpoint(name, names)
        return table.endpoints[name]
    if len(names) != 1:
        listed = ", ".join(f"{PREFIX}{name}{PATH}" for name in names[:20]) or "none"
        raise Refused(
            f"Several endpoints are served here, so their predictions have a path each: {listed}.",
            status=404,
            code="endpoint_not_named",
        )
    return table.endpoints[names[0]]


def _batch_size(live: LiveEndpoint, package: Package) -> int:
    if package.task not in BATCHED_TASKS:
        return 1
    return service_of(live.endpoint.upstream, os.environ).default_batch_size
