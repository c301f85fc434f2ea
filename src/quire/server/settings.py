"""What a server is told when it starts. Options are named as ``mlflow server`` names them."""

from __future__ import annotations

import msgspec

from quire.server.auth.settings import AuthSettings

MEGABYTE = 1 << 20


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """How a server stores, listens and limits. Times are in seconds, sizes in bytes.

    ``artifact_root`` is where the server itself keeps files; with ``serve_artifacts`` clients reach it through the
    server (``mlflow-artifacts:``), else they are told the place. With ``direct_transfers`` clients may be given URLs
    to exchange files with a bucket by themselves. ``allowed_hosts`` and ``cors_allowed_origins`` may hold ``*`` as part
    of a name. ``trusted_proxies`` are addresses and networks whose ``X-Forwarded-For`` is believed. ``auth`` tells who
    may do what; without it only this machine is served.
    """

    backend_store_uri: str = "sqlite:///quire.db"
    registry_store_uri: str | None = None
    artifact_root: str | None = None
    default_artifact_root: str | None = None
    serve_artifacts: bool = True
    direct_transfers: bool = True
    host: str = "127.0.0.1"
    port: int = 5000
    workers: int = 1
    auth: AuthSettings | None = None
    allowed_hosts: tuple[str, ...] = ()
    cors_allowed_origins: tuple[str, ...] = ()
    trusted_proxies: tuple[str, ...] = ()
    static_prefix: str = ""
    max_request_bytes: int = 64 * MEGABYTE
    request_timeout: float = 60.0
    header_timeout: float = 30.0
    keep_alive: float = 75.0
    drain_timeout: float = 30.0
    reading_threads: int = 8
    artifact_threads: int = 16
