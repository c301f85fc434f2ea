"""Messages about feedback on answers: ``/api/quire/v1/feedback``."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from quire.domain.assessments import Assessment
from quire.domain.protojson import Int64, Message, Required

FeedbackSource = Literal["HUMAN", "CODE", "LLM_JUDGE"]


class GiveFeedback(Message, frozen=True, kw_only=True):
    """``POST feedback``: a judgement of an answer, which its own id or its trace's names.

    ``value`` is any JSON value but null. Where the answer was given in a trial that looks at a metric called ``name``,
    it is a number or a boolean, which counts as 1 or 0.
    """

    response_id: str = ""
    trace_id: str = ""
    name: Required
    value: Any
    rationale: str = ""
    source: FeedbackSource = "HUMAN"
    source_id: str = ""
    metadata: dict[str, str] = msgspec.field(default_factory=dict)

    @property
    def answer_id(self) -> str:
        """What names the answer; a trace is one answer, where a cached answer was given several times."""
        return self.trace_id or self.response_id


class FeedbackResponse(Message, frozen=True, kw_only=True):
    """The feedback as it was stored.

    ``counted`` says whether it counts in the trial ``trial_id`` for the arm ``arm``: the first of its unit does.
    """

    assessment: Assessment
    counted: bool = False
    trial_id: str = ""
    arm: str = ""


class ExpectTrace(Message, frozen=True, kw_only=True):
    """``POST traces/expect``: a trace whose spans are still to come, begun at ``at`` (ms)."""

    trace_id: Required
    experiment_id: Required
    at: Int64 = 0
