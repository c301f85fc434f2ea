"""MLflow's ``genai.evaluate``: its signature and its result, over the one engine."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

from quire.domain.errors import InvalidInput
from quire.domain.scores import ScoredRow
from quire.evaluate.engine import evaluate as evaluate_variants
from quire.evaluate.evaluation import Evaluation
from quire.evaluate.variants import Described

if TYPE_CHECKING:
    import pandas as pd


class EvaluationResult:
    """What MLflow's evaluate returns: ``run_id``, ``metrics`` (NAME/mean and others), ``result_df``, ``tables``.

    ``evaluation`` is Quire's own, with rows, comparisons and reports.
    """

    def __init__(self, evaluation: Evaluation) -> None:
        self.evaluation = evaluation
        self._variant = evaluation.variants[0]

    @property
    def run_id(self) -> str:
        """The run that has the metrics and the rows."""
        return self.evaluation.run_ids[self._variant]

    @property
    def metrics(self) -> dict[str, float]:
        """The metrics of the run."""
        return self.evaluation.aggregates[self._variant]

    @cached_property
    def result_df(self) -> pd.DataFrame:
        """A row for each record, with ``SCORE/value``, ``SCORE/rationale`` and ``SCORE/error_message`` columns.

        MissingExtra if pandas is not installed.
        """
        from quire.tracking.tables import to_pandas

        rows = [_flat(row) for row in self.evaluation.rows(self._variant)]
        names = list(dict.fromkeys(name for row in rows for name in row))
        frame: pd.DataFrame = to_pandas({name: [row.get(name) for row in rows] for name in names}, "result_df")
        return frame

    @property
    def tables(self) -> dict[str, pd.DataFrame]:
        """``eval_results``: the same rows, under MLflow's older name."""
        return {"eval_results": self.result_df}

    def __repr__(self) -> str:
        return f"EvaluationResult(run_id={self.run_id!r}, metrics={self.metrics})"


def _flat(row: ScoredRow) -> dict[str, Any]:
    made: dict[str, Any] = {
        "trace_id": row.trace_id,
        "request": row.inputs,
        "response": row.outputs,
        "expectations": row.expectations,
        "error": row.error,
        "latency_s": row.measured.latency_s,
    }
    for score in row.scores:
        made[f"{score.name}/value"] = score.value
        made[f"{score.name}/rationale"] = score.rationale or None
        made[f"{score.name}/error_message"] = score.error
    return made


def evaluate(
    data: Any,
    scorers: Any,
    predict_fn: Callable[..., Any] | None = None,
    model_id: str | None = None,
) -> EvaluationResult:
    """Evaluate a function, or outputs that the data holds, as ``mlflow.genai.evaluate`` does.

    ``data`` has ``inputs`` and perhaps ``outputs`` and ``expectations``; ``predict_fn`` takes the inputs by keyword.
    ``model_id`` is the logged model that the metrics belong to. If a run is active, the metrics are logged to it as
    well. Raises as :func:`quire.evaluate` does.
    """
    from quire.tracking.record import log_metrics
    from quire.tracking.runs import active_run

    if predict_fn is not None and not callable(predict_fn):
        raise InvalidInput(f"predict_fn is {predict_fn!r:.80}; expected a function of the inputs.")
    result = EvaluationResult(evaluate_variants(data, _variant(predict_fn, model_id), scorers))
    if active_run() is not None:
        log_metrics(dict(result.metrics))
    return result


def _variant(predict_fn: Callable[..., Any] | None, model_id: str | None) -> Mapping[str, Any]:
    from quire.evaluate.variants import FunctionVariant, RecordedVariant

    if predict_fn is None:
        recorded = RecordedVariant("outputs")
        recorded.described = Described("outputs", "recorded", model_id=model_id)
        return {"outputs": recorded}
    name = getattr(predict_fn, "__name__", "predict_fn")
    return {name: FunctionVariant(name, predict_fn, model_id)}
