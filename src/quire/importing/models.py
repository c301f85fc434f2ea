"""Logged models, registered models and versions of an MLflow database, as entities."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any, Literal

import msgspec

from quire.domain.entities import Metric, Param, Tag
from quire.domain.registry import (
    Alias,
    LoggedModel,
    LoggedModelData,
    LoggedModelInfo,
    ModelVersion,
    RegisteredModel,
)
from quire.domain.uris import LoggedModelUri, parse_model_uri
from quire.importing.database import MlflowDatabase, Row

_STATUS: dict[int, Literal["LOGGED_MODEL_PENDING", "LOGGED_MODEL_READY", "LOGGED_MODEL_UPLOAD_FAILED"]] = {
    1: "LOGGED_MODEL_PENDING",
    2: "LOGGED_MODEL_READY",
    3: "LOGGED_MODEL_UPLOAD_FAILED",
}
_STAGES = ("None", "Staging", "Production", "Archived")
_DELETED_VERSION = "Deleted_Internal"
_AT_ONCE = 100
_LOGGED = """SELECT logged_models.* FROM logged_models
    JOIN experiments ON experiments.experiment_id = logged_models.experiment_id
    WHERE {workspace} AND model_id > :after ORDER BY model_id LIMIT :count"""
_ABOUT_LOGGED = (
    "SELECT * FROM logged_model_params WHERE model_id IN :models ORDER BY param_key",
    "SELECT * FROM logged_model_tags WHERE model_id IN :models ORDER BY tag_key",
    """SELECT * FROM logged_model_metrics WHERE model_id IN :models
    ORDER BY metric_name, metric_timestamp_ms, metric_step""",
)


class SourceModel(msgspec.Struct, frozen=True, kw_only=True):
    """A logged model, and whether it was deleted."""

    model: LoggedModel
    deleted: bool


class SourceRegistered(msgspec.Struct, frozen=True, kw_only=True):
    """A registered model with its versions; ``last`` is the highest number given, also to one that was deleted."""

    model: RegisteredModel
    versions: list[ModelVersion]
    last: int


def count_logged_models(source: MlflowDatabase) -> int:
    """How many logged models the workspace has."""
    if not source.has("logged_models"):
        return 0
    sql = f"""SELECT count(*) FROM logged_models
        JOIN experiments ON experiments.experiment_id = logged_models.experiment_id
        WHERE {source.in_workspace("experiments")}"""  # noqa: S608 - a condition of our own
    return int(source.value(sql))


def logged_models(source: MlflowDatabase) -> Iterator[list[SourceModel]]:
    """Every logged model of the workspace, deleted ones too, some at a time."""
    if not source.has("logged_models"):
        return
    sql, after = _LOGGED.format(workspace=source.in_workspace("experiments")), ""
    while rows := source.rows(sql, after=after, count=_AT_ONCE):
        after, ids = rows[-1]["model_id"], [row["model_id"] for row in rows]
        params, tags, metrics = (_grouped(source.rows(about, models=ids), "model_id") for about in _ABOUT_LOGGED)
        yield [
            SourceModel(
                model=_logged(row, params[row["model_id"]], tags[row["model_id"]], metrics[row["model_id"]]),
                deleted=row["lifecycle_stage"] == "deleted",
            )
            for row in rows
        ]


def _grouped(rows: Iterable[Row], *columns: str) -> dict[Any, list[Row]]:
    """Rows by the value of a column, or of several."""
    found: dict[Any, list[Row]] = defaultdict(list)
    for row in rows:
        values = tuple(row[column] for column in columns)
        found[values if len(values) > 1 else values[0]].append(row)
    return found


def _logged(row: Row, params: list[Row], tags: list[Row], metrics: list[Row]) -> LoggedModel:
    info = LoggedModelInfo(
        model_id=row["model_id"],
        experiment_id=str(row["experiment_id"]),
        name=row["name"],
        creation_timestamp_ms=row["creation_timestamp_ms"],
        last_updated_timestamp_ms=row["last_updated_timestamp_ms"],
        artifact_uri=row["artifact_location"],
        status=_STATUS.get(row["status"], "LOGGED_MODEL_PENDING"),
        model_type=row["model_type"] or None,
        source_run_id=row["source_run_id"] or None,
        tag_list=[Tag(item["tag_key"], item["tag_value"]) for item in tags],
    )
    measured = [
        Metric(
            item["metric_name"],
            math.nan if item["metric_value"] is None else item["metric_value"],
            item["metric_timestamp_ms"],
            item["metric_step"],
            row["model_id"],
            item["dataset_name"],
            item["dataset_digest"],
            item["run_id"],
        )
        for item in metrics
    ]
    data = LoggedModelData(
        param_list=[Param(item["param_key"], item["param_value"]) for item in params], metric_list=measured
    )
    return LoggedModel(info=info, data=data)


def registered_models(source: MlflowDatabase) -> list[SourceRegistered]:
    """Every registered model of the workspace, prompts among them, with its versions."""
    tags = _grouped(_all(source, "registered_model_tags"), "name")
    aliases = _grouped(_all(source, "registered_model_aliases"), "name")
    versions = _grouped(_all(source, "model_versions"), "name")
    version_tags = _grouped(_all(source, "model_version_tags"), "name", "version")
    made = []
    for row in sorted(_all(source, "registered_models"), key=lambda row: row["name"]):
        name = row["name"]
        model = RegisteredModel(
            name=name,
            creation_timestamp=row["creation_time"] or 0,
            last_updated_timestamp=row["last_updated_time"] or row["creation_time"] or 0,
            description=row["description"] or "",
            tag_list=[Tag(item["key"], item["value"] or "") for item in tags[name]],
            alias_list=[Alias(alias=item["alias"], version=str(item["version"])) for item in aliases[name]],
        )
        kept = [item for item in versions[name] if item["current_stage"] != _DELETED_VERSION]
        made.append(
            SourceRegistered(
                model=model,
                versions=[_version(item, version_tags[name, item["version"]]) for item in kept],
                last=max((item["version"] for item in versions[name]), default=0),
            )
        )
    return made


def _all(source: MlflowDatabase, table: str) -> list[Row]:
    """The rows of a table in the workspace; none if MLflow had no such table yet."""
    if not source.has(table):
        return []
    return source.rows(f"SELECT * FROM {table} WHERE {source.in_workspace(table)}")  # noqa: S608 - names of our own


def _version(row: Row, tags: list[Row]) -> ModelVersion:
    stage: Any = row["current_stage"] if row["current_stage"] in _STAGES else "None"
    source = row["source"] or ""
    return ModelVersion(
        name=row["name"],
        version=str(row["version"]),
        creation_timestamp=row["creation_time"] or 0,
        last_updated_timestamp=row["last_updated_time"] or row["creation_time"] or 0,
        user_id=row["user_id"] or "",
        current_stage=stage,
        description=row["description"] or "",
        source=source,
        run_id=row["run_id"] or "",
        run_link=row["run_link"] or "",
        model_id=_model_id(source),
        tag_list=[Tag(item["key"], item["value"] or "") for item in tags],
    )


def _model_id(source: str) -> str | None:
    if not source.startswith("models:/m-"):
        return None
    named = parse_model_uri(source)
    return named.model_id if isinstance(named, LoggedModelUri) else None
