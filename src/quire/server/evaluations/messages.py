"""Messages about stored evaluations, below ``/api/quire/v1/evaluations``.

Numbers stand beside the words that people read, so that every reader of them shows the same.
"""

from __future__ import annotations

from typing import Annotated, Any

import msgspec

from quire.domain.protojson import Int64, Message, Required
from quire.domain.scores import Score, ScoreKind, ScoreSpread
from quire.evaluate.asked import Order, Outcome
from quire.evaluate.comparable import GOOD_FROM, Basis

Limit = Annotated[int, msgspec.Meta(ge=1, le=500)]
Offset = Annotated[int, msgspec.Meta(ge=0, le=2**31)]
GoodFrom = Annotated[int, msgspec.Meta(ge=2, le=5)]
"""The lowest rating, of 1 to 5, that counts as good."""
Confidence = Annotated[float, msgspec.Meta(ge=0.5, lt=1)]


class ListEvaluations(Message, frozen=True, kw_only=True):
    """``GET evaluations``: of these experiments (of all without any), newest first. ``dataset_digest`` finds those on
    the same data; ``text`` is part of the run's name.
    """

    experiment_ids: list[str] = msgspec.field(default_factory=list)
    dataset_digest: str = ""
    text: str = ""
    limit: Limit = 50
    page_token: str = ""


class EvaluationSummary(Message, frozen=True, kw_only=True, omit_defaults=False):
    """An evaluation in a list. ``dataset``, ``variants`` and ``cost_usd`` are there once it has ended."""

    run_id: str
    name: str
    experiment_id: str
    status: str
    started_ms: Int64
    ended_ms: Int64 | None = None
    by: str = ""
    dataset: str = ""
    dataset_digest: str = ""
    variants: list[str] = msgspec.field(default_factory=list)
    records: int | None = None
    failed: int | None = None
    cost_usd: float | None = None


class EvaluationsResponse(Message, frozen=True, kw_only=True, omit_defaults=False):
    """A page of evaluations."""

    evaluations: list[EvaluationSummary]
    next_page_token: str = ""


class OfEvaluation(Message, frozen=True, kw_only=True):
    """``GET evaluations/{run_id}``; the run is the evaluation's or a variant's."""

    run_id: Required


class EvaluatedVariant(Message, frozen=True, kw_only=True, omit_defaults=False):
    """What a variant is, and what its answers took: seconds on average, tokens and US dollars in all."""

    name: str
    run_id: str | None
    kind: str
    rows: int
    failed: int
    replayed: int
    source: str | None = None
    model: str | None = None
    registered_name: str | None = None
    registered_version: str | None = None
    prompt: str | None = None
    latency_s: float | None = None
    input_tokens: float | None = None
    output_tokens: float | None = None
    cost_usd: float | None = None


class ScoreMean(Message, frozen=True, kw_only=True, omit_defaults=False):
    """One score of one variant."""

    variant: str
    mean: float | None
    shown: str
    missing: int
    first_error: str | None = None


class EvaluationScore(Message, frozen=True, kw_only=True, omit_defaults=False):
    """A score: its kind, which way is up, and its mean for each variant. ``measured`` marks latency, cost, tokens."""

    name: str
    kind: ScoreKind
    higher_is_better: bool
    primary: bool
    means: list[ScoreMean]


class EvaluationResponse(Message, frozen=True, kw_only=True, omit_defaults=False):
    """One evaluation. ``a`` and ``b`` are the variants compared first; ``rows_ready`` is false while it runs."""

    summary: EvaluationSummary
    repeats: int
    seed: Int64
    primary: list[str]
    variants: list[EvaluatedVariant]
    scores: list[EvaluationScore]
    a: str | None = None
    b: str | None = None
    rows_ready: bool = True
    stopped: str | None = None
    answers_usd: float | None = None
    scorers_usd: dict[str, float] = msgspec.field(default_factory=dict)


class OfComparison(OfEvaluation, frozen=True, kw_only=True):
    """``GET evaluations/{run_id}/comparison``: variant ``b`` against ``a``, which may be of another, ``a_run``."""

    a: str = ""
    b: str = ""
    a_run: str = ""
    confidence: Confidence = 0.95


class ScoreDifference(Message, frozen=True, kw_only=True, omit_defaults=False):
    """One score of two variants: means, paired difference (b − a), interval, p-value, verdict; numbers, then words."""

    score: str
    primary: bool
    kind: ScoreKind
    higher_is_better: bool
    verdict: str
    n: int
    missing_a: int
    missing_b: int
    won: int
    lost: int
    tied: int
    mean_a: float
    mean_b: float
    difference: float
    low: float
    high: float
    p_value: float
    p_adjusted: float
    test: str
    interval_method: str
    mean_a_shown: str
    mean_b_shown: str
    difference_shown: str
    interval_shown: str
    p_shown: str
    p_adjusted_shown: str
    explanation: str
    groups: int | None = None


class ComparisonResponse(Message, frozen=True, kw_only=True, omit_defaults=False):
    """A comparison: the verdict in a word and in a sentence, each score, and how all was computed."""

    a: str
    b: str
    a_run: str
    confidence: float
    records: int
    verdict: str
    sentence: str
    differences: list[ScoreDifference]
    left_out: list[str]
    primary: list[str]
    methods: list[str]


class OfRanking(OfEvaluation, frozen=True, kw_only=True):
    """``GET evaluations/{run_id}/ranking``: all variants by a score, each against ``baseline`` (the first)."""

    score: str = ""
    baseline: str = ""
    confidence: Confidence = 0.95


class RankedVariant(Message, frozen=True, kw_only=True, omit_defaults=False):
    """One variant of a ranking; ``verdict`` and what follows are against the baseline, empty for that itself."""

    place: int
    variant: str
    mean: float
    low: float
    high: float
    missing: int
    mean_shown: str
    verdict: str = ""
    difference_shown: str = ""
    interval_shown: str = ""
    p_adjusted_shown: str = ""


class RankingResponse(Message, frozen=True, kw_only=True, omit_defaults=False):
    """All variants from the best to the worst mean of a score."""

    score: str
    baseline: str
    confidence: float
    kind: ScoreKind
    higher_is_better: bool
    places: list[RankedVariant]


class OfDistribution(OfEvaluation, frozen=True, kw_only=True):
    """``GET evaluations/{run_id}/distribution``: of all variants; differences are of ``b`` and ``a``."""

    score: Required
    a: str = ""
    b: str = ""
    a_run: str = ""


class DistributionResponse(Message, frozen=True, kw_only=True, omit_defaults=False):
    """How the values of a score are spread: counts in bins, for each variant; and the differences by record."""

    score: str
    kind: ScoreKind
    values: ScoreSpread
    missing: dict[str, int]
    differences: ScoreSpread | None = None


class ListRows(OfEvaluation, frozen=True, kw_only=True):
    """``GET evaluations/{run_id}/rows``: see :class:`quire.evaluate.browsing.Asked`."""

    a: str = ""
    b: str = ""
    a_run: str = ""
    order: Order = "disagreement"
    score: str = ""
    differing: bool = False
    outcome: Outcome | None = None
    text: str = ""
    question: str = ""
    good_from: GoodFrom = GOOD_FROM
    offset: Offset = 0
    limit: Limit = 50


class BriefAnswer(Message, frozen=True, kw_only=True, omit_defaults=False):
    """One variant's answer in a list: the beginning of what it said, its scores in words."""

    shown: str
    scores: dict[str, str]
    failed: bool = False


class RowSummary(Message, frozen=True, kw_only=True, omit_defaults=False):
    """A record in a list: the beginnings of its texts, and how far the two variants disagree on it."""

    index: int
    inputs: str
    expectations: str
    b: BriefAnswer
    a: BriefAnswer | None = None
    group: str | None = None
    disagreement: float = 0.0


class RowsResponse(Message, frozen=True, kw_only=True, omit_defaults=False):
    """A part of the records that were asked for, of ``total``."""

    rows: list[RowSummary]
    total: int


class OfPeople(OfEvaluation, frozen=True, kw_only=True):
    """``GET evaluations/{run_id}/agreement``: each score against what people say of the same answers.

    Ratings from ``good_from`` on count as good where a score says right or wrong.
    """

    good_from: GoodFrom = GOOD_FROM
    confidence: Confidence = 0.95


class KappaOf(Message, frozen=True, kw_only=True, omit_defaults=False):
    """Cohen's kappa with its interval, and the share of ``n`` answers of which both say the same, with its own.

    ``name`` is a person's, where it is of one person. Numbers are NaN where one label was given throughout.
    """

    n: int
    kappa: float
    low: float
    high: float
    alike: float
    alike_low: float
    alike_high: float
    name: str = ""


class VariantAlike(Message, frozen=True, kw_only=True, omit_defaults=False):
    """Of how many of a variant's ``n`` answers a score says what people say."""

    variant: str
    n: int
    alike: int


class ScoreAgainstPeople(Message, frozen=True, kw_only=True, omit_defaults=False):
    """How far a score agrees with people's answers to a question; see :class:`quire.evaluate.ScorerAgreement`.

    ``apart`` answers are contradicted. ``more`` is about how many more judged answers make the interval of kappa
    ± 0.1 wide. ``table`` counts by people's label (rows) and the score's.
    """

    score: str
    basis: Basis
    note: str
    sentence: str
    total: KappaOf
    apart: int
    split: int
    unscored: int
    labels: list[str]
    table: list[list[int]]
    by_variant: list[VariantAlike]
    by_person: list[KappaOf]
    more: int | None = None


class AskedPeople(Message, frozen=True, kw_only=True, omit_defaults=False):
    """What people were asked (``rating`` on the evaluation's page, else a queue's question), and scores beside it.

    ``people`` is how many answers each judged. ``alpha`` is Krippendorff's, of people among themselves, on
    ``alpha_n`` answers that several judged. ``incomparable`` scores say something else than people were asked.
    """

    question: str
    answers: int
    people: dict[str, int]
    scores: list[ScoreAgainstPeople]
    incomparable: list[str]
    alpha_n: int = 0
    alpha: float | None = None
    alpha_low: float | None = None
    alpha_high: float | None = None


class PeopleAgreementResponse(Message, frozen=True, kw_only=True, omit_defaults=False):
    """Of ``answers`` of the evaluation, ``judged`` were judged by people."""

    answers: int
    judged: int
    confidence: float
    good_from: int
    questions: list[AskedPeople]


class OfRow(OfEvaluation, frozen=True, kw_only=True):
    """``GET evaluations/{run_id}/rows/{index}``: a record with all that two variants said of it."""

    index: Offset
    a: str = ""
    b: str = ""
    a_run: str = ""


class AnswerRating(Message, frozen=True, kw_only=True, omit_defaults=False):
    """What a person said of an answer."""

    by: str
    name: str
    value: Any
    comment: str = ""
    at_ms: Int64 | None = None


class RowAnswer(Message, frozen=True, kw_only=True, omit_defaults=False):
    """One answer: what was said, its scores with their reasons, what it took, what people said of it.

    ``run_id`` is the evaluation that it is of, ``index`` the record's place there.
    """

    side: str
    run_id: str
    index: int
    variant: str
    repeat: int
    outputs: Any
    output_text: str
    scores: list[Score]
    ratings: list[AnswerRating]
    error: str | None = None
    trace_id: str | None = None
    latency_s: float | None = None
    cost_usd: float | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    finish_reason: str | None = None
    refusal: str | None = None
    tool_calls: list[dict[str, Any]] = msgspec.field(default_factory=list)
    replayed: bool = False


class RowResponse(Message, frozen=True, kw_only=True, omit_defaults=False):
    """A record: inputs, expectations, answers of ``a`` and then of ``b``."""

    index: int
    record_id: str
    inputs: Any
    input_text: str
    expectations: Any
    answers: list[RowAnswer]
    group: str | None = None


class RateRow(OfEvaluation, frozen=True, kw_only=True):
    """``POST evaluations/{run_id}/rate``: one person's word on one answer. ``value`` is 1 to 5, or true or false.

    The answer is that of ``trace_id``, or that of ``variant`` to the record ``index`` in ``repeat``, which is given a
    trace if it has none. ``by`` is who rates; on a server where people sign in, it is who signed in.
    """

    trace_id: str = ""
    variant: str = ""
    index: Offset = 0
    repeat: Offset = 0
    value: int | bool | None = None
    comment: str = ""
    by: str = ""


class RatingResponse(Message, frozen=True, kw_only=True, omit_defaults=False):
    """What people have said of an answer now."""

    ratings: list[AnswerRating]


class PromoteVariant(OfEvaluation, frozen=True, kw_only=True):
    """``POST evaluations/{run_id}/promote``: a variant that is a version of a registered model, with this evaluation as
    evidence that ``score`` is better than what the alias points to. ``not_worse`` are ratios for other scores.
    """

    name: Required
    version: Required
    score: Required
    reason: Required
    alias: str = "champion"
    confidence: Confidence = 0.95
    not_worse: dict[str, float] = msgspec.field(default_factory=dict)
    force: bool = False


class PromotedResponse(Message, frozen=True, kw_only=True, omit_defaults=False):
    """The move of the alias, and what the gate's checks said."""

    name: str
    alias: str
    new: str
    checks: list[str]
    old: str | None = None
    forced: bool = False
