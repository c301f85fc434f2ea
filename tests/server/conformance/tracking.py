"""Calls about experiments, runs, metrics, params, tags, inputs and artifacts."""

from __future__ import annotations

import io
import math
import tempfile
import time
from pathlib import Path

import mlflow
import numpy
from matplotlib.figure import Figure
from mlflow.entities import Dataset, DatasetInput, InputTag, Metric, Param, RunTag


def experiments(book, client):
    ask = book.ask
    name = f"experiment {book.unique}"
    made = client.create_experiment(name, tags={"team": "a", "empty": ""})
    book.know_experiment(made, "experiment")
    ask("experiments: get", client.get_experiment, made)
    ask("experiments: get by name", client.get_experiment_by_name, name)
    ask("experiments: get by a name that is not there", client.get_experiment_by_name, "none")
    ask("experiments: get the default", client.get_experiment, "0")
    ask("experiments: get one that is not there", client.get_experiment, "987654321")
    ask("experiments: get by an id that is no number", client.get_experiment, "abc")
    ask("experiments: create a second time", client.create_experiment, name)
    ask("experiments: create with no name", _made, client, "")
    ask("experiments: create with a blank name", _blank, client)
    ask("experiments: create with a long name", _made, client, "n" * 501)
    ask("experiments: create with a name that is a number", _made, client, 5)
    ask("experiments: create with a location", _made, client, f"{name} elsewhere", "mlflow-artifacts:/else")
    ask("experiments: create with a query in the location", _made, client, f"{name} q", "s3://a/b?x=y")
    ask("experiments: create with a fragment", _made, client, f"{name} f", "s3://a/b#x")
    ask("experiments: create with ..", _made, client, f"{name} up", "mlflow-artifacts:/a/../../b")
    ask("experiments: rename", client.rename_experiment, made, f"{name} renamed")
    ask("experiments: rename to a taken name", client.rename_experiment, made, "Default")
    ask("experiments: rename one that is not there", client.rename_experiment, "987654321", "x")
    ask("experiments: set a tag", client.set_experiment_tag, made, "team", "b")
    ask("experiments: set a long tag", client.set_experiment_tag, made, "long", "v" * 5001)
    ask("experiments: set a tag with a long key", client.set_experiment_tag, made, "k" * 251, "v")
    ask("experiments: set a tag with a bad key", client.set_experiment_tag, made, "a//b", "v")
    ask("experiments: set a tag of none", client.set_experiment_tag, "987654321", "a", "v")
    ask("experiments: delete a tag", client.delete_experiment_tag, made, "empty")
    ask("experiments: delete a tag that is not there", client.delete_experiment_tag, made, "empty2")
    run = book.know(client.create_run(made).info.run_id, "run in experiment")
    ask("experiments: delete", client.delete_experiment, made)
    ask("experiments: delete a second time", client.delete_experiment, made)
    ask("experiments: get a deleted one", client.get_experiment, made)
    ask("experiments: get a deleted one by name", client.get_experiment_by_name, f"{name} renamed")
    ask("experiments: the run of a deleted one", lambda: client.get_run(run).info.lifecycle_stage)
    ask("experiments: create by the name of a deleted one", client.create_experiment, f"{name} renamed")
    ask("experiments: create a run in a deleted one", client.create_run, made)
    ask("experiments: log to a run of a deleted one", client.log_metric, run, "m", 1.0)
    ask("experiments: tag a deleted one", client.set_experiment_tag, made, "x", "y")
    ask("experiments: rename a deleted one", client.rename_experiment, made, "other")
    ask("experiments: restore", client.restore_experiment, made)
    ask("experiments: restore a second time", client.restore_experiment, made)
    ask("experiments: the run of a restored one", lambda: client.get_run(run).info.lifecycle_stage)
    ask("experiments: restore one that is not there", client.restore_experiment, "987654321")
    ask("experiments: delete one that is not there", client.delete_experiment, "987654321")
    ask("experiments: delete the default", client.delete_experiment, "0")
    client.restore_experiment("0")
    ask("experiments: set by name", lambda: mlflow.set_experiment(f"set {book.unique}").name)


def _blank(client):
    """Whether blanks are taken for a name, now or by a run of this before."""
    try:
        return bool(client.create_experiment("  "))
    except mlflow.MlflowException as error:
        return True if error.error_code == "RESOURCE_ALREADY_EXISTS" else error.error_code


def _made(client, *arguments):
    return bool(client.create_experiment(*arguments))


def runs(book, client):
    ask = book.ask
    experiment = book.know_experiment(client.create_experiment(f"runs {book.unique}"), "experiment of runs")
    made = client.create_run(experiment, start_time=1000, tags={"a": "b", "mlflow.user": "ann"}, run_name="first")
    run = book.know(made.info.run_id, "run")
    book.outcomes["runs: create"] = book.plain(made)
    ask("runs: get", client.get_run, run)
    ask("runs: get one that is not there", client.get_run, "0" * 32)
    ask("runs: get by no id", client.get_run, "")
    ask("runs: create in no experiment", client.create_run, "987654321")
    ask("runs: create in an experiment that is no number", client.create_run, "abc")
    ask("runs: create with two names", client.create_run, experiment, tags={"mlflow.runName": "x"}, run_name="y")
    ask(
        "runs: create with a name by tag",
        lambda: client.create_run(experiment, tags={"mlflow.runName": "x"}).info.run_name,
    )
    ask("runs: create without a name", lambda: bool(client.create_run(experiment).info.run_name))
    ask("runs: update the name", client.update_run, run, name="second")
    ask("runs: the name is a tag too", lambda: client.get_run(run).data.tags["mlflow.runName"])
    client.set_tag(run, "mlflow.runName", "third")
    ask("runs: the tag is the name too", lambda: client.get_run(run).info.run_name)
    ask("runs: update the status", client.update_run, run, status="SCHEDULED")
    ask("runs: update to no status", client.update_run, run, status="NOPE")
    ask("runs: update nothing", client.update_run, run)
    ask("runs: terminate", client.set_terminated, run, "KILLED", 5000)
    ask("runs: after its end", client.get_run, run)
    ask("runs: terminate again", client.set_terminated, run)
    ask("runs: terminate one that is not there", client.set_terminated, "0" * 32)
    ask("runs: to running again", client.update_run, run, status="RUNNING")
    ask("runs: end of a running one", lambda: client.get_run(run).info.end_time)
    ask("runs: delete", client.delete_run, run)
    ask("runs: delete a second time", client.delete_run, run)
    ask("runs: get a deleted one", lambda: client.get_run(run).info.lifecycle_stage)
    ask("runs: log a param to a deleted one", client.log_param, run, "p", "v")
    ask("runs: log a batch to a deleted one", client.log_batch, run, [Metric("m", 1, 1, 1)])
    ask("runs: tag a deleted one", client.set_tag, run, "t", "v")
    ask("runs: delete a tag of a deleted one", client.delete_tag, run, "a")
    ask("runs: update a deleted one", client.update_run, run, name="x")
    ask("runs: log inputs to a deleted one", client.log_inputs, run, [_dataset("d")])
    ask("runs: restore", client.restore_run, run)
    ask("runs: restore a second time", client.restore_run, run)
    ask("runs: restore one that is not there", client.restore_run, "0" * 32)
    ask("runs: delete one that is not there", client.delete_run, "0" * 32)
    child = client.create_run(experiment, tags={"mlflow.parentRunId": run}).info.run_id
    book.know(child, "child")
    ask("runs: parent", lambda: client.get_parent_run(child).info.run_id)
    ask("runs: parent of one that has none", client.get_parent_run, run)
    ask("runs: parent of none", client.get_parent_run, "0" * 32)
    ask("runs: nested, fluently", _nested, book)


def _nested(book):
    mlflow.set_experiment(f"runs {book.unique}")
    with mlflow.start_run(run_name="outer") as outer:
        with mlflow.start_run(run_name="inner", nested=True) as inner, mlflow.start_run(nested=True) as innermost:
            pass
        with mlflow.start_run(nested=True, run_name="failed"):
            mlflow.end_run("FAILED")
    again = mlflow.start_run(outer.info.run_id)
    mlflow.log_metric("more", 1)
    mlflow.end_run()
    parents = [mlflow.get_parent_run(run.info.run_id).info.run_id for run in (inner, innermost)]
    children = mlflow.search_runs(
        filter_string=f"tags.`mlflow.parentRunId` = '{outer.info.run_id}'",
        order_by=["start_time"],
        output_format="list",
    )
    return [
        parents == [outer.info.run_id, inner.info.run_id],
        sorted([child.info.run_name, child.info.status] for child in children),
        again.info.run_id == outer.info.run_id,
    ]


def _dataset(name, *tags):
    dataset = Dataset(name=name, digest="1", source_type="local", source="{}", schema="s", profile="p")
    return DatasetInput(dataset, [InputTag(key, value) for key, value in tags])


def metrics(book, client):
    ask = book.ask
    experiment = book.know_experiment(client.create_experiment(f"metrics {book.unique}"), "experiment of metrics")
    run = book.know(client.create_run(experiment, run_name="measured").info.run_id, "measured run")
    for name, value in {
        "one": 1, "float": 0.1, "negative": -1e-300, "huge": 1.7e308, "nan": math.nan, "inf": math.inf,
        "minus inf": -math.inf, "true": True, "numpy": numpy.float32(0.5), "text": "0.5", "word": "x", "none": None,
    }.items():  # fmt: skip
        ask(f"metrics: log {name}", client.log_metric, run, f"of {name}", value)
    keys = (
        "a/b",
        "a b",
        "a.b",
        "a-b",
        "a:b",
        "é",
        "a//b",
        "../a",
        "/a",
        "a/",
        ".",
        "",
        "a\tb",
        "k" * 250,
        "k" * 251,
        "a;b",
    )
    for key in keys:
        short = f"{key[:3]}… of {len(key)}" if len(key) > 9 else repr(key)
        ask(f"metrics: key {short}", client.log_metric, run, key, 1.0)
        ask(f"params: key {short}", client.log_param, run, key, "v")
        ask(f"tags: key {short}", client.set_tag, run, key, "v")
    ask("metrics: the run", client.get_run, run)
    ask("metrics: to no run", client.log_metric, "0" * 32, "m", 1.0)
    ask("metrics: negative step and time", client.log_metric, run, "early", 1.0, -5, -3)
    ask("metrics: a step that is no whole number", client.log_metric, run, "step", 1.0, 1, 1.5)
    latest = [
        Metric("latest", 1.0, 10, 1),
        Metric("latest", 9.0, 5, 2),
        Metric("latest", 3.0, 7, 2),
        Metric("latest", 4.0, 7, 2),
    ]
    ask("metrics: several of one key", client.log_batch, run, latest)
    ask(
        "metrics: the last is that of the highest step, time, value", lambda: client.get_run(run).data.metrics["latest"]
    )
    ask("metrics: the same again", client.log_batch, run, latest[:1])
    ask("metrics: history", client.get_metric_history, run, "latest")
    ask("metrics: history of none", client.get_metric_history, run, "none at all")
    ask("metrics: history of no run", client.get_metric_history, "0" * 32, "latest")
    client.log_batch(run, [Metric("long", float(step % 7), 1000 + step, step) for step in range(1000)])
    client.log_batch(run, [Metric("long", float(step % 7), 1000 + step, step) for step in range(1000, 1500)])
    ask(
        "metrics: a long history",
        lambda: [len(client.get_metric_history(run, "long")), client.get_metric_history(run, "long")[1499].step],
    )
    ask("metrics: 1001 at once", lambda: client.log_batch(run, [Metric("more", 1.0, 1, step) for step in range(1001)]))
    ask("metrics: 101 params at once", lambda: client.log_batch(run, params=[Param(f"q{n}", "v") for n in range(101)]))
    ask("metrics: 101 tags at once", lambda: client.log_batch(run, tags=[RunTag(f"q{n}", "v") for n in range(101)]))
    ask(
        "metrics: 1000 of all kinds",
        lambda: client.log_batch(
            run,
            [Metric("mix", 1.0, 1, n) for n in range(800)],
            [Param(f"r{n}", "v") for n in range(100)],
            [RunTag(f"r{n}", "v") for n in range(100)],
        ),
    )
    ask(
        "metrics: of all kinds too many",
        lambda: client.log_batch(
            run,
            [Metric("mix", 1.0, 1, n) for n in range(900)],
            [Param(f"r{n}", "v") for n in range(100)],
            [RunTag(f"r{n}", "v") for n in range(100)],
        ),
    )
    ask("metrics: an empty batch", client.log_batch, run)
    ask("metrics: with a dataset", client.log_metric, run, "of data", 1.0, dataset_name="d", dataset_digest="1")
    ask("metrics: with a model that is not there", client.log_metric, run, "of model", 1.0, model_id="m-" + "0" * 32)
    ask("metrics: fluently, in the background", _in_background, experiment)
    ask("params: log", client.log_param, run, "p", "v")
    ask("params: log the same again", client.log_param, run, "p", "v")
    ask("params: log another value", client.log_param, run, "p", "w")
    ask("params: empty", client.log_param, run, "empty", "")
    ask("params: 6000 letters", client.log_param, run, "long", "v" * 6000)
    ask("params: 6001 letters", client.log_param, run, "longer", "v" * 6001)
    ask("params: a batch that names one twice", client.log_batch, run, params=[Param("t", "1"), Param("t", "2")])
    ask("params: a batch that names one twice alike", client.log_batch, run, params=[Param("u", "1"), Param("u", "1")])
    ask("params: a batch that changes one", client.log_batch, run, params=[Param("new", "1"), Param("p", "x")])
    ask("params: the rest of that batch", lambda: "new" in client.get_run(run).data.params)
    ask("params: to no run", client.log_param, "0" * 32, "p", "v")
    ask("tags: set", client.set_tag, run, "t", 5)
    ask("tags: set again", client.set_tag, run, "t", "6")
    ask("tags: 8000 letters", client.set_tag, run, "long", "v" * 8000)
    ask("tags: 8001 letters", client.set_tag, run, "longer", "v" * 8001)
    ask("tags: to no run", client.set_tag, "0" * 32, "p", "v")
    ask("tags: delete", client.delete_tag, run, "t")
    ask("tags: delete again", client.delete_tag, run, "t")
    ask("tags: delete from no run", client.delete_tag, "0" * 32, "t")
    ask("tags: control characters", client.set_tag, run, "control", "a\x01b")
    ask("tags: an emoji", lambda: [client.set_tag(run, "emoji", "😀"), client.get_run(run).data.tags["emoji"]])


def _in_background(experiment):
    with mlflow.start_run(experiment_id=experiment) as run:
        for step in range(20):
            mlflow.log_metric("m", step, step=step, synchronous=False)
        mlflow.log_params({"a": 1}, synchronous=False)
        mlflow.set_tags({"b": 2}, synchronous=False)
    mlflow.flush_async_logging()
    found = mlflow.get_run(run.info.run_id)
    return [found.data.metrics, found.data.params, found.data.tags["b"]]


def inputs(book, client):
    ask = book.ask
    experiment = book.know_experiment(client.create_experiment(f"inputs {book.unique}"), "experiment of inputs")
    run = book.know(client.create_run(experiment, run_name="fed").info.run_id, "fed run")
    ask("inputs: log", client.log_inputs, run, [_dataset("d", ("mlflow.data.context", "train")), _dataset("e")])
    ask("inputs: log the same again", client.log_inputs, run, [_dataset("d", ("mlflow.data.context", "test"))])
    ask("inputs: log none", client.log_inputs, run, [])
    ask("inputs: log to no run", client.log_inputs, "0" * 32, [_dataset("d")])
    ask(
        "inputs: of the run",
        lambda: sorted(
            [
                item.dataset.name,
                item.dataset.digest,
                item.dataset.schema,
                item.dataset.profile,
                item.dataset.source,
                item.dataset.source_type,
                sorted([tag.key, tag.value] for tag in item.tags),
            ]
            for item in client.get_run(run).inputs.dataset_inputs
        ),
    )
    for text in ("dataset.name = 'd'", "dataset.name LIKE '%e'", "dataset.name IN ('d', 'x')", "dataset.digest = '1'",
                 "dataset.context = 'train'", "dataset.context ILIKE 'T%'", "datasets.name = 'd'",
                 "dataset.name != 'd'",
                 "dataset.name > 'd'", "dataset.colour = 'd'", "dataset.name NOT IN ('d')"):  # fmt: skip
        ask(f"inputs: search {text}", lambda text=text: len(client.search_runs([experiment], text)))
    ask("inputs: a long name", client.log_inputs, run, [_dataset("n" * 501)])
    ask(
        "inputs: a long profile",
        client.log_inputs,
        run,
        [DatasetInput(Dataset(name="p", digest="1", source_type="local", source="{}", profile="p" * 16777216), [])],
    )


def artifacts(book, client):
    ask = book.ask
    experiment = book.know_experiment(client.create_experiment(f"files {book.unique}"), "experiment of files")
    run = book.know(client.create_run(experiment, run_name="kept").info.run_id, "kept run")

    def text_of(path):
        return Path(client.download_artifacts(run, path)).read_text()

    ask("artifacts: list none", client.list_artifacts, run)
    ask("artifacts: list of no run", client.list_artifacts, "0" * 32)
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        (place / "deep" / "er").mkdir(parents=True)
        (place / "deep" / "er" / "é ü # % + & ?.txt").write_text("inside")
        (place / "empty").write_bytes(b"")
        ask("artifacts: log a folder", client.log_artifacts, run, folder, "all")
        ask(
            "artifacts: log a file",
            client.log_artifact,
            run,
            str(place / "deep" / "er" / "é ü # % + & ?.txt"),
            "one/two",
        )
        ask("artifacts: log a folder by log_artifact", client.log_artifact, run, str(place / "deep"))
        ask("artifacts: log a file that is not there", client.log_artifact, run, str(place / "none"))
    ask("artifacts: log text", client.log_text, run, "hello", "notes/hello.txt")
    ask("artifacts: log text again", client.log_text, run, "other", "notes/hello.txt")
    ask("artifacts: log a dict", client.log_dict, run, {"a": [1]}, "d.json")
    ask("artifacts: log yaml", client.log_dict, run, {"a": [1]}, "d.yaml")
    ask("artifacts: log a stream", client.log_stream, run, io.BytesIO(b"bytes"), "s.bin")
    ask("artifacts: log a figure", client.log_figure, run, Figure(), "f.png")
    ask("artifacts: log an image", client.log_image, run, numpy.zeros((2, 2, 3), dtype=numpy.uint8), "i.png")
    ask(
        "artifacts: log an image of a step",
        lambda: client.log_image(run, numpy.zeros((2, 2, 3), dtype=numpy.uint8), key="k", step=1, synchronous=True),
    )
    ask("artifacts: images", lambda: len(client.list_artifacts(run, "images")))
    ask("artifacts: log a table", client.log_table, run, {"a": [1, 2], "b": ["x", "y"]}, "t.json")
    ask("artifacts: log more of the table", client.log_table, run, {"a": [3], "b": ["z"]}, "t.json")
    ask("artifacts: load the table", client.load_table, experiment, "t.json", [run], ["run_id"])
    ask("artifacts: load the table of all runs", client.load_table, experiment, "t.json")
    ask("artifacts: load no table", client.load_table, experiment, "none.json")
    ask("artifacts: climb out", client.log_text, run, "x", "../../out.txt")
    ask("artifacts: absolute", client.log_text, run, "x", "/out.txt")
    for path in (
        None,
        "",
        "all",
        "all/deep",
        "all/deep/er",
        "all/",
        "none",
        "notes/hello.txt",
        "../",
        "/",
        "all/../notes",
    ):
        ask(
            f"artifacts: list {path!r}",
            lambda path=path: [[item.path, item.is_dir, item.file_size] for item in client.list_artifacts(run, path)],
        )
    ask("artifacts: read", text_of, "notes/hello.txt")
    ask("artifacts: read a name that needs quoting", text_of, "all/deep/er/é ü # % + & ?.txt")
    ask("artifacts: read an empty file", text_of, "all/empty")
    ask("artifacts: read what is not there", text_of, "none.txt")
    ask("artifacts: read a climbing path", text_of, "../../mlflow.db")
    ask(
        "artifacts: download a folder",
        lambda: sorted(
            str(item.relative_to(client_folder))
            for client_folder in [Path(client.download_artifacts(run, "all"))]
            for item in client_folder.rglob("*")
            if item.is_file()
        ),
    )
    ask("artifacts: download all", lambda: len(list(Path(client.download_artifacts(run, "")).rglob("*"))))
    uri = client.get_run(run).info.artifact_uri
    ask("artifacts: load text", mlflow.artifacts.load_text, f"{uri}/notes/hello.txt")
    ask("artifacts: load a dict", mlflow.artifacts.load_dict, f"runs:/{run}/d.json")
    ask("artifacts: load an image", lambda: mlflow.artifacts.load_image(f"{uri}/i.png").size)
    ask("artifacts: list, fluently", lambda: [item.path for item in mlflow.artifacts.list_artifacts(run_id=run)])
    ask("artifacts: list by uri", lambda: [item.path for item in mlflow.artifacts.list_artifacts(f"{uri}/notes")])
    repository = mlflow.store.artifact.artifact_repository_registry.get_artifact_repository(uri)
    ask("artifacts: delete", repository.delete_artifacts, "notes/hello.txt")
    ask("artifacts: delete again", repository.delete_artifacts, "notes/hello.txt")
    ask("artifacts: after deletion", lambda: [item.path for item in client.list_artifacts(run, "notes")])
    ask("artifacts: delete a folder", repository.delete_artifacts, "all")
    ask("artifacts: after deletion of a folder", lambda: [item.path for item in client.list_artifacts(run, "all")])
    ask("artifacts: last", lambda: [item.path for item in client.list_artifacts(run)])
    time.sleep(0.002)
