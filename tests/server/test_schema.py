"""Requests made from the OpenAPI document, right and wrong ones: each answer is one that the document describes.

Half of the requests name runs, models, traces and datasets that exist, so that what lies behind the checks is reached.
"""

from __future__ import annotations

import os
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable

from tests.server.conftest import Served

EXAMPLES = int(os.environ.get("QUIRE_SCHEMA_EXAMPLES", "15"))
"""Right requests, and wrong ones, for each operation."""
ONLY = os.environ.get("QUIRE_SCHEMA_PATHS", "")
"""What the paths hold that are asked, to look at a few; all if it is empty."""
TRACE = "tr-" + "ab" * 16


@pytest.fixture
def existing(server: Served) -> dict[str, Any]:
    """Fields by which requests name things, with things that exist."""
    experiment = server.experiment("schema")
    run = server.run(experiment)
    server.ask("POST", "runs/log-metric", {"run_id": run, "key": "m", "value": 1, "timestamp": 1})
    server.ask("POST", "registered-models/create", {"name": "model"})
    server.ask("POST", "model-versions/create", {"name": "model", "source": "s3://bucket/x"})
    server.ask("POST", "registered-models/alias", {"name": "model", "alias": "champion", "version": "1"})
    model = server.ask("POST", "logged-models", {"experiment_id": experiment, "name": "logged"})
    info = {
        "trace_id": TRACE,
        "trace_location": {"type": "MLFLOW_EXPERIMENT", "mlflow_experiment": {"experiment_id": experiment}},
        "request_time": "2026-01-01T00:00:00Z",
        "state": "OK",
    }
    assert server.call("POST", "/api/3.0/mlflow/traces", {"trace": {"trace_info": info}}).status == 200
    made = server.call("POST", "/api/3.0/mlflow/datasets/create", {"name": "d", "experiment_ids": [experiment]})
    assert server.call("PUT", "/api/2.0/mlflow-artifacts/artifacts/a.txt", b"a").status == 200
    return {
        "experiment_id": experiment,
        "experiment_ids": [experiment],
        "run_id": run,
        "run_uuid": run,
        "run_ids": [run],
        "name": "model",
        "version": "1",
        "alias": "champion",
        "model_id": model["model"]["info"]["model_id"],
        "trace_id": TRACE,
        "trace_ids": [TRACE],
        "request_id": TRACE,
        "dataset_id": made.json["dataset"]["dataset_id"],
        "artifact_path": "a.txt",
        "metric_key": "m",
        **_of_serving(server),
    }


def _of_serving(server: Served) -> dict[str, Any]:
    """An endpoint named like the model, a trial on it, and an answer."""
    endpoint = {"name": "model", "model": "models:/model/1"}
    assert server.call("PUT", "/api/quire/v1/endpoints/model", {"endpoint": endpoint}).status == 200
    arms = [{"name": arm, "model": f"models:/model/{arm}"} for arm in ("1", "2")]
    metrics = [{"name": "thumb", "low": 0, "high": 1}]
    spec = {"subject": "endpoint:model", "arms": arms, "metrics": metrics, "stopping": {"metric": "thumb"}}
    trial = server.call("POST", "/api/quire/v1/trials", {"spec": spec}).json["trial"]
    place = {"trial_id": trial["trial_id"], "arm": "2", "unit": "u"}
    served = {"response_id": "resp-1", "trace_id": TRACE, "endpoint": "model", "at": 1, **place}
    assert server.call("POST", "/api/quire/v1/served", {"served": [served]}).status == 200
    return {
        "trial_id": trial["trial_id"],
        "trial": trial,
        "subject": "endpoint:model",
        "outcomes": [{**place, "metric": "thumb", "phase": 0, "value": 1.0, "at": 1}],
        "answer_id": "resp-1",
        "response_id": "resp-1",
    }


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_every_answer_is_as_the_document_says(
    server: Served, existing: dict[str, Any], subtests: pytest.Subtests
) -> None:
    from schemathesis import Case, GenerationMode, openapi
    from schemathesis.checks import not_a_server_error
    from schemathesis.specs.openapi import checks

    held = [
        not_a_server_error,
        checks.status_code_conformance,
        checks.content_type_conformance,
        checks.response_headers_conformance,
        checks.response_schema_conformance,
    ]
    schema = openapi.from_url(f"{server.url}/api/quire/v1/openapi.json")
    tested = 0
    for result in schema.get_all_operations():
        operation = result.ok()
        if ONLY not in operation.path or operation.path.endswith("/events"):
            continue  # a stream of events has no end
        for mode in GenerationMode:

            @settings(max_examples=EXAMPLES, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
            @given(case=operation.as_strategy(mode), real=st.booleans())
            def check(case: Case, real: bool) -> None:
                if real:
                    _name_what_exists(case, existing)
                case.call_and_validate(base_url=server.url, checks=held)

            with subtests.test(msg=f"{operation.label}, {mode.value}"), suppress(Unsatisfiable):
                check()  # what takes nothing cannot be asked wrongly
                tested += 1
    assert tested > (0 if ONLY else 150)
    assert server.call("GET", "/health").status == 200


def _name_what_exists(case: Any, existing: dict[str, Any]) -> None:
    for part in (case.path_parameters, case.query, case.body):
        if isinstance(part, dict):
            part.update({field: value for field, value in existing.items() if field in part})
