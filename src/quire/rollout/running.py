"""Carrying out an evaluation file: the evaluation, and what its gate says."""

from __future__ import annotations

from typing import Any

from quire.domain.gates import GateResult
from quire.evaluate.engine import evaluate
from quire.evaluate.evaluation import Evaluation
from quire.rollout.judging import judge
from quire.rollout.plan import CheckedPlan


def run_plan(
    checked: CheckedPlan, *, cache: bool = True, primary: list[str] | None = None
) -> tuple[Evaluation, GateResult | None]:
    """Evaluate what a plan says and check its gate, if it has one. ``primary`` stands in for the plan's own."""
    plan = checked.plan
    options: dict[str, Any] = {}
    if plan.max_concurrency is not None:
        options["max_concurrency"] = plan.max_concurrency
    evaluation = evaluate(
        checked.data,
        checked.variants,
        checked.scorers,
        repeats=plan.repeats,
        seed=plan.seed,
        params=plan.params or None,
        max_cost_usd=plan.max_cost_usd,
        cache=cache,
        experiment=plan.experiment,
        run_name=plan.name,
        primary=plan.primary if primary is None else primary,
        **options,
    )
    if checked.gate is None:
        return evaluation, None
    champion, challenger = evaluation.table(checked.champion), evaluation.table(checked.challenger)
    return evaluation, judge(checked.gate, champion, challenger, seed=plan.seed)
