"""The calls of a protocol as data: each a small function from a message to a message, with its place.

A module of routes makes a :class:`Calls` and decorates functions of it::

    calls = Calls("2.0", "mlflow", tag="Runs")

    @calls.write("POST", "runs/create")
    def create_run(context: Context, request: CreateRun) -> RunResponse:
        \"\"\"Start a run.\"\"\"

The types say how the request is decoded, the docstring describes the call in the OpenAPI document. A function runs in
a thread of its own, never in the event loop: it may wait for the store. Variable parts of the path are fields of the
message; one written ``{name:path}`` at the end takes slashes too.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Literal, TypeVar, get_type_hints

import msgspec

from quire.server.context import Context
from quire.server.http import Request, Send

Kind = Literal["read", "write"]
Reads = Literal["point", "much", "files"]
"""What one id or name finds by a few look-ups; what a search or a history may need; artifacts."""
Action = Callable[[Context, Any], Any]
Stream = Callable[[Context, Request, Send], Awaitable[None]]
Offered = Callable[[Context], bool]
A = TypeVar("A", bound=Action)
S = TypeVar("S", bound=Stream)


def always(context: Context) -> bool:
    """What every server can do."""
    return True


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """One call whose request and answer are messages. ``kind`` says whether it changes what the store keeps.

    ``paths`` are all its paths, the first being its own and the others its older names. ``offered`` tells whether a
    server can do it at all: else it is left out of the OpenAPI document. ``reads`` says what a call reaches for, so
    that none waits behind others of another kind; a write that reaches for ``files`` changes those and nothing else.
    A ``brief`` write touches no more rows than its request has parts.
    """

    name: str
    method: str
    paths: tuple[str, ...]
    kind: Kind
    request: type[msgspec.Struct]
    response: Any
    action: Action
    summary: str
    tag: str
    success: int = 200
    offered: Offered = always
    reads: Reads = "much"
    brief: bool = False


class StreamCall(msgspec.Struct, frozen=True, kw_only=True):
    """One call that sends its answer by itself, in the event loop, and reads its body by itself too.

    With a type as ``message`` the body is read before, so that rules can look at it: it is then the request's
    ``message``. ``events`` is the type of what its server-sent events hold.
    """

    name: str
    method: str
    paths: tuple[str, ...]
    stream: Stream
    summary: str
    tag: str
    openapi: dict[str, Any] = msgspec.field(default_factory=dict)
    kind: Kind = "read"
    offered: Offered = always
    message: type[msgspec.Struct] | None = None
    events: type[msgspec.Struct] | None = None


AnyCall = Call | StreamCall


class Calls:
    """The calls of one resource.

    Paths given to the decorators are below ``/api/VERSION/SERVICE/`` and ``/ajax-api/VERSION/SERVICE/``; one that
    begins with a slash stands for itself.
    """

    def __init__(self, version: str, service: str, *, tag: str, preview: bool = False) -> None:
        prefixes = [f"/{api}/{version}/{service}/" for api in ("api", "ajax-api")]
        if preview:
            prefixes += [f"/{api}/{version}/preview/{service}/" for api in ("api", "ajax-api")]
        self._prefixes = prefixes
        self._tag = tag
        self.all: list[AnyCall] = []

    def read(self, method: str, *paths: str, offered: Offered = always, reads: Reads = "much") -> Callable[[A], A]:
        """Register a function that changes nothing."""
        return self._register(method, paths, "read", offered=offered, reads=reads)

    def write(
        self,
        method: str,
        *paths: str,
        success: int = 200,
        offered: Offered = always,
        reads: Reads = "much",
        brief: bool = False,
    ) -> Callable[[A], A]:
        """Register a function that changes what the store keeps; with ``reads="files"``, artifacts alone."""
        return self._register(method, paths, "write", success=success, offered=offered, reads=reads, brief=brief)

    def stream(
        self,
        method: str,
        *paths: str,
        kind: Kind = "read",
        openapi: dict[str, Any] | None = None,
        message: type[msgspec.Struct] | None = None,
        events: type[msgspec.Struct] | None = None,
    ) -> Callable[[S], S]:
        """Register a coroutine that reads the request and sends the answer by itself."""

        def register(function: S) -> S:
            self.all.append(
                StreamCall(
                    name=function.__name__,
                    method=method,
                    paths=self._paths(paths),
                    stream=function,
                    summary=_summary(function),
                    tag=self._tag,
                    openapi=openapi or {},
                    kind=kind,
                    message=message,
                    events=events,
                )
            )
            return function

        return register

    def _register(self, method: str, paths: tuple[str, ...], kind: Kind, **further: Any) -> Callable[[A], A]:
        def register(function: A) -> A:
            hints = get_type_hints(function)
            self.all.append(
                Call(
                    name=function.__name__,
                    method=method,
                    paths=self._paths(paths),
                    kind=kind,
                    request=hints["request"],
                    response=hints["return"],
                    action=function,
                    summary=_summary(function),
                    tag=self._tag,
                    **further,
                )
            )
            return function

        return register

    def _paths(self, paths: tuple[str, ...]) -> tuple[str, ...]:
        found: list[str] = []
        for path in paths:
            found += [path] if path.startswith("/") else [prefix + path for prefix in self._prefixes]
        return tuple(dict.fromkeys(found))


def _summary(function: Callable[..., Any]) -> str:
    return " ".join((function.__doc__ or "").split())
