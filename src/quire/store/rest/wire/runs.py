"""Messages about runs: ``/api/2.0/mlflow/runs/…``."""

from __future__ import annotations

import msgspec

from quire.domain.entities import DatasetInput, Metric, ModelInput, ModelOutput, Run, RunInfo, RunStatus, ViewType
from quire.domain.protojson import Int64, Message, Required
from quire.store.rest.wire.common import GivenMetric, GivenParam, GivenTag, OfRun


class RunInfoOnWire(RunInfo, frozen=True, kw_only=True):
    """A run's state with its id under the oldest name too."""

    run_uuid: str


def info_on_wire(info: RunInfo) -> RunInfo:
    """A run's state as it is sent."""
    return RunInfoOnWire(
        run_uuid=info.run_id,
        run_id=info.run_id,
        experiment_id=info.experiment_id,
        run_name=info.run_name,
        user_id=info.user_id,
        status=info.status,
        start_time=info.start_time,
        end_time=info.end_time,
        artifact_uri=info.artifact_uri,
        lifecycle_stage=info.lifecycle_stage,
    )


def on_wire(run: Run) -> Run:
    """A run as it is sent."""
    return Run(info=info_on_wire(run.info), data=run.data, inputs=run.inputs, outputs=run.outputs)


class CreateRun(Message, frozen=True, kw_only=True):
    """``POST runs/create``."""

    experiment_id: Required
    user_id: str = ""
    run_name: str | None = None
    start_time: Int64 | None = None
    tags: list[GivenTag] = msgspec.field(default_factory=list)


class RunResponse(Message, frozen=True, kw_only=True):
    """A run: the answer to ``runs/create`` and ``runs/get``."""

    run: Run


class GetRun(OfRun, frozen=True, kw_only=True):
    """``GET runs/get``."""


class UpdateRun(OfRun, frozen=True, kw_only=True):
    """``POST runs/update``; what is absent stays."""

    status: RunStatus | None = None
    end_time: Int64 | None = None
    run_name: str | None = None


class UpdateRunResponse(Message, frozen=True, kw_only=True):
    """The run's state after the update."""

    run_info: RunInfo


class DeleteRun(OfRun, frozen=True, kw_only=True):
    """``POST runs/delete``."""


class RestoreRun(OfRun, frozen=True, kw_only=True):
    """``POST runs/restore``."""


class LogMetric(OfRun, frozen=True, kw_only=True):
    """``POST runs/log-metric``."""

    key: Required
    value: float
    timestamp: Int64
    step: Int64 = 0
    model_id: str | None = None
    dataset_name: str | None = None
    dataset_digest: str | None = None


class LogParam(OfRun, frozen=True, kw_only=True):
    """``POST runs/log-parameter``."""

    key: Required
    value: str = ""


class SetTag(OfRun, frozen=True, kw_only=True):
    """``POST runs/set-tag``."""

    key: Required
    value: str = ""


class DeleteTag(OfRun, frozen=True, kw_only=True):
    """``POST runs/delete-tag``."""

    key: Required


class LogBatch(OfRun, frozen=True, kw_only=True):
    """``POST runs/log-batch``."""

    metrics: list[GivenMetric] = msgspec.field(default_factory=list)
    params: list[GivenParam] = msgspec.field(default_factory=list)
    tags: list[GivenTag] = msgspec.field(default_factory=list)


class LogModel(OfRun, frozen=True, kw_only=True):
    """``POST runs/log-model``: a model's MLmodel, as JSON; sent by clients before 3.0."""

    model_json: Required


class LogInputs(OfRun, frozen=True, kw_only=True):
    """``POST runs/log-inputs``."""

    datasets: list[DatasetInput] = msgspec.field(default_factory=list)
    models: list[ModelInput] = msgspec.field(default_factory=list)


class LogOutputs(OfRun, frozen=True, kw_only=True):
    """``POST runs/outputs``."""

    models: list[ModelOutput]


class SearchRuns(Message, frozen=True, kw_only=True):
    """``POST runs/search``."""

    experiment_ids: list[str] = msgspec.field(default_factory=list)
    filter: str = ""
    run_view_type: ViewType = "ACTIVE_ONLY"
    max_results: Int64 = 1000
    order_by: list[str] = msgspec.field(default_factory=list)
    page_token: str | None = None


class SearchRunsResponse(Message, frozen=True, kw_only=True):
    """A page of runs."""

    runs: list[Run] = msgspec.field(default_factory=list)
    next_page_token: str | None = None


class GetMetricHistory(OfRun, frozen=True, kw_only=True):
    """``GET metrics/get-history``."""

    metric_key: Required
    page_token: str | None = None
    max_results: Int64 | None = None


class MetricsResponse(Message, frozen=True, kw_only=True):
    """A page of metrics; of several runs, each names its run."""

    metrics: list[Metric] = msgspec.field(default_factory=list)
    next_page_token: str | None = None


class GetMetricHistoryBulk(Message, frozen=True, kw_only=True):
    """``GET metrics/get-history-bulk``: one metric of several runs. ``run_id`` is repeated."""

    run_id: list[str] = msgspec.field(default_factory=list)
    metric_key: Required
    max_results: Int64 = 25_000


class GetMetricHistoryBulkInterval(Message, frozen=True, kw_only=True):
    """``GET metrics/get-history-bulk-interval``: one metric of several runs, thinned out evenly over the steps."""

    run_ids: list[str] = msgspec.field(default_factory=list)
    metric_key: Required
    start_step: Int64 | None = None
    end_step: Int64 | None = None
    max_results: Int64 | None = None
