"""The application under a server that is not Quire's own."""

from __future__ import annotations

import http.client
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import uvicorn

from quire.domain.endpoints import Endpoint, Upstream
from quire.server.running import open_socket
from quire.serving import asgi_app
from quire.serving.request import Done
from quire.testing import Simulator
from tests.serving.raw_upstream import RawUpstream, event, writes


@contextmanager
def under_uvicorn(app: Any) -> Iterator[int]:
    """The port at which plain uvicorn serves it, from a thread."""
    listener = open_socket("127.0.0.1", 0)
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, lifespan="on"))
    thread = threading.Thread(target=lambda: server.run(sockets=[listener]), daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive()
        time.sleep(0.002)
    try:
        yield listener.getsockname()[1]
    finally:
        server.should_exit = True
        thread.join(30)
        listener.close()


@pytest.fixture
def made(register: Callable[..., str], store: str) -> Callable[[str], tuple[Any, list[Done]]]:
    """An application whose one endpoint asks the upstream at a URL, and what its observers are told."""

    def make(url: str) -> tuple[Any, list[Done]]:
        register(messages=[{"role": "user", "content": "A joke."}])
        place = Upstream(base_url=url)
        app = asgi_app(endpoints=(Endpoint(name="joker", model="models:/joker@champion", upstream=place),))
        done: list[Done] = []
        app.context.observers.append(done.append)
        return app, done

    return make


def ask(port: int, **body: Any) -> http.client.HTTPConnection:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request("POST", "/v1/chat/completions", json.dumps({"model": "joker", **body}))
    return connection


def test_it_answers_there(made: Any, upstream: Simulator) -> None:
    app, _done = made(upstream.base_url)
    with under_uvicorn(app) as port:
        for stream in (False, True):
            answer = ask(port, stream=stream).getresponse()
            assert answer.status == 200
            assert b"choices" in answer.read()


def test_a_caller_who_leaves_is_noticed_there_too(made: Any, upstream: Simulator) -> None:
    async def silent(reader: Any, writer: Any) -> None:
        await reader.readexactly(1)

    with RawUpstream(silent) as raw:
        app, done = made(raw.base_url)
        with under_uvicorn(app) as port:
            connection = ask(port)
            assert raw.asked.wait(10)
            connection.close()
            assert raw.lost.wait(10)
    assert [each.ending for each in done] == ["disconnected"]


def test_a_stream_that_breaks_off_is_broken_off_there_too(made: Any, upstream: Simulator) -> None:
    with RawUpstream(writes(event("one"), ends=False)) as raw:
        app, _done = made(raw.base_url)
        with under_uvicorn(app) as port, pytest.raises(http.client.IncompleteRead) as caught:
            ask(port, stream=True).getresponse().read()
    assert b"stream_broken" in caught.value.partial
