"""What a bundle holds: its manifest with checksums, and the lineage of its model.

A bundle is a ZIP file with ``bundle.json`` (the manifest), ``lineage.json`` and the model's files under ``model/``.
It is made of data alone, and the same model in the same state always gives the same bytes.
"""

from __future__ import annotations

import math

import msgspec

from quire.domain.entities import Dataset, DatasetInput, Metric, Param, RunStatus, Tag

FORMAT = "quire-bundle-1"
MANIFEST = "bundle.json"
LINEAGE = "lineage.json"
MODEL_FOLDER = "model/"

ORIGIN_TAG = "quire.bundle.origin"
"""On an imported logged model: which model it is a copy of, so that a second import finds it."""
SOURCE_RUN_TAG = "quire.bundle.source_run_id"
"""On an imported run: the id that the run had where it was exported."""
SOURCE_VERSION_TAG = "quire.bundle.source_version"
"""On an imported model version: the version it was where it was exported."""


class FileEntry(msgspec.Struct, frozen=True):
    """One file of the bundle: its path in the ZIP, its size in bytes, its SHA-256 in hexadecimal."""

    path: str
    size: int
    sha256: str


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What the bundle is. ``origin`` names the model for good, however often it is moved."""

    format: str
    quire_version: str
    origin: str
    exported_from: str
    files: list[FileEntry]


class HistoryPoint(msgspec.Struct, frozen=True, array_like=True):
    """One logged value of a metric; NaN and the infinities are words, which JSON can hold."""

    key: str
    value: float | str
    timestamp: int
    step: int
    on_model: bool = False
    dataset_name: str | None = None
    dataset_digest: str | None = None

    @classmethod
    def of(cls, metric: Metric, model_id: str | None) -> HistoryPoint:
        """The point of a metric; ``model_id`` is that of the exported model."""
        value = metric.value if math.isfinite(metric.value) else str(metric.value)
        on_model = model_id is not None and metric.model_id == model_id
        dataset = (metric.dataset_name, metric.dataset_digest)
        return cls(metric.key, value, metric.timestamp, metric.step, on_model, *dataset)

    def metric(self, model_id: str) -> Metric:
        """The metric again, on the model that now has this id."""
        return Metric(
            self.key,
            float(self.value),
            self.timestamp,
            self.step,
            model_id if self.on_model else None,
            self.dataset_name,
            self.dataset_digest,
        )


class DatasetUse(msgspec.Struct, frozen=True):
    """A dataset that the run read."""

    dataset: Dataset
    tags: list[Tag]

    @classmethod
    def of(cls, use: DatasetInput) -> DatasetUse:
        """From what the store gives."""
        return cls(use.dataset, use.tag_list)


class RunLineage(msgspec.Struct, frozen=True, kw_only=True):
    """The run that made the model; times in milliseconds."""

    run_id: str
    run_name: str
    user_id: str
    status: RunStatus
    start_time: int
    end_time: int | None
    params: list[Param]
    tags: list[Tag]
    metrics: list[HistoryPoint]
    datasets: list[DatasetUse]


class ModelLineage(msgspec.Struct, frozen=True, kw_only=True):
    """The logged model; ``model_id`` is None for a model that was only a folder."""

    model_id: str | None
    name: str
    model_type: str | None
    params: list[Param]
    tags: list[Tag]


class Registration(msgspec.Struct, frozen=True, kw_only=True):
    """One version under which the model was registered, and the aliases that pointed at it."""

    name: str
    model_description: str
    model_tags: list[Tag]
    version: str
    description: str
    tags: list[Tag]
    aliases: list[str]


class Lineage(msgspec.Struct, frozen=True, kw_only=True):
    """Where the model came from and what it was registered as; absent parts are None or empty."""

    experiment_name: str | None
    experiment_tags: list[Tag]
    run: RunLineage | None
    model: ModelLineage
    registrations: list[Registration]
