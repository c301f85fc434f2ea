"""Serving packaged models under names, by OpenAI's API."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from quire.serving.app import App
    from quire.serving.settings import ServeSettings

__all__ = ["asgi_app", "serve_settings"]


def asgi_app(config: str | Path | None = None, **options: Any) -> App:
    """The server as an ASGI application, for another program to run: uvicorn, Ray Serve, a larger application.

    ``config`` is a file of endpoints; without it all that the store keeps are served. ``options`` are fields of
    :class:`quire.serving.settings.ServeSettings`. The store is the workspace's (``QUIRE_TRACKING_URI``). Raises what is
    wrong with the file or with an endpoint in it.
    """
    from quire.serving.running import make_app

    return make_app(serve_settings(config, **options))


def serve_settings(config: str | Path | None = None, **options: Any) -> ServeSettings:
    """Settings whose endpoints are those of a file. Raises NotFound, InvalidInput."""
    from quire.serving.endpoint_file import load_endpoints
    from quire.serving.settings import ServeSettings

    endpoints = () if config is None else tuple(load_endpoints(config))
    return ServeSettings(**{"endpoints": endpoints, **options})
