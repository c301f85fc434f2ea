"""The ASGI application: reads a request, finds its handler, behaves as told, writes the answer."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from quire.simulator import auth, control
from quire.simulator.behaviour import Behaviour, FaultKind
from quire.simulator.errors import ApiError
from quire.simulator.faults import pause, refusal
from quire.simulator.http import Reply, Request, Stream
from quire.simulator.replaying import replayed
from quire.simulator.request_log import RequestLog
from quire.simulator.routes import Route, find_route
from quire.simulator.simulation import Simulation
from quire.simulator.writer import Exchange

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
_logger = logging.getLogger("quire.simulator")


class SimulatorApp:
    """One simulator as an ASGI application. ``simulation`` is its state, ``log`` what it received.

    ``controlled`` adds the paths under ``/_simulator`` by which another process reads the log and sets the behaviour.
    """

    def __init__(self, behaviour: Behaviour, log: RequestLog | None = None, *, controlled: bool = False) -> None:
        self.simulation = Simulation(behaviour)
        self.log = RequestLog() if log is None else log
        self.controlled = controlled

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            return
        arrived = asyncio.get_running_loop().time()
        body = await _read_body(receive)
        if body is None:
            return
        if self.controlled and scope["path"].startswith(control.PREFIX):
            await Exchange(scope, receive, send).write(control.answer(self, scope["method"], scope["path"], body))
            return
        entry = self.log.add(scope["method"], scope["path"], scope["query_string"], scope["headers"], body)
        exchange = Exchange(scope, receive, send, entry)
        answer, fault, generated = self._answer(scope, body)
        simulation = self.simulation
        if generated:
            delay = simulation.delay(body, answer.tokens if isinstance(answer, Reply) else 0)
            await exchange.wait_until(arrived + delay)
        if fault is not None:
            await exchange.break_off(fault, answer)
        elif isinstance(answer, Reply):
            await exchange.write(answer)
        else:
            await exchange.stream(answer, simulation.behaviour.token_latency_ms / 1000)

    def _answer(self, scope: MutableMapping[str, Any], body: bytes) -> tuple[Reply | Stream, FaultKind | None, bool]:
        """The answer, the fault that will spoil it, and whether it was generated (and so takes its time)."""
        azure = scope["path"].startswith("/openai")
        try:
            auth.check(scope["headers"], self.simulation.behaviour.api_keys, azure=azure)
            route = find_route(scope["method"], scope["path"], scope["query_string"])
            fault = self._fault(route, body) if route.generates else None
            strict = self.simulation.behaviour.unknown_question == "error"
            recorded = replayed(self.simulation.recording, scope, body, strict=strict and route.generates)
            if recorded is not None:
                return recorded, fault, route.generates
            request = Request(
                scope["method"],
                scope["path"],
                body,
                scope["headers"],
                scope["query_string"],
                route.parameters,
                azure,
                route.deployment,
            )
            return route.handler(self.simulation, request), fault, route.generates
        except ApiError as error:
            return _error_reply(error, azure), None, False
        except Exception as error:
            _logger.exception("The simulator failed")
            message = f"The simulator failed: {type(error).__name__}. Its log holds the details."
            return _error_reply(ApiError(500, message, type="server_error"), azure), None, False

    def _fault(self, route: Route, body: bytes) -> FaultKind | None:
        """Raise the refusal that this request meets by its number or by chance; else give the fault that spoils it."""
        simulation = self.simulation
        behaviour = simulation.behaviour
        simulation.arrived += 1
        if simulation.arrived == behaviour.pause_at_request:
            raise pause(behaviour.pause_s)
        if not behaviour.error_rates:
            return None
        fault = simulation.faults.draw(route.path, body)
        error = None if fault is None else refusal(fault, behaviour.retry_after_ms)
        if error is not None:
            raise error
        return fault


async def _read_body(receive: Receive) -> bytes | None:
    """The whole body; None if the client went away before it was sent."""
    parts: list[bytes] = []
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        parts.append(message.get("body", b""))
        more = message.get("more_body", False)
    return b"".join(parts)


def _error_reply(error: ApiError, azure: bool) -> Reply:
    if azure and error.code is None and error.status in {401, 404}:
        error = ApiError(error.status, error.message, code=str(error.status), type=error.type, headers=error.headers)
    return Reply(error.body(), error.status, headers=error.headers)
