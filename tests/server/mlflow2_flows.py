"""Flows of MLflow 2.22's client, where its calls are not MLflow 3's, against the server named by MLFLOW_TRACKING_URI.

Prints what each found, as JSON. Run by the interpreter that has MLflow 2.22.
"""

from __future__ import annotations

import contextlib
import sys
import time

import mlflow
import mlflow_flows as common
import openai
import pandas as pd
from mlflow import MlflowClient
from mlflow.entities import AssessmentSource
from mlflow.models import make_metric

client = MlflowClient()
UNIQUE = sys.argv[1]


class Echo(mlflow.pyfunc.PythonModel):
    def predict(self, context, model_input: list[str]) -> list[str]:
        return [f"echo {item}" for item in model_input]


def models():
    name = f"old-model-{UNIQUE}"
    mlflow.set_experiment(f"old models {UNIQUE}")
    with mlflow.start_run() as run:
        mlflow.pyfunc.log_model("echo", python_model=Echo(), registered_model_name=name, pip_requirements=[])
    listed = sorted(item.path for item in client.list_artifacts(run.info.run_id, "echo"))
    client.set_registered_model_alias(name, "champion", "1")
    client.set_model_version_tag(name, "1", "checked", "yes")
    client.update_model_version(name, "1", description="first")
    version = client.get_model_version_by_alias(name, "champion")
    second = mlflow.register_model(f"runs:/{run.info.run_id}/echo", name, tags={"a": "b"})
    staged = client.transition_model_version_stage(name, second.version, "Production")
    copied = client.copy_model_version(f"models:/{name}/1", f"{name}-copy")
    predicted = mlflow.pyfunc.load_model(f"models:/{name}@champion").predict(["a"])
    of_stage = mlflow.pyfunc.load_model(f"models:/{name}/Production").predict(["b"])
    of_run = mlflow.pyfunc.load_model(f"runs:/{run.info.run_id}/echo").predict(["c"])
    found = client.search_model_versions(f"run_id = '{run.info.run_id}'", order_by=["version_number DESC"])
    client.rename_registered_model(name, f"{name}-renamed")
    history = client.get_run(run.info.run_id).data.tags["mlflow.log-model.history"]
    client.delete_registered_model(f"{name}-renamed")
    return {
        "listed": listed,
        "version": [
            version.version,
            version.description,
            version.tags,
            version.current_stage,
            version.run_id == run.info.run_id,
        ],
        "second": [second.version, second.tags, staged.current_stage],
        "copied": [copied.version, copied.source == f"models:/{name}/1"],
        "predicted": [list(predicted), list(of_stage), list(of_run)],
        "found": sorted((item.name.replace(UNIQUE, ""), item.version) for item in found),
        "history": "python_function" in history,
        "gone": common.refused(client.get_registered_model, f"{name}-renamed"),
    }


def prompts():
    name = f"old-prompt-{UNIQUE}"
    mlflow.register_prompt(name, "Say {{x}}", commit_message="first", version_metadata={"author": "a"}, tags={"a": "b"})
    mlflow.register_prompt(name, "Tell {{x}}", commit_message="second")
    mlflow.set_prompt_alias(name, "production", 1)
    first = mlflow.load_prompt(f"prompts:/{name}@production")
    second = mlflow.load_prompt(name, 2)
    mlflow.set_experiment(f"old prompts {UNIQUE}")
    with mlflow.start_run() as run:
        client.log_prompt(run.info.run_id, f"prompts:/{name}/1")
    logged = [item.version for item in client.list_logged_prompts(run.info.run_id)]
    client.detach_prompt_from_run(run.info.run_id, f"prompts:/{name}/1")
    detached = len(client.list_logged_prompts(run.info.run_id))
    mlflow.delete_prompt_alias(name, "production")
    models = [item.name for item in client.search_registered_models(f"name = '{name}'")]
    mlflow.delete_prompt(name, 2)
    return {
        "first": [first.template, first.version, first.commit_message, first.version_metadata, first.tags],
        "second": [second.format(x="y"), second.version],
        "logged": [logged, detached],
        "models": models,
        "alias gone": common.refused(mlflow.load_prompt, f"prompts:/{name}@production"),
        "gone": common.refused(mlflow.load_prompt, name, 2),
    }


def newest():
    mlflow.flush_trace_async_logging()
    return mlflow.get_trace(mlflow.get_last_active_trace_id())


def traces():
    experiment = mlflow.set_experiment(f"old traces {UNIQUE}").experiment_id

    @mlflow.trace(span_type="AGENT", attributes={"team": "red"})
    def agent(question):
        with mlflow.start_span("lookup", span_type="TOOL") as span:
            span.set_inputs({"q": question})
            span.set_outputs({"a": [1, 2.5, None, "é"]})
        mlflow.update_current_trace(tags={"colour": "blue"})
        return {"answer": question.upper()}

    @mlflow.trace
    def boom():
        raise ValueError("no")

    agent("hello wörld")
    trace = newest()
    with contextlib.suppress(ValueError):
        boom()
    failed = newest()
    root = client.start_trace("by hand", inputs={"a": 1}, experiment_id=experiment, tags={"t": "1"})
    child = client.start_span("child", request_id=root.request_id, parent_id=root.span_id)
    client.end_span(child.request_id, child.span_id)
    client.end_trace(root.request_id, outputs="z")
    mlflow.flush_trace_async_logging()
    by_hand = client.get_trace(root.request_id)
    client.set_trace_tag(root.request_id, "k", "v")
    tagged = client.search_traces([experiment], filter_string="tags.k = 'v'")
    client.delete_trace_tag(root.request_id, "k")
    untagged = client.get_trace(root.request_id)
    pages, token = [], None
    while True:
        page = client.search_traces([experiment], max_results=2, order_by=["timestamp_ms ASC"], page_token=token)
        pages.append([item.info.tags["mlflow.traceName"] for item in page])
        token = page.token
        if not token:
            break
    table = mlflow.search_traces([experiment])
    errors = client.search_traces([experiment], filter_string="attributes.status = 'ERROR'")
    by_id = client.delete_traces(experiment, request_ids=[root.request_id])
    by_age = client.delete_traces(experiment, max_timestamp_millis=int(time.time() * 1000), max_traces=1)
    return {
        "status": [
            str(trace.info.status.value),
            trace.info.experiment_id == experiment,
            trace.info.execution_time_ms >= 0,
        ],
        "spans": [[s.name, s.span_type, s.inputs, s.outputs, s.parent_id is None] for s in trace.data.spans],
        "tags": [trace.info.tags["colour"], trace.info.tags["mlflow.traceName"]],
        "failed": [str(failed.info.status.value), failed.data.spans[0].events[0].name],
        "by hand": [by_hand.info.tags["t"], len(by_hand.data.spans), by_hand.data.response],
        "tagged": [len(tagged), "k" in untagged.info.tags],
        "pages": pages,
        "table": len(table),
        "errors": len(errors),
        "deleted": [by_id, by_age, len(client.search_traces([experiment]))],
        "gone": common.refused(client.get_trace, root.request_id),
    }


def assessments():
    mlflow.set_experiment(f"old assessments {UNIQUE}")
    with mlflow.start_span("judged") as span:
        pass
    mlflow.flush_trace_async_logging()
    human = AssessmentSource("HUMAN", "ann")
    return [
        common.refused(mlflow.log_feedback, trace_id=span.request_id, name="good", value=True, source=human),
        common.refused(mlflow.log_expectation, trace_id=span.request_id, name="fact", value="a", source=human),
    ]


def evaluate():
    mlflow.set_experiment(f"old evaluation {UNIQUE}")
    data = pd.DataFrame({"x": [1, 2, 3], "y": [2, 4, 7]})

    def right(predictions, targets, metrics):
        return mlflow.metrics.MetricValue(aggregate_results={"share": float((predictions == targets).mean())})

    with mlflow.start_run() as run:
        result = mlflow.evaluate(
            lambda rows: rows["x"] * 2,
            data,
            targets="y",
            extra_metrics=[make_metric(eval_fn=right, greater_is_better=True, name="right")],
        )
    read = client.get_run(run.info.run_id)
    return {
        "metrics": {key: round(value, 3) for key, value in result.metrics.items()},
        "of run": {key: round(value, 3) for key, value in read.data.metrics.items()},
        "artifacts": [sorted(result.artifacts), sorted(item.path for item in client.list_artifacts(run.info.run_id))],
    }


def autolog():
    experiment = mlflow.set_experiment(f"old autolog {UNIQUE}").experiment_id
    mlflow.openai.autolog()
    with contextlib.suppress(openai.APIConnectionError):
        openai.OpenAI(base_url="http://127.0.0.1:9/v1", api_key="none", max_retries=0).chat.completions.create(
            model="gpt-4o-mini", messages=[{"role": "user", "content": "hi"}]
        )
    mlflow.flush_trace_async_logging()
    mlflow.openai.autolog(disable=True)
    traces = client.search_traces([experiment])
    return [[t.info.status.value, t.data.spans[0].span_type, t.data.spans[0].inputs["model"]] for t in traces]


LIKE_3 = (common.experiments, common.runs, common.many_runs, common.inputs, common.artifacts)

if __name__ == "__main__":
    common.report((*LIKE_3, models, prompts, traces, assessments, evaluate, autolog))
