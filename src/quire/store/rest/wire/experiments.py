"""Messages about experiments: ``/api/2.0/mlflow/experiments/…``."""

from __future__ import annotations

import msgspec

from quire.domain.entities import Experiment, ViewType
from quire.domain.protojson import Int64, Message, Required
from quire.store.rest.wire.common import GivenTag


class CreateExperiment(Message, frozen=True, kw_only=True):
    """``POST experiments/create``."""

    name: Required
    artifact_location: str | None = None
    tags: list[GivenTag] = msgspec.field(default_factory=list)


class CreateExperimentResponse(Message, frozen=True, kw_only=True):
    """The new experiment's id."""

    experiment_id: str


class GetExperiment(Message, frozen=True, kw_only=True):
    """``GET experiments/get``; the same fields delete and restore an experiment."""

    experiment_id: Required


class DeleteExperiment(GetExperiment, frozen=True, kw_only=True):
    """``POST experiments/delete``."""


class RestoreExperiment(GetExperiment, frozen=True, kw_only=True):
    """``POST experiments/restore``."""


class GetExperimentByName(Message, frozen=True, kw_only=True):
    """``GET experiments/get-by-name``."""

    experiment_name: Required


class GetExperimentResponse(Message, frozen=True, kw_only=True):
    """An experiment."""

    experiment: Experiment


class UpdateExperiment(Message, frozen=True, kw_only=True):
    """``POST experiments/update``."""

    experiment_id: Required
    new_name: Required


class SetExperimentTag(Message, frozen=True, kw_only=True):
    """``POST experiments/set-experiment-tag``."""

    experiment_id: Required
    key: Required
    value: str = ""


class DeleteExperimentTag(Message, frozen=True, kw_only=True):
    """``POST experiments/delete-experiment-tag``."""

    experiment_id: Required
    key: Required


class SearchExperiments(Message, frozen=True, kw_only=True):
    """``POST experiments/search``, or ``GET``."""

    max_results: Int64 | None = None
    page_token: str | None = None
    filter: str = ""
    order_by: list[str] = msgspec.field(default_factory=list)
    view_type: ViewType = "ACTIVE_ONLY"


class SearchExperimentsResponse(Message, frozen=True, kw_only=True):
    """A page of experiments."""

    experiments: list[Experiment] = msgspec.field(default_factory=list)
    next_page_token: str | None = None


class SearchDatasets(Message, frozen=True, kw_only=True):
    """``POST experiments/search-datasets``."""

    experiment_ids: list[str] = msgspec.field(default_factory=list)


class DatasetSummary(Message, frozen=True, kw_only=True):
    """A dataset that runs of an experiment read, and what for."""

    experiment_id: str
    name: str
    digest: str
    context: str | None = None


class SearchDatasetsResponse(Message, frozen=True, kw_only=True):
    """The datasets of some experiments."""

    dataset_summaries: list[DatasetSummary] = msgspec.field(default_factory=list)
