"""Finding a better prompt under a budget: search on one part of the data, decide on another that it never sees."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Unpack

import msgspec

from quire.caller.settings import ServiceSettings
from quire.domain.errors import InvalidInput
from quire.domain.prompts import PromptVersion
from quire.evaluate.answers import Occurrences
from quire.evaluate.data import Data, check_fit
from quire.evaluate.kept import Cache, keep_answers
from quire.evaluate.options import CallOptions, Options, check_whole
from quire.optimize.asking import ModelProposer
from quire.optimize.budget import Budget
from quire.optimize.proposing import Proposer
from quire.optimize.results import ORIGINAL, Candidate, Optimized
from quire.optimize.search import Plan
from quire.optimize.splitting import Parts, least_held_out
from quire.optimize.trials import Trials
from quire.optimize.work import Register, Work
from quire.tracking.runs import start_run

ROLE = "quire.optimization.role"


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
        work = Work(original, first, parts, trials, asked, budget, plan, str(variant.described.model))
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
