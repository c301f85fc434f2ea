"""Runs and what is logged to them: ``/api/2.0/mlflow/runs/…``."""

from __future__ import annotations

import msgspec

from quire.domain.entities import Metric, Param, Tag
from quire.domain.errors import InvalidInput
from quire.server.calls import Calls
from quire.server.context import Context
from quire.store.rest.wire.common import Empty
from quire.store.rest.wire.runs import (
    CreateRun,
    DeleteRun,
    DeleteTag,
    GetRun,
    LogBatch,
    LogInputs,
    LogMetric,
    LogModel,
    LogOutputs,
    LogParam,
    RestoreRun,
    RunResponse,
    SearchRuns,
    SearchRunsResponse,
    SetTag,
    UpdateRun,
    UpdateRunResponse,
    info_on_wire,
    on_wire,
)

MODEL_HISTORY_TAG = "mlflow.log-model.history"
_MODEL_FIELDS = ("artifact_path", "flavors", "run_id", "utc_time_created")

calls = Calls("2.0", "mlflow", tag="Runs", preview=True)


@calls.write("POST", "runs/create", brief=True)
def create_run(context: Context, request: CreateRun) -> RunResponse:
    """Start a run in an experiment."""
    run = context.store.create_run(
        request.experiment_id,
        run_name=request.run_name or None,
        user_id=request.user_id,
        start_time=request.start_time,
        tags=request.tags,
    )
    return RunResponse(run=on_wire(run))


@calls.read("GET", "runs/get", reads="point")
def get_run(context: Context, request: GetRun) -> RunResponse:
    """A run with its latest metrics, params, tags, inputs and outputs."""
    return RunResponse(run=on_wire(context.store.get_run(request.run)))


@calls.write("POST", "runs/update", brief=True)
def update_run(context: Context, request: UpdateRun) -> UpdateRunResponse:
    """Change a run's state or name."""
    info = context.store.update_run(
        request.run, status=request.status, end_time=request.end_time, run_name=request.run_name or None
    )
    return UpdateRunResponse(run_info=info_on_wire(info))


@calls.write("POST", "runs/delete")
def delete_run(context: Context, request: DeleteRun) -> Empty:
    """Mark a run as deleted."""
    context.store.delete_run(request.run)
    return Empty()


@calls.write("POST", "runs/restore")
def restore_run(context: Context, request: RestoreRun) -> Empty:
    """Undo the deletion of a run."""
    context.store.restore_run(request.run)
    return Empty()


@calls.write("POST", "runs/log-metric", brief=True)
def log_metric(context: Context, request: LogMetric) -> Empty:
    """Log one value of a metric."""
    metric = Metric(
        request.key,
        request.value,
        request.timestamp,
        request.step,
        model_id=request.model_id or None,
        dataset_name=request.dataset_name or None,
        dataset_digest=request.dataset_digest or None,
    )
    context.store.log_batch(request.run, metrics=[metric])
    return Empty()


@calls.write("POST", "runs/log-parameter", brief=True)
def log_param(context: Context, request: LogParam) -> Empty:
    """Log a param; a param never changes once logged."""
    context.store.log_batch(request.run, params=[Param(request.key, request.value)])
    return Empty()


@calls.write("POST", "runs/set-tag", brief=True)
def set_tag(context: Context, request: SetTag) -> Empty:
    """Set or replace a tag of a run."""
    context.store.log_batch(request.run, tags=[Tag(request.key, request.value)])
    return Empty()


@calls.write("POST", "runs/delete-tag", brief=True)
def delete_tag(context: Context, request: DeleteTag) -> Empty:
    """Remove a tag of a run."""
    context.store.delete_tag(request.run, request.key)
    return Empty()


@calls.write("POST", "runs/log-batch", brief=True)
def log_batch(context: Context, request: LogBatch) -> Empty:
    """Log metrics, params and tags: all of them or none."""
    context.store.log_batch(request.run, metrics=request.metrics, params=request.params, tags=request.tags)
    return Empty()


@calls.write("POST", "runs/log-inputs")
def log_inputs(context: Context, request: LogInputs) -> Empty:
    """Record what a run read: datasets and logged models."""
    context.store.log_inputs(request.run, datasets=request.datasets, models=request.models)
    return Empty()


@calls.write("POST", "runs/outputs")
def log_outputs(context: Context, request: LogOutputs) -> Empty:
    """Record which logged models a run made."""
    context.store.log_outputs(request.run, request.models)
    return Empty()


@calls.write("POST", "runs/log-model")
def log_model(context: Context, request: LogModel) -> Empty:
    """Note a model that a client before 3.0 logged, in the run's tag of them."""
    model = _json_object(request.model_json, "model_json")
    missing = [field for field in _MODEL_FIELDS if field not in model]
    if missing:
        raise InvalidInput(f"model_json lacks {', '.join(missing)}. Send the MLmodel of a logged model, as JSON.")
    noted = context.store.get_run(request.run).data.tags.get(MODEL_HISTORY_TAG)
    history = msgspec.json.decode(noted) if noted else []
    text = msgspec.json.encode([*history, model]).decode()
    context.store.log_batch(request.run, tags=[Tag(MODEL_HISTORY_TAG, text)])
    return Empty()


def _json_object(text: str, what: str) -> dict[str, object]:
    try:
        return msgspec.json.decode(text, type=dict[str, object])
    except (msgspec.MsgspecError, RecursionError):
        raise InvalidInput(f"{what} is not a JSON object. Send the MLmodel of a logged model, as JSON.") from None


@calls.read("POST", "runs/search")
def search_runs(context: Context, request: SearchRuns) -> SearchRunsResponse:
    """A page of the runs of some experiments that match a filter."""
    page = context.store.search_runs(
        request.experiment_ids,
        filter_string=request.filter,
        view=request.run_view_type,
        order_by=request.order_by,
        max_results=request.max_results,
        page_token=request.page_token or None,
    )
    return SearchRunsResponse(runs=[on_wire(run) for run in page], next_page_token=page.token)
