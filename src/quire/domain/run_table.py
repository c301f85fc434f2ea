"""A table of runs: the few values of each run that somebody looks at, and where in the whole list they stand."""

from __future__ import annotations

from typing import Literal

import msgspec

from quire.domain.entities import RunStatus
from quire.domain.errors import InvalidInput

ColumnKind = Literal["metrics", "params", "tags"]
MOST_COLUMNS = 200
SHOWN = 250
"""Characters of a text in a row; the run itself has the whole of it."""
_KINDS: dict[str, ColumnKind] = {"metrics": "metrics", "params": "params", "tags": "tags"}


class RunColumn(msgspec.Struct, frozen=True):
    """A metric, param or tag as a column."""

    kind: ColumnKind
    key: str


class RunRow(msgspec.Struct, frozen=True, kw_only=True):
    """One run; ``values`` are those of the columns asked for, null where it has none. Times in milliseconds."""

    run_id: str
    experiment_id: str
    run_name: str
    user_id: str
    status: RunStatus
    start_time: int
    end_time: int | None = None
    deleted: bool = False
    values: list[float | str | None]


class RunRows(msgspec.Struct, frozen=True, kw_only=True):
    """Some of the runs that match.

    ``total`` is how many match in all, null where that was not asked for and is not known. ``order`` names the list
    out of which these are, so that what is asked for next is of the same list.
    """

    rows: list[RunRow]
    total: int | None = None
    order: str = ""


class RunColumns(msgspec.Struct, frozen=True, kw_only=True):
    """The keys that runs of some experiments have values under, each sorted."""

    metrics: list[str]
    params: list[str]
    tags: list[str]


def parse_columns(names: list[str]) -> list[RunColumn]:
    """Columns out of ``metrics.KEY``, ``params.KEY`` and ``tags.KEY``; the key is all that follows the first dot.

    Raises InvalidInput for another kind, and for more than MOST_COLUMNS.
    """
    if len(names) > MOST_COLUMNS:
        raise InvalidInput(f"{len(names):,} columns are asked for; ask for {MOST_COLUMNS} at most.")
    return [_column(name) for name in names]


def _column(name: str) -> RunColumn:
    kind, _, key = name.partition(".")
    if kind not in _KINDS or not key:
        raise InvalidInput(f"{name!r:.120} is no column. Write metrics.KEY, params.KEY or tags.KEY.")
    return RunColumn(_KINDS[kind], key)
