"""How each server's database keeps a run: the rows of its tables. MLflow's and FastTrackML's are nearly the same."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from bench.bulk import Bulk, Row


class MadeRun(NamedTuple):
    """A finished run, of no database yet. ``number`` counts from 0; times are in milliseconds."""

    number: int
    run_id: str
    start: int
    end: int
    metrics: tuple[tuple[str, float], ...]
    params: tuple[tuple[str, str], ...]
    tags: tuple[tuple[str, str], ...]


Tables = dict[str, list[Row]]
RowsOf = Callable[[MadeRun], Tables]


class Layout(NamedTuple):
    """The columns of each table, and a function that makes the rows of a run.

    ``rows_of(bulk, experiment_id, names)`` prepares the database for runs that use these names of metrics, params
    and tags.
    """

    columns: dict[str, str]
    rows_of: Callable[[Bulk, int, tuple[str, ...]], RowsOf]
    after: tuple[str, ...] = ()


def _quire_rows(bulk: Bulk, experiment_id: int, names: tuple[str, ...]) -> RowsOf:
    known = {name for (name,) in bulk.query("SELECT name FROM keys")}
    bulk.insert("keys", "name", [(name,) for name in names if name not in known])
    keys: dict[str, int] = dict(bulk.query("SELECT name, id FROM keys"))
    first = int(bulk.query("SELECT coalesce(max(id), 0) FROM runs")[0][0]) + 1

    def rows(run: MadeRun) -> Tables:
        number, where = first + run.number, (experiment_id, run.start)
        place = f"artifacts/{experiment_id}/{run.run_id}/artifacts"
        name = f"run-{run.number + 1}"
        values = [(keys[key], value) for key, value in run.metrics]
        head = (number, run.run_id, experiment_id, name, "", "FINISHED", run.start, run.end, place)
        return {
            "runs": [head],
            "metrics": [(number, seq, key, 0, run.start, value) for seq, (key, value) in enumerate(values)],
            "latest_metrics": [(number, key, 0, run.start, value, *where, 1) for key, value in values],
            "params": [(number, keys[key], text, *where) for key, text in run.params],
            "tags": [(number, keys[key], text, *where) for key, text in run.tags],
        }

    return rows


def _mlflow_rows(_bulk: Bulk, experiment_id: int, _names: tuple[str, ...]) -> RowsOf:
    return lambda run: _text_keyed(run, experiment_id, (), ())


def _fasttrackml_rows(bulk: Bulk, experiment_id: int, _names: tuple[str, ...]) -> RowsOf:
    first = int(bulk.query("SELECT coalesce(max(row_num), -1) FROM runs")[0][0]) + 1
    context = int(bulk.query("SELECT min(id) FROM contexts")[0][0])
    return lambda run: _text_keyed(run, experiment_id, (first + run.number,), (1, context))


def _text_keyed(run: MadeRun, experiment_id: int, of_run: tuple[object, ...], of_metric: tuple[object, ...]) -> Tables:
    place = f"mlflow-artifacts:/{experiment_id}/{run.run_id}/artifacts"
    head = (run.run_id, f"run-{run.number + 1}", "UNKNOWN", "", "", "", "FINISHED", run.start, run.end, "", "active")
    metrics = [(key, value, run.start, run.run_id, 0, False, *of_metric) for key, value in run.metrics]
    return {
        "runs": [(*head, place, experiment_id, *of_run)],
        "metrics": list(metrics),
        "latest_metrics": list(metrics),
        "params": [(key, text, run.run_id) for key, text in run.params],
        "tags": [(key, text, run.run_id) for key, text in run.tags],
    }


_RUN = (
    "run_uuid, name, source_type, source_name, entry_point_name, user_id, status, start_time, end_time, "
    "source_version, lifecycle_stage, artifact_uri, experiment_id"
)
_METRIC = "key, value, timestamp, run_uuid, step, is_nan"

QUIRE = Layout(
    {
        "runs": "id, run_id, experiment_id, run_name, user_id, status, start_time, end_time, artifact_uri",
        "metrics": "run_id, seq, key_id, step, timestamp, value",
        "latest_metrics": "run_id, key_id, step, timestamp, value, experiment_id, start_time, settled",
        "params": "run_id, key_id, head, experiment_id, start_time",
        "tags": "run_id, key_id, head, experiment_id, start_time",
    },
    _quire_rows,
    after=("SELECT setval(pg_get_serial_sequence('runs', 'id'), (SELECT max(id) FROM runs))",),
)
MLFLOW = Layout(
    {
        "runs": _RUN,
        "metrics": _METRIC,
        "latest_metrics": _METRIC,
        "params": "key, value, run_uuid",
        "tags": "key, value, run_uuid",
    },
    _mlflow_rows,
)
FASTTRACKML = Layout(
    {
        "runs": f"{_RUN}, row_num",
        "metrics": f"{_METRIC}, iter, context_id",
        "latest_metrics": f"{_METRIC}, last_iter, context_id",
        "params": "key, value_str, run_uuid",
        "tags": "key, value, run_uuid",
    },
    _fasttrackml_rows,
)
LAYOUTS = {"quire": QUIRE, "mlflow": MLFLOW, "fasttrackml": FASTTRACKML}
