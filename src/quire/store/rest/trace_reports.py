"""What Quire's servers do with traces beyond MLflow's protocol: take many at once, sum up, say what to prune."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from quire.domain.errors import InvalidInput, InvalidState, NotFound, PermissionDenied
from quire.domain.names import check_experiment_id
from quire.domain.trace_usage import Pruning, TraceUsage, UsageBy, check_groups, check_pruning, check_usage_by
from quire.domain.traces import Trace, TraceInfo
from quire.store.rest.base import encode
from quire.store.rest.client import Call
from quire.store.rest.traces import RestTraces
from quire.store.rest.wire.common import Empty
from quire.store.rest.wire.trace_reports import (
    LoggedTrace,
    LogTraces,
    PlanPruning,
    PruningResponse,
    TraceUsageRequest,
    TraceUsageResponse,
)

_API = "/api/quire/v1"


class _Root(msgspec.Struct, frozen=True):
    name: str = ""


class RestTraceReports(RestTraces):
    """The part of a store that has to do with many traces at once."""

    _is_quire: bool | None = None

    def speaks_quire(self) -> bool:
        """Whether the server has Quire's own API. It is asked once, and again only if it could not be reached."""
        if self._is_quire is None:
            try:
                self._is_quire = self._client.decode(Call(method="GET", path=_API), _Root).name == "quire"
            except (NotFound, InvalidInput, InvalidState, PermissionDenied):
                self._is_quire = False
        return self._is_quire

    def log_traces(self, traces: Sequence[Trace]) -> None:
        """Store traces of one experiment with spans that have ended, and what is said of them. May be repeated.

        A Quire server takes all in one request; MLflow's protocol has one for each trace, and one for all the spans.
        """
        if not traces:
            return
        if not self.speaks_quire():
            super().log_traces(traces)
            return
        message = LogTraces(
            experiment_id=traces[0].info.experiment_id,
            traces=[LoggedTrace(info=_told(trace), spans=[span.content for span in trace.spans]) for trace in traces],
        )
        self._client.decode(Call(method="POST", path=f"{_API}/traces/log", body=encode(message)), Empty)

    def trace_usage(
        self,
        experiment_ids: Sequence[str],
        *,
        by: UsageBy,
        filter_string: str = "",
        start_ms: int | None = None,
        end_ms: int | None = None,
        max_results: int = 1000,
    ) -> list[TraceUsage]:
        """What the traces of these experiments used, by group; days newest first, else what cost most first.

        Only a Quire server knows; InvalidInput with another.
        """
        check_usage_by(by)
        check_groups(max_results)
        message = TraceUsageRequest(
            experiment_ids=_checked(experiment_ids),
            by=by,
            filter=filter_string,
            start_ms=start_ms,
            end_ms=end_ms,
            max_results=max_results,
        )
        self._require_quire("sum up what traces used")
        call = Call(method="POST", path=f"{_API}/traces/usage", body=encode(message))
        return self._client.decode(call, TraceUsageResponse).usage

    def plan_pruning(
        self, experiment_ids: Sequence[str], *, older_than_ms: int | None = None, keep_bytes: int | None = None
    ) -> Pruning:
        """What is older than a time, and what goes beyond so many bytes when the newest traces are kept.

        Only a Quire server knows; InvalidInput with another.
        """
        check_pruning(older_than_ms, keep_bytes)
        message = PlanPruning(
            experiment_ids=_checked(experiment_ids), older_than_ms=older_than_ms, keep_bytes=keep_bytes
        )
        self._require_quire("say which traces to prune")
        call = Call(method="POST", path=f"{_API}/traces/plan-pruning", body=encode(message))
        return self._client.decode(call, PruningResponse).pruning

    def _require_quire(self, what: str) -> None:
        if not self.speaks_quire():
            raise InvalidInput(
                f"The server {self._client.url} cannot {what}: it speaks MLflow's protocol alone. Use a Quire server, "
                "or a database as the tracking URI."
            )


def _checked(experiment_ids: Sequence[str]) -> list[str]:
    for item in experiment_ids:
        check_experiment_id(item)
    return list(dict.fromkeys(experiment_ids))


def _told(trace: Trace) -> TraceInfo:
    """What is said of a trace, with what its spans say of it, which is not part of their messages."""
    tags: dict[str, str] = {}
    metadata: dict[str, str] = {}
    for span in trace.spans:
        if span.facts is not None:
            tags.update(span.facts.tags)
            metadata.update(span.facts.metadata)
    info = trace.info
    return msgspec.structs.replace(info, tags={**tags, **info.tags}, trace_metadata={**metadata, **info.trace_metadata})
