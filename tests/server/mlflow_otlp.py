"""Run by an interpreter with MLflow, which the environment tells to export by OTLP: makes one trace and says its id."""

from __future__ import annotations

import json
import sys

import mlflow
from mlflow.entities import Link, SpanType

if len(sys.argv) > 1:
    mlflow.set_experiment(experiment_id=sys.argv[1])
try:
    with mlflow.start_span("root", span_type=SpanType.CHAIN, attributes={"list": [1, {"a": None}]}) as root:
        if len(sys.argv) > 1:  # with tags and OTLP alone, MLflow 3.17 fails to end the root (OpenTelemetry 1.45)
            mlflow.update_current_trace(tags={"team": "a"})
        root.set_inputs({"question": "why", "text": '{"json": "in text"}'})
        root.set_outputs("because")
        with mlflow.start_span("call", span_type=SpanType.CHAT_MODEL, log_level="WARNING", description="asks") as call:
            call.add_link(Link("tr-" + "a" * 32, "b" * 16, {"why": "again"}))
            call.set_inputs({"messages": [{"role": "user", "content": "why"}], "model": "gpt-4o"})
            call.set_outputs({"choices": [{"message": {"role": "assistant", "content": "because"}}]})
            call.set_attribute("mlflow.chat.tokenUsage", {"input_tokens": 3, "output_tokens": 4, "total_tokens": 7})
            call.set_attribute("mlflow.llm.model", "gpt-4o")
            raise ValueError("at the end")
except ValueError:
    pass
mlflow.flush_trace_async_logging()
print("FOUND " + json.dumps(root.trace_id))
