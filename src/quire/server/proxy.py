"""From an artifact URI that is stored to the place that this server may read.

A server reads and writes below the roots it was started with, and nowhere else: a location that a client names is
kept for clients, and never followed by the server. ``mlflow-artifacts:/path`` is a path below the server's own root.
"""

from __future__ import annotations

import os
from urllib.parse import urlsplit

from quire.artifacts import open_artifacts
from quire.artifacts.base import ArtifactStore
from quire.artifacts.opening import local_root
from quire.domain.errors import InvalidInput, InvalidState, PermissionDenied
from quire.domain.paths import checked_path
from quire.domain.uris import is_local

SCHEME = "mlflow-artifacts"
PROXY_ROOT = f"{SCHEME}:/"


class Places:
    """The artifact roots of a server. ``own`` is behind the proxy; ``direct`` are those that clients reach alone."""

    def __init__(self, own: str | None, direct: tuple[str, ...]) -> None:
        self._own = own
        self._direct = direct

    @property
    def own(self) -> str | None:
        """The root behind the proxy; None if this server is no proxy."""
        return self._own

    @property
    def proxied(self) -> ArtifactStore:
        """The root behind the proxy. InvalidState if this server is no proxy."""
        if self._own is None:
            raise InvalidState(
                "This server does not serve artifacts. Start it with --serve-artifacts, or give clients access to "
                "the place where they are kept."
            )
        return open_artifacts(self._own)

    def find(self, uri: str, path: str = "") -> tuple[ArtifactStore, str]:
        """The store and the path in it for an artifact location and a path below it.

        Raises PermissionDenied for a location outside of the server's roots, InvalidInput for a wrong path.
        """
        checked_path(path, root=True)
        if urlsplit(uri).scheme.lower() == SCHEME:
            return self.proxied, join(proxied_path(uri), path)
        root, below = self._split(uri)
        return open_artifacts(root), join(below, path)

    def open(self, uri: str) -> ArtifactStore:
        """The store of the files at an artifact location alone. Raises as :meth:`find`."""
        if urlsplit(uri).scheme.lower() == SCHEME:
            root = self.proxied.uri
            return open_artifacts(join(root.rstrip("/"), proxied_path(uri)))
        self._split(uri)
        return open_artifacts(uri)

    def _split(self, uri: str) -> tuple[str, str]:
        for root in (*self._direct, *([self._own] if self._own else [])):
            below = _below(uri, root)
            if below is not None:
                return root, below
        raise PermissionDenied(
            f"The artifacts in {_without_credentials(uri)!r} lie outside of the places that this server may read. Read "
            "them directly, or start the server with --default-artifact-root or --artifacts-destination there."
        )


def proxied_path(uri: str) -> str:
    """The path below the proxy's root in ``mlflow-artifacts:/path``. Raises InvalidInput for one of another host."""
    parts = urlsplit(uri)
    if parts.netloc:
        raise InvalidInput(
            f"{uri[:200]!r} names the host {parts.netloc[:100]!r}; this server follows {PROXY_ROOT}PATH alone."
        )
    return checked_path(parts.path.strip("/"), root=True)


def join(*parts: str) -> str:
    """Paths below each other; empty ones are left out."""
    return "/".join(part for part in parts if part)


def _below(uri: str, root: str) -> str | None:
    """The path of ``uri`` below ``root``; None if it is not below."""
    if is_local(root) != is_local(uri):
        return None
    if is_local(root):
        place, top = (os.path.abspath(local_root(text)) for text in (uri, root))
        if place == top:
            return ""
        return checked_path(place[len(top) + 1 :].replace(os.sep, "/")) if place.startswith(top + os.sep) else None
    start = root.rstrip("/")
    if uri.rstrip("/") == start:
        return ""
    return checked_path(uri[len(start) + 1 :].rstrip("/"), root=True) if uri.startswith(start + "/") else None


def _without_credentials(uri: str) -> str:
    parts = urlsplit(uri)
    return uri if "@" not in parts.netloc else parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
