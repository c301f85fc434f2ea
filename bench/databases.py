"""Empty databases for the servers that are measured: a SQLite file each, or one of a real PostgreSQL each."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal

Databases = Literal["SQLite", "PostgreSQL"]
MakeDatabase = Callable[[str], str]

# The tests' server is told not to sync; here a commit costs what it costs.
_DURABLE = {"fsync": "on", "full_page_writes": "on", "shared_buffers": "512MB", "max_wal_size": "4GB"}


@contextlib.contextmanager
def databases(kind: Databases, folder: Path) -> Iterator[MakeDatabase]:
    """Gives a function that makes an empty database for a server by its name: its URI."""
    if kind == "SQLite":
        yield lambda name: f"sqlite:///{folder / name}.db"
        return
    from tests.postgres import PostgresServer

    server = PostgresServer(**_DURABLE)
    try:
        yield lambda _name: server.create_database()
    finally:
        server.remove()
