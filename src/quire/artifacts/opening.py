"""From an artifact URI to the store that serves it."""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path
from urllib.parse import unquote, urlsplit

from quire.artifacts.base import ArtifactStore
from quire.artifacts.local import LocalArtifacts
from quire.domain.errors import InvalidInput
from quire.domain.paths import checked_path

_PROXIED = "mlflow-artifacts"
_BEHIND_A_SERVER = (_PROXIED, "http", "https")
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.\-]+):")


def open_artifacts(uri: str, tracking_uri: str | None = None) -> ArtifactStore:
    """The store of the files under an artifact root.

    Accepts a path, ``file:``, ``s3://``, ``gs://``, ``az://``, ``abfss://``, ``wasbs://``, and what is behind a
    tracking server: ``mlflow-artifacts:``, ``http://`` and ``https://``. The server is that of ``tracking_uri``, by
    default of the current tracking URI. Opening touches neither the disk nor the network. Raises InvalidInput for
    anything else.
    """
    match = _SCHEME.match(uri)
    scheme = match.group(1).lower() if match else ""
    if scheme in ("", "file"):
        return LocalArtifacts(local_root(uri))
    if scheme == _PROXIED and _roots:
        return open_artifacts(_below(_roots[-1], uri))
    if scheme in _BEHIND_A_SERVER:
        return _open_behind_server(uri, tracking_uri or _current_tracking_uri())
    return _open_remote(scheme, uri)


_roots: list[str] = []
"""Where a server keeps what clients reach as ``mlflow-artifacts:``, in a process that works for that server."""


def work_for_server(root: str) -> None:
    """From now on ``mlflow-artifacts:/path`` is the path below this root, in this whole process.

    For a process that a server starts, which opens the server's own database and not its address.
    """
    _roots.append(root)


def _below(root: str, uri: str) -> str:
    path = checked_path(unquote(urlsplit(uri).path).strip("/"), root=True)
    return f"{root.rstrip('/')}/{path}" if path else root


def local_root(uri: str) -> Path:
    """The folder that a plain path or a ``file:`` URI of this machine names. Raises InvalidInput."""
    if not uri.lower().startswith("file:"):
        if not uri or "\0" in uri:
            raise InvalidInput(f"{uri!r} is not a path. Name a folder, or an object store such as s3://bucket/prefix.")
        return Path(uri)
    parts = urlsplit(uri)
    if parts.netloc not in ("", "localhost"):
        raise InvalidInput(
            f"{uri!r} names the machine {parts.netloc!r}. Expected file:///absolute/path on this machine."
        )
    return Path(unquote(parts.path) or ".")


@lru_cache(maxsize=256)
def _open_remote(scheme: str, uri: str) -> ArtifactStore:
    from quire.artifacts.bucket import SCHEMES

    if scheme in SCHEMES:
        from quire.artifacts.objects import ObjectArtifacts

        return ObjectArtifacts(uri)
    raise InvalidInput(
        f"No artifact store serves the scheme {scheme!r} of {uri!r}. Expected a path, file:, s3://, gs://, az://, "
        "abfss://, wasbs://, mlflow-artifacts: or http(s)://."
    )


@lru_cache(maxsize=256)
def _open_behind_server(uri: str, tracking_uri: str) -> ArtifactStore:
    from quire.artifacts.http import HttpArtifacts

    return HttpArtifacts(uri, tracking_uri)


def _current_tracking_uri() -> str:
    from quire.store.current import get_tracking_uri

    return get_tracking_uri()
