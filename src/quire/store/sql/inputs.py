"""What runs read and made: datasets, models that went in, models that came out."""

from __future__ import annotations

from collections.abc import Sequence

from quire.domain.entities import DatasetInput, ModelInput, ModelOutput
from quire.domain.names import check_inputs, check_outputs
from quire.domain.redaction import redact
from quire.store.sql.batches import SqlBatches
from quire.store.sql.session import Session
from quire.store.sql.statement import Statement

_FIND_DATASET = Statement(
    "SELECT id FROM datasets WHERE experiment_id = :experiment AND name = :name AND digest = :digest"
)
_ADD_DATASET = Statement(
    """INSERT INTO datasets (experiment_id, name, digest, source_type, source, schema, profile)
    VALUES (:experiment, :name, :digest, :source_type, :source, :schema, :profile) RETURNING id"""
)
_ADD_USE = Statement(
    "INSERT INTO run_datasets (run_id, dataset_id) VALUES (:run, :dataset) ON CONFLICT DO NOTHING",
)
_ADD_USE_TAG = Statement(
    """INSERT INTO run_dataset_tags (run_id, dataset_id, key, value) VALUES (:run, :dataset, :key, :value)
    ON CONFLICT DO NOTHING"""
)
_ADD_MODEL = Statement(
    """INSERT INTO run_models (run_id, is_output, model_id, step) VALUES (:run, :is_output, :model, :step)
    ON CONFLICT DO NOTHING"""
)


class SqlInputs(SqlBatches):
    """The part of a store that keeps what runs read and made."""

    def log_inputs(
        self, run_id: str, *, datasets: Sequence[DatasetInput] = (), models: Sequence[ModelInput] = ()
    ) -> None:
        """Record what a run read; the same input twice is recorded once."""
        check_inputs(datasets, models)
        with self._database.write() as session:
            run = self._active_run(session, run_id)
            for item in datasets:
                add_dataset(session, run[0], run[2], item)
            session.insert(_ADD_MODEL, [(run[0], 0, model.model_id, 0) for model in models])

    def log_outputs(self, run_id: str, models: Sequence[ModelOutput]) -> None:
        """Record which logged models a run made; the same model at the same step once."""
        check_outputs(models)
        with self._database.write() as session:
            run = self._active_run(session, run_id)
            session.insert(_ADD_MODEL, [(run[0], 1, model.model_id, model.step) for model in models])


def add_dataset(session: Session, run: int, experiment: int, item: DatasetInput) -> None:
    """Record that a run, known by its row number, read a dataset; once, however often it is said."""
    data = item.dataset
    row = session.row(_FIND_DATASET, (experiment, data.name, data.digest))
    if row is None:
        values = (data.name, data.digest, data.source_type, redact(data.source), data.schema, data.profile)
        row = session.row(_ADD_DATASET, (experiment, *values))
        assert row is not None
    if session.run(_ADD_USE, (run, row[0])):
        session.insert(_ADD_USE_TAG, [(run, row[0], tag.key, redact(tag.value)) for tag in item.tag_list])
