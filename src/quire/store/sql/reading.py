"""Runs as entities: a few queries for any number of runs."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from operator import attrgetter, itemgetter
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

_LOGGED = (_METRICS, _PARAMS, _TAGS, _DATASETS, _MODELS)
_KEY_ID = itemgetter(1)
_BY_KEY = attrgetter("key")


def read_runs(session: Session, keys: Keys, ids: Sequence[int]) -> list[Run]:
    """The runs of these row numbers, in their order, with all that was logged to them."""
    if not ids:
        return []
    rows, *logged = session.rows_of_each((_RUNS, *_LOGGED), ids)
    infos = {row[0]: run_info(row) for row in rows}
    return _complete(session, keys, [(number, infos[number]) for number in ids], logged)


def read_run(session: Session, keys: Keys, row: Sequence[Any]) -> Run:
    """The run whose row of RUN_COLUMNS was read, with all that was logged to it."""
    logged = session.rows_of_each(_LOGGED, [row[0]])
    return _complete(session, keys, [(row[0], run_info(row))], logged)[0]


def _complete(session: Session, keys: Keys, runs: Sequence[tuple[int, RunInfo]], logged: Sequence[Rows]) -> list[Run]:
    metrics = _metrics(session, keys, logged[0])
    params = _texts(session, keys, logged[1], Param)
    tags = _texts(session, keys, logged[2], Tag)
    datasets = _datasets(session, [number for number, _ in runs], logged[3])
    inputs, outputs = _models(logged[4])
    return [
        Run(
            info=info,
            data=RunData(
                metric_list=metrics.get(number, []),
                param_list=params.get(number, []),
                tag_list=tags.get(number, []),
            ),
            inputs=RunInputs(dataset_inputs=datasets.get(number, []), model_inputs=inputs.get(number, [])),
            outputs=RunOutputs(model_outputs=outputs.get(number, [])),
        )
        for number, info in runs
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


def _names(session: Session, keys: Keys, rows: Rows) -> Mapping[int, str]:
    return keys.names(session, set(map(_KEY_ID, rows)))


def _metrics(session: Session, keys: Keys, rows: Rows) -> Mapping[int, list[Metric]]:
    names = _names(session, keys, rows)
    found: dict[int, list[Metric]] = defaultdict(list)
    for run, key, value, timestamp, step in rows:
        found[run].append(Metric(names[key], math.nan if value is None else value, timestamp, step))
    for items in found.values():
        items.sort(key=_BY_KEY)
    return found


def _texts(session: Session, keys: Keys, rows: Rows, kind: type[Any]) -> Mapping[int, list[Any]]:
    names = _names(session, keys, rows)
    found: dict[int, list[Any]] = defaultdict(list)
    for run, key, head, rest in rows:
        found[run].append(kind(names[key], head if rest is None else join(head, rest)))
    for items in found.values():
        items.sort(key=_BY_KEY)
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
