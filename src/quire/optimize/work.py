"""One optimisation under way: the search, the one decision, the new version, and what the run keeps of them."""

from __future__ import annotations

import math
from typing import Any, Literal

import msgspec

from quire.artifacts import open_artifacts
from quire.domain.prompts import PromptVersion
from quire.evaluate import Evaluation, EvaluationStopped
from quire.optimize.budget import Budget
from quire.optimize.proposing import Proposer
from quire.optimize.results import ORIGINAL, Candidate, Decision, Optimized, Record, figures
from quire.optimize.search import Plan, Search
from quire.optimize.splitting import Parts
from quire.optimize.trials import Trials
from quire.tracking import Client, context
from quire.tracking.record import log_metrics, log_params

TAG = "quire.optimization"
FILE = "optimization/optimization.json"
Register = Literal["better", "always", "never"]


class Work:
    """One optimisation under way, inside of its run."""

    def __init__(
        self,
        original: PromptVersion,
        first: Candidate,
        parts: Parts,
        trials: Trials,
        proposer: Proposer,
        budget: Budget,
        plan: Plan,
        model: str,
    ) -> None:
        self._original, self._parts, self._trials = original, parts, trials
        self._budget, self._plan, self._model = budget, plan, model
        self._search = Search(first, parts, trials, proposer, budget, plan, self._note)
        self._evaluation_id: str | None = None

    def carry_out(self, confidence: float, register: Register) -> Optimized:
        """Search, decide, register. What there is when it fails is in the run."""
        self._log_start(confidence)
        try:
            self._search.run()
            optimized = self._decided(confidence)
            if self._registers(optimized, register):
                optimized = self._register(optimized)
        finally:
            self._note()
        self._log_end(optimized)
        return optimized

    def _decided(self, confidence: float) -> Optimized:
        """The best candidate against the original on the held-out records, once."""
        search = self._search
        decision: Decision = "no candidate"
        comparison = None
        if search.best.name != ORIGINAL:
            evaluation = self._held_out()
            decision = "undecided"
            if evaluation is not None:
                self._evaluation_id = evaluation.run_id
                comparison = evaluation.compare(ORIGINAL, search.best.name, confidence=confidence)
                deciding = evaluation.compare(
                    ORIGINAL, search.best.name, confidence=confidence, scorers=[self._plan.objective]
                )[self._plan.objective]
                decision = deciding.verdict
                if decision == "better" and deciding.missing_b > deciding.missing_a:
                    decision = "no difference shown"
        self._decision: Decision | None = decision
        return Optimized(
            prompt=self._original,
            original=self._original,
            best=search.best,
            decision=decision,
            objective=self._plan.objective,
            registered=False,
            candidates=list(search.found.values()),
            discarded=search.discarded,
            run_id=self._run_id,
            calls=self._budget.paid.calls,
            spent_usd=self._budget.paid.usd,
            comparison=comparison,
            evaluation_run_id=self._evaluation_id,
            stopped=search.stopped,
        )

    def _held_out(self) -> Evaluation | None:
        search = self._search
        rows = 2 * self._parts.held_out_records
        if self._trials.room(0) < rows and not math.isfinite(self._budget.left_usd):
            return None
        pair = [search.found[ORIGINAL], search.best]
        try:
            return self._trials.evaluate(self._parts.held_out, pair, "held out")
        except EvaluationStopped as stopped:
            search.stopped = stopped.message
            return None

    # -- the new version ---------------------------------------------------------------------------

    def _registers(self, optimized: Optimized, register: Register) -> bool:
        if optimized.comparison is None or register == "never":
            return False
        return register == "always" or optimized.decision == "better"

    def _register(self, optimized: Optimized) -> Optimized:
        from quire.prompts import register_prompt

        original, comparison = self._original, optimized.comparison
        assert comparison is not None
        said = f"Optimised from version {original.version}: {figures(comparison, self._plan.objective)}"
        if optimized.decision != "better":
            said += f"; {optimized.decision}, registered nevertheless"
        tags = {
            f"{TAG}.run_id": self._run_id,
            f"{TAG}.evaluation_run_id": str(self._evaluation_id),
            f"{TAG}.from": original.uri,
            f"{TAG}.decision": optimized.decision,
        }
        made = register_prompt(
            original.name,
            optimized.best.template,
            said,
            tags,
            original.response_format,
            original.model_config,
            params=original.params,
        )
        return msgspec.structs.replace(optimized, prompt=made, registered=True)

    # -- what the run keeps ------------------------------------------------------------------------

    _decision: Decision | None = None

    @property
    def _run_id(self) -> str:
        return str(self._entry().run_id)

    def _entry(self) -> Any:
        entry = context.innermost()
        assert entry is not None
        return entry

    def _note(self) -> None:
        """Write down what there is so far: an optimisation that is killed leaves its candidates."""
        search, entry = self._search, self._entry()
        record = Record(
            prompt=self._original.uri,
            model=self._model,
            objective=self._plan.objective,
            seed=self._plan.seed,
            candidates=list(search.found.values()),
            discarded=search.discarded,
            calls=self._budget.paid.calls,
            spent_usd=self._budget.paid.usd,
            stopped=search.stopped,
            decision=self._decision,
            best=search.best.name,
            evaluation=self._evaluation_id,
        )
        encoded = msgspec.json.format(msgspec.json.encode(record, enc_hook=str), indent=2)
        open_artifacts(entry.run.info.artifact_uri, entry.uri).put_bytes(encoded, FILE)

    def _log_start(self, confidence: float) -> None:
        log_params(
            {
                "prompt": self._original.uri,
                "model": self._model,
                "objective": self._plan.objective,
                "rounds": self._plan.rounds,
                "proposals": self._plan.proposals,
                "keep": self._plan.keep,
                "seed": self._plan.seed,
                "confidence": confidence,
                "budget_usd": self._budget.limit_usd,
                "max_calls": self._budget.max_calls,
                "development_records": self._parts.development_size,
                "held_out_records": self._parts.held_out_records,
            }
        )
        entry = self._entry()
        if self._original.version:
            Client(entry.uri).note_prompt(self._original.name, str(self._original.version), run_id=entry.run_id)

    def _log_end(self, optimized: Optimized) -> None:
        metrics = {
            "candidates": float(len(optimized.candidates) - 1),
            "discarded": float(len(optimized.discarded)),
            "calls": float(optimized.calls),
            "spent_usd": optimized.spent_usd,
        }
        for name, candidate in (
            ("development/original", self._search.found[ORIGINAL]),
            ("development/best", optimized.best),
        ):
            if candidate.score is not None:
                metrics[name] = candidate.score
        if optimized.comparison is not None:
            one = optimized.comparison[optimized.objective]
            metrics |= {"held_out/original": one.mean_a, "held_out/best": one.mean_b, "held_out/p_value": one.p_value}
        log_metrics({name: value for name, value in metrics.items() if math.isfinite(value)})
