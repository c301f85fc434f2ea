"""A simulator in this process, behind a real socket."""

from __future__ import annotations

from types import TracebackType
from typing import Any

import msgspec

from quire.simulator.app import SimulatorApp
from quire.simulator.behaviour import Behaviour
from quire.simulator.request_log import RecordedRequest, RequestLog
from quire.simulator.server import ThreadedServer
from quire.testing.address import NOT_RUNNING, Addressed


class Simulator(Addressed):
    """An OpenAI-compatible server on a free port of 127.0.0.1, served from a thread of this process.

    Give a :class:`Behaviour`, or its fields: ``Simulator(echo=True)``. It runs from ``start()`` to ``stop()``, or
    as long as a ``with`` block::

        with Simulator(recording={"What is 2 + 2?": "4"}) as simulator:
            client = openai.OpenAI(base_url=simulator.base_url, api_key="any")

    ``keep_requests`` bounds how many received requests are kept.
    """

    def __init__(self, behaviour: Behaviour | None = None, *, keep_requests: int = 100_000, **fields: Any) -> None:
        base = behaviour or Behaviour()
        self._app = SimulatorApp(msgspec.structs.replace(base, **fields), RequestLog(keep_requests))
        self._server: ThreadedServer | None = None

    def start(self) -> Simulator:
        """Begin to serve; returns the simulator itself."""
        if self._server is None:
            self._server = ThreadedServer(self._app)
        return self

    def stop(self) -> None:
        """Close the server and its connections."""
        if self._server is not None:
            self._server.stop()
            self._server = None

    def __enter__(self) -> Simulator:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def port(self) -> int:
        """The port of 127.0.0.1 on which it serves."""
        if self._server is None:
            raise RuntimeError(NOT_RUNNING)
        return self._server.port

    @property
    def behaviour(self) -> Behaviour:
        """How it behaves; may be set while it runs. Setting it resets rate limits and fault counts."""
        return self._app.simulation.behaviour

    @behaviour.setter
    def behaviour(self, behaviour: Behaviour) -> None:
        self._app.simulation.behave(behaviour)

    def behave(self, **fields: Any) -> None:
        """Change some fields of the behaviour and keep the others: ``simulator.behave(latency_ms=50)``."""
        self.behaviour = msgspec.structs.replace(self.behaviour, **fields)

    @property
    def requests(self) -> list[RecordedRequest]:
        """The requests received since the start or the last reset, oldest first."""
        return self._app.log.entries()

    def reset(self) -> None:
        """Forget the requests and every stored file, batch, job and response."""
        self._app.log.clear()
        self._app.simulation.forget()
