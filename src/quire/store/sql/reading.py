"""Runs as entities: a few queries for any number of runs."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from itertools import chain, groupby
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
_RUN = Statement("SELECT $columns FROM runs WHERE run_id = :run_id", columns=RUN_COLUMNS)
_METRICS = Statement(
    "SELECT run_id, key_id, value, timestamp, step FROM latest_metrics WHERE run_id = ANY(:ids)",
)
_PARAMS = Statement("SELECT run_id, key_id, head, rest FROM params WHERE run_id = ANY(:ids)")
_TAGS = Statement("SELECT run_id, key_id, head, rest FROM tags WHERE run_id = ANY(:ids)")
# A row for each tag of a dataset that a run read; one without tags has one row.
_DATASETS = Statement(
    """SELECT run_datasets.run_id, datasets.id, name, digest, source_type, source, schema, profile, key, value
    FROM run_datasets JOIN datasets ON datasets.id = run_datasets.dataset_id
    LEFT JOIN run_dataset_tags ON run_dataset_tags.run_id = run_datasets.run_id
    AND run_dataset_tags.dataset_id = run_datasets.dataset_id WHERE run_datasets.run_id = ANY(:ids)"""
)
_MODELS = Statement("SELECT run_id, is_output, model_id, step FROM run_models WHERE run_id = ANY(:ids)")

_LOGGED = (_METRICS, _PARAMS, _TAGS, _DATASETS, _MODELS)
_KEY_ID = itemgetter(1)
_RUN_AND_DATASET = itemgetter(0, 1)
_STEP_AND_MODEL = itemgetter(3, 2)
_BY_KEY = attrgetter("key")


def read_runs(session: Session, keys: Keys, ids: Sequence[int]) -> list[Run]:
    """The runs of these row numbers, in their order, with all that was logged to them."""
    if not ids:
        return []
    rows, *logged = session.rows_of_each((_RUNS, *_LOGGED), ids)
    infos = {row[0]: run_info(row) for row in rows}
    return _complete(session, keys, [(number, infos[number]) for number in ids], logged)


def read_run(session: Session, keys: Keys, run_id: str) -> Run | None:
    """The run with this id, with all that was logged to it; None if there is none."""
    row, logged = session.row_and_rows_of_each(_RUN, run_id, _LOGGED)
    return None if row is None else _complete(session, keys, [(row[0], run_info(row))], logged)[0]


def _complete(session: Session, keys: Keys, runs: Sequence[tuple[int, RunInfo]], logged: Sequence[Rows]) -> list[Run]:
    of_metrics, of_params, of_tags, of_datasets, of_models = logged
    names = keys.names(session, set(map(_KEY_ID, chain(of_metrics, of_params, of_tags))))
    metrics = _metrics(names, of_metrics)
    params = _texts(names, of_params, Param)
    tags = _texts(names, of_tags, Tag)
    datasets = _datasets(of_datasets)
    inputs, outputs = _models(of_models)
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


def _metrics(names: Mapping[int, str], rows: Rows) -> Mapping[int, list[Metric]]:
    found: dict[int, list[Metric]] = defaultdict(list)
    for run, key, value, timestamp, step in rows:
        found[run].append(Metric(names[key], math.nan if value is None else value, timestamp, step))
    for items in found.values():
        items.sort(key=_BY_KEY)
    return found


def _texts(names: Mapping[int, str], rows: Rows, kind: type[Any]) -> Mapping[int, list[Any]]:
    found: dict[int, list[Any]] = defaultdict(list)
    for run, key, head, rest in rows:
        found[run].append(kind(names[key], head if rest is None else join(head, rest)))
    for items in found.values():
        items.sort(key=_BY_KEY)
    return found


def _datasets(rows: Rows) -> dict[int, list[DatasetInput]]:
    found: dict[int, list[DatasetInput]] = defaultdict(list)
    for (run, _), group in groupby(sorted(rows, key=_dataset_and_tag), _RUN_AND_DATASET):
        one, *others = group
        _, _, name, digest, source_type, source, schema, profile, _, _ = one
        described = Dataset(
            name=name, digest=digest, source_type=source_type, source=source, schema=schema, profile=profile
        )
        tags = [Tag(row[8], row[9]) for row in (one, *others) if row[8] is not None]
        found[run].append(DatasetInput(dataset=described, tag_list=tags))
    return found


def _dataset_and_tag(row: Sequence[Any]) -> tuple[int, int, str]:
    return row[0], row[1], row[8] or ""


def _models(rows: Rows) -> tuple[dict[int, list[ModelInput]], dict[int, list[ModelOutput]]]:
    inputs: dict[int, list[ModelInput]] = defaultdict(list)
    outputs: dict[int, list[ModelOutput]] = defaultdict(list)
    for run, is_output, model_id, step in sorted(rows, key=_STEP_AND_MODEL):
        if is_output:
            outputs[run].append(ModelOutput(model_id=model_id, step=step))
        else:
            inputs[run].append(ModelInput(model_id=model_id))
    return inputs, outputs
