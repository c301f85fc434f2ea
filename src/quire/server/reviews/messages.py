"""Messages about review queues, below ``/api/quire/v1/reviews``.

What a reviewer is shown of a pair never says who gave which answer, nor does what they are told before they answered.
"""

from __future__ import annotations

from typing import Annotated, Any

import msgspec

from quire.domain.protojson import Int64, Message, Required
from quire.domain.scores import ScoreKind, ScoreValue
from quire.evaluate.asked import Order, Outcome
from quire.evaluate.comparable import GOOD_FROM
from quire.server.evaluations.messages import GoodFrom

MOST_ITEMS = 10_000
Many = Annotated[int, msgspec.Meta(ge=1, le=MOST_ITEMS)]
TraceIds = Annotated[list[str], msgspec.Meta(max_length=MOST_ITEMS)]


class ReviewQuestion(Message, frozen=True, kw_only=True, omit_defaults=False):
    """What reviewers are asked: ``name`` is the assessment's, ``text`` what they read; ``choices`` are the answers that
    count, without them any of the ``kind``.
    """

    name: str
    text: str = ""
    choices: list[ScoreValue] = msgspec.field(default_factory=list)
    kind: ScoreKind = "binary"


class CreateReview(Message, frozen=True, kw_only=True):
    """``POST reviews``: a queue of an evaluation's answers (``run_id``), or of traces.

    Of an evaluation: the answers of ``b``, or with ``pairs`` those of ``a`` and ``b`` to compare; the first ``most``
    records in the ``order`` that the rows of an evaluation have, filtered as they are. A queue of traces belongs to the
    experiment given; one of an evaluation to its own. With ``pairs``, traces that were asked the same and answered by
    two variants (model versions, arms, models) are compared.
    """

    name: Required
    questions: list[ReviewQuestion] = msgspec.field(default_factory=list)
    reviewers: list[str] = msgspec.field(default_factory=list)
    pairs: bool = False
    blind: bool = True
    per_item: int | None = None
    run_id: str = ""
    a: str = ""
    b: str = ""
    order: Order = "disagreement"
    score: str = ""
    differing: bool = False
    outcome: Outcome | None = None
    text: str = ""
    question: str = ""
    good_from: GoodFrom = GOOD_FROM
    most: Many = 200
    experiment_id: str = ""
    trace_ids: TraceIds = msgspec.field(default_factory=list)


class ReviewInfo(Message, frozen=True, kw_only=True, omit_defaults=False):
    """A queue: what is asked, of whom, whether it is still open, and the ``reason`` of its last closing or opening."""

    queue_id: str
    name: str
    experiment_id: str
    questions: list[ReviewQuestion]
    reviewers: list[str]
    pairs: bool
    blind: bool
    status: str
    created_ms: Int64
    per_item: int | None = None
    reason: str = ""


class CreatedReview(Message, frozen=True, kw_only=True, omit_defaults=False):
    """A new queue, and what became of its rows."""

    queue: ReviewInfo
    added: int
    unanswered: int


class AddToReview(Message, frozen=True, kw_only=True):
    """``POST reviews/{queue_id}/items``: traces, as a new queue takes them."""

    queue_id: Required
    trace_ids: Annotated[list[str], msgspec.Meta(min_length=1, max_length=MOST_ITEMS)]


class AddedToReview(CreatedReview, frozen=True, kw_only=True, omit_defaults=False):
    """A queue that was added to; ``already`` counts what it had."""

    already: int


class CloseReview(Message, frozen=True, kw_only=True):
    """``POST reviews/{queue_id}/close`` and ``…/reopen``; ``reason`` says why."""

    queue_id: Required
    reason: Required


class ListReviews(Message, frozen=True, kw_only=True):
    """``GET reviews``: of these experiments, of all without any."""

    experiment_ids: list[str] = msgspec.field(default_factory=list)
    limit: Annotated[int, msgspec.Meta(ge=1, le=500)] = 50
    page_token: str = ""


class ReviewsResponse(Message, frozen=True, kw_only=True, omit_defaults=False):
    """A page of queues, newest first."""

    queues: list[ReviewInfo]
    next_page_token: str = ""


class OfReview(Message, frozen=True, kw_only=True):
    """A queue, by the id of its run."""

    queue_id: Required


class ReviewResponse(Message, frozen=True, kw_only=True, omit_defaults=False):
    """A queue with what it holds and how far it is: items, those that need nobody any more, done by each reviewer.

    ``left`` is how many items wait for the reviewer who was named or signed in; None if there is none.
    """

    queue: ReviewInfo
    items: int
    done: int
    by_reviewer: dict[str, int]
    scores: list[str]
    left: int | None = None


class ByReviewer(OfReview, frozen=True, kw_only=True):
    """``GET reviews/{queue_id}`` and ``POST …/next``. ``reviewer`` is who asks; where people sign in, who signed in."""

    reviewer: str = ""


class GivenAnswer(Message, frozen=True, kw_only=True, omit_defaults=False):
    """A reviewer's answer to one question; without a value they skipped it."""

    question: str
    value: ScoreValue | None = None
    comment: str = ""


class ShownItem(Message, frozen=True, kw_only=True, omit_defaults=False):
    """An item as one reviewer sees it: one answer (``outputs``), or two in an order drawn for them.

    ``variant`` and ``trace_id`` are there for a single answer in a queue that is not blind. ``said`` is what the
    reviewer has answered about it.
    """

    item_id: str
    inputs: Any
    expectations: Any = None
    outputs: Any = None
    first: Any = None
    second: Any = None
    variant: str = ""
    trace_id: str | None = None
    said: list[GivenAnswer] = msgspec.field(default_factory=list)


class Standing(Message, frozen=True, kw_only=True, omit_defaults=False):
    """How far a reviewer is (``mine`` done, ``left`` for them), and all: ``done`` of the items need nobody any more.

    ``item`` is what the reviewer is to look at, if there is something.
    """

    reviewer: str
    mine: int
    left: int
    items: int
    done: int
    item: ShownItem | None = None


class NextResponse(Standing, frozen=True, kw_only=True, omit_defaults=False):
    """What a reviewer is to look at next.

    ``replaced`` are answers of theirs, of another time or window, that what they said now stands in place of; ``late``
    says that others had answered meanwhile as often as the item needs. What they said is stored in any case.
    """

    replaced: list[GivenAnswer] = msgspec.field(default_factory=list)
    late: bool = False


class OfItem(ByReviewer, frozen=True, kw_only=True):
    """``GET reviews/{queue_id}/items/{item_id}``."""

    item_id: Required


class AnswerItem(OfItem, frozen=True, kw_only=True):
    """``POST reviews/{queue_id}/items/{item_id}/answer``: answers to questions, or that it is skipped.

    Sent again it changes nothing; other answers to the same questions replace the earlier ones.
    """

    answers: list[GivenAnswer] = msgspec.field(default_factory=list)
    skip: bool = False
    comment: str = ""


class UndoAnswer(ByReviewer, frozen=True, kw_only=True):
    """``POST reviews/{queue_id}/undo``: of this item, else of the one that the reviewer answered last.

    ``skipped``: of all items that they skipped instead.
    """

    item_id: str = ""
    skipped: bool = False


class UndoneResponse(Standing, frozen=True, kw_only=True, omit_defaults=False):
    """``item`` is one whose answers were taken back, to be answered anew; none if there was none."""


class OfAgreement(OfReview, frozen=True, kw_only=True):
    """``GET reviews/{queue_id}/agreement``: on a question, the first by default."""

    question: str = ""


class AgreementOfTwo(Message, frozen=True, kw_only=True, omit_defaults=False):
    """Cohen's kappa of two raters on the ``n`` items that both judged; ``is_score`` where the second is a scorer."""

    first: str
    second: str
    is_score: bool
    kappa: float
    low: float
    high: float
    alike: float
    n: int
    sentence: str


class StrengthOfVariant(Message, frozen=True, kw_only=True, omit_defaults=False):
    """A variant's strength from pairs (Bradley and Terry), with its interval; 0 is the average of all."""

    variant: str
    strength: float
    low: float
    high: float


class AgreementResponse(Message, frozen=True, kw_only=True, omit_defaults=False):
    """How far reviewers agree with each other and with scorers; of pairs, which variants they prefer."""

    question: str
    labels: int
    agreements: list[AgreementOfTwo]
    ranking: list[StrengthOfVariant]
    wins: dict[str, int]
    ties: int
    left_out: str = ""
