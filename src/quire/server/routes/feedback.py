"""Feedback on answers: ``/api/quire/v1/feedback``, and traces that it may come before: ``traces/expect``."""

from __future__ import annotations

from quire.server.auth.asking import asked_by
from quire.server.calls import Calls
from quire.server.context import Context
from quire.store.rest.wire.common import Empty
from quire.store.rest.wire.feedback import ExpectTrace, FeedbackResponse, GiveFeedback
from quire.store.serving import serving_of

calls = Calls("quire", "v1", tag="Feedback")
_API = "/api/quire/v1"


@calls.write("POST", f"{_API}/feedback")
def give_feedback(context: Context, request: GiveFeedback) -> FeedbackResponse:
    """Judge an answer by its id or its trace's. In a trial that looks at a metric of that name it is counted too."""
    from quire.trials.feedback import take_feedback

    return take_feedback(context.store, request, by=asked_by())


@calls.write("POST", f"{_API}/traces/expect")
def expect_trace(context: Context, request: ExpectTrace) -> Empty:
    """Make a trace known whose spans are still to come. One that is there stays as it is."""
    serving_of(context.store).expect_trace(request.trace_id, request.experiment_id, at=request.at)
    return Empty()
