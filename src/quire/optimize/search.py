"""The search: rounds of proposing and evaluating, on a sample that grows while fewer candidates are kept."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Sequence

import msgspec

from quire.domain.errors import InvalidInput
from quire.domain.redaction import redact
from quire.domain.scores import ScoredRow
from quire.evaluate import Evaluation, EvaluationStopped
from quire.optimize.budget import Budget
from quire.optimize.proposing import Discarded, Example, NoProposal, Proposer, Request, Tried, accepted
from quire.optimize.results import ORIGINAL, Candidate
from quire.optimize.splitting import Parts
from quire.optimize.trials import Trials, paid_since

log = logging.getLogger("quire")
_NO_ROOM = "the budget pays for no more candidates besides the decision on the held-out split."


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """How the search goes: rounds, proposals of each, candidates kept after each, examples shown to the proposer."""

    rounds: int
    proposals: int
    keep: int
    examples: int
    first_sample: int
    objective: str
    task: str
    seed: int

    def sizes(self, whole: int) -> list[int]:
        """The size of each round's sample: by equal factors from the first to the whole development split."""
        first = min(self.first_sample, whole)
        if self.rounds == 1:
            return [whole]
        growth = (whole / first) ** (1 / (self.rounds - 1))
        return [min(whole, math.ceil(first * growth**place - 1e-9)) for place in range(self.rounds)]


class Search:
    """One search. ``found`` are all candidates that were evaluated, ``discarded`` the proposals that were not."""

    def __init__(
        self,
        original: Candidate,
        parts: Parts,
        trials: Trials,
        proposer: Proposer,
        budget: Budget,
        plan: Plan,
        note: Callable[[], None],
    ) -> None:
        self._parts, self._trials, self._proposer = parts, trials, proposer
        self._budget, self._plan, self._note = budget, plan, note
        self._back = 2 * parts.held_out_records
        self.found: dict[str, Candidate] = {ORIGINAL: original}
        self.discarded: list[Discarded] = []
        self.stopped: str | None = None
        self.higher_is_better = True
        self._kept = [original]

    @property
    def best(self) -> Candidate:
        """The candidate that is best so far."""
        return self._kept[0]

    def run(self) -> None:
        """All rounds, or as many as the budget allows; ``stopped`` then says why."""
        sizes = self._plan.sizes(self._parts.development_size)
        try:
            evaluation = self._evaluate(sizes[0], [], "original")
            for number, size in enumerate(sizes, 1):
                if evaluation is None or self.stopped:
                    return
                new = self._propose(number, evaluation)
                if new or self.best.records < size:
                    evaluation = self._evaluate(size, new, f"round {number}")
        except EvaluationStopped as stopped:
            if len(self.found) == 1 and "spend limit" not in stopped.message:
                raise
            self.stopped = stopped.message

    # -- evaluating --------------------------------------------------------------------------------

    def _evaluate(self, size: int, new: Sequence[Candidate], run_name: str) -> Evaluation | None:
        """Evaluate what is kept and what is new, as far as the budget goes, and keep the best."""
        chosen = self._trials.fitting([*self._kept, *new], size, self._back)
        if len(chosen) < len(self._kept) or (new and len(chosen) == len(self._kept)):
            self.stopped = self.stopped or f"Before {run_name}: {_NO_ROOM}"
            return None
        if len(chosen) < len(self._kept) + len(new):
            self.stopped = f"In {run_name}: {_NO_ROOM}"
        back_usd = self._trials.kept_back_usd(self._back)
        data = self._parts.sample(size)
        evaluation = self._trials.evaluate(data, chosen, run_name, sample=size, back_usd=back_usd)
        self._rank(evaluation, chosen, size)
        self._note()
        return evaluation if self.stopped is None else None

    def _rank(self, evaluation: Evaluation, candidates: Sequence[Candidate], size: int) -> None:
        objective = self._plan.objective
        if objective not in evaluation.score_names:
            known = ", ".join(map(repr, evaluation.score_names))
            raise InvalidInput(f"No scorer gives the score {objective!r}; name one of {known} (objective=…).")
        columns = {one.name: evaluation.table(one.name).columns.get(objective) for one in candidates}
        if any(column is not None and column.kind == "text" for column in columns.values()):
            raise InvalidInput(f"The score {objective!r} is text, so no prompt is better by it; name another.")
        self.higher_is_better = next(column.info.higher_is_better for column in columns.values() if column is not None)
        sign = 1 if self.higher_is_better else -1
        values = {
            one.name: [sign * float(value) for value in evaluation.scores(one.name, objective).ravel()]
            if columns[one.name] is not None
            else [math.nan] * size
            for one in candidates
        }
        seen = [value for one in values.values() for value in one if value == value]
        binary = all(column is None or column.kind == "binary" for column in columns.values())
        worst = min(0.0, float(sign)) if binary else min(seen, default=0.0)
        ranked = []
        for one in candidates:
            filled = [worst if value != value else value for value in values[one.name]]
            mean = sign * math.fsum(filled) / len(filled)
            cost = one.cost_usd + evaluation.table(one.name).spent_usd
            scored = msgspec.structs.replace(one, score=mean, records=size, cost_usd=cost)
            self.found[one.name] = scored
            ranked.append(scored)
        ranked.sort(key=lambda one: -sign * (one.score or 0.0))  # stable: of equals the earlier stays ahead
        self._kept = ranked[: self._plan.keep]

    # -- proposing ---------------------------------------------------------------------------------

    def _propose(self, number: int, evaluation: Evaluation) -> list[Candidate]:
        if self._trials.room(self._back) < 1:
            return []
        request = self._request(number, evaluation)
        if not request.examples:
            return []
        before = getattr(self._proposer, "spent", None)
        try:
            proposals = list(self._proposer(request))
        except NoProposal as error:
            self._none(number, error.message, lasting=error.lasting)
            return []
        except Exception as error:  # what was found is kept, whatever a proposer of the user's own raises
            self._none(number, f"The proposer raised {type(error).__name__}: {error}", lasting=True)
            return []
        finally:
            after = getattr(self._proposer, "spent", None)
            if before is not None and after is not None:
                self._budget.pay(paid_since(before, after))
        known = [one.template for one in self.found.values()]
        sifted = accepted(self.found[ORIGINAL].template, proposals[: self._plan.proposals], known, number)
        self.discarded += sifted.discarded
        return [
            Candidate(name=f"round {number}, {place}", template=template, round=number, parent=self.best.name)
            for place, template in enumerate(sifted.templates, 1)
        ]

    def _none(self, number: int, message: str, *, lasting: bool) -> None:
        message = redact(message)
        log.warning("Round %d of the optimisation has no proposals: %s", number, message)
        self.discarded.append(Discarded(round=number, reason=message))
        if lasting:
            self.stopped = message

    def _request(self, number: int, evaluation: Evaluation) -> Request:
        plan, best = self._plan, self.best
        left = self._budget.left_usd - self._trials.kept_back_usd(self._back)
        left_calls = self._budget.left_calls - self._trials.kept_back_calls(self._back)
        others = [one for one in self.found.values() if one.score is not None and one.name != best.name]
        sign = -1 if self.higher_is_better else 1
        others.sort(key=lambda one: sign * (one.score or 0.0))
        return Request(
            template=best.template,
            variables=self._variables(),
            task=plan.task,
            objective=plan.objective,
            higher_is_better=self.higher_is_better,
            score=best.score or 0.0,
            examples=self._examples(evaluation),
            tried=[Tried(one.template, one.score or 0.0) for one in others],
            wanted=plan.proposals,
            round=number,
            seed=plan.seed,
            limit_usd=max(left, 1e-12) if math.isfinite(left) else None,
            limit_calls=int(left_calls) if math.isfinite(left_calls) else None,
        )

    def _variables(self) -> list[str]:
        from quire.domain.prompt_text import variables_of

        return sorted(variables_of(self.best.template))

    def _examples(self, evaluation: Evaluation) -> list[Example]:
        """The rows that the best candidate did worst on; of a binary score those alone that it missed."""
        objective = self._plan.objective
        column = evaluation.table(self.best.name).columns.get(objective)
        right = 1.0 if self.higher_is_better else 0.0
        binary = column is not None and column.kind == "binary"
        scored = [(_number(row, objective), row) for row in evaluation.rows(self.best.name)]
        bad = [(number, row) for number, row in scored if not (binary and number == right)]
        sign = 1 if self.higher_is_better else -1
        bad.sort(key=lambda one: -math.inf if one[0] != one[0] else sign * one[0])
        return [_example(row, number, objective) for number, row in bad[: self._plan.examples]]


def _number(row: ScoredRow, objective: str) -> float:
    return next((score.number for score in row.scores if score.name == objective), math.nan)


def _example(row: ScoredRow, number: float, objective: str) -> Example:
    score = next((score for score in row.scores if score.name == objective), None)
    return Example(
        inputs=row.inputs,
        expected=row.expectations,
        answered=row.outputs,
        error=row.error or (score.error if score is not None else None),
        score=None if number != number else number,
        rationale=score.rationale if score is not None else "",
    )
