"""Setting runs side by side: which params differ, which metric is best where, how far each is from the first."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence

import msgspec

from quire.domain.entities import Run, RunStatus

_LOWER_IS_BETTER = re.compile(
    r"(?:^|[_\W])(?:loss|error|errors|err|rmse|mse|mae|mape|cost|price|usd|latency|time|duration|seconds|elapsed|ms|"
    r"perplexity|tokens|failed|failures|retries|refusals|wer|cer|brier|divergence|kl)(?:$|[_\W])",
    re.IGNORECASE,
)
SYSTEM_TAG_PREFIXES = ("mlflow.", "quire.")
"""Tags that tools set, which say nothing about how two runs differ."""


class RunHead(msgspec.Struct, frozen=True):
    """What names a run in a comparison; times in milliseconds."""

    run_id: str
    run_name: str
    experiment_id: str
    status: RunStatus
    start_time: int
    end_time: int | None = None


class TextRow(msgspec.Struct, frozen=True):
    """One param or tag over all runs; None where a run lacks it."""

    key: str
    values: list[str | None]
    differs: bool


class MetricRow(msgspec.Struct, frozen=True):
    """One metric over all runs.

    ``best`` are the positions of the runs with the best value, empty when all runs that have the metric tie.
    ``deltas`` are each run's value less the first run's.
    """

    key: str
    values: list[float | None]
    differs: bool
    lower_is_better: bool
    best: list[int]
    deltas: list[float | None]


class RunComparison(msgspec.Struct, frozen=True):
    """Runs side by side; params and tags that differ come before those that do not."""

    runs: list[RunHead]
    params: list[TextRow]
    metrics: list[MetricRow]
    tags: list[TextRow]


def compare_runs(runs: Sequence[Run], *, lower: Iterable[str] = (), higher: Iterable[str] = ()) -> RunComparison:
    """The runs side by side, in the order given.

    Whether less is better is told by a metric's name (loss, error, cost, latency, …) unless ``lower`` or ``higher``
    names it.
    """
    lower, higher = frozenset(lower), frozenset(higher)
    metrics = [run.data.metrics for run in runs]
    directions = {key: key in lower or (key not in higher and lower_is_better(key)) for key in _keys(metrics)}
    return RunComparison(
        [_head(run) for run in runs],
        _text_rows([run.data.params for run in runs]),
        [_metric_row(key, [found.get(key) for found in metrics], directions[key]) for key in _keys(metrics)],
        _text_rows([_own_tags(run) for run in runs]),
    )


def lower_is_better(key: str) -> bool:
    """Whether a metric of that name is better when smaller, as far as its name tells."""
    return _LOWER_IS_BETTER.search(key) is not None


def _head(run: Run) -> RunHead:
    info = run.info
    return RunHead(info.run_id, info.run_name, info.experiment_id, info.status, info.start_time, info.end_time)


def _own_tags(run: Run) -> dict[str, str]:
    return {key: value for key, value in run.data.tags.items() if not key.startswith(SYSTEM_TAG_PREFIXES)}


def _keys(found: Sequence[dict[str, float]] | Sequence[dict[str, str]]) -> list[str]:
    return sorted({key for mapping in found for key in mapping})


def _text_rows(found: Sequence[dict[str, str]]) -> list[TextRow]:
    values = {key: [mapping.get(key) for mapping in found] for key in _keys(found)}
    rows = [TextRow(key, each, len(set(each)) > 1) for key, each in values.items()]
    return sorted(rows, key=lambda row: not row.differs)


def _metric_row(key: str, values: list[float | None], lower: bool) -> MetricRow:
    first = values[0]
    deltas = [None if value is None or first is None else value - first for value in values]
    ordered = [value for value in values if value is not None and not math.isnan(value)]
    best: list[int] = []
    if len(set(ordered)) > 1:
        goal = min(ordered) if lower else max(ordered)
        best = [index for index, value in enumerate(values) if value == goal]
    differs = len({None if value is None else repr(value) for value in values}) > 1
    return MetricRow(key, values, differs, lower, best, deltas)
