"""What is shown of traces to somebody who looks at them, with more than MLflow's protocol asks of a store.

Quire's SQL stores can give it; a server of MLflow cannot.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from quire.domain.assessments import Assessment
from quire.domain.errors import InvalidState
from quire.domain.trace_views import TraceOutline, TraceSeries
from quire.domain.traces import SpanRecord


class TraceViews(Protocol):
    """Traces for looking at, with the promises of :class:`quire.store.base.Store`."""

    def outline_trace(self, trace_id: str) -> TraceOutline:
        """A trace with the outlines of its spans, none of their content. NotFound."""

    def get_span(self, trace_id: str, span_id: str) -> SpanRecord:
        """One span of a trace. NotFound."""

    def trace_models(self, trace_ids: Sequence[str]) -> dict[str, list[str]]:
        """The models that were called in these traces, by name; traces without a call are left out."""

    def human_feedback(self, trace_ids: Sequence[str]) -> list[tuple[str, Assessment]]:
        """What people said of these traces: the experiment that each is of, and the feedback, oldest first."""

    def trace_series(
        self,
        experiment_ids: Sequence[str],
        *,
        filter_string: str = "",
        start_ms: int | None = None,
        end_ms: int | None = None,
        points: int = 60,
    ) -> TraceSeries:
        """The traces of these experiments over time: those that match, in at most about ``points`` intervals.

        ``start_ms`` is included, ``end_ms`` is not; without them, from the first to the last trace of the experiments.
        """


def trace_views_of(store: object) -> TraceViews:
    """What a store shows of traces. InvalidState for one that speaks MLflow's protocol alone."""
    views: TraceViews | None = getattr(store, "trace_views", None)
    if views is None:
        raise InvalidState(
            f"{getattr(store, 'uri', store)} cannot show traces so: it speaks MLflow's protocol alone. Ask it with "
            "quire.get_trace(), or use a database such as sqlite:///quire.db as the backend store."
        )
    return views
