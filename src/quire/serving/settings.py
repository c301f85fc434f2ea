"""What a serving process is told when it starts."""

from __future__ import annotations

import msgspec

from quire.domain.endpoints import Endpoint, Upstream
from quire.server.auth.settings import AuthSettings


class ServeSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What is served, where, and within which limits. Times are in seconds.

    Without ``endpoints`` all that the store keeps are served. The store is the workspace's where ``tracking_uri`` (and
    ``registry_uri``) do not say otherwise; ``experiment`` names the one that traces go to. With ``pass_through`` a
    model that is no endpoint's name is asked of ``passed_upstream`` as it is. ``request_timeout`` bounds the wait for
    the next piece of a request, ``header_timeout`` for its headers, ``write_timeout`` how long a caller may read
    nothing; a server that is told to end waits ``drain_timeout`` for what is on its way. ``follow_s`` is how often
    aliases, endpoints and trials are looked at. With ``log_requests`` each request is a line of JSON on standard error.
    ``spans_apart`` has a process of its own make spans, which a server that is asked much needs. Workers leave their
    metrics in ``metrics_folder``, where each adds them up. ``allowed_hosts`` are names, besides this machine's own, by
    which a server without auth may be reached.
    """

    endpoints: tuple[Endpoint, ...] = ()
    tracking_uri: str | None = None
    registry_uri: str | None = None
    experiment: str | None = None
    host: str = "127.0.0.1"
    port: int = 8000
    workers: int = 1
    auth: AuthSettings | None = None
    allowed_hosts: tuple[str, ...] = ()
    pass_through: bool = False
    passed_upstream: Upstream = msgspec.field(default_factory=Upstream)
    request_timeout: float = 60.0
    header_timeout: float = 30.0
    keep_alive: float = 75.0
    write_timeout: float = 60.0
    drain_timeout: float = 30.0
    follow_s: float = 0.5
    log_requests: bool = False
    spans_apart: bool = False
    metrics_folder: str | None = None
