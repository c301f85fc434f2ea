"""A server that answers what it is told, byte by byte, over a real socket, and remembers what it was sent."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field

import pytest

OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"  # what most calls take as done


@dataclass
class Request:
    """One request as it arrived. Names of headers are in lower case."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes
    connection: int


@dataclass
class Scripted:
    """Answers each request with the next of ``answers``, the last one for ever; None closes the connection."""

    answers: list[bytes | Callable[[Request], bytes] | None] = field(default_factory=lambda: [OK])
    requests: list[Request] = field(default_factory=list)
    context: ssl.SSLContext | None = None
    idle: float | None = None
    port: int = 0

    def __post_init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", self.port))
        self.port = self._listener.getsockname()[1]
        self.url = f"{'https' if self.context else 'http'}://127.0.0.1:{self.port}"
        self._connections = 0
        self._open: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for connection in self._open:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self._connections += 1
            threading.Thread(target=self._serve, args=(connection, self._connections), daemon=True).start()

    def _serve(self, connection: socket.socket, number: int) -> None:
        try:
            if self.context:
                connection = self.context.wrap_socket(connection, server_side=True)
            self._open.append(connection)
            connection.settimeout(self.idle)
            with connection, connection.makefile("rb") as stream:
                while request := _read(stream, number):
                    self.requests.append(request)
                    answer = self.answers[min(len(self.requests), len(self.answers)) - 1]
                    if callable(answer):
                        answer = answer(request)
                    if answer is None:
                        return
                    connection.sendall(answer)
                    if b"connection: close" in answer.lower():
                        return
        except OSError:
            return


def _read(stream: object, number: int) -> Request | None:
    line = stream.readline().decode()  # type: ignore[attr-defined]
    if not line:
        return None
    method, target, _ = line.split(" ", 2)
    headers = {}
    while text := stream.readline().decode().rstrip("\r\n"):  # type: ignore[attr-defined]
        name, _, value = text.partition(":")
        headers[name.lower()] = value.strip()
    body = stream.read(int(headers.get("content-length", "0")))  # type: ignore[attr-defined]
    return Request(method, target, headers, body, number)


def answer(status: str, body: bytes = b"{}", kind: str = "application/json", **headers: str) -> bytes:
    """An answer as bytes; names of headers are written with underscores."""
    lines = [f"HTTP/1.1 {status}", f"Content-Type: {kind}", f"Content-Length: {len(body)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + body


@pytest.fixture
def scripted() -> Iterator[Callable[..., Scripted]]:
    """Starts servers that answer as told."""
    servers: list[Scripted] = []

    def start(*answers: bytes | Callable[[Request], bytes] | None, **options: object) -> Scripted:
        servers.append(Scripted(list(answers) or [OK], **options))  # type: ignore[arg-type]
        return servers[-1]

    yield start
    for server in servers:
        server.close()


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QUIRE_HTTP_PATIENCE", "1")
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "REQUESTS_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
