"""A collector for tests: it keeps the requests that it is sent, and answers as it is told to."""

from __future__ import annotations

import gzip
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import msgspec
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from quire.domain.otlp import plain_attributes


class Received(msgspec.Struct):
    """A request: its path, its headers in lower case, and what it holds."""

    path: str
    headers: dict[str, str]
    message: Any

    @property
    def resource(self) -> dict[str, Any]:
        """What the spans come from."""
        return plain_attributes(self.message.resource_spans[0].resource.attributes)

    @property
    def spans(self) -> list[Span]:
        """All its spans."""
        return [span for place in self.message.resource_spans for scope in place.scope_spans for span in scope.spans]


class Receiver:
    """Use it as ``with Receiver() as receiver:``; ``answers`` are the next statuses, then 200."""

    def __init__(self) -> None:
        self.requests: list[Received] = []
        self.answers: list[int] = []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                status = receiver.answers.pop(0) if receiver.answers else 200
                if status == 200:
                    headers = {name.lower(): value for name, value in self.headers.items()}
                    plain = gzip.decompress(body) if headers.get("content-encoding") == "gzip" else body
                    message = ExportTraceServiceRequest.FromString(plain)
                    receiver.requests.append(Received(self.path, headers, message))
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})

    @property
    def spans(self) -> list[Span]:
        """The spans of all requests."""
        return [span for request in self.requests for span in request.spans]

    def __enter__(self) -> Receiver:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
