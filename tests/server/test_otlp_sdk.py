"""Programs that know nothing of Quire log to it, with the SDK and exporter of OpenTelemetry and OpenInference."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path

import pytest

from quire.domain.traces import Trace
from quire.store import Store, open_store
from quire.testing import Simulator
from tests.conftest import REPOSITORY

PROGRAM = """
import openai
from openinference.instrumentation.openai import OpenAIInstrumentor
from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

provider = TracerProvider()
provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
trace.set_tracer_provider(provider)
OpenAIInstrumentor().instrument(tracer_provider=provider)
with trace.get_tracer("shop").start_as_current_span("answer") as span:
    span.set_attribute("session.id", "s-42")
    openai.OpenAI().chat.completions.create(
        model="gpt-4o-mini", messages=[{"role": "user", "content": "Where is my parcel?"}]
    )
    try:
        openai.OpenAI(max_retries=0).chat.completions.create(model="none", messages=[])
    except openai.OpenAIError:
        pass
provider.shutdown()
"""


@pytest.fixture(scope="module")
def python() -> Path:
    """The interpreter that has OpenTelemetry's SDK, its exporter and OpenInference."""
    found = REPOSITORY / ".cache" / "openinference" / "bin" / "python"
    if not found.exists():
        pytest.skip("OpenTelemetry's SDK is absent: run `make openinference-venv`")
    return found


@pytest.mark.slow
@pytest.mark.parametrize("compression", ["gzip", "none"])
def test_opentelemetrys_sdk_logs_here(quire_server: str, python: Path, compression: str) -> None:
    store = open_store(quire_server)
    experiment = store.create_experiment(f"otel-{compression}")
    with Simulator() as service:
        environment = {
            **service.environment,
            "OTEL_EXPORTER_OTLP_ENDPOINT": quire_server,
            "OTEL_EXPORTER_OTLP_HEADERS": f"x-mlflow-experiment-id={experiment}",
            "OTEL_EXPORTER_OTLP_COMPRESSION": compression,
            "OTEL_SERVICE_NAME": "shop",
        }
        done = subprocess.run([python, "-c", PROGRAM], env=environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert "Failed" not in done.stderr, done.stderr
    trace = _only(store, experiment)
    names = [span.name for span in trace.spans]
    assert names[0] == "answer"
    assert names.count("ChatCompletion") == 2
    called = next(span for span in trace.spans if span.usage)
    assert (called.model or "").startswith("gpt-4o-mini")
    assert [span.status for span in trace.spans].count("ERROR") == 1
    assert trace.info.trace_metadata["mlflow.trace.session"] == "s-42"
    assert trace.info.tags["service.name"] == "shop"
    assert "total_tokens" in trace.info.trace_metadata["mlflow.trace.tokenUsage"]
    assert len(store.search_traces([experiment], filter_string="trace.text LIKE '%my parcel%'")) == 1
    assert store.trace_usage([experiment], by="model")[0].total_tokens > 0


def _only(store: Store, experiment: str) -> Trace:
    for _ in range(50):
        found = store.search_traces([experiment])
        if found:
            return store.get_traces([found[0].trace_id])[0]
        time.sleep(0.1)
    raise AssertionError("no trace has come")
