"""Runs as entities: a few queries for any number of runs."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from quire.domain.entities import (
    Dataset,
    DatasetInput,
    Metric,
    ModelInput,
    ModelOutput,
    Param,
    Run,
    RunData,
    RunInfo,
    RunInputs,
    RunOutputs,
    Tag,
)
from quire.store.sql.keys import Keys
from quire.store.sql.session import Rows, Session
from quire.store.sql.statement import Statement
from quire.store.sql.texts import join

RUN_COLUMNS = (
    "id, run_id, experiment_id, run_name, user_id, status, start_time, end_time, artifact_uri, deleted_time, unsettled"
)
_RUNS = Statement("SELECT $columns FROM runs WHERE id = ANY(:ids)", columns=RUN_COLUMNS)
_METRICS = Statement(
    "SELECT run_id, key_id, value, timestamp, step FROM latest_metrics WHERE run_id = ANY(:ids)",
)
_PARAMS = Statement("SELECT run_id, key_id, head, rest FROM params WHERE run_id = ANY(:ids)")
_TAGS = Statement("SELECT run_id, key_id, head, rest FROM tags WHERE run_id = ANY(:ids)")
_DATASETS = Statement(
    """SELECT run_datasets.run_id, datasets.id, name, digest, source_type, source, schema, profile
    FROM run_datasets JOIN datasets ON datasets.id = run_datasets.dataset_id
    WHERE run_datasets.run_id = ANY(:ids) ORDER BY run_datasets.run_id, datasets.id"""
)
_DATASET_TAGS = Statement(
    """SELECT run_id, dataset_id, key, value FROM run_dataset_tags WHERE run_id = ANY(:ids)
    ORDER BY run_id, dataset_id, key"""
)
_MODELS = Statement(
    """SELECT run_id, is_output, model_id, step FROM run_models WHERE run_id = ANY(:ids)
    ORDER BY run_id, step, model_id"""
)


def read_runs(session: Session, keys: Keys, ids: Sequence[int]) -> list[Run]:
    """The runs of these row numbers, in their order, with all that was logged to them."""
    if not ids:
        return []
    found = session.rows_of_each((_RUNS, _METRICS, _PARAMS, _TAGS, _DATASETS, _MODELS), ids)
    infos = {row[0]: run_info(row) for row in found[0]}
    metrics = _metrics(session, keys, found[1])
    params = _texts(session, keys, found[2], Param)
    tags = _texts(session, keys, found[3], Tag)
    datasets = _datasets(session, ids, found[4])
    inputs, outputs = _models(found[5])
    return [
        Run(
            info=infos[number],
            data=RunData(
                metric_list=metrics.get(number, []),
                param_list=params.get(number, []),
                tag_list=tags.get(number, []),
            ),
            inputs=RunInputs(dataset_inputs=datasets.get(number, []), model_inputs=inputs.get(number, [])),
            outputs=RunOutputs(model_outputs=outputs.get(number, [])),
        )
        for number in ids
    ]


def run_info(row: Sequence[Any]) -> RunInfo:
    """The info in a row of RUN_COLUMNS."""
    return RunInfo(
        run_id=row[1],
        experiment_id=str(row[2]),
        run_name=row[3],
        user_id=row[4],
        status=row[5],
        start_time=row[6],
        end_time=row[7],
        artifact_uri=row[8],
        lifecycle_stage="active" if row[9] is None else "deleted",
    )


def number(value: float | None) -> float:
    """A metric's value as stored, where NULL is not a number."""
    return math.nan if value is None else value


def _by_key(item: Metric | Param | Tag) -> str:
    return item.key


def _metrics(session: Session, keys: Keys, rows: Rows) -> dict[int, list[Metric]]:
    names = keys.names(session, {row[1] for row in rows})
    found: dict[int, list[Metric]] = defaultdict(list)
    for run, key, value, timestamp, step in rows:
        found[run].append(Metric(names[key], math.nan if value is None else value, timestamp, step))
    for items in found.values():
        items.sort(key=_by_key)
    return found


def _texts(session: Session, keys: Keys, rows: Rows, kind: type[Any]) -> dict[int, list[Any]]:
    names = keys.names(session, {row[1] for row in rows})
    found: dict[int, list[Any]] = defaultdict(list)
    for run, key, head, rest in rows:
        found[run].append(kind(names[key], head if rest is None else join(head, rest)))
    for items in found.values():
        items.sort(key=_by_key)
    return found


def _datasets(session: Session, ids: Sequence[int], rows: Rows) -> dict[int, list[DatasetInput]]:
    if not rows:
        return {}
    tags: dict[tuple[int, int], list[Tag]] = defaultdict(list)
    for run, dataset, key, value in session.rows_of(_DATASET_TAGS, ids):
        tags[run, dataset].append(Tag(key, value))
    found: dict[int, list[DatasetInput]] = defaultdict(list)
    for run, dataset, name, digest, source_type, source, schema, profile in rows:
        described = Dataset(
            name=name, digest=digest, source_type=source_type, source=source, schema=schema, profile=profile
        )
        found[run].append(DatasetInput(dataset=described, tag_list=tags.get((run, dataset), [])))
    return found


def _models(rows: Rows) -> tuple[dict[int, list[ModelInput]], dict[int, list[ModelOutput]]]:
    inputs: dict[int, list[ModelInput]] = defaultdict(list)
    outputs: dict[int, list[ModelOutput]] = defaultdict(list)
    for run, is_output, model_id, step in rows:
        if is_output:
            outputs[run].append(ModelOutput(model_id=model_id, step=step))
        else:
            inputs[run].append(ModelInput(model_id=model_id))
    return inputs, outputs
