"""An evaluation as a line of a list: all of it is in its run's params and metrics."""

from __future__ import annotations

import math

from quire.domain.entities import Run
from quire.server.evaluations.messages import EvaluationSummary


def summary_of(run: Run) -> EvaluationSummary:
    """A run as a line of the list."""
    params, metrics, tags = run.data.params, run.data.metrics, run.data.tags
    names = params.get("variants", "")
    return EvaluationSummary(
        run_id=run.info.run_id,
        name=run.info.run_name,
        experiment_id=run.info.experiment_id,
        status=run.info.status,
        started_ms=run.info.start_time,
        ended_ms=run.info.end_time,
        by=tags.get("mlflow.user", ""),
        dataset=params.get("dataset", ""),
        dataset_digest=params.get("dataset_digest", ""),
        variants=names.split(", ") if names else [],
        records=_whole(metrics.get("records")),
        failed=_whole(metrics.get("failed")),
        cost_usd=metrics.get("spent_usd"),
    )


def _whole(value: float | None) -> int | None:
    return None if value is None or not math.isfinite(value) else int(value)
