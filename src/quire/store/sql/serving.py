"""What serving keeps, in the database of what is tracked."""

from __future__ import annotations

from quire.store.sql import serving_tables as _tables  # noqa: F401 - so that a new database has them
from quire.store.sql.serving_traffic import SqlTraffic


class SqlServing(SqlTraffic):
    """Endpoints, trials, answers that were given and their traces, outcomes and their sums, deployments."""
