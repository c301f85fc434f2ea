"""A server on a real socket that gives the answers a test has put up, in their order."""

from __future__ import annotations

import json
import threading
from collections import deque
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

import msgspec

JSON, EVENTS = "application/json", "text/event-stream"


class Reply(msgspec.Struct):
    """An answer: ``parts`` are sent one by one; ``whole=False`` breaks the connection after them.

    After the first part the server waits for ``go_on``.
    """

    parts: list[bytes]
    kind: str = JSON
    status: int = 200
    whole: bool = True
    headers: dict[str, str] = {}
    go_on: threading.Event | None = None


def reply(body: Any, status: int = 200) -> Reply:
    """A JSON answer."""
    return Reply([json.dumps(body).encode()], status=status)


def events(*bodies: Any, whole: bool = True, last: bytes = b"data: [DONE]\n\n") -> Reply:
    """A stream of events, each a JSON object."""
    parts = [b"data: " + json.dumps(body).encode() + b"\n\n" for body in bodies]
    return Reply([*parts, *([last] if whole else [])], kind=EVENTS, whole=whole)


def chunk(content: str | None = None, **more: Any) -> dict[str, Any]:
    """One piece of a streamed chat completion."""
    delta = {} if content is None else {"role": "assistant", "content": content}
    choice = {"index": 0, "delta": {**delta, **more.pop("delta", {})}, "finish_reason": more.pop("finish_reason", None)}
    head = {"id": "c1", "created": 1, "model": "gpt-4o-mini", "object": "chat.completion.chunk"}
    return {**head, "choices": [choice], **more}


class Upstream:
    """``answers`` are taken one for each request; ``bodies`` are those of the requests, decoded where they are JSON."""

    def __init__(self) -> None:
        self.answers: deque[Reply] = deque()
        self.bodies: list[Any] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self.base_url = f"http://127.0.0.1:{self._server.server_port}/v1"

    def put(self, *answers: Reply) -> None:
        """Answer the next requests so, and forget what was asked before."""
        self.bodies.clear()
        self.answers.clear()
        self.answers.extend(answers)

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_exception: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        upstream = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length", 0)))
                upstream.bodies.append(json.loads(body) if self.headers.get("content-type") == JSON else body)
                answer = upstream.answers.popleft()
                self.send_response(answer.status)
                self.send_header("content-type", answer.kind)
                self.send_header("transfer-encoding", "chunked")
                for name, value in answer.headers.items():
                    self.send_header(name, value)
                self.end_headers()
                for part in answer.parts:
                    self.wfile.write(f"{len(part):x}\r\n".encode() + part + b"\r\n")
                    self.wfile.flush()
                    if answer.go_on is not None:
                        answer.go_on.wait(10)
                if answer.whole:
                    self.wfile.write(b"0\r\n\r\n")
                else:
                    self.close_connection = True

            def log_message(self, format: str, *args: Any) -> None:
                """Say nothing."""

        return Handler
