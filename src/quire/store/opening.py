"""Opening stores: one a process for each place, whichever thread asks."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, unquote

import msgspec

from quire.domain.errors import InvalidInput, InvalidState, NotFound
from quire.domain.uris import is_local, store_kind
from quire.store.base import Store

if TYPE_CHECKING:
    from quire.store.rest import RestStore
    from quire.store.sql import Sqlite, SqlStore
    from quire.store.sql.dialect import Dialect
    from quire.store.sql.postgres_place import PostgresPlace

ARTIFACT_FOLDER = "quire-artifacts"
_OPTIONS = {"synchronous": ("normal", "full")}


class SqlitePlace(msgspec.Struct, frozen=True):
    """A parsed sqlite URI; ``path`` is absolute, None for a database in memory."""

    path: Path | None
    synchronous: str = "normal"


class _Registry:
    """The stores that this process has open."""

    def __init__(self) -> None:
        self.stores: dict[tuple[str, str], SqlStore] = {}
        self.servers: dict[str, RestStore] = {}
        self.lock = threading.Lock()

    def after_fork(self) -> None:
        """In the child of a fork."""
        self.lock = threading.Lock()
        for store in self.stores.values():
            store.after_fork()


_registry = _Registry()


def open_store(uri: str, *, artifact_root: str | None = None) -> Store:
    """The store that a tracking URI names; one a process for each (URI, root), safe after a fork.

    ``sqlite:///relative.db``, ``sqlite:////absolute.db``, ``sqlite://`` (in memory, shared by all threads of the
    process). ``?synchronous=full`` makes every acknowledged write survive a loss of power, for one disk sync
    each. ``postgresql://user:password@host/database``: see :func:`quire.store.sql.postgres_place.parse_postgres`.
    New experiments keep artifacts under ``artifact_root``, by default ``quire-artifacts`` beside the file or, for
    PostgreSQL, in the working directory.
    ``http://host:port`` and ``https://…`` are tracking servers, Quire's or MLflow's, which choose where artifacts go.
    Raises InvalidInput for a URI that no store serves, NotFound if the folder of the file does not exist.
    """
    kind = store_kind(uri)
    if kind == "http":
        return _open_server(uri)
    if kind == "postgresql":
        from quire.store.sql.postgres_place import parse_postgres

        server = parse_postgres(uri)
        return _opened(uri, artifact_root_of(uri, artifact_root), partial(_open_postgres, server))
    if kind != "sqlite":
        raise _not_served(uri, kind)
    place = parse_sqlite(uri)
    root = artifact_root_of(uri, artifact_root)
    return _opened(f"{place.path}?{place.synchronous}", root, partial(_open_sqlite, place))


def name_of(uri: str) -> str:
    """The URI that the store of ``uri`` says it has, without credentials; no database is opened for it."""
    kind = store_kind(uri)
    if kind == "sqlite":
        path = parse_sqlite(uri).path
        return f"sqlite:///{path}" if path else "sqlite://"
    if kind == "postgresql":
        from quire.store.sql.postgres_place import parse_postgres

        return parse_postgres(uri).uri
    return open_store(uri).uri


def dialect_of(uri: str) -> Dialect:
    """The database that a tracking URI names. InvalidInput if it names something else."""
    kind = store_kind(uri)
    if kind == "sqlite":
        return _sqlite(parse_sqlite(uri))
    if kind == "postgresql":
        from quire.store.sql.postgres import Postgres
        from quire.store.sql.postgres_place import parse_postgres

        return Postgres(parse_postgres(uri))
    raise InvalidInput(
        f"The tracking URI {uri!r} names no database. Expected sqlite:///file.db or postgresql://host/database; the "
        "database of a server is looked after where the server is."
    )


def artifact_root_of(uri: str, artifact_root: str | None = None) -> str:
    """Where new experiments of the database at ``uri`` keep artifacts."""
    path = parse_sqlite(uri).path if store_kind(uri) == "sqlite" else None
    return _checked_root(artifact_root, path.parent if path else Path.cwd())


def _opened(place: str, root: str, make: Callable[[str], SqlStore]) -> SqlStore:
    with _registry.lock:
        store = _registry.stores.get((place, root))
        if store is None or store.closed:
            store = _registry.stores[place, root] = make(root)
    return store


def _open_server(uri: str) -> Store:
    from quire.store.rest import RestStore

    with _registry.lock:
        store = _registry.servers.get(uri)
        if store is None or store.closed:
            store = _registry.servers[uri] = RestStore(uri)
    return store


def parse_sqlite(uri: str) -> SqlitePlace:
    """Where a sqlite URI keeps its database, read as SQLAlchemy reads it."""
    scheme, _, rest = uri.partition("://")
    location, _, query = rest.partition("?")
    if scheme not in ("sqlite", "sqlite+pysqlite"):
        raise InvalidInput(f"The tracking URI {uri!r} asks for the driver {scheme!r}; expected sqlite:///file.db.")
    if location and not location.startswith("/"):
        raise InvalidInput(
            f"The tracking URI {uri!r} names a host ({location.split('/')[0]!r}), and SQLite has none. A relative file "
            f"takes three slashes, sqlite:///{location}, an absolute one four."
        )
    options = _parse_options(uri, query)
    name = unquote(location[1:])
    if name in ("", ":memory:"):
        return SqlitePlace(None, **options)
    return SqlitePlace(Path(name).expanduser().absolute(), **options)


def _parse_options(uri: str, query: str) -> dict[str, str]:
    options = {key: values[-1].lower() for key, values in parse_qs(query, keep_blank_values=True).items()}
    for key, value in options.items():
        if value not in _OPTIONS.get(key, ()):
            allowed = "; ".join(f"{name}={' or '.join(values)}" for name, values in _OPTIONS.items())
            raise InvalidInput(f"The tracking URI {uri!r} has the option {key}={value}. Allowed: {allowed}.")
    return options


def _checked_root(artifact_root: str | None, folder: Path) -> str:
    if artifact_root is None:
        return str(folder / ARTIFACT_FOLDER)
    if is_local(artifact_root) and not artifact_root.startswith("file:"):
        return str(Path(artifact_root).expanduser().absolute())
    return artifact_root


def _open_sqlite(place: SqlitePlace, root: str) -> SqlStore:
    from quire.store.sql import SqlStore

    return SqlStore(_sqlite(place), root)


def _sqlite(place: SqlitePlace) -> Sqlite:
    from quire.store.sql import Sqlite

    path = place.path
    if path is not None and not path.parent.is_dir():
        raise NotFound(f"The folder {path.parent} does not exist, so {path.name} cannot be opened. Create it first.")
    if path is not None and path.is_dir():
        raise InvalidInput(f"{path} is a folder; the tracking URI names a file, such as sqlite:///{path}/quire.db.")
    return Sqlite(path, synchronous=place.synchronous)


def _open_postgres(place: PostgresPlace, root: str) -> SqlStore:
    from quire.store.sql import SqlStore
    from quire.store.sql.postgres import Postgres

    return SqlStore(Postgres(place), root)


def _not_served(uri: str, kind: str) -> Exception:
    if kind == "file":
        return InvalidInput(
            f"The tracking URI {uri!r} names a folder. Quire keeps runs in a database: use sqlite:///{uri}/quire.db "
            "or another file."
        )
    return InvalidState(
        f"The tracking URI {uri!r} is served by a {kind} store, which this version does not have yet. Use "
        "sqlite:///quire.db."
    )


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_registry.after_fork)
