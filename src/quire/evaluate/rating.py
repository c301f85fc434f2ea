"""People's ratings of the answers of an evaluation: feedback on the answers' traces, one of each person.

An answer without a trace (a function that is not traced, an answer that was kept from before) gets one of its own with
the first judgement; its id follows from the answer, so that it is found without being written anywhere.
"""

from __future__ import annotations

import hashlib
import time

from quire.domain.assessments import Assessment, AssessmentSource, Feedback
from quire.domain.errors import InvalidInput, NotFound
from quire.domain.names import check_text
from quire.domain.scores import ScoredRow
from quire.domain.traces import SOURCE_RUN
from quire.store.base import Store

RATING = "rating"
"""The name of the feedback: 1 (worst) to 5, or True for good and False for bad."""
EVALUATION = "quire.evaluation.run_id"
_LONGEST_NAME = 250
_NAME = "evaluated answer"
_OK = 1


def own_trace_id(run_id: str, variant: str, record_id: str, repeat: int) -> str:
    """The trace of an answer of an evaluation that has no other, once somebody has judged it."""
    said = chr(0).join(("answer", run_id, variant, record_id, str(repeat)))
    return f"tr-{hashlib.sha256(said.encode()).hexdigest()[:32]}"


def give_trace(store: Store, experiment_id: str, trace_id: str, row: ScoredRow, variant_run: str) -> None:
    """Store a trace of a row, of its inputs and outputs, unless it is there. It took no time, and no tokens."""
    from quire.tracing.finished import FinishedSpan, FinishedTrace
    from quire.tracing.values import to_json
    from quire.tracing.writing import stored

    if store.get_trace_infos([trace_id]):
        return
    now = time.time_ns()
    span = FinishedSpan(
        hashlib.sha256(trace_id.encode()).digest()[:8],
        b"",
        _NAME,
        "UNKNOWN",
        now,
        now,
        _OK,
        "",
        to_json(row.inputs),
        to_json(row.outputs),
        {},
    )
    made = FinishedTrace(
        trace_id=bytes.fromhex(trace_id.removeprefix("tr-")),
        experiment_id=experiment_id,
        spans=[span],
        metadata={SOURCE_RUN: variant_run},
        complete=True,
    )
    store.log_traces([stored(made)])


def rate(
    store: Store, trace_id: str, by: str, value: int | bool | None, *, comment: str = "", run_id: str = ""
) -> None:
    """Store a person's rating of an answer; it replaces their earlier one. None takes it back. May be repeated.

    Raises InvalidInput for a rating that is none or without a name, NotFound for a trace that there is not.
    """
    name = check_text(by.strip(), "The name of who rates", _LONGEST_NAME)
    if not name:
        raise InvalidInput("The rating does not say who rates. Give a name, such as an e-mail address.")
    if value is not None and not isinstance(value, bool) and not 1 <= value <= 5:
        raise InvalidInput(f"The rating is {value!r}; expected 1 to 5, or true or false.")
    assessment_id = _id(trace_id, name)
    if value is None:
        _take_back(store, trace_id, assessment_id)
        return
    rating = Assessment(
        assessment_id=assessment_id,
        assessment_name=RATING,
        trace_id=trace_id,
        source=AssessmentSource(source_type="HUMAN", source_id=name),
        feedback=Feedback(value=value),
        rationale=comment,
        metadata={EVALUATION: run_id} if run_id else {},
    )
    if store.log_assessments([rating.hidden()]):
        raise NotFound(f"There is no trace {trace_id!r}, so its answer cannot be rated.")


def _take_back(store: Store, trace_id: str, assessment_id: str) -> None:
    try:
        store.delete_assessment(trace_id, assessment_id)
    except NotFound:
        store.get_trace_info(trace_id)


def _id(trace_id: str, by: str) -> str:
    """One of each person, whenever it is written."""
    return f"a-{hashlib.sha256(chr(0).join((RATING, trace_id, by)).encode()).hexdigest()[:32]}"
