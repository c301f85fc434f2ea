"""Review queues: ``/api/quire/v1/reviews…``: made, handed out item by item, answered, compared."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from quire.domain.entities import Run
from quire.domain.errors import InvalidInput, InvalidState
from quire.domain.scores import ScoredRow
from quire.evaluate.asked import Asked
from quire.review.definition import CLOSING_TAG, DEFINITION_TAG, NAME_TAG, Definition, decoded
from quire.review.questions import Question
from quire.server import evaluations
from quire.server.auth.asking import asked_by
from quire.server.calls import Calls
from quire.server.context import Context
from quire.server.readable import readable_experiments, require
from quire.server.reviews.messages import (
    AddedToReview,
    AddToReview,
    AgreementOfTwo,
    AgreementResponse,
    AnswerItem,
    ByReviewer,
    CloseReview,
    CreatedReview,
    CreateReview,
    GivenAnswer,
    ListReviews,
    NextResponse,
    OfAgreement,
    OfItem,
    ReviewInfo,
    ReviewQuestion,
    ReviewResponse,
    ReviewsResponse,
    ShownItem,
    StrengthOfVariant,
    UndoAnswer,
    UndoneResponse,
)
from quire.server.reviews.opened import OpenQueue, opened
from quire.server.routes.evaluations import sides_of

if TYPE_CHECKING:
    from quire.review import Label, Queue, Shown
    from quire.server.evaluations import Sides

calls = Calls("quire", "v1", tag="Reviews")
_REVIEWS = "/api/quire/v1/reviews"
_REVIEW = f"{_REVIEWS}/{{queue_id}}"
_ITEM = f"{_REVIEW}/items/{{item_id}}"


@calls.read("GET", _REVIEWS)
def list_reviews(context: Context, request: ListReviews) -> ReviewsResponse:
    """Review queues, newest first."""
    experiments = readable_experiments(context, request.experiment_ids)
    if not experiments:
        return ReviewsResponse(queues=[])
    page = context.store.search_runs(
        experiments,
        filter_string=f"tags.`{NAME_TAG}` != ''",
        max_results=request.limit,
        page_token=request.page_token or None,
    )
    queues = [_info(run, decoded(run.data.tags[DEFINITION_TAG])) for run in page if DEFINITION_TAG in run.data.tags]
    return ReviewsResponse(queues=queues, next_page_token=page.token or "")


@calls.write("POST", _REVIEWS, reads="files")
def create_review(context: Context, request: CreateReview) -> CreatedReview:
    """Make a queue of an evaluation's answers, of pairs of two variants' answers, or of traces."""
    from quire.review import create_queue
    from quire.server.own_client import OwnClient

    if bool(request.run_id) == bool(request.trace_ids):
        raise InvalidInput("A queue is made of an evaluation (run_id) or of traces (trace_ids); give one of them.")
    client = OwnClient(context)
    sides = sides_of(context, request.run_id, request.a, request.b) if request.run_id else None
    if request.pairs and sides is not None and sides.a is None:
        raise InvalidInput("Pairs are of two variants; give run_id of an evaluation that has two.")
    place = client.get_run(request.run_id).info.experiment_id if request.run_id else request.experiment_id or "0"
    places = [] if sides is None else _places(context, sides, request)
    if sides is not None and not places:
        raise InvalidInput("No row of the evaluation is like that, so the queue would be empty. Ask for other rows.")
    traces = [client.get_trace(trace_id) for trace_id in request.trace_ids]
    if sides is None:
        _check_answered(traces, pairs=request.pairs)
    queue = create_queue(
        request.name,
        [Question(name=one.name, text=one.text, choices=one.choices, kind=one.kind) for one in request.questions],
        reviewers=request.reviewers,
        pairs=request.pairs,
        blind=request.blind or request.pairs,
        per_item=request.per_item,
        experiment_id=place,
        client=client,
    )
    if sides is None:
        added = queue.add_traces(traces)
    else:
        run_id = sides.own.evaluation.run_id
        if request.pairs and sides.a is not None:
            first, second = _rows(sides, places, 0), _rows(sides, places, 1)
            added = queue.add_pairs(first, second, a=sides.a.name, b=sides.b.name, run_id=run_id)
        else:
            added = queue.add_rows(_rows(sides, places, 1), variant=sides.b.name, run_id=run_id)
    info = _info(client.get_run(queue.run_id), queue.definition)
    return CreatedReview(queue=info, added=added.added, unanswered=added.unanswered)


def _check_answered(traces: Iterable[Any], *, pairs: bool) -> None:
    """Raise InvalidInput if no item can be made of these traces."""
    from quire.review.items import trace_items, trace_pair_items

    if any(item is not None for item in (trace_pair_items if pairs else trace_items)(traces)):
        return
    if pairs:
        raise InvalidInput(
            "No two of these traces were asked the same and answered by two variants, so there is no pair to compare. "
            "Choose answers of two model versions, arms or models to the same messages, or review single answers."
        )
    raise InvalidInput("None of these traces has an answer, so the queue would be empty. Choose others.")


@calls.write("POST", f"{_REVIEW}/items", reads="files")
def add_to_review(context: Context, request: AddToReview) -> AddedToReview:
    """Add traces to a queue; to one of pairs, those of them that make pairs."""
    from quire.server.own_client import OwnClient

    client = OwnClient(context)
    traces = [client.get_trace(trace_id) for trace_id in request.trace_ids]
    with opened(context, request.queue_id) as found:
        added = found.queue.add_traces(traces)
        info = _info(client.get_run(request.queue_id), found.queue.definition)
    return AddedToReview(queue=info, added=added.added, already=added.already, unanswered=added.unanswered)


def _places(context: Context, sides: Sides, request: CreateReview) -> Sequence[int]:
    asked = Asked(
        order=request.order,
        score=request.score or None,
        differing=request.differing,
        outcome=request.outcome,
        text=request.text,
        question=request.question or None,
        good_from=request.good_from,
    )
    return sides.own.look(asked, sides.b, sides.a, people=partial(evaluations.people_of, context)).places[
        : request.most
    ]


def _rows(sides: Sides, places: Sequence[int], side: int) -> Iterator[ScoredRow]:
    for place in places:
        yield from sides.rows(place)[side]


@calls.read("GET", _REVIEW, reads="files")
def get_review(context: Context, request: ByReviewer) -> ReviewResponse:
    """A queue: its questions, how much it holds, how far its reviewers are, how much waits for who asks."""
    from quire.server.own_client import OwnClient

    reviewer = asked_by() or request.reviewer.strip()
    with opened(context, request.queue_id) as found:
        queue, progress = found.queue, found.progress()
        info = _info(OwnClient(context).get_run(queue.run_id), queue.definition)
        left = 0 if info.status == "FINISHED" else queue.left(reviewer)
        return ReviewResponse(
            queue=info,
            items=progress.items,
            done=progress.done,
            by_reviewer=progress.by_reviewer,
            scores=sorted({name for item in queue.items.values() for name in item.scores}),
            left=left if reviewer else None,
        )


@calls.write("POST", f"{_REVIEW}/next", reads="files")
def next_item(context: Context, request: ByReviewer) -> NextResponse:
    """The next item for a reviewer. Where not everybody answers it, it is kept for them for a quarter of an hour."""
    reviewer = _reviewer(request.reviewer)
    with opened(context, request.queue_id) as found:
        if _is_closed(context, found.queue):
            raise InvalidState(f"The review queue {found.queue.name!r} is closed. Reopen it to go on.")
        item = found.queue.next(reviewer)
        return NextResponse(**_standing(found, reviewer, item))


@calls.read("GET", _ITEM, reads="files")
def get_review_item(context: Context, request: OfItem) -> ShownItem:
    """An item as a reviewer sees it, with what they have answered."""
    reviewer = _reviewer(request.reviewer)
    with opened(context, request.queue_id) as found:
        return _shown(found.queue, found.queue.show(request.item_id, reviewer), reviewer)


@calls.write("POST", f"{_ITEM}/answer", reads="files")
def answer_item(context: Context, request: AnswerItem) -> NextResponse:
    """Store a reviewer's answers about an item, as feedback on its trace, and give the next item."""
    reviewer = _reviewer(request.reviewer)
    if not request.skip and not request.answers:
        raise InvalidInput("There is no answer. Give answers=[{question, value}], or skip=true.")
    with opened(context, request.queue_id) as found:
        queue = found.queue
        queue.show(request.item_id, reviewer)
        _require_trace(context, queue, request.item_id)
        before = {label.question: label for label in queue.said(request.item_id, reviewer)}
        late = not before and not queue.needs(request.item_id, reviewer)
        replaced = [_given(before[one.question]) for one in request.answers if _differs(before.get(one.question), one)]
        if request.skip:
            for question in queue.definition.questions:
                if question.name not in before:
                    queue.skip(request.item_id, reviewer, question=question.name, comment=request.comment)
        for answer in request.answers:
            _answer(queue, request.item_id, reviewer, answer, before.get(answer.question))
        evaluations.judged(context)
        closed = _is_closed(context, queue)
        standing = _standing(found, reviewer, None if closed else queue.next(reviewer))
        return NextResponse(**standing, replaced=replaced, late=late)


def _is_closed(context: Context, queue: Queue) -> bool:
    return context.store.get_run(queue.run_id).info.status == "FINISHED"


def _differs(before: Label | None, said: GivenAnswer) -> bool:
    return before is not None and before.value != said.value


def _answer(queue: Queue, item_id: str, reviewer: str, answer: GivenAnswer, before: Label | None) -> None:
    if answer.value is None:
        raise InvalidInput(f"The answer to {answer.question!r} has no value. Give one, or skip=true.")
    if before is not None and before.value == answer.value and before.comment == answer.comment:
        return
    queue.label(
        item_id, reviewer, answer.value, question=answer.question, comment=answer.comment, replace=before is not None
    )


def _require_trace(context: Context, queue: Queue, item_id: str) -> None:
    """An item's trace may be of another experiment than its queue, whose rule then holds too."""
    trace_id = queue.items[item_id].trace_id
    if trace_id:
        require("editor", context.store.get_trace_info(trace_id).experiment_id)


@calls.write("POST", f"{_REVIEW}/undo", reads="files")
def undo_answer(context: Context, request: UndoAnswer) -> UndoneResponse:
    """Take back what a reviewer answered last, or about an item; the item is shown to them again."""
    reviewer = _reviewer(request.reviewer)
    with opened(context, request.queue_id) as found:
        queue = found.queue
        item: Shown | None = None
        if request.skipped:
            item = queue.next(reviewer) if queue.unskip(reviewer) else None
        elif item_id := request.item_id or queue.last(reviewer):
            item = queue.show(item_id, reviewer)
            _require_trace(context, queue, item_id)
            queue.withdraw(item_id, reviewer)
        evaluations.judged(context)
        return UndoneResponse(**_standing(found, reviewer, item))


@calls.write("POST", f"{_REVIEW}/close", reads="files")
def close_review(context: Context, request: CloseReview) -> ReviewInfo:
    """Hand out no more of a queue. What was answered stays."""
    return _marked(context, request, closed=True)


@calls.write("POST", f"{_REVIEW}/reopen", reads="files")
def reopen_review(context: Context, request: CloseReview) -> ReviewInfo:
    """Hand out items of a closed queue again."""
    return _marked(context, request, closed=False)


def _marked(context: Context, request: CloseReview, *, closed: bool) -> ReviewInfo:
    from quire.server.own_client import OwnClient

    with opened(context, request.queue_id) as found:
        (found.queue.close if closed else found.queue.reopen)(request.reason)
        return _info(OwnClient(context).get_run(request.queue_id), found.queue.definition)


@calls.read("GET", f"{_REVIEW}/agreement", reads="files")
def get_agreement(context: Context, request: OfAgreement) -> AgreementResponse:
    """How far reviewers agree with each other and with scorers, and which variant pairs prefer."""
    from quire.review.agreement import tally

    with opened(context, request.queue_id) as found:
        queue = found.queue
        asked = queue.definition.question(request.question or queue.definition.questions[0].name)
        labels = list(queue.labels(asked.name))
        scores = [] if queue.definition.pairs else _scores_like(queue, asked)
        agreements = queue.agreement(asked.name, scores=scores)
        wins, ties = tally(labels)
        ranking, left_out = _ranking(queue, asked.name)
        return AgreementResponse(
            question=asked.name,
            labels=len(labels),
            agreements=[
                AgreementOfTwo(
                    first=one.first,
                    second=one.second,
                    is_score=one.second in scores,
                    kappa=one.kappa.value,
                    low=one.kappa.low,
                    high=one.kappa.high,
                    alike=one.kappa.agreement,
                    n=one.kappa.n,
                    sentence=str(one),
                )
                for one in agreements
            ],
            ranking=ranking,
            wins=wins,
            ties=ties,
            left_out=left_out,
        )


def _scores_like(queue: Queue, asked: Question) -> list[str]:
    """The scores that say the same kind of thing as a question, so that the two can agree."""
    kinds: dict[str, set[type]] = {}
    for item in queue.items.values():
        for name, value in item.scores.items():
            kinds.setdefault(name, set()).add(type(value))
    wanted: dict[str, set[type]] = {"binary": {bool}, "number": {int, float}, "text": {str}}
    return [name for name, found in kinds.items() if found <= wanted[asked.kind]]


def _ranking(queue: Queue, question: str) -> tuple[list[StrengthOfVariant], str]:
    if not queue.definition.pairs:
        return [], ""
    try:
        found = queue.ranking(question)
    except InvalidInput as error:
        return [], error.message
    return [StrengthOfVariant(variant=one.name, strength=one.strength, low=one.low, high=one.high) for one in found], ""


def _reviewer(given: str) -> str:
    name = asked_by() or given.strip()
    if not name:
        raise InvalidInput("Nothing says who reviews. Give `reviewer`, such as a name or an e-mail address.")
    return name


def _info(run: Run, definition: Definition) -> ReviewInfo:
    return ReviewInfo(
        queue_id=run.info.run_id,
        name=definition.name,
        experiment_id=run.info.experiment_id,
        questions=[
            ReviewQuestion(name=one.name, text=one.text, choices=one.choices, kind=one.kind)
            for one in definition.questions
        ],
        reviewers=definition.reviewers,
        pairs=definition.pairs,
        blind=definition.blind,
        per_item=definition.per_item,
        reason=run.data.tags.get(CLOSING_TAG, ""),
        status=run.info.status,
        created_ms=run.info.start_time,
    )


def _standing(found: OpenQueue, reviewer: str, item: Shown | None) -> dict[str, Any]:
    """How far a reviewer is, and what they are to look at."""
    progress = found.progress()
    return {
        "reviewer": reviewer,
        "mine": progress.by_reviewer.get(reviewer, 0),
        "left": found.queue.left(reviewer),
        "items": progress.items,
        "done": progress.done,
        "item": None if item is None else _shown(found.queue, item, reviewer),
    }


def _shown(queue: Queue, item: Shown, reviewer: str) -> ShownItem:
    """What a reviewer is shown, of a pair never who gave which answer."""
    names = [] if queue.definition.pairs or queue.definition.blind else item.variants
    return ShownItem(
        item_id=item.item_id,
        inputs=item.inputs,
        expectations=item.expectations,
        outputs=item.outputs,
        first=item.first,
        second=item.second,
        variant=names[0] if names else "",
        trace_id=None if queue.definition.pairs else item.trace_id,
        said=[_given(label) for label in queue.said(item.item_id, reviewer)],
    )


def _given(label: Label) -> GivenAnswer:
    return GivenAnswer(question=label.question, value=label.value, comment=label.comment)
