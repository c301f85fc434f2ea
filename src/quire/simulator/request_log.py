"""The requests that a simulator received, kept for whoever asks."""

from __future__ import annotations

from collections import deque
from typing import Any
from urllib.parse import parse_qsl

import msgspec

_SECRET_HEADERS = {"authorization", "api-key", "cookie"}


class RecordedRequest:
    """A request as it arrived, and what became of it. Decoded only when somebody looks.

    ``status`` is the HTTP status of the answer, None as long as there is none (also when the connection was broken);
    ``events`` counts the server-sent events that were written.
    """

    __slots__ = ("_headers", "_query", "events", "method", "number", "path", "raw_body", "status")

    def __init__(
        self, number: int, method: str, path: str, query: bytes, headers: list[tuple[bytes, bytes]], body: bytes
    ) -> None:
        self.number = number
        self.method = method
        self.path = path
        self.raw_body = body
        self.status: int | None = None
        self.events = 0
        self._query = query
        self._headers = headers

    @property
    def query(self) -> dict[str, str]:
        """The query parameters; the last value of one that is repeated."""
        return dict(parse_qsl(self._query.decode("latin-1"), keep_blank_values=True))

    @property
    def url(self) -> str:
        """The path with its query, as on the request line."""
        return f"{self.path}?{self._query.decode('latin-1')}" if self._query else self.path

    @property
    def headers(self) -> dict[str, str]:
        """The headers, names in lower case. They hold the key that was sent."""
        return {name.decode("latin-1"): value.decode("latin-1") for name, value in self._headers}

    @property
    def body(self) -> Any:
        """The decoded JSON body (a dict for every valid request), None if there is none, bytes if it is not JSON."""
        if not self.raw_body:
            return None
        try:
            return msgspec.json.decode(self.raw_body)
        except (msgspec.DecodeError, UnicodeDecodeError):
            return self.raw_body

    def as_dict(self) -> dict[str, Any]:
        """Everything but credentials, as JSON can carry it."""
        body = self.body
        return {
            "number": self.number,
            "method": self.method,
            "path": self.path,
            "query": self._query.decode("latin-1"),
            "headers": {k: "[REDACTED]" if k in _SECRET_HEADERS else v for k, v in self.headers.items()},
            "body": body.decode("utf-8", "replace") if isinstance(body, bytes) else body,
            "status": self.status,
            "events": self.events,
        }

    @classmethod
    def from_dict(cls, entry: dict[str, Any]) -> RecordedRequest:
        """The inverse of ``as_dict``."""
        headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in entry["headers"].items()]
        body = b"" if entry["body"] is None else msgspec.json.encode(entry["body"])
        query = entry["query"].encode("latin-1")
        made = cls(entry["number"], entry["method"], entry["path"], query, headers, body)
        made.status, made.events = entry["status"], entry["events"]
        return made

    def __repr__(self) -> str:
        return f"<RecordedRequest {self.number}: {self.method} {self.url} -> {self.status}>"


class RequestLog:
    """The last ``keep`` requests, oldest first, and how many there were in all."""

    def __init__(self, keep: int = 100_000) -> None:
        self._entries: deque[RecordedRequest] = deque(maxlen=keep)
        self.count = 0

    def add(
        self, method: str, path: str, query: bytes, headers: list[tuple[bytes, bytes]], body: bytes
    ) -> RecordedRequest:
        """Keep a request that arrived."""
        self.count += 1
        entry = RecordedRequest(self.count, method, path, query, headers, body)
        self._entries.append(entry)
        return entry

    def entries(self) -> list[RecordedRequest]:
        """The kept requests, oldest first."""
        return list(self._entries)

    def clear(self) -> None:
        """Forget every request."""
        self._entries.clear()
        self.count = 0
