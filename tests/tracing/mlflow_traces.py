"""Run by an interpreter with MLflow: reads a trace by its id, writes one of its own, and says what it found."""

from __future__ import annotations

import json
import sys

import mlflow
from mlflow.entities import Link, SpanType


def said(trace: mlflow.entities.Trace) -> dict[str, object]:
    """A trace as plain data, without what differs from trace to trace."""
    names = {span.span_id: span.name for span in trace.data.spans}
    info = trace.info
    return {
        "state": str(info.state.value),
        "tags": {key: value for key, value in info.tags.items() if not key.startswith("mlflow.a")},
        "metadata": dict(info.trace_metadata),
        "client_request_id": info.client_request_id,
        "previews": [info.request_preview, info.response_preview],
        "tokens": info.token_usage,
        "cost": info.cost is not None,
        "assessments": [[item.name, item.value] for item in info.assessments],
        "spans": [
            {
                "name": span.name,
                "parent": names.get(span.parent_id),
                "type": span.span_type,
                "status": [span.status.status_code.value, span.status.description],
                "inputs": span.inputs,
                "outputs": span.outputs,
                "attributes": {key: value for key, value in span.attributes.items() if not key.startswith("mlflow.")},
                "events": [[event.name, event.attributes.get("exception.type")] for event in span.events],
                "links": [[link.trace_id, link.span_id, link.attributes] for link in span.links],
                "level": span.log_level.name,
                "description": span.description,
                "milliseconds": (span.end_time_ns - span.start_time_ns) // 1_000_000 < 60_000,
            }
            for span in trace.data.spans
        ],
    }


def write() -> str:
    """A trace with what ours have."""
    try:
        with mlflow.start_span("root", span_type=SpanType.CHAIN, attributes={"list": [1, {"a": None}]}) as root:
            mlflow.update_current_trace(
                tags={"team": "a"}, metadata={"meta": "data"}, client_request_id="theirs", session_id="s-1", user="ada"
            )
            root.set_inputs({"question": "why", "text": '{"json": "in text"}'})
            root.set_outputs('["json in text"]')
            link = Link("tr-" + "a" * 32, "b" * 16, {"why": "again"})
            with mlflow.start_span("call", SpanType.CHAT_MODEL, links=[link], description="asks") as call:
                call.set_inputs({"messages": [{"role": "user", "content": "why"}], "model": "gpt-4o"})
                call.set_outputs({"choices": [{"message": {"role": "assistant", "content": "because"}}]})
                call.set_attribute("mlflow.chat.tokenUsage", {"input_tokens": 3, "output_tokens": 4, "total_tokens": 7})
                call.set_attribute("mlflow.llm.model", "gpt-4o")
                raise ValueError("at the end")
    except ValueError:
        pass
    mlflow.flush_trace_async_logging()
    return root.trace_id


if __name__ == "__main__":
    mlflow.set_experiment(sys.argv[2])
    found = said(mlflow.get_trace(sys.argv[1]))
    found["found by search"] = len(
        mlflow.search_traces(filter_string="tags.team = 'a'", return_type="list", include_spans=True)
    )
    mlflow.log_feedback(trace_id=sys.argv[1], name="theirs", value=True)
    print("FOUND " + json.dumps({"read": found, "written": write()}))
