"""Traces that answers promise, in SQL: known before their spans come, so that feedback has a place."""

from __future__ import annotations

from quire.domain.errors import InvalidInput, NotFound
from quire.domain.names import check_experiment_id, check_integer
from quire.domain.traces import check_trace_id
from quire.store.sql.serving_deployments import SqlDeployments
from quire.store.sql.statement import Statement
from quire.store.sql.trace_reading import encode_labels
from quire.store.sql.trace_values import TraceValues, sums_of
from quire.store.sql.traces import ADD_DETAILS, ADD_TRACE

_EXPERIMENT = Statement("SELECT id, name, deleted FROM experiments WHERE id = :id FOR SHARE")


class SqlExpectedTraces(SqlDeployments):
    """The part of a store that makes traces known before their spans come."""

    def expect_trace(self, trace_id: str, experiment_id: str, *, at: int) -> None:
        """Make a trace known that began at a time (ms), whose spans are still to come and say the rest.

        One that is there stays as it is. NotFound for an experiment that there is not, InvalidInput for a deleted one.
        """
        values = TraceValues(
            trace_id=check_trace_id(trace_id),
            timestamp=check_integer(at, "The time of a trace"),
            duration=None,
            state="STATE_UNSPECIFIED",
            name=None,
            request=None,
            response=None,
            sums=sums_of({}),
        )
        with self._database.write() as session:
            experiment = session.row(_EXPERIMENT, (check_experiment_id(experiment_id),))
            if experiment is None:
                raise NotFound(f"No experiment has the id {experiment_id!r}. List them with search_experiments.")
            if experiment[2]:
                raise InvalidInput(
                    f"The experiment {experiment[1]!r} (id {experiment[0]}) is deleted, so nothing can be added. "
                    f"Restore it with restore_experiment({str(experiment[0])!r})."
                )
            row = session.row(ADD_TRACE, values.new_row(experiment[0], finalized=0, has_spans=0))
            if row is not None:
                session.run(ADD_DETAILS, (row[0], encode_labels({}), encode_labels({}), None, None))
