"""What a difference between two variants means, in sentences for people who do not know the tests."""

from __future__ import annotations

import math

from quire.evaluate.comparison import Comparison, MetricComparison
from quire.evaluate.numbers import show, show_difference, show_interval, show_p


def explain(comparison: Comparison, metric: MetricComparison) -> str:
    """One score of a comparison: how far the two are apart, how sure that is, and on how many records."""
    return " ".join(part for part in (_apart(comparison, metric), _sure(comparison, metric), _counted(metric)) if part)


def _apart(comparison: Comparison, metric: MetricComparison) -> str:
    if not metric.n:
        return f"No record has a {metric.name} of both."
    first, second = (show(mean, metric.kind, metric.name) for mean in (metric.mean_a, metric.mean_b))
    difference = show_difference(metric.difference, metric.kind, metric.name)
    said = f"{metric.name} is {second} for {comparison.b} and {first} for {comparison.a}: {difference}."
    low, high = metric.interval.low, metric.interval.high
    if not (math.isfinite(low) and math.isfinite(high)):
        return f"{said} How far that may be chance is not known ({metric.interval.method})."
    where = show_interval(low, high, metric.kind, metric.name)
    return f"{said} With {comparison.confidence:.0%} confidence the true difference lies in {where}."


def _sure(comparison: Comparison, metric: MetricComparison) -> str:
    if not metric.n or math.isnan(metric.p_value):
        return ""
    p = show_p(metric.p_adjusted)
    p = p if p.startswith("<") else f"= {p}"
    if metric.verdict == "no difference shown":
        limit = f"{1 - comparison.confidence:.3g}"
        return (
            f"That is not enough to show a difference (p {p}, at most {limit} wanted); it does not show that none is."
        )
    return f"Were the two alike, a difference as large would hardly come about by chance (p {p})."


def _counted(metric: MetricComparison) -> str:
    if not metric.n:
        return ""
    missing = metric.missing_a + metric.missing_b
    left = f" {missing:,} missing scores leave records out." if missing else ""
    counts = f"Better on {metric.won:,}, worse on {metric.lost:,} and equal on {metric.tied:,}"
    return f"{counts} of {metric.n:,} records.{left}"
