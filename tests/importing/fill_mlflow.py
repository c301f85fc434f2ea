"""Fills an MLflow database, run by MLflow's own interpreter: URI, folder of artifacts. Prints what it made, as JSON.

Speaks to MLflow 2.22 and 3.x; what the older lacks is left out.
"""

import json
import math
import sys
from pathlib import Path

import mlflow
from mlflow import MlflowClient
from mlflow.entities import Metric, Param, RunTag

URI, ROOT = sys.argv[1], sys.argv[2]
NEW = int(mlflow.__version__.split(".")[0]) >= 3
mlflow.set_tracking_uri(URI)
mlflow.set_registry_uri(URI)
client = MlflowClient()
made = {"version": mlflow.__version__}

first = client.create_experiment("first", artifact_location=f"{ROOT}/first", tags={"team": "a", "note": "é\n✓"})
second = client.create_experiment("second")
gone = client.create_experiment("gone")


def run_with(experiment, name, count):
    run = client.create_run(experiment, run_name=name, start_time=1_700_000_000_000 + count, tags={"kind": "test"})
    metrics = [
        Metric(f"m{key}", step * 0.5 + key, 1_700_000_000_000 + step, step) for key in range(3) for step in range(count)
    ]
    metrics += [Metric("nan", math.nan, 5, 0), Metric("inf", math.inf, 5, 0), Metric("minus", -math.inf, 5, 0)]
    metrics += [Metric("twice", 1.0, 7, 3), Metric("twice", 2.0, 7, 3), Metric("twice", 0.5, 8, 2)]
    params = [Param(f"p{key}", f"value {key}") for key in range(5)] + [
        Param("long", "x" * 5000),
        Param("ünï", "✓ \\ ' \""),
    ]
    client.log_batch(run.info.run_id, metrics, params, [RunTag("t", "v"), RunTag("empty", "")])
    return run.info.run_id


runs = [run_with(first, f"run {number}", number + 1) for number in range(5)] + [run_with(second, "other", 300)]
client.set_terminated(runs[0], "FINISHED", 1_700_000_001_000)
client.set_terminated(runs[1], "FAILED", 1_700_000_002_000)
client.delete_run(runs[2])
lost = run_with(gone, "lost", 2)
client.delete_experiment(gone)
note = Path(ROOT) / "note.txt"
note.parent.mkdir(parents=True, exist_ok=True)
note.write_text("what the run left")
client.log_artifact(runs[0], str(note), "notes")
client.log_artifact(runs[5], str(note))

with mlflow.start_run(run_id=runs[0]):
    import pandas

    data = mlflow.data.from_pandas(pandas.DataFrame({"x": [1, 2]}), source="s3://bucket/data.csv", name="numbers")
    mlflow.log_input(data, context="training", **({"tags": {"part": "1"}} if NEW else {}))
    if NEW:
        model = mlflow.initialize_logged_model(
            name="model", params={"depth": "3"}, tags={"stage": "raw"}, model_type="tree"
        )
        mlflow.log_model_params({"width": "9"}, model.model_id)
        mlflow.log_metric("accuracy", 0.75, step=1, model_id=model.model_id, dataset=data)
        mlflow.finalize_logged_model(model.model_id, "READY")
        mlflow.log_outputs(models=[mlflow.entities.LoggedModelOutput(model.model_id, 4)])
        made["model"] = model.model_id
client.set_terminated(runs[0], "FINISHED", 1_700_000_001_000)
if NEW:
    client.log_inputs(runs[3], models=[mlflow.entities.LoggedModelInput(model.model_id)])
    dropped = mlflow.initialize_logged_model(name="dropped", experiment_id=first)
    client.delete_logged_model(dropped.model_id)
    made["dropped"] = dropped.model_id

client.create_registered_model("joker", tags={"owner": "ann"}, description="tells jokes")
uri = client.get_run(runs[0]).info.artifact_uri
client.create_model_version("joker", f"{uri}/notes", runs[0], tags={"ok": "yes"}, description="the first")
client.create_model_version("joker", f"models:/{made['model']}" if NEW else f"{uri}/notes", runs[0])
client.create_model_version("joker", f"{uri}/notes", runs[1])
client.delete_model_version("joker", "3")
client.set_registered_model_alias("joker", "champion", "2")
client.transition_model_version_stage("joker", "1", "Archived")
client.create_registered_model("empty")

if NEW:
    mlflow.genai.register_prompt("greet", "Hello {{name}}", commit_message="begin")
    mlflow.genai.register_prompt("greet", "Hi {{name}}", commit_message="shorter")
mlflow.set_experiment(experiment_id=second)
with mlflow.start_span("root") as root:
    root.set_inputs({"question": "why?"})
    with mlflow.start_span("child", span_type="LLM") as child:
        child.set_inputs({"prompt": "why"})
        child.set_outputs("because")
    root.set_outputs("because")
    trace_id = root.trace_id if NEW else root.request_id
if NEW:
    mlflow.flush_trace_async_logging()
    made["trace"] = trace_id
    client.set_trace_tag(trace_id, "seen", "yes")
    first_opinion = mlflow.log_feedback(
        trace_id=trace_id, name="good", value=True, rationale="short", metadata={"a": "b"}
    )
    mlflow.log_feedback(trace_id=trace_id, name="score", value=0.25)
    mlflow.log_expectation(trace_id=trace_id, name="answer", value={"text": "because"})
    mlflow.override_feedback(trace_id=trace_id, assessment_id=first_opinion.assessment_id, value=False)
    from mlflow.genai.datasets import create_dataset

    dataset = create_dataset(name="questions", experiment_id=[first, second], tags={"lang": "en"})
    dataset.merge_records(
        [{"inputs": {"q": str(n)}, "expectations": {"a": n}, "tags": {"n": str(n)}} for n in range(3)]
    )
    made["dataset"] = dataset.dataset_id
else:
    client.set_trace_tag(trace_id, "seen", "yes")
    mlflow.flush_trace_async_logging(terminate=True)
    made["trace"] = trace_id
made.update(first=first, second=second, gone=gone, runs=runs, lost=lost)
print(json.dumps(made))
