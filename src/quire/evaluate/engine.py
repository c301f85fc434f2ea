"""``quire.evaluate``: what is asked is checked, the runs are opened, the work is done."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

import msgspec

from quire.domain.errors import InvalidInput, InvalidState
from quire.domain.names import check_key
from quire.evaluate.budget import check_prices
from quire.evaluate.data import Data, check_fit
from quire.evaluate.evaluation import Evaluation
from quire.evaluate.kept import Cache
from quire.evaluate.options import CallOptions, Options, read_names
from quire.evaluate.runs import Settings, opened, read_settings
from quire.evaluate.scoring import scorer_info
from quire.evaluate.variants import Variant, read_variants
from quire.evaluate.work import Work

if TYPE_CHECKING:
    from quire.caller.progress import Shown
    from quire.scorers.base import Scorer


def evaluate(
    data: Any,
    variants: Any = None,
    scorers: Any = (),
    *,
    repeats: int = 1,
    seed: int = 0,
    params: Mapping[str, Any] | None = None,
    max_cost_usd: float | None = None,
    cache: Cache = True,
    resume: str | Path | None = None,
    progress: Shown = None,
    experiment: str | None = None,
    run_name: str | None = None,
    tags: Mapping[str, Any] | None = None,
    primary: str | Sequence[str] = (),
    log_assessments: bool = True,
    **options: Unpack[CallOptions],
) -> Evaluation:
    """Answer every record by every variant, ``repeats`` times, score the answers, and keep all of it as runs.

    ``data`` is a dataset, its name, a file, a dataframe or a list of mappings (see :mod:`quire.datasets`).
    ``variants`` is a mapping from names to what is compared, or one of them: a model URI, a loaded model, a pair of a
    prompt version and a model's name, a function (ordinary or async) of the inputs, or None for outputs that the data
    holds. ``scorers`` are scorers or functions.

    ``seed`` (plus the number of the repeat) is sent to models whose signature opens a ``seed``. ``max_cost_usd``
    stops before the answers of all variants and the scorers that ask a service, such as judges, cost more together.
    Answers are kept and not paid for again, by this evaluation or a later one, unless ``cache`` is False; it may also
    name a file. ``resume`` is the path of a journal of this evaluation alone, or the run id of an interrupted one that
    is to be gone on with. Rows that fail have missing scores; they are counted.

    ``primary`` names the scores that comparisons and reports make their verdict of; the others are secondary.

    ``progress`` shows a bar or does not; a function of the number of rows makes another display.

    Scores of answers that have a trace are written as its assessments, and what was expected too, in the background;
    ``log_assessments=False`` leaves them in the rows alone.

    Raises InvalidInput, SchemaError, NotFound, PolicyError or MissingConfiguration before anything is sent;
    EvaluationStopped when every further call would fail alike (a refused key, the spend limit). What finished is kept.
    """
    asked = Options(
        repeats=repeats,
        seed=seed,
        params=dict(params or {}),
        max_cost_usd=max_cost_usd,
        cache=cache,
        resume=resume,
        progress=progress,
        call=options,
        primary=read_names(primary),
        log_assessments=log_assessments,
    )
    chosen = _scorers(scorers)
    check_primary(asked.primary, chosen)
    check_prices(chosen, max_cost_usd)
    named = read_variants(variants, params, seed)
    source = Data(data)
    check_fit(named, source.look())
    settings = _settings(source, named, chosen, asked)
    with opened(asked.resumed_run, experiment, run_name, tags) as runs:
        return Work(runs, runs.open(settings), source, named, chosen, asked).carry_out()


def _scorers(given: Any) -> list[Scorer]:
    from quire.scorers.functions import as_scorers

    found = as_scorers(given)
    if not found:
        raise InvalidInput(
            "No scorers were given, so nothing would be measured; expected at least one, such as "
            "scorers=[quire.scorers.ExactMatch()]."
        )
    for scorer in found:
        check_key(f"{scorer.name}/missing", "scorer's name")
    return found


def check_primary(primary: Sequence[str], scorers: Sequence[Scorer]) -> None:
    """Raise InvalidInput for a primary score that no scorer can give: a scorer's scores are NAME, or NAME/PART.

    A function may give its scores names of its own; comparing tells whether it did.
    """
    names = [scorer.name for scorer in scorers]
    if any(scorer.kind is None for scorer in scorers):
        return
    for score in primary:
        if not any(score == name or score.startswith(f"{name}/") for name in names):
            raise InvalidInput(
                f"The primary score {score!r} is of no scorer; expected the name of one of {', '.join(names)}."
            )


def _settings(source: Data, variants: Sequence[Variant], scorers: Sequence[Scorer], asked: Options) -> Settings:
    settings = Settings(
        dataset=source.info,
        variants=[variant.described for variant in variants],
        scorers=[scorer_info(scorer) for scorer in scorers],
        repeats=asked.repeats,
        seed=asked.seed,
        params=asked.params,
        max_cost_usd=asked.max_cost_usd,
        primary=asked.primary,
    )
    return settings if asked.resumed_run is None else _resumed(asked.resumed_run, settings)


def _resumed(run_id: str, wanted: Settings) -> Settings:
    """The settings with the runs that there are. Raises InvalidState if the run was asked something else."""
    _run, found = read_settings(run_id)
    for what in ("variants", "scorers", "repeats", "seed", "params"):
        if getattr(found, what) != getattr(wanted, what):
            raise InvalidState(
                f"The evaluation {run_id} was asked with other {what}, so it cannot be gone on with. Give the same, "
                "or leave `resume` out: answers that are kept are not paid for again anyway."
            )
    return msgspec.structs.replace(wanted, run_ids=found.run_ids)
