"""From the wish for an evaluation to the order for its process: all that can be wrong is found before it starts."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from quire.domain.errors import InvalidInput
from quire.playground.bases import Base
from quire.playground.jobs import JobOrder, JobScorer, JobVariant, checked_limit, new_id
from quire.playground.messages import REGISTERED, ChosenScorer, NamedVariant, StartEvaluation
from quire.playground.scoring import Load, made_scorer
from quire.playground.variants import package_of, template_of


def order(
    asked: StartEvaluation,
    *,
    bases: Sequence[Base | None],
    dataset: str,
    experiment: str,
    folder: Path,
    tracking_uri: str,
    registry_uri: str,
    artifact_root: str | None,
    by: str,
    load: Load,
) -> JobOrder:
    """The order of an evaluation; ``bases`` are those of its variants, ``load`` finds registered judges.

    Raises InvalidInput, TemplateError or PolicyError for a variant or scorer that could not be evaluated.
    """
    if not asked.variants:
        raise InvalidInput("No variants were chosen; expected at least one.")
    names = [named.name for named in asked.variants]
    if len(set(names)) < len(names):
        raise InvalidInput(f"Two variants have the same name; these are {names}. Give each its own.")
    if not asked.scorers:
        raise InvalidInput("No scorers were chosen, so nothing would be measured; expected at least one.")
    scorers = _scorers(asked, load)
    return JobOrder(
        job_id=new_id(),
        folder=str(folder),
        tracking_uri=tracking_uri,
        registry_uri=registry_uri,
        artifact_root=artifact_root,
        dataset=asked.dataset_id,
        dataset_name=dataset,
        version=asked.version,
        variants=[_told(named, base) for named, base in zip(asked.variants, bases, strict=True)],
        scorers=scorers,
        primary=[asked.primary] if asked.primary else [],
        max_cost_usd=checked_limit(asked.max_cost_usd),
        experiment=experiment,
        run_name=asked.name or f"{dataset}: {', '.join(names)}"[:200],
        by=by,
    )


def _told(named: NamedVariant, base: Base | None) -> JobVariant:
    package = package_of(named.variant, base)
    if not package.variables:
        raise InvalidInput(
            f"The variant {named.name!r} has no variable, so each record would be answered alike. Write {{{{name}}}} "
            "for a field of the dataset's inputs."
        )
    unchanged = base is not None and base.kind == "prompt" and base.template == template_of(named.variant)
    return JobVariant(
        name=named.name,
        model=package.model,
        task=package.task,
        keywords={**package.template, **package.fixed},
        prompt=base.uri if base is not None and unchanged else None,
    )


def _scorers(asked: StartEvaluation, load: Load) -> list[JobScorer]:
    """The scorers, each made once, so that what is wrong with them, or with their names, is said before."""
    from quire.evaluate.engine import check_primary
    from quire.scorers import as_scorers

    made = [made_scorer(scorer, load) for scorer in asked.scorers]
    check_primary([asked.primary] if asked.primary else [], as_scorers(made))
    return [_told_scorer(chosen, scorer) for chosen, scorer in zip(asked.scorers, made, strict=True)]


def _told_scorer(chosen: ChosenScorer, scorer: Any) -> JobScorer:
    """A scorer as its process is told of it; of a registered judge the version that was looked at."""
    pinned = {"uri": scorer.version} if chosen.name == REGISTERED else {}
    return JobScorer(chosen.name, {**chosen.parameters, **pinned})
