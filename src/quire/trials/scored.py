"""Metrics that scorers and judges give: checked when a trial starts, with the bounds that the scorer has."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from quire.domain.errors import InvalidInput
from quire.domain.trials import TrialMetric

JUDGES = ("correctness", "guidelines", "rubric")
"""Judges that come with Quire."""
PACKAGED = ("models:/", "runs:/")
"""How the URI of a packaged judge begins."""


def completed(metric: TrialMetric) -> TrialMetric:
    """A metric with its scorer's bounds where none are given: 0 and 1 for right or wrong, a rubric's levels.

    Raises InvalidInput for a scorer that there is not, or parameters that it does not take. A packaged judge is looked
    at when it is first asked.
    """
    if metric.scorer is None or metric.scorer.startswith(PACKAGED):
        return metric
    bounds = _of_judge(metric) if metric.scorer in JUDGES else _of_scorer(metric.scorer, metric.parameters)
    if bounds is None or metric.low is not None or metric.high is not None:
        return metric
    return msgspec.structs.replace(metric, low=bounds[0], high=bounds[1])


def _of_scorer(name: str, parameters: Mapping[str, Any]) -> tuple[float, float] | None:
    from quire.scorers.by_name import named_scorer

    try:
        scorer = named_scorer(name, parameters)
    except InvalidInput as error:
        judges = f" Judges: {', '.join(JUDGES)}, or the URI of a packaged one, models:/NAME@ALIAS."
        raise InvalidInput(f"{error.message}{judges}") from None
    return (0.0, 1.0) if scorer.kind == "binary" else None


def _of_judge(metric: TrialMetric) -> tuple[float, float] | None:
    if metric.scorer != "rubric":
        return 0.0, 1.0
    levels = metric.parameters.get("levels")
    try:
        found = [int(level) for level in levels] if isinstance(levels, Mapping) else []
    except (TypeError, ValueError):
        found = []
    if len(found) < 2:
        raise InvalidInput(
            f"The rubric of the metric {metric.name!r} has the levels {levels!r:.80}; expected two or more whole "
            "numbers with what they mean."
        )
    return float(min(found)), float(max(found))
