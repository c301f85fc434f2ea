"""Evaluations and comparisons as messages: numbers, and beside them the words that reports use."""

from __future__ import annotations

import math

from quire.domain.entities import Run
from quire.domain.scores import ScoreKind
from quire.evaluate.browsing import Browsed
from quire.evaluate.comparison import Comparison, MetricComparison
from quire.evaluate.evaluation import Evaluation
from quire.evaluate.explaining import explain
from quire.evaluate.numbers import show, show_difference, show_interval, show_p
from quire.evaluate.ranking import Ranking
from quire.evaluate.report.content import method_lines
from quire.evaluate.runs import Settings
from quire.evaluate.table import MEASURES, VariantTable
from quire.server.evaluations.listing import summary_of
from quire.server.evaluations.messages import (
    ComparisonResponse,
    EvaluatedVariant,
    EvaluationResponse,
    EvaluationScore,
    EvaluationSummary,
    RankedVariant,
    RankingResponse,
    ScoreDifference,
    ScoreMean,
)


def unfinished(run: Run, settings: Settings) -> EvaluationResponse:
    """An evaluation that has no rows: what it was asked to do."""
    return EvaluationResponse(
        summary=_complete(run, settings),
        repeats=settings.repeats,
        seed=settings.seed,
        primary=settings.primary,
        variants=[
            EvaluatedVariant(
                name=one.name,
                run_id=settings.run_ids.get(one.name),
                kind=one.kind,
                rows=0,
                failed=0,
                replayed=0,
                source=one.source,
                model=one.model,
                registered_name=one.registered_name,
                registered_version=one.registered_version,
                prompt=one.prompt,
            )
            for one in settings.variants
        ],
        scores=[],
        rows_ready=False,
        stopped=settings.stopped,
    )


def _complete(run: Run, settings: Settings) -> EvaluationSummary:
    """The summary with what the settings know even before the end."""
    from msgspec.structs import replace

    dataset = settings.dataset
    return replace(
        summary_of(run),
        dataset=dataset.name,
        dataset_digest=dataset.digest or "",
        variants=[variant.name for variant in settings.variants],
        records=dataset.records,
    )


def described(run: Run, settings: Settings, browsed: Browsed) -> EvaluationResponse:
    """An evaluation that has ended."""
    evaluation = browsed.evaluation
    costs = evaluation.costs
    names = evaluation.variants
    pair = browsed.pair() if len(names) > 1 else (None, names[0])
    return EvaluationResponse(
        summary=_complete(run, settings),
        repeats=settings.repeats,
        seed=settings.seed,
        primary=settings.primary,
        variants=[_variant(evaluation, name) for name in evaluation.variants],
        scores=scores_of(evaluation),
        a=pair[0],
        b=pair[1],
        stopped=settings.stopped,
        answers_usd=costs.answers_usd,
        scorers_usd=costs.scorers_usd,
    )


def _variant(evaluation: Evaluation, name: str) -> EvaluatedVariant:
    one, table = evaluation.described[name], evaluation.table(name)
    measured = {measure: column for measure, column in table.measures.items() if column.present}
    totals = {measure: column.total for measure, column in measured.items()}
    return EvaluatedVariant(
        name=name,
        run_id=evaluation.run_ids.get(name),
        kind=one.kind,
        rows=table.rows,
        failed=table.failed,
        replayed=table.replayed,
        source=one.source,
        model=one.model,
        registered_name=one.registered_name,
        registered_version=one.registered_version,
        prompt=one.prompt,
        latency_s=measured["latency_s"].mean if "latency_s" in measured else None,
        input_tokens=totals.get("input_tokens"),
        output_tokens=totals.get("output_tokens"),
        cost_usd=totals.get("cost_usd"),
    )


def scores_of(evaluation: Evaluation) -> list[EvaluationScore]:
    """The scores with their means, and after them what was measured of the answers."""
    tables = [evaluation.table(name) for name in evaluation.variants]
    names = [*evaluation.score_names, *MEASURES]
    return [_score(name, tables, evaluation.settings.primary) for name in dict.fromkeys(names)]


def _score(name: str, tables: list[VariantTable], primary: list[str]) -> EvaluationScore:
    having = [table for table in tables if name in table.columns or name in table.measures]
    columns = [table.column(name) for table in having]
    kinds = {column.kind for column in columns if column.present or column.errors}
    kind: ScoreKind = "text" if "text" in kinds else "binary" if kinds == {"binary"} else "number"
    means = []
    for table, column in zip(having, columns, strict=True):
        mean = None if kind == "text" or math.isnan(column.mean) else column.mean
        means.append(
            ScoreMean(
                variant=table.name,
                mean=mean,
                shown=", ".join(f"{word} {count}" for word, count in column.words.most_common(3))
                if kind == "text"
                else show(mean, kind, name),
                missing=table.missing(name),
                first_error=column.first_error,
            )
        )
    return EvaluationScore(
        name=name,
        kind=kind,
        higher_is_better=columns[0].info.higher_is_better,
        primary=name in primary,
        means=means,
    )


def compared(evaluation: Evaluation, comparison: Comparison, a_run: str) -> ComparisonResponse:
    """A comparison as a message."""
    return ComparisonResponse(
        a=comparison.a,
        b=comparison.b,
        a_run=a_run,
        confidence=comparison.confidence,
        records=comparison.records,
        verdict=comparison.verdict,
        sentence=comparison.sentence,
        differences=[_difference(comparison, metric) for metric in comparison.metrics.values()],
        left_out=comparison.left_out,
        primary=comparison.primary,
        methods=method_lines(evaluation, comparison, comparison.confidence),
    )


def _difference(comparison: Comparison, metric: MetricComparison) -> ScoreDifference:
    name, kind = metric.name, metric.kind
    low, high = metric.interval.low, metric.interval.high
    return ScoreDifference(
        score=name,
        primary=not comparison.primary or name in comparison.primary,
        kind=kind,
        higher_is_better=metric.higher_is_better,
        verdict=metric.verdict,
        n=metric.n,
        missing_a=metric.missing_a,
        missing_b=metric.missing_b,
        won=metric.won,
        lost=metric.lost,
        tied=metric.tied,
        mean_a=metric.mean_a,
        mean_b=metric.mean_b,
        difference=metric.difference,
        low=low,
        high=high,
        p_value=metric.p_value,
        p_adjusted=metric.p_adjusted,
        test=metric.method,
        interval_method=metric.interval.method,
        mean_a_shown=show(metric.mean_a, kind, name),
        mean_b_shown=show(metric.mean_b, kind, name),
        difference_shown=show_difference(metric.difference, kind, name),
        interval_shown=show_interval(low, high, kind, name),
        p_shown=show_p(metric.p_value),
        p_adjusted_shown=show_p(metric.p_adjusted),
        explanation=explain(comparison, metric),
        groups=metric.clusters,
    )


def ranked(ranking: Ranking, kind: ScoreKind) -> RankingResponse:
    """A ranking as a message."""
    places = []
    for one in ranking.variants:
        against = one.comparison
        words = {}
        if against is not None:
            words = {
                "verdict": against.verdict,
                "difference_shown": show_difference(against.difference, against.kind, ranking.scorer),
                "interval_shown": show_interval(
                    against.interval.low, against.interval.high, against.kind, ranking.scorer
                ),
                "p_adjusted_shown": show_p(against.p_adjusted),
            }
        places.append(
            RankedVariant(
                place=one.place,
                variant=one.name,
                mean=one.mean,
                low=one.interval.low,
                high=one.interval.high,
                missing=one.missing,
                mean_shown=show(one.mean, kind, ranking.scorer),
                **words,
            )
        )
    return RankingResponse(
        score=ranking.scorer,
        baseline=ranking.baseline,
        confidence=ranking.confidence,
        kind=kind,
        higher_is_better=ranking.higher_is_better,
        places=places,
    )
