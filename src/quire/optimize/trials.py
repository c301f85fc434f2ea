"""Evaluating candidates under the budget: how many rows it still pays for, and what they came to."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from quire.datasets import Dataset
from quire.domain.prompts import PromptVersion
from quire.evaluate import Evaluation, EvaluationStopped, evaluate, load_evaluation
from quire.evaluate.options import CallOptions
from quire.evaluate.variants import PromptVariant, read_variants
from quire.optimize.budget import Budget, Paid
from quire.optimize.results import ORIGINAL, Candidate
from quire.scorers.base import Scorer
from quire.scorers.spend import Spend

_MARGIN = 1.25
"""How much more than so far a row may cost, in US dollars, when it is estimated what rows to come will cost."""


class Trials:
    """Evaluates candidates, pays for it from the budget, and remembers what a row costs."""

    def __init__(
        self,
        original: PromptVersion,
        model: str | None,
        scorers: Sequence[Scorer],
        budget: Budget,
        *,
        seed: int,
        params: Mapping[str, Any] | None,
        cache: Path | str | bool,
        call: CallOptions,
    ) -> None:
        self._original = original
        self._model = model
        self._scorers = list(scorers)
        self._judges: list[Any] = [scorer for scorer in scorers if scorer.spent is not None]
        self._budget = budget
        self._seed, self._params, self._cache, self._call = seed, params, cache, call
        self._calls_per_row = 1 + sum(map(_questions, self._judges))
        self._usd_per_row: float | None = None
        self._answered: dict[str, int] = {}

    def room(self, rows_kept_back: int) -> float:
        """How many more rows the budget pays for, besides those that are kept back; infinite without a limit."""
        by_calls = self._budget.left_calls // self._calls_per_row
        by_usd = math.inf
        if self._usd_per_row and math.isfinite(self._budget.left_usd):
            by_usd = self._budget.left_usd // (self._usd_per_row * _MARGIN)
        elif not self._budget.left_usd:
            by_usd = 0
        return min(by_calls, by_usd) - rows_kept_back

    def kept_back_usd(self, rows: int) -> float:
        """What rows that are kept back may cost."""
        return rows * (self._usd_per_row or 0.0) * _MARGIN

    def kept_back_calls(self, rows: int) -> int:
        """How many calls rows that are kept back may take."""
        return rows * self._calls_per_row

    def fitting(self, candidates: Sequence[Candidate], size: int, rows_kept_back: int) -> list[Candidate]:
        """Those of the candidates, the first ones first, that the budget can bring to ``size`` rows each."""
        room = self.room(rows_kept_back)
        chosen = []
        for candidate in candidates:
            needed = size - min(size, self._answered.get(candidate.name, 0))
            if needed > room:
                break
            room -= needed
            chosen.append(candidate)
        return chosen

    def evaluate(
        self, data: Dataset, candidates: Sequence[Candidate], run_name: str, *, sample: int = 0, back_usd: float = 0.0
    ) -> Evaluation:
        """Answer and score the data by each candidate. ``sample`` is the size of a development sample.

        ``back_usd`` US dollars are left. Raises EvaluationStopped; what it paid is accounted for too.
        """
        before = [judge.spent for judge in self._judges]
        left = max(self._budget.left_usd - back_usd, 1e-12)
        try:
            evaluation = evaluate(
                data,
                {candidate.name: self.variant(candidate) for candidate in candidates},
                self._scorers,
                seed=self._seed,
                params=self._params,
                max_cost_usd=None if math.isinf(left) else left,
                cache=self._cache,
                run_name=run_name,
                **self._call,
            )
        except EvaluationStopped as stopped:
            self._pay(load_evaluation(stopped.run_id), before)
            raise
        self._pay(evaluation, before)
        if sample:
            self._answered.update({candidate.name: sample for candidate in candidates})
        return evaluation

    def variant(self, candidate: Candidate) -> PromptVariant:
        """A candidate as a variant of an evaluation; only the original is a version in the registry."""
        prompt = msgspec.structs.replace(self._original, template=candidate.template, written=None, parts=[])
        given = (prompt, self._model) if self._model else prompt
        (made,) = read_variants({candidate.name: given}, self._params, self._seed)
        assert isinstance(made, PromptVariant)
        if candidate.name != ORIGINAL:
            source = f"candidate in place of {self._original.uri}"
            made.described = msgspec.structs.replace(made.described, source=source, prompt=None)
        return made

    def _pay(self, evaluation: Evaluation, before: Sequence[Spend]) -> None:
        tables = [evaluation.table(name) for name in evaluation.variants]
        calls = sum(table.rows - table.replayed for table in tables)
        usd = sum(table.spent_usd for table in tables)
        judged_usd = 0.0
        for judge, earlier in zip(self._judges, before, strict=True):
            paid = paid_since(earlier, judge.spent)
            calls, judged_usd = calls + paid.calls, judged_usd + paid.usd
        self._budget.pay(Paid(calls, usd + judged_usd))
        rows = sum(table.rows for table in tables)
        dearest = max(
            (table.measures["cost_usd"].mean for table in tables if table.measures["cost_usd"].present), default=0.0
        )
        self._usd_per_row = max(self._usd_per_row or 0.0, dearest + (judged_usd / rows if rows else 0.0))


def paid_since(before: Spend, after: Spend) -> Paid:
    """What was paid between two states of an account."""
    calls = (after.questions - after.replayed) - (before.questions - before.replayed)
    return Paid(calls, (after.cost_usd or 0.0) - (before.cost_usd or 0.0))


def _questions(judge: Any) -> int:
    """How many questions a judge asks about an answer."""
    spec = getattr(judge, "spec", None)
    return 2 if getattr(spec, "form", "") == "pairwise" else int(getattr(spec, "samples", 1))
