"""The store over a SQL database: SQLite, one file for any number of threads and processes."""

from __future__ import annotations

from quire.store.sql.store import Outcome, SqlStore

__all__ = ["Outcome", "SqlStore"]
