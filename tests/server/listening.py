"""A reader of ``/api/quire/v1/events`` for tests: a connection of its own, read line by line."""

from __future__ import annotations

import http.client
import json
import time
from typing import Any

from tests.server.conftest import Served

PLACE = "/api/quire/v1/events"


class Listening:
    """Use it as ``with Listening(server) as heard:``."""

    def __init__(self, server: Served, headers: dict[str, str] | None = None, timeout: float = 20) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=timeout)
        self._connection.request("GET", PLACE, headers=headers or {})
        self.answer = self._connection.getresponse()

    def __enter__(self) -> Listening:
        assert self.answer.status == 200
        assert self.block() == ["retry: 2000", ": listening"]
        return self

    def __exit__(self, *_: object) -> None:
        self.answer.close()
        self._connection.close()

    def block(self) -> list[str]:
        """The lines up to the next empty one; none at the end of the stream."""
        lines = []
        while line := self.answer.readline().decode().rstrip("\n"):
            lines.append(line)
        return lines

    def change(self) -> list[str]:
        """The topics of the next event."""
        while True:
            lines = self.block()
            assert lines, "the stream has ended"
            if lines[0] == "event: change":
                told: Any = json.loads(lines[1].removeprefix("data: "))
                assert list(told) == ["topics"]
                return list(told["topics"])

    def until(self, topic: str, seconds: float = 15) -> set[str]:
        """All topics that are told of until this one is."""
        end = time.monotonic() + seconds
        found: set[str] = set()
        while topic not in found:
            assert time.monotonic() < end, found
            found.update(self.change())
        return found
