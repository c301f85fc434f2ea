"""Reads everything from a tracking URI, run by MLflow's own interpreter. Prints it as JSON, without places of files."""

import json
import sys

import mlflow
from mlflow import MlflowClient
from mlflow.entities import ViewType

mlflow.set_tracking_uri(sys.argv[1])
mlflow.set_registry_uri(sys.argv[1])
client = MlflowClient()


def without_places(thing):
    """A thing's fields as text, but for where its artifacts are."""
    found = dict(thing)
    for name in ("artifact_location", "artifact_uri", "source", "latest_versions"):
        found.pop(name, None)
    return {name: value if isinstance(value, dict) else repr(value) for name, value in sorted(found.items())}


def number(value):
    """A metric's value as text; MLflow stores infinity as the greatest number there is."""
    return repr(value) if abs(value) < sys.float_info.max or value != value else f"{'-' if value < 0 else ''}inf"


def files_of(run_id, path=None):
    found = {}
    for item in client.list_artifacts(run_id, path):
        if item.is_dir:
            found.update(files_of(run_id, item.path))
        else:
            found[item.path] = mlflow.artifacts.load_text(f"runs:/{run_id}/{item.path}")
    return found


experiments = sorted(client.search_experiments(view_type=ViewType.ALL), key=lambda item: int(item.experiment_id))
ids = [item.experiment_id for item in experiments]
active = [item.experiment_id for item in experiments if item.lifecycle_stage == "active"]
found = client.search_runs(active, run_view_type=ViewType.ALL)
# A search of MLflow's leaves out the models that a run read.
runs = [client.get_run(run_id) for run_id in sorted(run.info.run_id for run in found)]
read = {
    "experiments": [without_places(item) for item in experiments if item.name != "Default"],
    "runs": [
        [without_places(run.info), run.data.params, run.data.tags, {k: number(v) for k, v in run.data.metrics.items()}]
        for run in runs
    ],
    "inputs": [
        [
            sorted([repr(item.dataset.to_dictionary()), *(f"{t.key}={t.value}" for t in item.tags)])
            for item in run.inputs.dataset_inputs
        ]
        + [item.model_id for item in run.inputs.model_inputs]
        for run in runs
    ],
    "outputs": [[[item.model_id, item.step] for item in run.outputs.model_outputs] for run in runs],
    "histories": [
        [[m.step, m.timestamp, number(m.value)] for m in client.get_metric_history(run.info.run_id, key)]
        for run in runs
        for key in ("m0", "m2", "nan")
    ],
    "files": {run.info.run_id: files_of(run.info.run_id) for run in runs},
    "models": [without_places(item) for item in client.search_registered_models()],
    "versions": [
        [
            item.name,
            item.version,
            item.current_stage,
            item.description or "",
            item.tags,
            item.run_id,
            item.creation_timestamp,
        ]
        for item in sorted(client.search_model_versions(), key=lambda item: (item.name, int(item.version)))
    ],
    "logged models": [
        [
            item.model_id,
            item.name,
            item.params,
            item.tags,
            str(item.status),
            [repr(m.value) for m in item.metrics or []],
        ]
        for item in sorted(client.search_logged_models(active), key=lambda item: item.model_id)
    ],
    "prompt": mlflow.genai.load_prompt("prompts:/greet/2").template,
    "traces": [
        [
            trace.info.trace_id,
            str(trace.info.state),
            trace.info.request_time,
            sorted(
                [span.name, span.inputs, span.outputs, span.start_time_ns, span.end_time_ns]
                for span in trace.data.spans
            ),
            sorted([a.name, repr(a.value), a.rationale, a.valid, a.create_time_ms] for a in trace.info.assessments),
        ]
        for trace in mlflow.search_traces(locations=active, return_type="list")
    ],
    "datasets": [
        [item.name, sorted(repr(record.inputs) for record in item._mlflow_dataset.records)]
        if hasattr(item, "_mlflow_dataset")
        else [item.name, sorted(str(row) for row in item.to_df()["inputs"])]
        for item in mlflow.genai.datasets.search_datasets(experiment_ids=active[:3])
    ],
}
print(json.dumps(read, default=repr))
