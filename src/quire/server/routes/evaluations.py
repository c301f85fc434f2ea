"""Stored evaluations: ``/api/quire/v1/evaluations…``. All numbers are those of :mod:`quire.evaluate`."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import quote

from quire.domain.errors import InvalidInput, NotFound
from quire.domain.evaluation_tags import ROLE
from quire.evaluate.asked import Asked
from quire.evaluate.rating import rate
from quire.server import evaluations as stored
from quire.server.auth.asking import asked_by
from quire.server.calls import Calls
from quire.server.context import Context
from quire.server.evaluations.listing import summary_of
from quire.server.evaluations.messages import (
    ComparisonResponse,
    DistributionResponse,
    EvaluationResponse,
    EvaluationsResponse,
    ListEvaluations,
    ListRows,
    OfComparison,
    OfDistribution,
    OfEvaluation,
    OfPeople,
    OfRanking,
    OfRow,
    PeopleAgreementResponse,
    PromotedResponse,
    PromoteVariant,
    RankingResponse,
    RateRow,
    RatingResponse,
    RowResponse,
    RowsResponse,
)
from quire.server.readable import readable_experiments, require

if TYPE_CHECKING:
    from quire.evaluate.browsing import Browsed
    from quire.evaluate.table import VariantTable

calls = Calls("quire", "v1", tag="Evaluations")
_EVALUATIONS = "/api/quire/v1/evaluations"
_EVALUATION = f"{_EVALUATIONS}/{{run_id}}"
_EVALUATION_FILTER = f"tags.`{ROLE}` = 'evaluation'"


@calls.read("GET", _EVALUATIONS)
def list_evaluations(context: Context, request: ListEvaluations) -> EvaluationsResponse:
    """Stored evaluations, newest first; of experiments, on a dataset, or with a part of their name."""
    conditions = [_EVALUATION_FILTER]
    if request.dataset_digest:
        conditions.append(f"dataset.digest = {_quoted(request.dataset_digest)}")
    if request.text:
        conditions.append(f"attributes.run_name ILIKE {_quoted(f'%{request.text}%')}")
    experiments = readable_experiments(context, request.experiment_ids)
    if not experiments:
        return EvaluationsResponse(evaluations=[])
    page = context.store.search_runs(
        experiments,
        filter_string=" AND ".join(conditions),
        max_results=request.limit,
        page_token=request.page_token or None,
    )
    return EvaluationsResponse(evaluations=[summary_of(run) for run in page], next_page_token=page.token or "")


def _quoted(text: str) -> str:
    if "'" in text and '"' in text:
        raise InvalidInput(f"{text!r} has both kinds of quotation marks; search for a part of it.")
    return f'"{text}"' if "'" in text else f"'{text}'"


@calls.read("GET", _EVALUATION, reads="files")
def get_evaluation(context: Context, request: OfEvaluation) -> EvaluationResponse:
    """An evaluation: what was compared, on what, its scores by variant, what it cost."""
    run, settings = stored.find_evaluation(context, request.run_id)
    if not stored.rows_are_ready(run, settings):
        return stored.unfinished(run, settings)
    return stored.described(run, settings, stored.open_evaluation(context, request.run_id))


@calls.read("GET", f"{_EVALUATION}/comparison", reads="files")
def compare_variants(context: Context, request: OfComparison) -> ComparisonResponse:
    """Two variants on the same records: verdict, paired differences, intervals, p-values, score by score."""
    sides = sides_of(context, request.run_id, request.a, request.b, request.a_run)
    if sides.a is None:
        raise InvalidInput(
            f"The evaluation {request.run_id} has one variant; a comparison needs two. Give a_run, another evaluation "
            "on the same data."
        )
    other = "" if sides.other is sides.own else sides.other.evaluation.run_id
    comparison = sides.own.compare(sides.a, sides.b, confidence=request.confidence, other=other)
    return stored.compared(sides.own.evaluation, comparison, sides.other.evaluation.run_id)


@calls.read("GET", f"{_EVALUATION}/ranking", reads="files")
def rank_variants(context: Context, request: OfRanking) -> RankingResponse:
    """All variants by one score, each against a baseline."""
    browsed = stored.open_evaluation(context, request.run_id)
    found = browsed.rank(request.score or None, request.baseline or None, request.confidence)
    return stored.ranked(found, browsed.evaluation.table(found.baseline).column(found.scorer).kind)


@calls.read("GET", f"{_EVALUATION}/distribution", reads="files")
def get_distribution(context: Context, request: OfDistribution) -> DistributionResponse:
    """How the values of a score are spread, for each variant, and the differences between two by record."""
    from quire.evaluate.distribution import distribution

    sides = sides_of(context, request.run_id, request.a, request.b, request.a_run)
    evaluation = sides.own.evaluation
    tables = {name: evaluation.table(name) for name in evaluation.variants}
    if sides.other is not sides.own and sides.a is not None:
        tables = {f"{sides.a.name} ({sides.other.evaluation.name})": sides.a, sides.b.name: sides.b}
    having = {name: table for name, table in tables.items() if _has(table, request.score)}
    if not having:
        sides.b.column(request.score)
    a = sides.a
    pair = (a, sides.b) if a is not None and _has(a, request.score) and _has(sides.b, request.score) else None
    found = distribution(having, request.score, pair)
    return DistributionResponse(
        score=found.score,
        kind=found.kind,
        values=found.values,
        missing=found.missing,
        differences=found.differences,
    )


def _has(table: VariantTable, score: str) -> bool:
    return score in table.columns or score in table.measures


@calls.read("GET", f"{_EVALUATION}/rows", reads="files")
def list_rows(context: Context, request: ListRows) -> RowsResponse:
    """Records with two variants' answers, first those on which they disagree most; filtered, a part at a time."""
    sides = sides_of(context, request.run_id, request.a, request.b, request.a_run)
    asked = Asked(
        order=request.order,
        score=request.score or None,
        differing=request.differing,
        outcome=request.outcome,
        text=request.text,
        question=request.question or None,
        good_from=request.good_from,
    )
    other = None if sides.other is sides.own else sides.other
    looked = sides.own.look(asked, sides.b, sides.a, other, people=partial(stored.people_of, context))
    return stored.listed(sides, looked, request.offset, request.limit)


@calls.read("GET", f"{_EVALUATION}/rows/{{index}}", reads="files")
def get_row(context: Context, request: OfRow) -> RowResponse:
    """One record: inputs, expectations, both answers with scores and their reasons, cost, ratings by people."""
    from quire.server.own_client import OwnClient

    sides = sides_of(context, request.run_id, request.a, request.b, request.a_run)
    if request.index >= len(sides.b.records):
        raise NotFound(
            f"The evaluation {request.run_id} has {len(sides.b.records):,} records, counted from 0; there is no record "
            f"{request.index}."
        )
    client = OwnClient(context)
    runs = {sides.own.evaluation.run_id, sides.other.evaluation.run_id}
    return stored.whole(context, sides, request.index, [client.get_run(run).info.experiment_id for run in runs])


@calls.read("GET", f"{_EVALUATION}/agreement", reads="files")
def get_people_agreement(context: Context, request: OfPeople) -> PeopleAgreementResponse:
    """How far each score agrees with what people say of the same answers: share alike, kappa, who said what."""
    from quire.evaluate.agreeing import agreement_with_people

    browsed = stored.open_evaluation(context, request.run_id)
    found = agreement_with_people(
        browsed.evaluation,
        stored.people_of(context, browsed),
        browsed.row_of,
        good_from=request.good_from,
        confidence=request.confidence,
    )
    return stored.agreed(found)


@calls.write("POST", f"{_EVALUATION}/rate", reads="files")
def rate_answer(context: Context, request: RateRow) -> RatingResponse:
    """Store a person's rating of an answer, with a comment, as feedback on its trace; it replaces an earlier one.

    Without a value the person's rating is taken back. An answer without a trace is given one.
    """
    trace_id = request.trace_id or stored.traced(context, request)
    require("editor", context.store.get_trace_info(trace_id).experiment_id)
    by = asked_by() or request.by
    rate(context.store, trace_id, by, request.value, comment=request.comment, run_id=request.run_id)
    stored.judged(context)
    return RatingResponse(ratings=stored.ratings_in(context.store.get_trace_info(trace_id).assessments))


@calls.write("POST", f"{_EVALUATION}/promote", reads="files")
def promote_variant(context: Context, request: PromoteVariant) -> PromotedResponse:
    """Point an alias at a version if this evaluation shows that it is better; refused with the gate's figures else."""
    from quire.domain.gates import gate
    from quire.rollout.promoting import promote
    from quire.server.own_client import OwnClient

    moved = promote(
        f"models:/{quote(request.name, safe='')}/{request.version}",
        gate(request.score, f"@{request.alias}", request.confidence, request.not_worse),
        stored.open_evaluation(context, request.run_id).evaluation,
        alias=request.alias,
        force=request.force,
        reason=request.reason,
        client=OwnClient(context),
        by=asked_by(),
    )
    return PromotedResponse(
        name=moved.name,
        alias=moved.alias,
        old=moved.old,
        new=moved.new or "",
        forced=moved.forced,
        checks=[f"{check.name}: {check.said}" for check in moved.checks],
    )


def sides_of(context: Context, run_id: str, a: str, b: str, a_run: str = "") -> stored.Sides:
    """The variants of these names, ``a`` of the evaluation ``a_run`` if given; else those that are compared first."""
    own = stored.open_evaluation(context, run_id)
    other = stored.open_evaluation(context, a_run) if a_run and a_run not in (run_id, own.evaluation.run_id) else own
    first, second = _named(own, a, b) if other is own else _across(own, other, a, b)
    a_table = None if first is None else other.evaluation.table(first)
    return stored.Sides(own, own.evaluation.table(second), other, a_table)


def _named(own: Browsed, a: str, b: str) -> tuple[str | None, str]:
    names = own.evaluation.variants
    if len(names) < 2:
        return None, b or names[0]
    return own.pair(a or None, b or None)


def _across(own: Browsed, other: Browsed, a: str, b: str) -> tuple[str, str]:
    """Of two evaluations: the variant of the same name, else each one's first."""
    second = b or own.evaluation.variants[0]
    names = other.evaluation.variants
    return a or (second if second in names else names[0]), second
