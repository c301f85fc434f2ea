"""Runs, and what is logged to them, over MLflow's REST protocol."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from quire.domain.entities import (
    DatasetInput,
    Metric,
    ModelInput,
    ModelOutput,
    Param,
    Run,
    RunInfo,
    RunStatus,
    Tag,
    ViewType,
)
from quire.domain.errors import InvalidInput
from quire.domain.ids import now_ms
from quire.domain.names import (
    MAX_RUN_NAME,
    check_batch,
    check_experiment_id,
    check_inputs,
    check_integer,
    check_outputs,
    check_page_size,
    check_tags,
    check_text,
    check_view,
)
from quire.domain.paging import Page
from quire.domain.redaction import redact
from quire.store.rest.base import clean_params, clean_tags
from quire.store.rest.experiments import RestExperiments
from quire.store.rest.wire.runs import (
    CreateRun,
    DeleteRun,
    DeleteTag,
    GetMetricHistory,
    GetRun,
    LogBatch,
    LogInputs,
    LogOutputs,
    MetricsResponse,
    RestoreRun,
    RunResponse,
    SearchRuns,
    SearchRunsResponse,
    UpdateRun,
    UpdateRunResponse,
)

MAX_PAGE = 50_000
_STATUSES = ("RUNNING", "SCHEDULED", "FINISHED", "FAILED", "KILLED")


class RestRuns(RestExperiments):
    """The part of a store that keeps runs."""

    def create_run(
        self,
        experiment_id: str,
        *,
        run_name: str | None = None,
        user_id: str = "",
        start_time: int | None = None,
        tags: Sequence[Tag] = (),
    ) -> Run:
        """Start a run in an active experiment."""
        check_tags(tags, "run")
        check_experiment_id(experiment_id)
        message = CreateRun(
            experiment_id=experiment_id,
            user_id=check_text(user_id or "", "user_id", MAX_RUN_NAME),
            run_name=_name(run_name),
            start_time=now_ms() if start_time is None else check_integer(start_time, "start_time"),
            tags=clean_tags(tags),
        )
        look = "Look for it with search_runs, by its start time, before you start another."
        return _sorted(self._ask("POST", "/runs/create", message, RunResponse, repeatable=False, look=look).run)

    def get_run(self, run_id: str) -> Run:
        """The run with its latest metrics, params, tags, inputs and outputs."""
        return _sorted(self._get("/runs/get", GetRun(run_id=run_id, run_uuid=run_id), RunResponse).run)

    def update_run(
        self,
        run_id: str,
        *,
        status: RunStatus | None = None,
        end_time: int | None = None,
        run_name: str | None = None,
    ) -> RunInfo:
        """Change a run's state or name."""
        if status is not None and status not in _STATUSES:
            raise InvalidInput(f"Invalid run status {status!r}; expected one of {', '.join(_STATUSES)}.")
        message = UpdateRun(
            run_id=run_id,
            run_uuid=run_id,
            status=status,
            end_time=None if end_time is None else check_integer(end_time, "end_time"),
            run_name=_name(run_name),
        )
        return self._ask("POST", "/runs/update", message, UpdateRunResponse).run_info

    def delete_run(self, run_id: str) -> None:
        """Mark a run as deleted."""
        self._tell("POST", "/runs/delete", DeleteRun(run_id=run_id))

    def restore_run(self, run_id: str) -> None:
        """Undo delete_run."""
        self._tell("POST", "/runs/restore", RestoreRun(run_id=run_id))

    def log_batch(
        self,
        run_id: str,
        *,
        metrics: Sequence[Metric] = (),
        params: Sequence[Param] = (),
        tags: Sequence[Tag] = (),
    ) -> None:
        """Log all or nothing. A param logged again with another value is InvalidInput.

        Logging the same batch again changes nothing: equal metrics are kept once, equal params are the same param.
        """
        check_batch(metrics, params, tags)
        message = LogBatch(run_id=run_id, metrics=list(metrics), params=clean_params(params), tags=clean_tags(tags))
        self._tell("POST", "/runs/log-batch", message)

    def delete_tag(self, run_id: str, key: str) -> None:
        """Remove a run's tag; NotFound if it is not set."""
        self._tell("POST", "/runs/delete-tag", DeleteTag(run_id=run_id, key=key), repeatable=False)

    def get_metric_history(
        self, run_id: str, key: str, *, max_results: int | None = None, page_token: str | None = None
    ) -> Page[Metric]:
        """Every logged value of a metric, in order of step, then timestamp, then logging."""
        if max_results is not None:
            check_page_size(max_results, MAX_PAGE)
        message = GetMetricHistory(
            run_id=run_id, run_uuid=run_id, metric_key=key, max_results=max_results, page_token=page_token
        )
        found = self._get("/metrics/get-history", message, MetricsResponse)
        history = [Metric(metric.key, metric.value, metric.timestamp, metric.step) for metric in found.metrics]
        if max_results is None and page_token is None:
            history.sort(key=lambda metric: (metric.step, metric.timestamp))
        return Page(history, found.next_page_token or None)

    def log_inputs(
        self, run_id: str, *, datasets: Sequence[DatasetInput] = (), models: Sequence[ModelInput] = ()
    ) -> None:
        """Record what a run read; the same input twice is recorded once."""
        check_inputs(datasets, models)
        message = LogInputs(run_id=run_id, datasets=[_clean(item) for item in datasets], models=list(models))
        self._tell("POST", "/runs/log-inputs", message)

    def log_outputs(self, run_id: str, models: Sequence[ModelOutput]) -> None:
        """Record which logged models a run made; the same model at the same step once."""
        check_outputs(models)
        self._tell("POST", "/runs/outputs", LogOutputs(run_id=run_id, models=list(models)))

    def search_runs(
        self,
        experiment_ids: Sequence[str],
        *,
        filter_string: str = "",
        view: ViewType = "ACTIVE_ONLY",
        order_by: Sequence[str] = (),
        max_results: int = 1000,
        page_token: str | None = None,
    ) -> Page[Run]:
        """Runs of these experiments that match; newest start first unless ordered otherwise."""
        check_page_size(max_results, MAX_PAGE)
        check_view(view)
        for experiment_id in experiment_ids:
            check_experiment_id(experiment_id)
        message = SearchRuns(
            experiment_ids=list(experiment_ids),
            filter=filter_string,
            run_view_type=view,
            order_by=list(order_by),
            max_results=max_results,
            page_token=page_token,
        )
        found = self._ask("POST", "/runs/search", message, SearchRunsResponse)
        return Page([_sorted(run) for run in found.runs], found.next_page_token or None)


def _name(run_name: str | None) -> str | None:
    return redact(check_text(run_name, "The run name", MAX_RUN_NAME)) if run_name else None


def _clean(item: DatasetInput) -> DatasetInput:
    """A dataset whose source and tags hold no credentials."""
    dataset = msgspec.structs.replace(item.dataset, source=redact(item.dataset.source))
    return DatasetInput(dataset=dataset, tag_list=clean_tags(item.tag_list))


def _sorted(run: Run) -> Run:
    """The run with everything in the order of its key, whichever order the server has."""
    for items in (run.data.metric_list, run.data.param_list, run.data.tag_list):
        items.sort(key=lambda item: item.key)
    return run
