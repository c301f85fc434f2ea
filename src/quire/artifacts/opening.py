"""From an artifact URI to the store that serves it."""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path
from urllib.parse import unquote, urlsplit

from quire.artifacts.base import ArtifactStore
from quire.artifacts.local import LocalArtifacts
from quire.domain.errors import InvalidInput

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.\-]+):")


def open_artifacts(uri: str) -> ArtifactStore:
    """The store of the files under an artifact root.

    Accepts a path, ``file:``, ``s3://``, ``gs://``, ``az://``, ``abfss://`` and ``wasbs://``. Opening touches
    neither the disk nor the network. Raises InvalidInput for anything else.
    """
    match = _SCHEME.match(uri)
    scheme = match.group(1).lower() if match else ""
    if scheme in ("", "file"):
        return LocalArtifacts(local_root(uri))
    return _open_remote(scheme, uri)


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
    if scheme == "mlflow-artifacts":
        raise InvalidInput(
            f"{uri!r} is served by a tracking server's artifact proxy, which needs an http:// tracking URI; "
            "this version reads artifacts from local folders and object stores."
        )
    raise InvalidInput(
        f"No artifact store serves the scheme {scheme!r} of {uri!r}. Expected a path, file:, s3://, gs://, az://, "
        "abfss:// or wasbs://."
    )
