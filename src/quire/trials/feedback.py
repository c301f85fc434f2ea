"""Feedback on an answer: stored as an assessment of its trace, and counted in the trial that the answer belongs to.

The outcome is counted first, since counting it again changes nothing: what fails after that can be given again. The
trace may come later than feedback on it, as spans are stored in the background; then it is made known with what the
note of the answer says of it, and its spans are merged into it when they come. A Quire server does all of it in one
call.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from quire.domain.assessments import Assessment, AssessmentSource, Feedback, check_assessment
from quire.domain.errors import InvalidInput, NotFound
from quire.domain.trials import Served
from quire.store.base import Store
from quire.store.counting import ANSWER, count_feedback
from quire.store.current import current_store
from quire.store.expecting import expect_answer
from quire.store.rest.serving import RestServing
from quire.store.rest.wire.feedback import FeedbackResponse, FeedbackSource, GiveFeedback
from quire.store.serving import ServingStore, serving_of


def give_feedback(
    *,
    name: str,
    value: object,
    response_id: str = "",
    trace_id: str = "",
    rationale: str = "",
    source: FeedbackSource = "HUMAN",
    source_id: str = "",
    metadata: Mapping[str, str] | None = None,
) -> FeedbackResponse:
    """Judge an answer of an endpoint, which its own id or its trace's names, in the store in use.

    Stored as an assessment of the trace, as :func:`quire.log_feedback` does, and counted where the answer was given in
    a trial that looks at a metric called ``name``: then ``value`` is a number, or true or false (1 or 0). What is
    returned says whether it was counted: the first feedback of a unit is. Raises as :func:`take_feedback` does.
    """
    given = GiveFeedback(
        response_id=response_id,
        trace_id=trace_id,
        name=name,
        value=value,
        rationale=rationale,
        source=source,
        source_id=source_id,
        metadata=dict(metadata or {}),
    )
    return take_feedback(current_store(), given)


def take_feedback(store: Store, given: GiveFeedback, *, by: str = "", served: Served | None = None) -> FeedbackResponse:
    """Store feedback on an answer; ``by`` is who gives it, if the feedback does not say.

    ``served`` is the answer where it is known already, as on the server that gave it. May be repeated: in a trial, the
    first feedback of a unit counts once.

    Raises InvalidInput for feedback that cannot be kept, or that is beyond the bounds of the metric that the trial
    looks at; NotFound for an answer that nobody gave, or whose trace is not there yet and belongs nowhere known;
    InvalidState for a store that keeps no answers.
    """
    assessment = assessment_of(given, by)
    serving = serving_of(store)
    if served is None and isinstance(serving, RestServing):
        return serving.give_feedback(msgspec.structs.replace(given, source_id=assessment.source.source_id))
    found = _served(serving, given) if served is None else served
    counted = None if found is None else count_feedback(serving, found, given.name, given.value)
    stored = _stored(store, serving, _placed(assessment, given, found), found)
    if found is None or counted is None:
        return FeedbackResponse(assessment=stored)
    return FeedbackResponse(assessment=stored, counted=counted, trial_id=found.trial_id or "", arm=found.arm or "")


def assessment_of(given: GiveFeedback, by: str = "") -> Assessment:
    """Feedback as it is stored, but for its trace. Raises InvalidInput for feedback that cannot be kept."""
    if not given.answer_id:
        raise InvalidInput("Feedback needs an answer: give response_id, the id of the answer, or trace_id.")
    if given.value is None:
        raise InvalidInput(
            f"The feedback {given.name!r:.120} has no value. Give a number, a boolean, a text or a list."
        )
    made = Assessment(
        assessment_name=given.name,
        source=AssessmentSource(source_type=given.source, source_id=given.source_id or by),
        feedback=Feedback(value=given.value),
        rationale=given.rationale,
        metadata=given.metadata,
    )
    check_assessment(made)
    return made


def _served(serving: ServingStore, given: GiveFeedback) -> Served | None:
    """The answer that was given; None for a trace that no endpoint made."""
    try:
        return serving.get_served(given.answer_id)
    except NotFound:
        if given.trace_id:
            return None
        raise


def _placed(assessment: Assessment, given: GiveFeedback, served: Served | None) -> Assessment:
    """The assessment on its trace, which may hold other answers: it names the one that was judged."""
    if served is None:
        return msgspec.structs.replace(assessment, trace_id=given.trace_id)
    named = {ANSWER: served.response_id} if served.response_id else {}
    trace_id = given.trace_id or served.trace_id
    return msgspec.structs.replace(assessment, trace_id=trace_id, metadata={**assessment.metadata, **named})


def _stored(store: Store, serving: ServingStore, assessment: Assessment, served: Served | None) -> Assessment:
    if not assessment.trace_id:
        raise _without_trace(assessment, served)
    try:
        return store.create_assessment(assessment)
    except NotFound as error:
        if served is None or not expect_answer(store, serving, assessment.trace_id, served):
            raise _without_trace(assessment, served) from error
        return store.create_assessment(assessment)


def _without_trace(assessment: Assessment, served: Served | None) -> NotFound:
    if served is not None and not served.trace_id:
        return NotFound(
            f"The answer {served.response_id!r:.120} was given without a trace, so that feedback on it has no place. "
            "What a trial looks at was counted."
        )
    return NotFound(
        f"No trace has the id {assessment.trace_id!r:.120} yet. Traces are stored within seconds of an answer: give "
        "the feedback again then; in a trial it still counts once."
    )
