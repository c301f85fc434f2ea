"""A real serving process's application behind a real socket, in a thread of the test's process."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from quire.server.running import open_socket
from quire.serving.app import App
from quire.serving.request import Done
from quire.serving.running import make_server
from quire.serving.settings import ServeSettings
from tests import http_calls


class Answer(http_calls.Answer):
    @property
    def error(self) -> dict[str, Any]:
        found: dict[str, Any] = self.json["error"]
        assert set(found) == {"message", "type", "param", "code"}
        return found


class Served:
    """A serving process in a thread; ``done`` is what its observers were told."""

    def __init__(self, settings: ServeSettings, prepare: Callable[[App], object] = lambda app: None) -> None:
        self.done: list[Done] = []
        self.refused: list[tuple[str, int, str]] = []
        self._told = threading.Condition()
        self._socket = open_socket("127.0.0.1", 0)
        self.port: int = self._socket.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        try:
            self._server = make_server(settings, prepare=lambda app: (self._watch(app), prepare(app)))
        except BaseException:
            self._socket.close()
            raise
        self._thread = threading.Thread(target=lambda: self._server.run(sockets=[self._socket]), daemon=True)
        self._thread.start()
        while not self._server.started:
            assert self._thread.is_alive()
            time.sleep(0.002)

    def _watch(self, app: App) -> None:
        app.context.observers.append(self._note)
        app.context.refusals.append(lambda path, status, code: self._note_refusal(path, status, code))

    def _note(self, done: Done) -> None:
        with self._told:
            self.done.append(done)
            self._told.notify_all()

    def _note_refusal(self, path: str, status: int, code: str) -> None:
        with self._told:
            self.refused.append((path, status, code))
            self._told.notify_all()

    def wait_for(self, count: int) -> list[Done]:
        """What observers were told, once it is that much."""
        with self._told:
            assert self._told.wait_for(lambda: len(self.done) >= count, 10), self.done
            return list(self.done)

    def told_of(self, answer: Answer, count: int = 1) -> list[Done]:
        """What observers were told of the request that this answers, once it is that much."""
        trace_id = answer.headers["x-quire-trace-id"]

        def of_it() -> list[Done]:
            return [done for done in self.done if done.trace_id == trace_id]

        with self._told:
            assert self._told.wait_for(lambda: len(of_it()) >= count, 10), self.done
            return of_it()

    @property
    def app(self) -> App:
        app: Any = self._server.config.app
        return app

    @property
    def open(self) -> tuple[int, int]:
        """How many connections are open, and how many requests under way."""
        state = self._server.server_state
        return len(state.connections), len(state.tasks)

    @property
    def base_url(self) -> str:
        return f"{self.url}/v1"

    def stop(self) -> None:
        self._server.should_exit = True
        self._thread.join(30)
        self._socket.close()

    def call(
        self, method: str, path: str, body: Any = None, *, headers: dict[str, str] | None = None, timeout: float = 30
    ) -> Answer:
        """Make one request; a body that is no bytes is sent as JSON."""
        return Answer(*http_calls.call(self.port, method, path, body, headers=headers, timeout=timeout))

    def chat(self, **body: Any) -> Answer:
        """Ask by chat completions."""
        return self.call("POST", "/v1/chat/completions", {"model": "joker", **body})


@contextmanager
def serving(settings: ServeSettings, prepare: Callable[[App], object] = lambda app: None) -> Iterator[Served]:
    served = Served(settings, prepare)
    try:
        yield served
    finally:
        served.stop()
