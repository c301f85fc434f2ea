"""Finding a better prompt under a budget: search on one part of the data, decide on another that it never sees."""

from __future__ import annotations

import contextlib
import math
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal, Unpack

import msgspec

from quire.artifacts import open_artifacts
from quire.caller.settings import ServiceSettings
from quire.domain.errors import InvalidInput
from quire.domain.prompts import PromptVersion
from quire.evaluate import Evaluation, EvaluationStopped
from quire.evaluate.answers import Occurrences
from quire.evaluate.data import Data, check_fit
from quire.evaluate.kept import Cache, keep_answers
from quire.evaluate.options import CallOptions, Options, check_whole
from quire.optimize.asking import ModelProposer
from quire.optimize.budget import Budget
from quire.optimize.proposing import Proposer
from quire.optimize.results import ORIGINAL, Candidate, Decision, Optimized, Record, figures
from quire.optimize.search import Plan, Search
from quire.optimize.splitting import Parts, least_held_out
from quire.optimize.trials import Trials
from quire.tracking import Client, context
from quire.tracking.record import log_metrics, log_params
from quire.tracking.runs import start_run

ROLE = "quire.optimization.role"
TAG = "quire.optimization"
FILE = "optimization/optimization.json"
Register = Literal["better", "always", "never"]


def optimize_prompt(
    prompt: PromptVersion | str,
    data: Any,
    scorers: Any,
    *,
    model: str | None = None,
    budget_usd: float | None = None,
    max_calls: int | None = None,
    proposer: Proposer | str | None = None,
    task: str = "",
    objective: str | None = None,
    held_out: float | Any = 0.3,
    confidence: float = 0.95,
    rounds: int = 3,
    proposals: int = 4,
    keep: int = 2,
    examples: int = 5,
    first_sample: int = 16,
    register: Register = "better",
    seed: int = 0,
    params: Mapping[str, Any] | None = None,
    cache: Cache = True,
    run_name: str | None = None,
    **options: Unpack[CallOptions],
) -> Optimized:
    """Look for a template that scores better than ``prompt``, and register it as the next version if it does.

    ``prompt`` is a version or its URI; ``model`` answers it (by default that of its model configuration). ``data`` and
    ``scorers`` are what :func:`quire.evaluate` takes; ``objective`` names the score that decides, by default the first
    scorer's. ``proposer`` is a model's name (by default ``model``), or is called with a
    :class:`quire.optimize.Request` and answers with templates; ``task`` says in words what the prompt is for.

    The share ``held_out`` of the records (or data of its own) is put aside. On the rest go ``rounds`` rounds of
    ``proposals`` templates each, proposed from at most ``examples`` rows that the best template so far did badly on,
    evaluated on a sample that grows from ``first_sample`` records to all of them, and the best ``keep`` kept. Only at
    the end is the best compared with the original on the held-out records, which no proposal was made from. It is
    ``better`` if that shows a difference at ``confidence`` and it has no more missing scores. Then it is registered
    (``register="always"``: whenever it was compared; ``"never"``: not), with the figures as its commit message.

    ``budget_usd`` and ``max_calls`` limit proposals, answers and judgements together, and what the last comparison
    needs is kept back; the search stops before a limit is passed, and what was found is kept. Answers come from the
    cache where they are in it, and cost nothing: running again with a higher budget goes on. The outcome follows from
    the seed and from what the models answer.

    Raises InvalidInput for no limit or one that is no amount above 0, a prompt without variables, too little data to
    divide, an objective that no scorer gives; NotFound for a prompt that there is not; SchemaError for data that lacks
    a variable; EvaluationStopped if the service refuses the first answers.
    """
    budget = Budget(budget_usd, max_calls)
    _check_options(seed, params, cache, options)
    plan = _plan(rounds, proposals, keep, examples, first_sample, task, seed)
    original = _prompt(prompt)
    chosen, plan = _scorers(scorers, objective, plan)
    if register not in ("better", "always", "never"):
        raise InvalidInput(f"register is {register!r}; expected 'better', 'always' or 'never'.")
    parts = Parts(data, held_out, seed, least_held_out(confidence))
    with _keeping(cache) as kept:
        trials = Trials(original, model, chosen, budget, seed=seed, params=params, cache=kept, call=options)
        first = Candidate(name=ORIGINAL, template=original.template)
        variant = trials.variant(first)
        for part in (parts.sample(parts.development_size), parts.held_out):
            check_fit([variant], Data(part).look())
        asked = _proposer(proposer, model or str(variant.described.model), original)
        work = _Work(original, first, parts, trials, asked, budget, plan, str(variant.described.model))
        with _run(run_name or f"optimize {original.name}"), _answers_kept_for(asked, kept):
            return work.carry_out(confidence, register)


def _check_options(seed: int, params: Mapping[str, Any] | None, cache: Cache, options: CallOptions) -> None:
    Options(
        repeats=1,
        seed=seed,
        params=dict(params or {}),
        max_cost_usd=None,
        cache=cache,
        resume=None,
        progress=None,
        call=options,
    )


def _plan(rounds: int, proposals: int, keep: int, examples: int, first_sample: int, task: str, seed: int) -> Plan:
    named = {"rounds": rounds, "proposals": proposals, "keep": keep, "examples": examples, "first_sample": first_sample}
    for name, value in named.items():
        check_whole(name, value, 1)
    check_whole("seed", seed, 0)
    return Plan(**named, objective="", task=task, seed=seed)


def _prompt(given: PromptVersion | str) -> PromptVersion:
    if isinstance(given, str):
        from quire.prompts import load_prompt

        given = load_prompt(given)
    if not isinstance(given, PromptVersion):
        raise InvalidInput(
            f"prompt is {given!r:.80}; expected a version of a prompt, or its URI: prompts:/NAME/VERSION."
        )
    if not given.variables:
        raise InvalidInput(
            f"The prompt {given.uri} has no variables, so it would ask the same about every record. Write the fields "
            "of the inputs into its template, such as {{question}}."
        )
    return given


def _scorers(given: Any, objective: str | None, plan: Plan) -> tuple[list[Any], Plan]:
    from quire.scorers import as_scorers

    found = as_scorers(given)
    if not found:
        raise InvalidInput("No scorers were given, so no prompt would be better than another; give at least one.")
    names = [scorer.name for scorer in found]
    chosen = objective if objective is not None else names[0]
    if not any(chosen == name or chosen.startswith(f"{name}/") for name in names):
        raise InvalidInput(f"objective is {chosen!r}; expected the name of a score of one of {names}.")
    return found, msgspec.structs.replace(plan, objective=chosen)


def _proposer(given: Proposer | str | None, model: str, original: PromptVersion) -> Proposer:
    made = ModelProposer(given or model) if given is None or isinstance(given, str) else given
    if not callable(made):
        raise InvalidInput(f"proposer is {given!r:.80}; expected a model's name, or something to call with a Request.")
    check = getattr(made, "check", None)
    if callable(check):
        check(original.template)
    return made


# -- the work ------------------------------------------------------------------------------------------


class _Work:
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


@contextlib.contextmanager
def _run(name: str) -> Iterator[None]:
    """The run of an optimisation, below which those of its evaluations are."""
    with start_run(run_name=name, nested=True, tags={ROLE: "optimization"}):
        yield


@contextlib.contextmanager
def _keeping(cache: Cache) -> Iterator[Cache]:
    """The cache; without one, a cache of this optimisation alone, so that a growing sample is not paid for anew."""
    if cache is not False:
        yield cache
        return
    with tempfile.TemporaryDirectory(prefix="quire-optimize-") as folder:
        yield Path(folder) / "answers.db"


@contextlib.contextmanager
def _answers_kept_for(proposer: Any, cache: Cache) -> Iterator[None]:
    """Have a proposer that asks a service keep its answers where those of variants are kept, if it can."""
    if getattr(proposer, "kept", proposer) is not None:
        yield
        return
    service = ServiceSettings.from_environment()
    proposer.kept = kept = keep_answers(cache, None, repr(service), service, Occurrences())
    try:
        yield
    finally:
        proposer.kept = None
        if kept is not None:
            kept.close()
