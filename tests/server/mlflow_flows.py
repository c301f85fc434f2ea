"""Flows of a real MLflow client against the server named by MLFLOW_TRACKING_URI; prints what each found, as JSON.

Run by the interpreter that has MLflow. A flow that raises is reported with its traceback.
"""

from __future__ import annotations

import json
import math
import os
import sys
import tempfile
import traceback
from pathlib import Path

import mlflow
from mlflow import MlflowClient
from mlflow.entities import Dataset, DatasetInput, InputTag, Metric, Param, RunTag, ViewType
from mlflow.exceptions import MlflowException, RestException

client = MlflowClient()
UNIQUE = sys.argv[1]


def refused(call, *arguments, **named):
    """The code and status of the error that a call ends in."""
    try:
        call(*arguments, **named)
    except RestException as error:
        return [error.error_code, error.get_http_status_code()]
    except MlflowException as error:
        return [error.error_code, None]
    return None


def experiments():
    name = f"experiments {UNIQUE} é"
    created = client.create_experiment(name, tags={"team": "a", "empty": ""})
    found = client.get_experiment(created)
    client.set_experiment_tag(created, "team", "b")
    if hasattr(client, "delete_experiment_tag"):
        client.delete_experiment_tag(created, "empty")
    client.rename_experiment(created, f"{name} renamed")
    changed = client.get_experiment_by_name(f"{name} renamed")
    client.delete_experiment(created)
    deleted = client.get_experiment(created)
    listed = [item.experiment_id for item in client.search_experiments(view_type=ViewType.DELETED_ONLY)]
    client.restore_experiment(created)
    again = client.get_experiment(created)
    pages = []
    token = None
    for number in range(3):
        client.create_experiment(f"page {UNIQUE} {number}")
    while True:
        page = client.search_experiments(
            filter_string=f"name LIKE 'page {UNIQUE}%'", max_results=2, page_token=token, order_by=["name ASC"]
        )
        pages.append([item.name for item in page])
        token = page.token
        if not token:
            break
    return {
        "name": found.name == name,
        "tags": found.tags,
        "location": found.artifact_location.startswith("mlflow-artifacts:/"),
        "stage": found.lifecycle_stage,
        "times": found.creation_time > 0 and found.last_update_time >= found.creation_time,
        "changed": changed.tags,
        "deleted": [deleted.lifecycle_stage, created in listed],
        "again": again.lifecycle_stage,
        "pages": [len(page) for page in pages],
        "missing": client.get_experiment_by_name("no such experiment"),
        "taken": refused(client.create_experiment, f"{name} renamed"),
        "unknown": refused(client.get_experiment, "123456789"),
    }


def runs():
    mlflow.set_experiment(f"runs {UNIQUE}")
    with mlflow.start_run(run_name="first", tags={"kind": "x"}, description="told") as run:
        mlflow.log_param("alpha", 0.5)
        mlflow.log_params({"beta": "b", "long": "x" * 6000})
        mlflow.log_metric("loss", 1.5, step=1)
        mlflow.log_metrics({"loss": 0.5, "acc": 0.9}, step=2)
        mlflow.log_metric("nan", math.nan)
        mlflow.log_metric("inf", math.inf)
        mlflow.set_tag("done", "yes")
        mlflow.set_tag("gone", "soon")
        mlflow.delete_tag("gone")
        client.log_batch(
            run.info.run_id,
            metrics=[Metric("batch", float(step), 1000 + step, step) for step in range(300)],
            params=[Param(f"p{number}", str(number)) for number in range(50)],
            tags=[RunTag("from", "batch")],
        )
    done = client.get_run(run.info.run_id)
    history = client.get_metric_history(run.info.run_id, "batch")
    client.update_run(run.info.run_id, name="renamed")
    found = client.search_runs(
        [done.info.experiment_id],
        filter_string="metrics.acc > 0.5 AND params.alpha = '0.5' AND tags.kind = 'x' AND status = 'FINISHED'",
        order_by=["metrics.acc DESC"],
    )
    frame = mlflow.search_runs([done.info.experiment_id])
    client.delete_run(run.info.run_id)
    gone = [item.info.run_id for item in client.search_runs([done.info.experiment_id])]
    client.restore_run(run.info.run_id)
    return {
        "status": [done.info.status, done.info.lifecycle_stage, done.info.end_time >= done.info.start_time],
        "user": bool(done.info.user_id),
        "params": [done.data.params["alpha"], done.data.params["p7"], len(done.data.params["long"])],
        "metrics": [done.data.metrics["loss"], done.data.metrics["acc"], done.data.metrics["batch"]],
        "not finite": [math.isnan(done.data.metrics["nan"]), done.data.metrics["inf"] > 1e300],
        "tags": [done.data.tags[key] for key in ("done", "kind", "from", "mlflow.note.content", "mlflow.runName")],
        "gone": "gone" in done.data.tags,
        "history": [len(history), history[17].value, history[17].step, history[17].timestamp],
        "renamed": client.get_run(run.info.run_id).info.run_name,
        "found": [item.info.run_id for item in found] == [run.info.run_id],
        "frame": float(frame.loc[0, "metrics.acc"]),
        "deleted": run.info.run_id in gone,
        "changed param": refused(client.log_param, run.info.run_id, "alpha", "0.6"),
        "unknown run": refused(client.get_run, "0" * 32),
        "bad filter": refused(client.search_runs, [done.info.experiment_id], "nonsense ="),
        "unknown field": refused(client.search_runs, [done.info.experiment_id], "attributes.nonsense = 'x'"),
    }


def many_runs():
    experiment = client.create_experiment(f"many {UNIQUE}")
    for number in range(7):
        run = client.create_run(experiment, run_name=f"run {number}")
        client.log_metric(run.info.run_id, "m", number)
        client.set_terminated(run.info.run_id, "KILLED" if number % 2 else "FAILED")
    token, seen = None, []
    while True:
        page = client.search_runs([experiment], max_results=3, page_token=token, order_by=["metrics.m DESC"])
        seen += [item.data.metrics["m"] for item in page]
        token = page.token
        if not token:
            break
    killed = client.search_runs([experiment], filter_string="attributes.status = 'KILLED'")
    return {
        "order": seen,
        "killed": len(killed),
        "bad token": refused(client.search_runs, [experiment], page_token="x"),
    }


def inputs():
    mlflow.set_experiment(f"inputs {UNIQUE}")
    with mlflow.start_run() as run:
        dataset = Dataset(name="d", digest="abc", source_type="local", source="{}", schema="s", profile="p")
        client.log_inputs(run.info.run_id, [DatasetInput(dataset, [InputTag("mlflow.data.context", "train")])])
    found = client.get_run(run.info.run_id)
    given = found.inputs.dataset_inputs[0]
    searched = client.search_runs([found.info.experiment_id], "dataset.name = 'd' AND dataset.context = 'train'")
    return {
        "dataset": [given.dataset.name, given.dataset.digest, given.dataset.schema, given.tags[0].value],
        "searched": len(searched),
    }


def artifacts():
    mlflow.set_experiment(f"artifacts {UNIQUE}")
    with tempfile.TemporaryDirectory() as folder, mlflow.start_run() as run:
        place = Path(folder)
        (place / "deep" / "er").mkdir(parents=True)
        (place / "deep" / "er" / "é ü.txt").write_text("inside")
        (place / "empty.bin").write_bytes(b"")
        (place / "big.bin").write_bytes(os.urandom(5_000_000))
        mlflow.log_artifacts(folder, "kept")
        mlflow.log_text("hello", "notes/hello.txt")
        mlflow.log_dict({"a": 1}, "notes/a.json")
        listed = sorted(item.path for item in client.list_artifacts(run.info.run_id, "kept"))
        sizes = {item.path: item.file_size for item in client.list_artifacts(run.info.run_id, "kept")}
        back = Path(mlflow.artifacts.download_artifacts(run_id=run.info.run_id, artifact_path="kept"))
        same = (back / "big.bin").read_bytes() == (place / "big.bin").read_bytes()
        inside = (back / "deep" / "er" / "é ü.txt").read_text()
        missing = refused(client.download_artifacts, run.info.run_id, "nothing.txt")
    return {
        "listed": listed,
        "size": sizes["kept/big.bin"],
        "empty": sizes.get("kept/empty.bin"),
        "same": same,
        "inside": inside,
        "text": mlflow.artifacts.load_text(f"{run.info.artifact_uri}/notes/hello.txt"),
        "dict": mlflow.artifacts.load_dict(f"runs:/{run.info.run_id}/notes/a.json"),
        "missing": bool(missing),
    }


class Echo(mlflow.pyfunc.PythonModel):
    def predict(self, context, model_input: list[str]) -> list[str]:
        return [f"echo {item}" for item in model_input]


def models():
    name = f"model-{UNIQUE}"
    mlflow.set_experiment(f"models {UNIQUE}")
    with mlflow.start_run() as run:
        info = mlflow.pyfunc.log_model(
            name="echo", python_model=Echo(), registered_model_name=name, pip_requirements=[]
        )
        mlflow.log_metric("quality", 0.75, model_id=info.model_id)
    logged = mlflow.get_logged_model(info.model_id)
    client.set_logged_model_tags(info.model_id, {"stage": "new", "drop": "me"})
    client.delete_logged_model_tag(info.model_id, "drop")
    client.log_model_params(info.model_id, {"depth": "3"})
    again = mlflow.get_logged_model(info.model_id)
    searched = mlflow.search_logged_models([logged.experiment_id], filter_string="name = 'echo'", output_format="list")
    ordered = mlflow.search_logged_models(
        [logged.experiment_id],
        order_by=[{"field_name": "metrics.quality", "ascending": False}],
        output_format="list",
    )
    client.set_registered_model_alias(name, "champion", "1")
    client.set_registered_model_tag(name, "owner", "a")
    client.set_model_version_tag(name, "1", "checked", "yes")
    client.update_registered_model(name, description="told")
    client.update_model_version(name, "1", description="first")
    version = client.get_model_version_by_alias(name, "champion")
    registered = client.get_registered_model(name)
    second = mlflow.register_model(f"models:/{info.model_id}", name)
    uri = client.get_model_version_download_uri(name, "1")
    predicted = mlflow.pyfunc.load_model(f"models:/{name}@champion").predict(["a"])
    also = mlflow.pyfunc.load_model(f"runs:/{run.info.run_id}/echo").predict(["b"])
    staged = client.transition_model_version_stage(name, "2", "staging")
    latest = sorted(item.version for item in client.get_latest_versions(name))
    found = client.search_model_versions(f"name = '{name}'", order_by=["version_number DESC"])
    names = [item.name for item in client.search_registered_models(f"name = '{name}'")]
    client.rename_registered_model(name, f"{name}-renamed")
    client.delete_registered_model_alias(f"{name}-renamed", "champion")
    client.delete_registered_model_tag(f"{name}-renamed", "owner")
    client.delete_model_version_tag(f"{name}-renamed", "1", "checked")
    client.delete_model_version(f"{name}-renamed", "2")
    after = client.get_registered_model(f"{name}-renamed")
    outputs = [item.model_id for item in client.get_run(run.info.run_id).outputs.model_outputs]
    client.delete_registered_model(f"{name}-renamed")
    client.delete_logged_model(info.model_id)
    return {
        "status": [str(logged.status), logged.model_type, logged.source_run_id == run.info.run_id],
        "tags": [again.tags["stage"], "drop" in again.tags, again.params],
        "metrics": [(item.key, item.value) for item in again.metrics],
        "searched": [len(searched), len(ordered)],
        "version": [version.version, version.description, version.tags, version.aliases, version.current_stage],
        "lineage": [version.run_id == run.info.run_id, version.model_id == info.model_id],
        "registered": [registered.description, registered.tags, registered.aliases],
        "second": [second.version, staged.current_stage, latest],
        "uri": uri.startswith("mlflow-artifacts:/"),
        "predicted": [list(predicted), list(also)],
        "found": [item.version for item in found],
        "names": names == [name],
        "after": [after.aliases, after.tags],
        "outputs": outputs == [info.model_id],
        "gone": [
            refused(client.get_registered_model, f"{name}-renamed"),
            refused(client.get_logged_model, info.model_id),
        ],
    }


def prompts():
    name = f"prompt-{UNIQUE}"
    mlflow.genai.register_prompt(name, "Say {{x}}", commit_message="first", tags={"a": "b"})
    mlflow.genai.register_prompt(name, [{"role": "user", "content": "Tell {{x}}"}], commit_message="second")
    mlflow.genai.set_prompt_alias(name, "production", 1)
    loaded = mlflow.genai.load_prompt(f"prompts:/{name}@production")
    second = mlflow.genai.load_prompt(f"prompts:/{name}/2")
    found = [item.name for item in mlflow.genai.search_prompts(f"name = '{name}'")]
    models = [item.name for item in client.search_registered_models(f"name = '{name}'")]
    return {
        "first": [loaded.template, loaded.version, loaded.commit_message, loaded.tags.get("a")],
        "second": [second.format(x="y"), second.version],
        "found": found == [name],
        "not a model": models,
    }


FLOWS = (experiments, runs, many_runs, inputs, artifacts, models, prompts)


def report(flows):
    found = {}
    for flow in flows:
        try:
            found[flow.__name__] = flow()
        except Exception:
            found[flow.__name__] = traceback.format_exc()
    print("FOUND " + json.dumps(found, default=str))


if __name__ == "__main__":
    report(FLOWS)
