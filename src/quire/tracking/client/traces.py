"""Traces: reading, searching, labelling and deleting them by id; and making them span by span."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from quire.domain.errors import InvalidInput, NotFound
from quire.domain.paging import Page
from quire.domain.traces import PromptVersionRef
from quire.entities.traces import Trace
from quire.tracking.client.base import ClientBase

MOST_AT_ONCE = 100
_OFTEN = 500


class TraceCalls(ClientBase):
    """What a client does with traces."""

    def get_trace(self, trace_id: str, display: bool = True, flush: bool = False) -> Trace:
        """A trace with its spans; NotFound if there is none. ``display`` and ``flush`` are MLflow's, and not needed."""
        self._bring_pending()
        found = self.store.get_traces([str(trace_id)])
        if not found:
            raise NotFound(f"There is no trace {trace_id!r} in {self.tracking_uri}. quire.search_traces() lists them.")
        return Trace.from_stored(found[0])

    def search_traces(
        self,
        experiment_ids: Sequence[str] | None = None,
        filter_string: str | None = None,
        max_results: int = MOST_AT_ONCE,
        order_by: Sequence[str] | None = None,
        page_token: str | None = None,
        run_id: str | None = None,
        include_spans: bool = True,
        model_id: str | None = None,
        locations: Sequence[str] | None = None,
        flush: bool = False,
    ) -> Page[Trace]:
        """One page of the traces that match, newest first; ``token`` of the page asks for the next one.

        ``run_id`` and ``model_id`` leave those that the run or the model made. Without spans it is faster.
        """
        self._bring_pending()
        ids = [str(item) for item in (locations or experiment_ids or ())]
        if not ids:
            raise InvalidInput("Name the experiments to search, as `experiment_ids=[...]`.")
        page = self.store.search_traces(
            ids,
            filter_string=_filter(filter_string, run_id, model_id),
            order_by=list(order_by or ()),
            max_results=min(max_results, _OFTEN),
            page_token=page_token,
        )
        if not include_spans:
            from quire.domain import traces

            return Page([Trace.from_stored(traces.Trace(info)) for info in page], page.token)
        found = {item.info.trace_id: item for item in self.store.get_traces([info.trace_id for info in page])}
        return Page([Trace.from_stored(found[info.trace_id]) for info in page if info.trace_id in found], page.token)

    def delete_traces(
        self,
        experiment_id: str,
        max_timestamp_millis: int | None = None,
        max_traces: int | None = None,
        trace_ids: Sequence[str] | None = None,
    ) -> int:
        """Delete traces of an experiment: these, or those not newer than a time, oldest first. How many there were."""
        self._bring_pending()
        return self.store.delete_traces(
            str(experiment_id),
            trace_ids=list(trace_ids or ()),
            max_timestamp_ms=max_timestamp_millis,
            max_traces=max_traces,
        )

    def set_trace_tag(self, trace_id: str, key: str, value: Any) -> None:
        """Set or replace a tag of a trace, one that is being made or is stored."""
        from quire.tracing import state

        text = str(value)
        live = state.live_trace(trace_id)
        if live is not None:
            live.tags[str(key)] = text
            return
        self._bring_pending()
        self.store.set_trace_tag(trace_id, str(key), text)

    def delete_trace_tag(self, trace_id: str, key: str) -> None:
        """Remove a tag of a trace; NotFound if it is not set."""
        from quire.tracing import state

        live = state.live_trace(trace_id)
        if live is not None and live.tags.pop(key, None) is not None:
            return
        self._bring_pending()
        self.store.delete_trace_tag(trace_id, key)

    def link_traces_to_run(self, trace_ids: Sequence[str], run_id: str) -> None:
        """Have traces found by a run too; at most 100 in a call."""
        self._bring_pending()
        self.store.link_traces_to_run(list(trace_ids), run_id)

    def link_prompt_versions_to_trace(self, prompt_versions: Sequence[Any], trace_id: str) -> None:
        """Have a trace found by prompt versions that it used: objects with ``name`` and ``version``."""
        self._bring_pending()
        versions = [PromptVersionRef(str(item.name), str(item.version)) for item in prompt_versions]
        self.store.link_prompts_to_trace(trace_id, versions)

    def start_trace(
        self,
        name: str,
        span_type: str = "UNKNOWN",
        inputs: Any = None,
        attributes: Mapping[str, Any] | None = None,
        tags: Mapping[str, str] | None = None,
        experiment_id: str | None = None,
        start_time_ns: int | None = None,
        run_id: str | None = None,
        links: Sequence[Any] | None = None,
    ) -> Any:
        """Begin a trace and return its root, which is current nowhere; :meth:`end_trace` ends it.

        ``links`` are :class:`quire.entities.Link` to spans that it has to do with.
        """
        from quire.tracing import manual

        return manual.start_trace(
            name,
            span_type,
            inputs=inputs,
            attributes=attributes,
            tags=tags,
            experiment_id=experiment_id,
            start_time_ns=start_time_ns,
            run_id=run_id,
            links=links,
            uri=self._store_uri,
        )

    def end_trace(
        self,
        trace_id: str,
        outputs: Any = None,
        attributes: Mapping[str, Any] | None = None,
        status: Any = "OK",
        end_time_ns: int | None = None,
    ) -> None:
        """End a trace that :meth:`start_trace` has begun, by ending its root. InvalidState if there is none."""
        from quire.tracing import manual

        manual.end_trace(trace_id, outputs, attributes, status, end_time_ns)

    def start_span(
        self,
        name: str,
        trace_id: str,
        parent_id: str,
        span_type: str = "UNKNOWN",
        inputs: Any = None,
        attributes: Mapping[str, Any] | None = None,
        start_time_ns: int | None = None,
        links: Sequence[Any] | None = None,
    ) -> Any:
        """Begin a span below one of a trace that :meth:`start_trace` has begun. InvalidState if there is none."""
        from quire.tracing import manual

        return manual.start_span(
            name,
            trace_id,
            parent_id,
            span_type,
            inputs=inputs,
            attributes=attributes,
            start_time_ns=start_time_ns,
            links=links,
        )

    def end_span(
        self,
        trace_id: str,
        span_id: str,
        outputs: Any = None,
        attributes: Mapping[str, Any] | None = None,
        status: Any = "OK",
        end_time_ns: int | None = None,
    ) -> None:
        """End a span that :meth:`start_span` has begun. InvalidState if there is none."""
        from quire.tracing import manual

        manual.end_span(trace_id, span_id, outputs, attributes, status, end_time_ns)

    def _announce(self, trace_id: str) -> None:
        """Have the store know a trace that is still being made here, so that something can be said of it."""
        from quire.domain.ids import now_ms
        from quire.domain.traces import trace_info
        from quire.tracing import state
        from quire.tracing.operations import experiment_of

        live = state.live_trace(trace_id)
        if live is not None and not self.store.get_trace_infos([trace_id]):
            begun = trace_info(
                trace_id, experiment_of(self.store, live.experiment_id), timestamp_ms=now_ms(), state="IN_PROGRESS"
            )
            self.store.start_trace(begun)

    def _bring_pending(self) -> None:
        """What this process has recorded is found by what it then reads, unless the store is away."""
        from quire.tracing import exporter

        exporter.bring(self._store_uri)


def _filter(given: str | None, run_id: str | None, model_id: str | None) -> str:
    conditions = [given] if given else []
    if run_id is not None:
        conditions.append(f"attribute.run_id = '{_quoted(run_id)}'")
    if model_id is not None:
        conditions.append(f"request_metadata.`mlflow.modelId` = '{_quoted(model_id)}'")
    return " AND ".join(conditions)


def _quoted(text: str) -> str:
    if "'" in text:
        raise InvalidInput(f"{text[:60]!r} is no id of a run or model.")
    return text
