"""The trace of an answer that is judged by its place in an evaluation, made where it has none."""

from __future__ import annotations

from quire.domain.errors import InvalidInput, NotFound
from quire.evaluate.people import Answer
from quire.evaluate.rating import give_trace, own_trace_id
from quire.server.context import Context
from quire.server.evaluations.messages import RateRow
from quire.server.evaluations.opened import open_evaluation
from quire.server.own_client import OwnClient


def traced(context: Context, request: RateRow) -> str:
    """The id of the answer's trace. Raises InvalidInput if no answer is named, NotFound for one that there is not."""
    if not request.variant:
        raise InvalidInput("Nothing says which answer is rated. Give trace_id, or variant and index.")
    browsed = open_evaluation(context, request.run_id)
    evaluation = browsed.evaluation
    row = browsed.row_of(Answer(evaluation.table(request.variant).name, request.index, request.repeat))
    if row is None:
        raise NotFound(
            f"The variant {request.variant!r} has no answer to the record {request.index} in repeat {request.repeat}, "
            "both counted from 0."
        )
    if row.trace_id is not None and context.store.get_trace_infos([row.trace_id]):
        return row.trace_id
    run_id = evaluation.run_ids[request.variant]
    place = OwnClient(context).get_run(run_id).info.experiment_id
    own = own_trace_id(evaluation.run_id, request.variant, row.record_id, row.repeat)
    give_trace(context.store, place, own, row, run_id)
    return own
