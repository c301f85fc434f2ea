"""A real MLflow SDK that exports by OTLP logs traces here, as it does to any collector."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

import quire
from quire.entities import Link, SpanLogLevel, Trace
from tests.server.mlflow_program import answers_of

pytestmark = [pytest.mark.mlflow, pytest.mark.slow]
PROGRAM = Path(__file__).with_name("mlflow_otlp.py")
USAGE = {"input_tokens": 3, "output_tokens": 4, "total_tokens": 7}


@pytest.fixture(scope="module")
def python(mlflow_python: Path) -> Path:
    """The interpreter of MLflow, which needs OpenTelemetry's exporter for this."""
    if not list(mlflow_python.parent.parent.glob("lib/*/site-packages/opentelemetry/exporter/otlp/proto/http")):
        pytest.skip("OpenTelemetry's exporter is absent from MLflow's environment: run `make mlflow-venv`")
    return mlflow_python


@pytest.mark.parametrize("compression", ["gzip", "none"])
def test_mlflows_sdk_logs_here_by_otlp_alone(quire_server: str, python: Path, tmp_path: Path, compression: str) -> None:
    experiment = _experiment(quire_server, f"mlflow-otlp-{compression}")
    elsewhere = f"sqlite:///{tmp_path / 'mlflow.db'}"
    trace_id = answers_of(
        python, PROGRAM, elsewhere, OTEL_EXPORTER_OTLP_COMPRESSION=compression, **_exporter(quire_server, experiment)
    )
    check(_arrived(trace_id), experiment)
    assert [found.trace_id for found in _found(experiment)] == [trace_id]


def test_a_trace_that_comes_both_ways_is_one(quire_server: str, python: Path) -> None:
    experiment = _experiment(quire_server, "mlflow-otlp-dual")
    trace_id = answers_of(
        python,
        PROGRAM,
        quire_server,
        experiment,
        MLFLOW_TRACE_ENABLE_OTLP_DUAL_EXPORT="true",
        **_exporter(quire_server, experiment),
    )
    trace = _arrived(trace_id)
    check(trace, experiment)
    assert trace.info.tags["team"] == "a"
    assert [found.trace_id for found in _found(experiment)] == [trace_id]


def check(trace: Trace, experiment: str) -> None:
    assert (trace.info.experiment_id, trace.info.state) == (experiment, "ERROR")
    assert trace.info.tags["mlflow.traceName"] == "root"
    assert trace.info.token_usage == USAGE
    root, call = trace.data.spans
    assert (root.name, root.parent_id, root.span_type) == ("root", None, "CHAIN")
    assert (call.name, call.parent_id, call.span_type) == ("call", root.span_id, "CHAT_MODEL")
    assert root.inputs == {"question": "why", "text": '{"json": "in text"}'}
    assert root.outputs == "because"
    assert root.attributes["list"] == [1, {"a": None}]
    assert call.outputs["choices"][0]["message"]["content"] == "because"
    assert (call.model_name, call.token_usage) == ("gpt-4o", USAGE)
    assert (call.log_level, call.description) == (SpanLogLevel.ERROR, "asks")
    assert call.links == [Link("tr-" + "a" * 32, "b" * 16, {"why": "again"})]
    assert (call.status.status_code, call.events[0].name) == ("ERROR", "exception")
    assert trace.info.execution_duration is not None


def _experiment(url: str, name: str) -> str:
    quire.set_tracking_uri(url)
    return str(quire.create_experiment(name))


def _exporter(url: str, experiment: str) -> dict[str, str]:
    return {
        "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": f"{url}/v1/traces",
        "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL": "http/protobuf",
        "OTEL_EXPORTER_OTLP_HEADERS": f"x-mlflow-experiment-id={experiment}",
    }


def _arrived(trace_id: str) -> Trace:
    for _ in range(100):
        trace = quire.get_trace(trace_id, silent=True)
        if trace is not None and len(trace.data.spans) == 2:
            return trace
        time.sleep(0.05)
    raise AssertionError(f"the trace {trace_id} has not come")


def _found(experiment: str) -> list[Trace]:
    found: list[Trace] = quire.search_traces(locations=[experiment], return_type="list")
    return found
