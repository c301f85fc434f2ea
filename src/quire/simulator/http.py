"""What the simulator's handlers receive and give back; knows nothing of sockets or ASGI."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from urllib.parse import parse_qsl

import msgspec

LABEL = ("x-quire-simulator", "1")
"""The header that marks every answer as a simulator's."""
FINGERPRINT = "fp_quire_simulator"
"""The ``system_fingerprint`` that marks every answer as a simulator's."""

Headers = tuple[tuple[str, str], ...]


class Request(msgspec.Struct):
    """One request, routed. ``parameters`` are the variable parts of its path.

    ``azure`` tells that an Azure path was used and ``deployment`` names its deployment, where the path has one.
    """

    method: str
    path: str
    body: bytes
    raw_headers: list[tuple[bytes, bytes]]
    raw_query: bytes
    parameters: dict[str, str]
    azure: bool = False
    deployment: str | None = None

    def header(self, name: str) -> str:
        """The value of a header, given in lower case; empty if it is absent."""
        wanted = name.encode()
        return next((value.decode("latin-1") for key, value in self.raw_headers if key == wanted), "")

    @property
    def query(self) -> dict[str, str]:
        """The query parameters; the last value of one that is repeated."""
        return dict(parse_qsl(self.raw_query.decode("latin-1"), keep_blank_values=True))


class Reply(msgspec.Struct):
    """A whole answer. ``tokens`` is how many were generated: what a latency per token is counted by."""

    body: bytes
    status: int = 200
    content_type: str = "application/json"
    headers: Headers = ()
    tokens: int = 0


class Stream(msgspec.Struct):
    """An answer as server-sent events, each frame ready to be written."""

    frames: Iterable[bytes]
    headers: Headers = ()


def json_reply(content: Any, *, status: int = 200, headers: Headers = (), tokens: int = 0) -> Reply:
    """An answer whose body is ``content`` as JSON."""
    return Reply(msgspec.json.encode(content), status, headers=headers, tokens=tokens)


def event(content: Any, name: str | None = None) -> bytes:
    """One server-sent event: ``data: …``, preceded by ``event: …`` where the API names its events."""
    head = b"" if name is None else b"event: " + name.encode() + b"\n"
    return head + b"data: " + msgspec.json.encode(content) + b"\n\n"


DONE = b"data: [DONE]\n\n"
"""The frame that ends a stream of chat completions or completions."""
