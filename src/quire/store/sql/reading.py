"""Runs as entities, with all that was logged to them: one statement for any number of runs."""

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

# Each kind of row has the columns: kind, run, number, value, time, step, deleted, and six texts. One statement is one
# round trip and, by itself, one consistent view. A row's columns of other kinds are NULL, which costs next to nothing.
_ALL = """
    SELECT $run, id, experiment_id, NULL, start_time, end_time, deleted_time,
        run_id, run_name, user_id, status, artifact_uri, NULL
    FROM runs WHERE id $wanted
    UNION ALL SELECT $metric, run_id, key_id, value, timestamp, step, NULL, NULL, NULL, NULL, NULL, NULL, NULL
    FROM latest_metrics WHERE run_id $wanted
    UNION ALL SELECT $param, run_id, key_id, NULL, NULL, NULL, NULL, head, rest, NULL, NULL, NULL, NULL
    FROM params WHERE run_id $wanted
    UNION ALL SELECT $tag, run_id, key_id, NULL, NULL, NULL, NULL, head, rest, NULL, NULL, NULL, NULL
    FROM tags WHERE run_id $wanted
    UNION ALL SELECT $model, run_id, is_output, NULL, NULL, step, NULL, model_id, NULL, NULL, NULL, NULL, NULL
    FROM run_models WHERE run_id $wanted
    UNION ALL SELECT $dataset, run_datasets.run_id, datasets.id, NULL, NULL, NULL, NULL,
        name, digest, source_type, source, schema, profile
    FROM run_datasets JOIN datasets ON datasets.id = run_datasets.dataset_id WHERE run_datasets.run_id $wanted
    UNION ALL SELECT $dataset_tag, run_id, dataset_id, NULL, NULL, NULL, NULL, key, value, NULL, NULL, NULL, NULL
    FROM run_dataset_tags WHERE run_id $wanted
"""
_KINDS = ("run", "metric", "param", "tag", "model", "dataset", "dataset_tag")
_RUN, _METRIC, _PARAM, _TAG, _MODEL, _DATASET, _DATASET_TAG = range(len(_KINDS))
_NUMBERS = {kind: str(number) for number, kind in enumerate(_KINDS)}
_BY_IDS = Statement(_ALL, wanted="= ANY(:ids)", **_NUMBERS)
_BY_NAME = Statement(_ALL, wanted="= (SELECT id FROM runs WHERE run_id = :run_id)", **_NUMBERS)

_KIND, _NUMBER, _TEXT, _STEP_AND_TEXT = itemgetter(0), itemgetter(2), itemgetter(7), itemgetter(5, 7)
_BY_KEY = attrgetter("key")


def read_runs(session: Session, keys: Keys, ids: Sequence[int]) -> list[Run]:
    """The runs of these row numbers, in their order, with all that was logged to them."""
    if not ids:
        return []
    runs = _complete(session, keys, session.rows(_BY_IDS, (session.listed(ids),) * len(_KINDS)))
    return [runs[number] for number in ids]


def read_run(session: Session, keys: Keys, run_id: str) -> Run | None:
    """The run with this id, with all that was logged to it; None if there is none."""
    runs = _complete(session, keys, session.rows(_BY_NAME, (run_id,) * len(_KINDS)))
    return next(iter(runs.values()), None)


def _complete(session: Session, keys: Keys, rows: Rows) -> dict[int, Run]:
    """The runs in rows of all kinds, by their row numbers."""
    of: tuple[Rows, ...] = tuple([] for _ in _KINDS)
    for kind, group in groupby(rows, _KIND):
        of[kind].extend(group)
    names = keys.names(session, set(map(_NUMBER, chain(of[_METRIC], of[_PARAM], of[_TAG]))))
    metrics = _metrics(names, of[_METRIC])
    params = _texts(names, of[_PARAM], Param)
    tags = _texts(names, of[_TAG], Tag)
    datasets = _datasets(of[_DATASET], of[_DATASET_TAG])
    inputs, outputs = _models(of[_MODEL])
    return {
        row[1]: Run(
            info=_info(row),
            data=RunData(
                metric_list=metrics.get(row[1], []),
                param_list=params.get(row[1], []),
                tag_list=tags.get(row[1], []),
            ),
            inputs=RunInputs(dataset_inputs=datasets.get(row[1], []), model_inputs=inputs.get(row[1], [])),
            outputs=RunOutputs(model_outputs=outputs.get(row[1], [])),
        )
        for row in of[_RUN]
    }


def _info(row: Sequence[Any]) -> RunInfo:
    _, number, experiment, _, start, end, deleted, run_id, run_name, user_id, status, artifact_uri, _ = row
    return run_info((number, run_id, experiment, run_name, user_id, status, start, end, artifact_uri, deleted))


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
    for _, run, key, value, timestamp, step, *_ in rows:
        found[run].append(Metric(names[key], math.nan if value is None else value, timestamp, step))
    for items in found.values():
        items.sort(key=_BY_KEY)
    return found


def _texts(names: Mapping[int, str], rows: Rows, kind: type[Any]) -> Mapping[int, list[Any]]:
    found: dict[int, list[Any]] = defaultdict(list)
    for row in rows:
        head, rest = row[7], row[8]
        found[row[1]].append(kind(names[row[2]], head if rest is None else join(head, rest)))
    for items in found.values():
        items.sort(key=_BY_KEY)
    return found


def _datasets(rows: Rows, tag_rows: Rows) -> dict[int, list[DatasetInput]]:
    tags: dict[tuple[int, int], list[Tag]] = defaultdict(list)
    for row in sorted(tag_rows, key=_TEXT):
        tags[row[1], row[2]].append(Tag(row[7], row[8]))
    found: dict[int, list[DatasetInput]] = defaultdict(list)
    for row in sorted(rows, key=_NUMBER):
        name, digest, source_type, source, schema, profile = row[7:]
        described = Dataset(
            name=name, digest=digest, source_type=source_type, source=source, schema=schema, profile=profile
        )
        found[row[1]].append(DatasetInput(dataset=described, tag_list=tags.get((row[1], row[2]), [])))
    return found


def _models(rows: Rows) -> tuple[dict[int, list[ModelInput]], dict[int, list[ModelOutput]]]:
    inputs: dict[int, list[ModelInput]] = defaultdict(list)
    outputs: dict[int, list[ModelOutput]] = defaultdict(list)
    for _, run, is_output, _, _, step, _, model_id, *_ in sorted(rows, key=_STEP_AND_TEXT):
        if is_output:
            outputs[run].append(ModelOutput(model_id=model_id, step=step))
        else:
            inputs[run].append(ModelInput(model_id=model_id))
    return inputs, outputs
