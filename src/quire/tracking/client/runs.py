"""Runs and what is logged to them, by run id."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from quire.domain.entities import (
    DatasetInput,
    Metric,
    ModelInput,
    ModelOutput,
    Param,
    Run,
    RunStatus,
    Tag,
)
from quire.domain.ids import now_ms
from quire.domain.paging import Page
from quire.domain.run_names import random_name
from quire.tracking import values
from quire.tracking.batches import record
from quire.tracking.client.base import ClientBase
from quire.tracking.origin import PARENT, RUN_NAME, user

if TYPE_CHECKING:
    from quire.tracking.outbox import RunOperations


class RunCalls(ClientBase):
    """What a client does with runs."""

    def create_run(
        self,
        experiment_id: str,
        start_time: int | None = None,
        tags: dict[str, Any] | None = None,
        run_name: str | None = None,
    ) -> Run:
        """Start a run in an active experiment; it becomes active nowhere. ``start_time`` is in milliseconds."""
        name = str(run_name or (tags or {}).get(RUN_NAME) or random_name())
        return self.store.create_run(
            str(experiment_id),
            run_name=name,
            user_id=user(),
            start_time=now_ms() if start_time is None else values.whole_number("start_time", start_time),
            tags=values.tags({**(tags or {}), RUN_NAME: name}),
        )

    def get_run(self, run_id: str) -> Run:
        """The run with its latest metrics, params, tags, inputs and outputs."""
        return self.store.get_run(run_id)

    def get_parent_run(self, run_id: str) -> Run | None:
        """The run that a nested run was started in; None for a run without one."""
        parent = self.store.get_run(run_id).data.tags.get(PARENT)
        return self.store.get_run(parent) if parent else None

    def update_run(self, run_id: str, status: RunStatus | None = None, name: str | None = None) -> None:
        """Change a run's status or name."""
        self.store.update_run(run_id, status=status, run_name=name)

    def set_terminated(self, run_id: str, status: RunStatus | None = None, end_time: int | None = None) -> None:
        """End a run: FINISHED and now, unless said otherwise. ``end_time`` is in milliseconds."""
        ended = now_ms() if end_time is None else values.whole_number("end_time", end_time)
        self.store.update_run(run_id, status=status or "FINISHED", end_time=ended)

    def delete_run(self, run_id: str) -> None:
        """Mark a run as deleted."""
        self.store.delete_run(run_id)

    def restore_run(self, run_id: str) -> None:
        """Undo :meth:`delete_run`."""
        self.store.restore_run(run_id)

    def log_param(self, run_id: str, key: str, value: Any, synchronous: bool | None = None) -> Any:
        """Log a param once; its value is kept as text. Returns the value, or what is logged in the background."""
        logged = record(self._store_uri, run_id, synchronous, params=[values.param(key, value)])
        return logged or value

    def log_metric(
        self,
        run_id: str,
        key: str,
        value: float,
        timestamp: int | None = None,
        step: int | None = None,
        synchronous: bool | None = None,
        dataset_name: str | None = None,
        dataset_digest: str | None = None,
        model_id: str | None = None,
    ) -> RunOperations | None:
        """Log one measured number. ``timestamp`` is in milliseconds, now by default; ``step`` is 0 by default."""
        metric = new_metric(key, value, timestamp, step, model_id, dataset_name, dataset_digest)
        return record(self._store_uri, run_id, synchronous, metrics=[metric])

    def set_tag(self, run_id: str, key: str, value: Any, synchronous: bool | None = None) -> RunOperations | None:
        """Set or replace a tag."""
        return record(self._store_uri, run_id, synchronous, tags=[values.tag(key, value)])

    def delete_tag(self, run_id: str, key: str) -> None:
        """Remove a tag; NotFound if it is not set."""
        self.store.delete_tag(run_id, key)

    def log_batch(
        self,
        run_id: str,
        metrics: Sequence[Metric] = (),
        params: Sequence[Param] = (),
        tags: Sequence[Tag] = (),
        synchronous: bool | None = None,
    ) -> RunOperations | None:
        """Log all of it or nothing; what is too much for one batch (1,000 items) is stored batch by batch."""
        return record(
            self._store_uri,
            run_id,
            synchronous,
            metrics=[_checked(metric) for metric in metrics],
            params=[values.param(item.key, item.value) for item in params],
            tags=[values.tag(item.key, item.value) for item in tags],
        )

    def log_inputs(
        self,
        run_id: str,
        datasets: Sequence[DatasetInput] | None = None,
        models: Sequence[ModelInput] | None = None,
    ) -> None:
        """Record the datasets and logged models that a run read."""
        self.store.log_inputs(run_id, datasets=datasets or (), models=models or ())

    def log_outputs(self, run_id: str, models: Sequence[ModelOutput]) -> None:
        """Record the logged models that a run made."""
        self.store.log_outputs(run_id, models)

    def get_metric_history(self, run_id: str, key: str) -> list[Metric]:
        """Every logged value of a metric, by step, then timestamp."""
        page = self.store.get_metric_history(run_id, key)
        history = list(page)
        while page.token:
            page = self.store.get_metric_history(run_id, key, page_token=page.token)
            history.extend(page)
        return history

    def search_runs(
        self,
        experiment_ids: Sequence[str],
        filter_string: str = "",
        run_view_type: int | str = "ACTIVE_ONLY",
        max_results: int = 1000,
        order_by: Sequence[str] | None = None,
        page_token: str | None = None,
    ) -> Page[Run]:
        """One page of the runs that match; ``token`` of the page asks for the next one."""
        ids = [experiment_ids] if isinstance(experiment_ids, str | int) else experiment_ids
        return self.store.search_runs(
            [str(experiment_id) for experiment_id in ids],
            filter_string=filter_string or "",
            view=values.view_type(run_view_type),
            order_by=order_by or (),
            max_results=max_results,
            page_token=page_token,
        )


def new_metric(
    key: str,
    value: object,
    timestamp: int | None = None,
    step: int | None = None,
    model_id: str | None = None,
    dataset_name: str | None = None,
    dataset_digest: str | None = None,
) -> Metric:
    """A metric from what a caller gives. Raises InvalidInput, naming key and value, if it is not a number."""
    return Metric(
        values.checked_key("metric", key),
        values.number(key, value),
        values.whole_number("timestamp", timestamp) if timestamp else now_ms(),
        values.whole_number("step", step) if step else 0,
        model_id,
        dataset_name,
        dataset_digest,
    )


def _checked(metric: Metric) -> Metric:
    return new_metric(
        metric.key,
        metric.value,
        metric.timestamp,
        metric.step,
        metric.model_id,
        metric.dataset_name,
        metric.dataset_digest,
    )
