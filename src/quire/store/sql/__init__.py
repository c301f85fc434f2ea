"""The store over a SQL database: SQLite, or PostgreSQL."""

from __future__ import annotations

from quire.store.sql.sqlite import Sqlite
from quire.store.sql.store import Outcome, SqlStore

__all__ = ["Outcome", "SqlStore", "Sqlite"]
