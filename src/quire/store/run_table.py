"""Runs as a table that can be entered anywhere, as a screen shows it.

Quire's SQL stores have it; a server of MLflow gives runs page after page alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from quire.domain.entities import ViewType
from quire.domain.errors import InvalidState
from quire.domain.run_table import RunColumn, RunColumns, RunRows


class RunTable(Protocol):
    """Rows of runs by their place in the whole list of those that match."""

    def first_rows(
        self,
        experiment_ids: Sequence[str],
        *,
        filter_string: str = "",
        view: ViewType = "ACTIVE_ONLY",
        order_by: Sequence[str] = (),
        columns: Sequence[RunColumn] = (),
        limit: int = 100,
    ) -> RunRows:
        """The first rows, found without looking at the others. The total is known if there are no more."""

    def rows(
        self,
        experiment_ids: Sequence[str],
        *,
        filter_string: str = "",
        view: ViewType = "ACTIVE_ONLY",
        order_by: Sequence[str] = (),
        columns: Sequence[RunColumn] = (),
        offset: int = 0,
        limit: int = 100,
        order: str = "",
        fresh: bool = False,
    ) -> RunRows:
        """Rows from ``offset`` on, with the total.

        The list is put in order once and remembered under the name in the answer; ``order`` names one to go on with.
        One that is not remembered any more is put in order anew, and so has another name. A list of a moment ago is
        used again unless it must be ``fresh``.
        """

    def columns(self, experiment_ids: Sequence[str]) -> RunColumns:
        """The keys of metrics, params and tags that runs of these experiments have."""


def run_table_of(store: object) -> RunTable:
    """The table of runs of a store. Raises InvalidState for a store that has none: a server of MLflow."""
    table: RunTable | None = getattr(store, "run_table", None)
    if table is None:
        raise InvalidState(
            f"{getattr(store, 'uri', store)} gives runs page after page alone. Use a database such as "
            "sqlite:///quire.db, or search_runs."
        )
    return table
