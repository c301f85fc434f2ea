"""Records of evaluation datasets made of traces: what went into the root span, what came out, what was expected."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

from quire.domain.datasets import NewRecord, RecordSource
from quire.domain.errors import InvalidInput, NotFound
from quire.entities.traces import Trace
from quire.store.base import Store

SESSION = "mlflow.trace.session"
_AT_ONCE = 100


def is_trace_id(value: object) -> bool:
    """Whether a value is the id of a trace."""
    return isinstance(value, str) and value.startswith("tr-")


def record_of_trace(trace: Trace) -> NewRecord:
    """The record of a trace; its valid expectations are the record's. Raises InvalidInput if its root has no inputs.

    Inputs that are no mapping become the field ``input``.
    """
    root = next((span for span in trace.data.spans if span.parent_id is None), None)
    if root is None or root.inputs is None:
        what = "no root span" if root is None else "no inputs in its root span"
        raise InvalidInput(
            f"The trace {trace.trace_id} has {what}, so that there is nothing to ask again. Leave it out, or read "
            "traces with their spans (include_spans=True)."
        )
    inputs = root.inputs if isinstance(root.inputs, dict) else {"input": root.inputs}
    session = trace.info.trace_metadata.get(SESSION)
    data = {"trace_id": trace.trace_id, **({"session_id": session} if session else {})}
    return NewRecord(
        inputs=inputs,
        outputs=root.outputs,
        expectations={item.name: item.value for item in trace.search_assessments(type="expectation")},
        source=RecordSource("TRACE", data),
    )


def traces_of(store: Store, trace_ids: Iterable[str]) -> Iterator[Trace]:
    """The traces of these ids, read a hundred at a time. Raises NotFound for one that there is not."""
    rest = iter(trace_ids)
    while ids := list(islice(rest, _AT_ONCE)):
        found = {item.info.trace_id: item for item in store.get_traces(ids)}
        for trace_id in ids:
            if trace_id not in found:
                raise NotFound(f"There is no trace {trace_id!r} in {store.uri}. quire.search_traces() lists them.")
            yield Trace.from_stored(found[trace_id])


def traces_of_column(column: Sequence[Any]) -> Iterator[Trace]:
    """The traces of the ``trace`` column of a dataframe that search_traces made: traces, or their JSON."""
    for value in column:
        yield Trace.from_json(value) if isinstance(value, str) else value
