"""Histories of metrics: ``/api/2.0/mlflow/metrics/…``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from msgspec.structs import replace

from quire.domain.entities import Metric
from quire.domain.errors import InvalidInput
from quire.server.calls import Calls
from quire.server.context import Context
from quire.store.rest.wire.runs import (
    GetMetricHistory,
    GetMetricHistoryBulk,
    GetMetricHistoryBulkInterval,
    MetricsResponse,
)

MOST_RUNS = 100
MOST_METRICS = 25_000
MOST_STEPS = 2500
DEFAULT_STEPS = 2500

calls = Calls("2.0", "mlflow", tag="Metrics", preview=True)


@calls.read("GET", "metrics/get-history")
def get_metric_history(context: Context, request: GetMetricHistory) -> MetricsResponse:
    """Every logged value of a metric, or a page of them."""
    page = context.store.get_metric_history(
        request.run, request.metric_key, max_results=request.max_results, page_token=request.page_token or None
    )
    return MetricsResponse(metrics=page.to_list(), next_page_token=page.token)


@calls.read("GET", "metrics/get-history-bulk")
def get_metric_history_bulk(context: Context, request: GetMetricHistoryBulk) -> MetricsResponse:
    """The values of one metric of up to 100 runs, up to 25,000 in all."""
    run_ids = _checked_runs(request.run_id, "run_id")
    if request.max_results < 1:
        raise InvalidInput(f"max_results is {request.max_results}; give a number from 1.")
    left = min(request.max_results, MOST_METRICS)
    found: list[Metric] = []
    for run_id in sorted(run_ids):
        if not left:
            break
        page = context.store.get_metric_history(run_id, request.metric_key, max_results=left)
        found += [replace(metric, run_id=run_id) for metric in page]
        left -= len(page)
    return MetricsResponse(metrics=found)


@calls.read("GET", "metrics/get-history-bulk-interval")
def get_metric_history_bulk_interval(context: Context, request: GetMetricHistoryBulkInterval) -> MetricsResponse:
    """The values of one metric of up to 100 runs at steps taken evenly from an interval.

    The first and last step of each run are always among them.
    """
    run_ids = _checked_runs(request.run_ids, "run_ids")
    wanted = DEFAULT_STEPS if request.max_results is None else request.max_results
    if not 1 <= wanted <= MOST_STEPS:
        raise InvalidInput(f"max_results is {wanted}; give a number from 1 to {MOST_STEPS:,}.")
    start, end = _interval(request)
    histories = {run_id: context.store.get_metric_history(run_id, request.metric_key) for run_id in run_ids}
    steps = {
        run_id: sorted({metric.step for metric in history if start <= metric.step <= end})
        for run_id, history in histories.items()
    }
    ends = {step for own in steps.values() if own for step in (own[0], own[-1])}
    chosen = ends | set(_thinned(sorted({step for own in steps.values() for step in own}), wanted))
    return MetricsResponse(metrics=list(_at(histories, chosen)))


def _at(histories: Mapping[str, Sequence[Metric]], steps: set[int]) -> Iterator[Metric]:
    for run_id, history in histories.items():
        found = [replace(metric, run_id=run_id) for metric in history if metric.step in steps]
        yield from found[:MOST_METRICS]


def _interval(request: GetMetricHistoryBulkInterval) -> tuple[int, int]:
    start, end = request.start_step, request.end_step
    if start is None and end is None:
        return -(2**63), 2**63
    if start is None or end is None:
        raise InvalidInput("Give both start_step and end_step, or neither.")
    if start > end:
        raise InvalidInput(f"start_step is {start} and end_step is {end}; the end cannot lie before the start.")
    return start, end


def _thinned(steps: Sequence[int], count: int) -> list[int]:
    """``count`` of the steps, evenly spread, the first and the last among them."""
    if len(steps) <= count:
        return list(steps)
    width = len(steps) / count
    return [*(steps[int(index * width)] for index in range(count - 1)), steps[-1]]


def _checked_runs(run_ids: Sequence[str], field: str) -> list[str]:
    if not 1 <= len(run_ids) <= MOST_RUNS:
        raise InvalidInput(f"{field} names {len(run_ids)} runs; name 1 to {MOST_RUNS}.")
    return list(dict.fromkeys(run_ids))
