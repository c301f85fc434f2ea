"""Experiments and runs of an MLflow database, as entities."""

from __future__ import annotations

import math
import sys
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import Any, get_args

import msgspec

from quire.domain.entities import (
    Dataset,
    DatasetInput,
    Experiment,
    Metric,
    ModelInput,
    ModelOutput,
    Param,
    Run,
    RunData,
    RunInfo,
    RunInputs,
    RunOutputs,
    RunStatus,
    Tag,
)
from quire.importing.database import MlflowDatabase, Row
from quire.store.sql.bulk_runs import NewRun, RunCounts

_AT_ONCE = 100
_NAME_TAG = "mlflow.runName"
_EXPERIMENTS = "SELECT * FROM experiments WHERE {workspace} ORDER BY experiment_id"
_RUNS = """SELECT runs.* FROM runs JOIN experiments ON experiments.experiment_id = runs.experiment_id
    WHERE {workspace} AND runs.run_uuid > :after ORDER BY runs.run_uuid LIMIT :count"""
_HISTORY = """SELECT key, value, timestamp, step, is_nan FROM metrics WHERE run_uuid = :run
    ORDER BY step, timestamp, key"""
_HISTORIES = """SELECT run_uuid, key, value, timestamp, step, is_nan FROM metrics WHERE run_uuid IN :runs
    ORDER BY run_uuid, step, timestamp, key"""
_VALUES_AT_ONCE = 20_000
_DATASETS = """SELECT inputs.input_uuid, inputs.destination_id, datasets.* FROM inputs
    JOIN datasets ON datasets.dataset_uuid = inputs.source_id
    WHERE inputs.source_type = 'DATASET' AND inputs.destination_type = 'RUN' AND inputs.destination_id IN :runs
    ORDER BY datasets.name, datasets.digest"""


class SourceRun(msgspec.Struct, frozen=True, kw_only=True):
    """A run, when it was deleted if it was, and how many values its metrics had."""

    run: Run
    deleted_time: int | None
    metric_values: int

    @property
    def counts(self) -> RunCounts:
        """What the run has."""
        data = self.run.data
        return RunCounts(self.run.info.status, self.metric_values, len(data.param_list), len(data.tag_list))


def experiments(source: MlflowDatabase) -> list[Experiment]:
    """Every experiment of the workspace with its tags, deleted ones too."""
    tags: dict[int, list[Tag]] = defaultdict(list)
    for row in source.rows("SELECT experiment_id, key, value FROM experiment_tags ORDER BY key"):
        tags[row["experiment_id"]].append(Tag(row["key"], row["value"] or ""))
    return [
        Experiment(
            experiment_id=str(row["experiment_id"]),
            name=row["name"],
            artifact_location=row["artifact_location"] or "",
            lifecycle_stage="deleted" if row["lifecycle_stage"] == "deleted" else "active",
            creation_time=row.get("creation_time") or 0,
            last_update_time=row.get("last_update_time") or row.get("creation_time") or 0,
            tag_list=tags[row["experiment_id"]],
        )
        for row in source.rows(_EXPERIMENTS.format(workspace=source.in_workspace("experiments")))
    ]


def count_runs(source: MlflowDatabase) -> int:
    """How many runs the workspace has."""
    sql = f"""SELECT count(*) FROM runs JOIN experiments ON experiments.experiment_id = runs.experiment_id
        WHERE {source.in_workspace("experiments")}"""  # noqa: S608 - a condition of our own
    return int(source.value(sql))


def runs(source: MlflowDatabase) -> Iterator[list[SourceRun]]:
    """Every run of the workspace with all that was logged to it but the histories of its metrics, some at a time."""
    sql, after = _RUNS.format(workspace=source.in_workspace("experiments")), ""
    while rows := source.rows(sql, after=after, count=_AT_ONCE):
        after = rows[-1]["run_uuid"]
        yield _Batch(source, rows).runs()


def with_history(source: MlflowDatabase, items: Sequence[SourceRun]) -> Iterator[list[NewRun]]:
    """These runs with every value that their metrics had, by step; so many at a time as have a bounded number."""
    group: list[SourceRun] = []
    count = 0
    for item in items:
        if group and count + item.metric_values > _VALUES_AT_ONCE:
            yield _with_history(source, group)
            group, count = [], 0
        group.append(item)
        count += item.metric_values
    if group:
        yield _with_history(source, group)


def _with_history(source: MlflowDatabase, group: Sequence[SourceRun]) -> list[NewRun]:
    if len(group) == 1:
        run_id = group[0].run.info.run_id
        return [_new(group[0], lambda: _history(source, run_id))]
    found: dict[str, list[Metric]] = defaultdict(list)
    for run, key, value, timestamp, step, is_nan in source.tuples(_HISTORIES, runs=[i.run.info.run_id for i in group]):
        found[run].append(Metric(key, _number(value, is_nan), timestamp, step))
    return [_new(item, partial(_once, found[item.run.info.run_id])) for item in group]


def _new(item: SourceRun, history: Callable[[], Iterable[Sequence[Metric]]]) -> NewRun:
    return NewRun(run=item.run, history=history, deleted_time=item.deleted_time)


def _once(metrics: Sequence[Metric]) -> Iterable[Sequence[Metric]]:
    return (metrics,)


def _history(source: MlflowDatabase, run_id: str) -> Iterator[list[Metric]]:
    for rows in source.slices(_HISTORY, run=run_id):
        yield [Metric(row.key, _number(row.value, row.is_nan), row.timestamp, row.step) for row in rows]


class _Batch:
    """Some runs, and what was logged to them, in one query a table."""

    def __init__(self, source: MlflowDatabase, rows: Sequence[Row]) -> None:
        self._source, self._rows = source, rows
        self._ids = [row["run_uuid"] for row in rows]

    def runs(self) -> list[SourceRun]:
        """The runs in their order."""
        metrics = self._of_runs("SELECT * FROM latest_metrics WHERE run_uuid IN :runs ORDER BY key")
        params = self._of_runs("SELECT * FROM params WHERE run_uuid IN :runs ORDER BY key")
        tags = self._of_runs("SELECT * FROM tags WHERE run_uuid IN :runs ORDER BY key")
        counts = self._of_runs(
            "SELECT run_uuid, count(*) AS found FROM metrics WHERE run_uuid IN :runs GROUP BY run_uuid"
        )
        datasets, models = self._datasets(), self._models()
        made = []
        for row in self._rows:
            key = row["run_uuid"]
            run = Run(
                info=_info(row, {tag["key"]: tag["value"] or "" for tag in tags[key]}),
                data=RunData(
                    metric_list=[_latest(item) for item in metrics[key]],
                    param_list=[Param(item["key"], item["value"]) for item in params[key]],
                    tag_list=[Tag(item["key"], item["value"] or "") for item in tags[key]],
                ),
                inputs=RunInputs(
                    dataset_inputs=datasets[key],
                    model_inputs=[ModelInput(model_id=item["destination_id"]) for item in models["RUN_INPUT", key]],
                ),
                outputs=RunOutputs(model_outputs=[_output(item) for item in models["RUN_OUTPUT", key]]),
            )
            values = counts[key][0]["found"] if counts[key] else 0
            made.append(SourceRun(run=run, deleted_time=row.get("deleted_time"), metric_values=values))
        return made

    def _of_runs(self, sql: str) -> dict[str, list[Row]]:
        found: dict[str, list[Row]] = defaultdict(list)
        for row in self._source.rows(sql, runs=self._ids):
            found[row["run_uuid"]].append(row)
        return found

    def _datasets(self) -> dict[str, list[DatasetInput]]:
        found: dict[str, list[DatasetInput]] = defaultdict(list)
        if not self._source.has("inputs"):
            return found
        rows = self._source.rows(_DATASETS, runs=self._ids)
        tags: dict[str, list[Tag]] = defaultdict(list)
        named = [row["input_uuid"] for row in rows]
        for row in self._source.rows(
            "SELECT * FROM input_tags WHERE input_uuid IN :inputs ORDER BY name", inputs=named
        ):
            tags[row["input_uuid"]].append(Tag(row["name"], row["value"]))
        for row in rows:
            dataset = Dataset(
                name=row["name"],
                digest=row["digest"],
                source_type=row["dataset_source_type"],
                source=row["dataset_source"],
                schema=row["dataset_schema"],
                profile=row["dataset_profile"],
            )
            found[row["destination_id"]].append(DatasetInput(dataset=dataset, tag_list=tags[row["input_uuid"]]))
        return found

    def _models(self) -> dict[tuple[str, str], list[Row]]:
        found: dict[tuple[str, str], list[Row]] = defaultdict(list)
        if self._source.has("inputs", "step"):
            sql = """SELECT source_type, source_id, destination_id, step FROM inputs
                WHERE source_type IN ('RUN_INPUT', 'RUN_OUTPUT') AND source_id IN :runs ORDER BY step, destination_id"""
            for row in self._source.rows(sql, runs=self._ids):
                found[row["source_type"], row["source_id"]].append(row)
        return found


def _latest(row: Row) -> Metric:
    return Metric(row["key"], _number(row["value"], row["is_nan"]), row["timestamp"] or 0, row["step"])


def _output(row: Row) -> ModelOutput:
    return ModelOutput(model_id=row["destination_id"], step=row["step"] or 0)


def _info(row: Row, tags: dict[str, str]) -> RunInfo:
    start = row["start_time"] or row["end_time"] or 0
    status: Any = row["status"] if row["status"] in get_args(RunStatus) else "FINISHED"
    return RunInfo(
        run_id=row["run_uuid"],
        experiment_id=str(row["experiment_id"]),
        run_name=row["name"] or tags.get(_NAME_TAG) or "",
        user_id=row["user_id"] or "",
        status=status,
        start_time=start,
        end_time=row["end_time"],
        artifact_uri=row["artifact_uri"] or "",
        lifecycle_stage="deleted" if row["lifecycle_stage"] == "deleted" else "active",
    )


def _number(value: float | None, is_nan: object) -> float:
    """A metric's value; MLflow keeps NaN in a column of its own, and infinity as the greatest number there is."""
    if is_nan or value is None:
        return math.nan
    if abs(value) >= sys.float_info.max:
        return math.copysign(math.inf, value)
    return float(value)
