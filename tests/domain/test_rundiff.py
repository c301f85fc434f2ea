from __future__ import annotations

import math

import pytest

from quire.domain.entities import Metric, Param, Run, RunData, RunInfo, Tag
from quire.domain.rundiff import compare_runs, lower_is_better


def make_run(number: int, params: dict[str, str], metrics: dict[str, float], tags: dict[str, str] | None = None) -> Run:
    info = RunInfo(
        run_id=f"{number:032x}",
        experiment_id="1",
        run_name=f"run-{number}",
        status="FINISHED",
        start_time=number,
        artifact_uri="/tmp/artifacts",
    )
    data = RunData(
        param_list=[Param(key, value) for key, value in params.items()],
        metric_list=[Metric(key, value) for key, value in metrics.items()],
        tag_list=[Tag(key, value) for key, value in (tags or {}).items()],
    )
    return Run(info=info, data=data)


def test_params_that_differ_come_first() -> None:
    comparison = compare_runs([make_run(1, {"a": "1", "b": "2"}, {}), make_run(2, {"a": "1", "b": "3"}, {})])
    assert [(row.key, row.values, row.differs) for row in comparison.params] == [
        ("b", ["2", "3"], True),
        ("a", ["1", "1"], False),
    ]


def test_a_missing_param_differs() -> None:
    (row,) = compare_runs([make_run(1, {"a": "1"}, {}), make_run(2, {}, {})]).params
    assert (row.values, row.differs) == (["1", None], True)


def test_the_best_value_follows_the_direction_of_the_metric() -> None:
    comparison = compare_runs([make_run(1, {}, {"acc": 0.5, "loss": 2.0}), make_run(2, {}, {"acc": 0.7, "loss": 3.0})])
    rows = {row.key: row for row in comparison.metrics}
    assert (rows["acc"].best, rows["loss"].best) == ([1], [0])
    assert rows["acc"].deltas == [0.0, pytest.approx(0.2)]


def test_the_direction_can_be_said() -> None:
    runs = [make_run(1, {}, {"acc": 1.0, "loss": 1.0}), make_run(2, {}, {"acc": 2.0, "loss": 2.0})]
    rows = {row.key: row for row in compare_runs(runs, lower=["acc"], higher=["loss"]).metrics}
    assert (rows["acc"].best, rows["loss"].best) == ([0], [1])


def test_all_ties_and_missing_values_have_no_best() -> None:
    (row,) = compare_runs([make_run(1, {}, {"acc": 1.0}), make_run(2, {}, {"acc": 1.0}), make_run(3, {}, {})]).metrics
    assert (row.best, row.deltas, row.differs) == ([], [0.0, 0.0, None], True)


def test_nan_is_never_best_and_equals_itself() -> None:
    (row,) = compare_runs([make_run(1, {}, {"acc": math.nan}), make_run(2, {}, {"acc": math.nan})]).metrics
    assert (row.best, row.differs) == ([], False)
    (row,) = compare_runs([make_run(n, {}, {"acc": v}) for n, v in enumerate([math.nan, 1.0, 2.0])]).metrics
    assert row.best == [2]


def test_tags_of_tools_are_left_out() -> None:
    comparison = compare_runs([make_run(1, {}, {}, {"mlflow.user": "a", "team": "x"}), make_run(2, {}, {})])
    assert [row.key for row in comparison.tags] == ["team"]


@pytest.mark.parametrize("key", ["loss", "val_loss", "eval/latency_p50", "cost_usd", "rmse", "time", "error_rate"])
def test_names_of_metrics_where_less_is_better(key: str) -> None:
    assert lower_is_better(key)


@pytest.mark.parametrize("key", ["accuracy", "f1", "lossless", "timely", "precision", "score"])
def test_names_of_metrics_where_more_is_better(key: str) -> None:
    assert not lower_is_better(key)
