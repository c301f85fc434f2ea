"""Models, versions and evaluation datasets put into a store as they were elsewhere, with their ids and times."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from quire.domain.datasets import DatasetRecord, EvaluationDataset, add_content, content_number, input_hash
from quire.domain.entities import Tag
from quire.domain.redaction import redact, redact_value
from quire.domain.registry import LoggedModel, ModelVersion, RegisteredModel
from quire.store.sql import trace_tables
from quire.store.sql.bulk_runs import SqlBulkRuns
from quire.store.sql.session import Session
from quire.store.sql.statement import Statement
from quire.store.sql.tags import Tags

_FIND_MODEL = Statement("SELECT id FROM logged_models WHERE model_id = :model")
_ADD_MODEL = Statement(
    """INSERT INTO logged_models (model_id, experiment_id, name, artifact_location, creation_timestamp_ms,
    last_updated_timestamp_ms, status, model_type, source_run_id, deleted)
    VALUES (:model, :experiment, :name, :location, :created, :updated, :status, :type, :run, :deleted) RETURNING id"""
)
_ADD_MODEL_PARAM = Statement(
    """INSERT INTO logged_model_params (logged_model_id, key, value) VALUES (:model, :key, :value)
    ON CONFLICT DO NOTHING"""
)
_ADD_MODEL_TAG = Statement(
    """INSERT INTO logged_model_tags (logged_model_id, key, value) VALUES (:model, :key, :value)
    ON CONFLICT DO NOTHING"""
)
_RUNS = Statement("SELECT run_id, id FROM runs WHERE run_id = ANY(:names)")
_ADD_MODEL_METRIC = Statement(
    """INSERT INTO logged_model_metrics
    (logged_model_id, key, timestamp, step, run_id, value, dataset_name, dataset_digest)
    VALUES (:model, :key, :timestamp, :step, :run, :value, :dataset, :digest) ON CONFLICT DO NOTHING"""
)
_FIND_REGISTERED = Statement("SELECT id, last_version FROM registered_models WHERE name = :name FOR NO KEY UPDATE")
_ADD_REGISTERED = Statement(
    """INSERT INTO registered_models (name, creation_timestamp, last_updated_timestamp, description, last_version)
    VALUES (:name, :created, :updated, :description, :last) RETURNING id, last_version"""
)
_SET_LAST = Statement("UPDATE registered_models SET last_version = :last WHERE id = :id AND last_version < :least")
_ADD_REGISTERED_TAG = Statement(
    """INSERT INTO registered_model_tags (registered_model_id, key, value) VALUES (:model, :key, :value)
    ON CONFLICT DO NOTHING"""
)
_ADD_VERSION = Statement(
    """INSERT INTO model_versions (registered_model_id, version, creation_timestamp, last_updated_timestamp, user_id,
    current_stage, description, source, run_id, run_link, model_id) VALUES (:registered, :version, :created, :updated,
    :user, :stage, :description, :source, :run, :link, :model) ON CONFLICT DO NOTHING"""
)
_ADD_VERSION_TAG = Statement(
    """INSERT INTO model_version_tags (registered_model_id, version, key, value)
    VALUES (:registered, :version, :key, :value) ON CONFLICT DO NOTHING"""
)
_ADD_ALIAS = Statement(
    """INSERT INTO aliases (registered_model_id, alias, version) VALUES (:registered, :alias, :version)
    ON CONFLICT DO NOTHING"""
)
_FIND_DATASET = Statement(
    "SELECT id, digest, versions FROM evaluation_datasets WHERE dataset_id = :dataset FOR NO KEY UPDATE"
)
_ADD_DATASET = Statement(
    """INSERT INTO evaluation_datasets (dataset_id, name, digest, records, created_time, last_update_time, created_by,
    last_updated_by, schema) VALUES (:dataset, :name, '00000000000000000000000000000000', 0, :created, :updated, :by,
    :last_by, :schema) RETURNING id, digest, versions"""
)
_ADD_PLACE = Statement(
    """INSERT INTO evaluation_dataset_experiments (experiment_id, dataset_id) VALUES (:experiment, :dataset)
    ON CONFLICT DO NOTHING"""
)
_HASHES = Statement("SELECT input_hash FROM evaluation_records WHERE dataset_id = :dataset")
_ADD_RECORD = Statement(
    """INSERT INTO evaluation_records (record_id, dataset_id, input_hash, created_time, last_update_time, created_by,
    last_updated_by, inputs, outputs, expectations, tags, source, since) VALUES (:record, :dataset, :hash, :created,
    :updated, :by, :last_by, :inputs, :outputs, :expectations, :tags, :source, :since)"""
)
_SUM_UP = Statement(
    "UPDATE evaluation_datasets SET digest = :digest, records = records + :count, changed = 1 WHERE id = :id"
)
_dataset_tags = Tags[int](trace_tables.evaluation_dataset_tags)


class SqlBulkModels(SqlBulkRuns):
    """Puts models, versions and evaluation datasets into a store as they were elsewhere."""

    def put_logged_model(self, model: LoggedModel, *, deleted: bool = False) -> bool:
        """Add a logged model under its id; whether it is new."""
        info = model.info
        with self._database.write() as session:
            found = session.row(_FIND_MODEL, (info.model_id,))
            row = found or session.row(
                _ADD_MODEL,
                (
                    info.model_id,
                    int(info.experiment_id),
                    info.name,
                    info.artifact_uri,
                    info.creation_timestamp_ms,
                    info.last_updated_timestamp_ms,
                    model.status,
                    info.model_type,
                    info.source_run_id,
                    int(deleted),
                ),
            )
            assert row is not None
            params = [(row[0], param.key, redact(param.value)) for param in model.data.param_list]
            session.insert(_ADD_MODEL_PARAM, sorted(params))
            session.insert(_ADD_MODEL_TAG, sorted((row[0], tag.key, redact(tag.value)) for tag in info.tag_list))
            self._put_model_metrics(session, row[0], model)
        return found is None

    @staticmethod
    def _put_model_metrics(session: Session, number: int, model: LoggedModel) -> None:
        metrics = model.data.metric_list
        runs: dict[str, int] = dict(
            session.rows_of(_RUNS, sorted({metric.run_id for metric in metrics if metric.run_id}))
        )
        rows = [
            (
                number,
                metric.key,
                metric.timestamp,
                metric.step,
                runs[metric.run_id],
                metric.value if metric.value == metric.value else None,
                metric.dataset_name,
                metric.dataset_digest,
            )
            for metric in metrics
            if metric.run_id in runs
        ]
        session.insert(_ADD_MODEL_METRIC, rows)

    def put_registered_model(self, model: RegisteredModel, versions: Sequence[ModelVersion], *, last: int = 0) -> bool:
        """Add a registered model with its versions under their numbers, tags and aliases; whether its name is new.

        ``last`` is the highest number ever given, if a version that had it was deleted since.
        """
        highest = max([last, *(int(version.version) for version in versions)])
        with self._database.write() as session:
            found = session.row(_FIND_REGISTERED, (model.name,))
            values = (model.name, model.creation_timestamp, model.last_updated_timestamp, redact(model.description))
            row = found or session.row(_ADD_REGISTERED, (*values, highest))
            assert row is not None
            session.run(_SET_LAST, (highest, row[0], highest))
            session.insert(_ADD_REGISTERED_TAG, sorted((row[0], tag.key, redact(tag.value)) for tag in model.tag_list))
            for version in versions:
                self._put_version(session, row[0], version)
            there = {version.version for version in versions}
            aliases = [(row[0], item.alias, int(item.version)) for item in model.alias_list if item.version in there]
            session.insert(_ADD_ALIAS, sorted(aliases))
        return found is None

    @staticmethod
    def _put_version(session: Session, registered: int, version: ModelVersion) -> None:
        number = int(version.version)
        session.run(
            _ADD_VERSION,
            (
                registered,
                number,
                version.creation_timestamp,
                version.last_updated_timestamp,
                version.user_id,
                version.current_stage,
                redact(version.description),
                redact(version.source),
                version.run_id,
                redact(version.run_link),
                version.model_id,
            ),
        )
        tags = [(registered, number, tag.key, redact(tag.value)) for tag in version.tag_list]
        session.insert(_ADD_VERSION_TAG, sorted(tags))

    def put_dataset(self, dataset: EvaluationDataset, records: Sequence[DatasetRecord]) -> bool:
        """Add an evaluation dataset with its records under their ids; whether it is new."""
        with self._database.write() as session:
            found = session.row(_FIND_DATASET, (dataset.dataset_id,))
            times = (dataset.created_time, dataset.last_update_time, dataset.created_by, dataset.last_updated_by)
            row = found or session.row(_ADD_DATASET, (dataset.dataset_id, dataset.name, *times, dataset.schema))
            assert row is not None
            if found is None:
                _dataset_tags.set(session, row[0], [Tag(*item) for item in dataset.tags.items()])
            session.insert(_ADD_PLACE, [(int(item), row[0]) for item in sorted(dataset.experiment_ids)])
            known = {item for (item,) in session.rows(_HASHES, (row[0],))}
            new = [item for item in records if input_hash(redact_value(item.inputs)) not in known]
            session.insert(_ADD_RECORD, [(*_record_row(row[0], record), row[2] + 1) for record in new])
            added = [content_number(*map(redact_value, (r.inputs, r.outputs, r.expectations))) for r in new]
            if new:
                session.run(_SUM_UP, (add_content(row[1], added), len(new), row[0]))
        return found is None


def _record_row(dataset: int, record: DatasetRecord) -> tuple[object, ...]:
    source = None if record.source is None else msgspec.json.encode(record.source).decode()
    texts = [
        _text(record.inputs),
        _text(record.outputs),
        _text(record.expectations or None),
        _text(record.tags or None),
    ]
    times = (record.created_time, record.last_update_time, record.created_by, record.last_updated_by)
    known_by = input_hash(redact_value(record.inputs))
    return (record.dataset_record_id, dataset, known_by, *times, *texts, source)


def _text(value: object) -> str | None:
    return None if value is None else msgspec.json.encode(redact_value(value)).decode().replace("\\u0000", "")
