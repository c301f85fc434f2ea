"""Which store this process uses: the one that was set, else the environment's, else a file right here."""

from __future__ import annotations

import os
import re
from pathlib import Path

from quire.domain.errors import InvalidInput
from quire.store.base import Store

VARIABLES = ("QUIRE_TRACKING_URI", "MLFLOW_TRACKING_URI")
REGISTRY_VARIABLES = ("QUIRE_REGISTRY_URI", "MLFLOW_REGISTRY_URI")
ARTIFACT_ROOT_VARIABLE = "QUIRE_ARTIFACT_ROOT"
DEFAULT_URI = "sqlite:///quire.db"
_RELATIVE_SQLITE = re.compile(r"sqlite(\+\w+)?:///(?!/|:memory:|\?|file:|[A-Za-z]:[\\/])(?P<path>[^?]+)")

_RELATIVE_ROOTS = ("sqlite://", "sqlite:///:memory:")
_opened: dict[tuple[str, str | None], Store] = {}
"""Stores by URI, so that each call need not read its URI anew; a store in memory keeps artifacts where it is opened."""

_chosen: dict[str, str] = {}
"""The URIs set by this process, under "tracking" and "registry"."""


def set_tracking_uri(uri: str | Path | None) -> None:
    """Use this store from now on, in all threads and in the processes started from here; None or "" forgets it.

    Raises InvalidInput for something other than text or a path. Nothing is opened yet.
    """
    _choose("tracking", VARIABLES[0], uri)


def get_tracking_uri() -> str:
    """The URI of the store in use: set, else ``QUIRE_TRACKING_URI``, else ``MLFLOW_TRACKING_URI``, else the default."""
    return _chosen.get("tracking") or _from_environment(VARIABLES) or DEFAULT_URI


def chosen_tracking_uri() -> str | None:
    """The URI that this process has set, whatever the environment says; None if it has set none."""
    return _chosen.get("tracking")


def is_tracking_uri_set() -> bool:
    """Whether a store was named, by :func:`set_tracking_uri` or by the environment."""
    return bool(_chosen.get("tracking") or _from_environment(VARIABLES))


def set_registry_uri(uri: str | Path | None) -> None:
    """Keep registered models in another store than runs; None or "" means the same store."""
    _choose("registry", REGISTRY_VARIABLES[0], uri)


def get_registry_uri() -> str:
    """The URI of the store of registered models: the tracking store unless another was named."""
    return _chosen.get("registry") or _from_environment(REGISTRY_VARIABLES) or get_tracking_uri()


def get_artifact_root() -> str | None:
    """Where new experiments keep artifacts, if the environment says so."""
    return os.environ.get(ARTIFACT_ROOT_VARIABLE) or None


def current_store() -> Store:
    """The store in use, opened once a process. Raises InvalidInput for a URI that no store serves."""
    return open_uri(get_tracking_uri())


def current_registry_store() -> Store:
    """The store of registered models, which is the tracking store unless another was named."""
    return open_uri(get_registry_uri())


def open_uri(uri: str) -> Store:
    """The store of a URI, whose relative file, if any, is taken from the working directory."""
    place = (absolute_uri(uri), get_artifact_root())
    store = _opened.get(place)
    if store is None or getattr(store, "closed", False):
        from quire.store import open_store

        store = open_store(place[0], artifact_root=place[1])
        if place[0] not in _RELATIVE_ROOTS and place[1] is None:
            _opened[place] = store
    return store


def absolute_uri(uri: str) -> str:
    """``uri`` with the relative path of an SQLite file made absolute."""
    match = _RELATIVE_SQLITE.match(uri)
    if not match:
        return uri
    start, end = match.span("path")
    return f"{uri[:start]}{Path(match['path']).absolute()}{uri[end:]}"


def _choose(what: str, variable: str, uri: str | Path | None) -> None:
    if uri is not None and not isinstance(uri, str | Path):
        raise InvalidInput(f"A {what} URI must be text such as {DEFAULT_URI!r} or a path, not {type(uri).__name__}.")
    if not uri:
        _chosen.pop(what, None)
        os.environ.pop(variable, None)
        return
    _chosen[what] = str(uri)
    os.environ[variable] = absolute_uri(str(uri))


def _from_environment(names: tuple[str, ...]) -> str | None:
    return next((os.environ[name] for name in names if os.environ.get(name)), None)
