"""The table of ``quire runs list``: which columns are worth their width."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from quire.cli.lookup import short_ids
from quire.cli.output import GAP, ColumnKind, clean, one_line, print_table, styled
from quire.cli.words import age, number
from quire.domain.entities import Experiment, Run
from quire.domain.errors import InvalidInput
from quire.domain.ids import now_ms
from quire.domain.paging import Page
from quire.store.base import Store

if TYPE_CHECKING:
    from rich.console import Console

_PAGE = 1000
_LONGEST_PARAM = 60
_COUNTED_WORD = 14
_STATUS_STYLES = {"FAILED": "red", "KILLED": "red", "RUNNING": "yellow", "FINISHED": "green"}
_PREFIXES = ("params", "metrics", "tags")


class RunView(msgspec.Struct, frozen=True, kw_only=True):
    """One run, as ``--json`` prints it; times in milliseconds."""

    run_id: str
    run_name: str
    experiment_id: str
    status: str
    start_time: int
    end_time: int | None
    lifecycle_stage: str
    user_id: str
    artifact_uri: str
    params: dict[str, str]
    metrics: dict[str, float]
    tags: dict[str, str]

    @classmethod
    def of(cls, run: Run) -> RunView:
        """The view of a run."""
        info, data = run.info, run.data
        return cls(
            run_id=info.run_id,
            run_name=info.run_name,
            experiment_id=info.experiment_id,
            status=info.status,
            start_time=info.start_time,
            end_time=info.end_time,
            lifecycle_stage=info.lifecycle_stage,
            user_id=info.user_id,
            artifact_uri=info.artifact_uri,
            params=data.params,
            metrics=data.metrics,
            tags=data.tags,
        )


def search(
    store: Store,
    experiments: Sequence[Experiment],
    filter_string: str,
    order_by: Sequence[str],
    limit: int,
    *,
    deleted: bool,
) -> Page[Run]:
    """At most ``limit`` runs; the page's token tells whether there are more."""
    ids = [experiment.experiment_id for experiment in experiments]
    found: list[Run] = []
    token: str | None = None
    while ids and len(found) < limit:
        page = store.search_runs(
            ids,
            filter_string=filter_string,
            view="DELETED_ONLY" if deleted else "ACTIVE_ONLY",
            order_by=order_by,
            max_results=min(_PAGE, limit - len(found)),
            page_token=token,
        )
        found += page
        token = page.token
        if token is None:
            break
    return Page(found, token)


def show(
    console: Console,
    runs: Sequence[Run],
    experiments: Sequence[Experiment],
    picked: Sequence[str] | None,
    *,
    more: bool,
) -> None:
    """Print the table; a line says what to do when there is nothing, or more."""
    if not runs:
        console.print("No runs match." if experiments else "There are no experiments yet.")
        return
    columns = _fixed_columns(runs, experiments)
    extra = _columns_of(picked, runs) if picked is not None else _worthwhile(runs, columns, console.width)
    columns += extra
    rows = list(zip(*(cells for _title, _kind, cells in columns), strict=True))
    print_table(console, [(title, kind) for title, kind, _cells in columns], rows)
    if more and console.is_terminal:
        console.print(styled(f"{len(runs)} shown, there are more: --limit {len(runs) * 5}", "dim"))


Column = tuple[str, ColumnKind, list[Any]]


def _fixed_columns(runs: Sequence[Run], experiments: Sequence[Experiment]) -> list[Column]:
    now = now_ms()
    columns: list[Column] = [("id", "id", list(short_ids([run.info.run_id for run in runs])))]
    if len({run.info.experiment_id for run in runs}) > 1:
        names = {item.experiment_id: item.name for item in experiments}
        labels = [one_line(names.get(run.info.experiment_id, run.info.experiment_id)) for run in runs]
        columns.append(("experiment", "word", labels))
    statuses = [styled(run.info.status.lower(), _STATUS_STYLES.get(run.info.status, "")) for run in runs]
    return [
        *columns,
        ("name", "word", [one_line(run.info.run_name) for run in runs]),
        ("status", "id", statuses),
        ("age", "id", [age(run.info.start_time, now) for run in runs]),
    ]


def _worthwhile(runs: Sequence[Run], fixed: Sequence[Column], width: int) -> list[Column]:
    """Metrics, then params that tell the runs apart, then params that do not, as long as there is room."""
    wanted = [
        *(("metrics", key) for key in _by_frequency(run.data.metrics for run in runs)),
        *(("params", key) for key in _telling_params(runs)),
    ]
    room = width - sum(_column_width(column) + GAP for column in fixed)
    chosen: list[tuple[str, Column]] = []
    for kind, key in wanted:
        column = _column(kind, key, runs)
        needed = _column_width(column) + GAP
        if needed <= room:
            chosen.append((kind, column))
            room -= needed
    return [column for kind in ("params", "metrics") for found, column in chosen if found == kind]


def _column_width(column: Column) -> int:
    title, kind, cells = column
    widest = max([len(title), *(len(cell) for cell in cells)])
    return min(widest, _COUNTED_WORD) if kind == "word" else widest


def _by_frequency(mappings: Iterable[dict[str, Any]]) -> list[str]:
    counts = Counter(key for mapping in mappings for key in mapping)
    return sorted(counts, key=lambda key: (-counts[key], key))


def _telling_params(runs: Sequence[Run]) -> list[str]:
    keys = _by_frequency(run.data.params for run in runs)
    values = {key: {run.data.params.get(key) for run in runs} for key in keys}
    return [key for key in keys if (len(values[key]) > 1 or len(runs) == 1) and _is_short(values[key])]


def _is_short(values: Iterable[str | None]) -> bool:
    """Whether the values are words, not prompts."""
    return all(len(value) <= _LONGEST_PARAM and "\n" not in value for value in values if value is not None)


def _columns_of(picked: Sequence[str], runs: Sequence[Run]) -> list[Column]:
    columns: list[Column] = []
    for name in picked:
        kind, _dot, key = name.partition(".")
        if kind not in _PREFIXES or not key:
            raise InvalidInput(f"--columns names {name!r}; expected params.KEY, metrics.KEY or tags.KEY.")
        columns.append(_column(kind, key, runs))
    return columns


def _column(kind: str, key: str, runs: Sequence[Run]) -> Column:
    title = clean(key)
    if kind == "metrics":
        return title, "number", [number(run.data.metrics.get(key)) for run in runs]
    values = [(run.data.params if kind == "params" else run.data.tags).get(key) for run in runs]
    return title, "word", ["-" if value is None else one_line(value) for value in values]
