"""What passes through the server: a request as asked, as sent on, what came back, and what is known after."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any, Literal, Protocol

import msgspec

from quire.domain.calls import Task, Usage

Route = Task
"""Which of OpenAI's APIs was asked; the packaged model's task may be the other of chat and responses."""


class Caller(msgspec.Struct, frozen=True):
    """Who asks: the name of a user, and the token shown; both empty on a server without auth."""

    name: str = ""
    token_id: str = ""


class Ask(msgspec.Struct):
    """One request of a caller, decoded and not yet held against a model.

    ``key`` is what assignment sticks to (header ``x-quire-key``, else ``safety_identifier``, else ``user``);
    ``version`` the version or alias that a stored prompt's form names; ``variables`` what fills the template;
    ``traceparent`` the caller's trace; ``raw`` the body as it came; ``request_id`` the caller's ``x-request-id``, or
    one made here (:func:`quire.serving.logging.request_id_of`).
    """

    route: Route
    endpoint: str
    body: dict[str, Any]
    stream: bool
    caller: Caller
    key: str = ""
    namespace: str = ""
    version: str = ""
    variables: dict[str, str] = msgspec.field(default_factory=dict)
    traceparent: str = ""
    raw: bytes = b""
    request_id: str = ""


class Outgoing(msgspec.Struct):
    """A request as a packaged model makes it: the path below ``/v1``, and the body without the upstream's own model.

    ``traceparent`` is the header of that name for the upstream: the span that is made here. ``hides_usage`` says that
    the caller did not ask a stream to count its tokens: the event that does is taken out of what the caller sees.
    """

    route: Route
    body: dict[str, Any]
    stream: bool
    traceparent: str = ""
    hides_usage: bool = False


class Reply(msgspec.Struct):
    """A whole answer of an upstream, of any status, untouched. ``upstream`` names who gave it."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    upstream: str = ""
    attempts: int = 1
    cached: bool = False


class StreamReply(Protocol):
    """An answer that comes in pieces. Leaving its context closes the upstream's connection."""

    status: int
    headers: Mapping[str, str]
    upstream: str
    attempts: int

    def chunks(self) -> AsyncIterator[bytes]:
        """The pieces as they come, untouched."""


class Sender(Protocol):
    """Sends what a packaged model made to its upstreams, with all that makes it robust. One for each endpoint.

    Both raise :class:`quire.serving.errors.NoAnswer` when every attempt at every upstream failed without an answer
    worth passing on; a refusal that the caller has to see (400, 404, …) is a Reply. Cancelling either cancels the
    upstream's request.
    """

    async def send(self, out: Outgoing) -> Reply:
        """The whole answer."""

    def stream(self, out: Outgoing) -> AbstractAsyncContextManager[StreamReply | Reply]:
        """An answer in pieces; a Reply where the upstream refused it, or answered whole."""

    async def close(self) -> None:
        """Close the connections."""


Ending = Literal["answered", "refused", "failed", "broken", "disconnected"]
"""``refused``: the upstream's 4xx. ``failed``: no answer. ``broken``: a stream that ended early. ``disconnected``: the
caller went away."""


class Given(msgspec.Struct, frozen=True):
    """The arm that a request was given: by a trial (``trial_id``, ``phase``, ``unit``), or because it serves.

    ``name`` and ``version`` are those of a registered model; ``prompt_name`` and ``prompt_version`` those of the
    registered prompt that it was made of.
    """

    arm: str
    model_uri: str
    name: str = ""
    version: str = ""
    model_id: str | None = None
    trial_id: str | None = None
    phase: int = 0
    unit: str = ""
    prompt_name: str = ""
    prompt_version: str = ""


class Done(msgspec.Struct, kw_only=True):
    """What is known of a request once it has ended; observers of the server are told this.

    Times: ``start_ns`` since the epoch, durations in seconds. ``body`` is the upstream's answer, of a stream all its
    pieces together. ``fell_back`` says that the arm failed and the control answered: the unit leaves the comparison.
    ``upstream_s`` is how long upstreams were waited for, ``upstream_request_id`` what the one that answered calls it.
    ``trace_id`` (``tr-`` and 32 digits) and ``span_id`` (16) are those that the request began with
    (:func:`quire.serving.traceparents.begin`).

    ``response_id``, ``model`` (that answered), ``usage`` and ``cost_usd`` are what the first observer reads from the
    answer (:func:`quire.serving.measuring.measure`); ``usage_estimated`` says that the upstream did not count.
    """

    ask: Ask
    out: Outgoing | None
    given: Given
    ending: Ending
    status: int
    start_ns: int
    latency_s: float
    first_token_s: float | None = None
    body: bytes = b""
    upstream_s: float | None = None
    trace_id: str = ""
    span_id: str = ""
    response_id: str = ""
    model: str = ""
    usage: Usage = msgspec.field(default_factory=Usage)
    usage_estimated: bool = False
    cost_usd: float | None = None
    upstream: str = ""
    upstream_request_id: str = ""
    attempts: int = 1
    cached: bool = False
    fell_back: bool = False
    error: str = ""


class Observer(Protocol):
    """Told of each request that ended, in the event loop, after the caller has its answer: must return at once."""

    def __call__(self, done: Done, /) -> None:
        """Take note. Whatever it raises is logged and forgotten."""
