"""Run by an interpreter with MLflow: what its client finds of traces that a serving process wrote."""

from __future__ import annotations

import json
import sys

import mlflow
from mlflow import MlflowClient


def main(trace_id: str, arm: str) -> None:
    """Print what is found of one trace, and of a search for it."""
    trace = mlflow.get_trace(trace_id)
    (span,) = trace.data.spans
    experiment = MlflowClient().get_experiment(trace.info.experiment_id)
    found = mlflow.search_traces(
        locations=[experiment.experiment_id], filter_string=f"metadata.`quire.arm` = '{arm}'", return_type="list"
    )
    said = {
        "experiment": experiment.name,
        "state": str(trace.info.state.value),
        "client_request_id": trace.info.client_request_id,
        "tokens": trace.info.token_usage,
        "cost": trace.info.cost is not None,
        "previews": [trace.info.request_preview, trace.info.response_preview],
        "model": trace.info.trace_metadata.get("mlflow.modelId"),
        "span": [span.name, span.span_type, span.status.status_code.value],
        "inputs": span.inputs,
        "outputs": span.outputs,
        "version": span.attributes.get("quire.model_version"),
        "found": trace_id in {one.info.trace_id for one in found},
    }
    print("FOUND", json.dumps(said))


main(*sys.argv[1:])
