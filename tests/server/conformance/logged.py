"""Calls about logged models."""

from __future__ import annotations

import tempfile
from pathlib import Path

import mlflow
from mlflow.entities import LoggedModelInput, LoggedModelOutput, LoggedModelStatus, Metric

NONE = "m-" + "0" * 32


def models(book, client):
    ask = book.ask
    experiment = book.know_experiment(client.create_experiment(f"logged {book.unique}"), "experiment of models")
    run = book.know(client.create_run(experiment, run_name="maker").info.run_id, "maker")
    made = client.create_logged_model(experiment, "first", run, {"t": "u"}, {"depth": "3"}, "agent")
    model = book.know(made.model_id, "first model")
    book.outcomes["logged models: create"] = book.plain(made)
    ask("logged models: create with no name", lambda: bool(client.create_logged_model(experiment).name))
    for name in ("a/b", "a:b", "a.b", "a%b", "a'b", 'a"b', "a b", "n" * 300):
        ask(
            f"logged models: create named {name[:5]} of {len(name)}",
            lambda name=name: client.create_logged_model(experiment, name).name[:9],
        )
    ask("logged models: create in no experiment", client.create_logged_model, "987654321", "x")
    ask(
        "logged models: create of no run",
        lambda: client.create_logged_model(experiment, "orphan", "0" * 32).source_run_id,
    )
    ask(
        "logged models: create with a long param",
        lambda: client.create_logged_model(experiment, "long", params={"p": "v" * 7000}).name,
    )
    ask(
        "logged models: create with a bad tag",
        lambda: client.create_logged_model(experiment, "bad", tags={"k" * 300: "v"}).name,
    )
    ask("logged models: get", client.get_logged_model, model)
    ask("logged models: get none", client.get_logged_model, NONE)
    ask("logged models: get by nonsense", client.get_logged_model, "nonsense")
    ask("logged models: log params", client.log_model_params, model, {"width": "4"})
    ask("logged models: log params again", client.log_model_params, model, {"width": "4"})
    ask("logged models: log other params", client.log_model_params, model, {"width": "5"})
    ask("logged models: its params", lambda: client.get_logged_model(model).params["depth"])
    ask("logged models: log many params", client.log_model_params, model, {f"p{n}": "v" for n in range(150)})
    ask("logged models: log params of none", client.log_model_params, NONE, {"a": "b"})
    ask("logged models: tag", client.set_logged_model_tags, model, {"a": "b", "n": 5})
    ask("logged models: tag none", client.set_logged_model_tags, NONE, {"a": "b"})
    ask("logged models: untag", client.delete_logged_model_tag, model, "a")
    ask("logged models: untag again", client.delete_logged_model_tag, model, "a")
    ask("logged models: untag none", client.delete_logged_model_tag, NONE, "a")
    ask("logged models: finalize", lambda: client.finalize_logged_model(model, "READY").status)
    ask("logged models: finalize again", lambda: client.finalize_logged_model(model, LoggedModelStatus.FAILED).status)
    ask(
        "logged models: finalize to pending",
        lambda: client.finalize_logged_model(model, LoggedModelStatus.PENDING).status,
    )
    ask("logged models: finalize none", client.finalize_logged_model, NONE, "READY")
    client.log_metric(run, "loss", 0.5, 1, 1, model_id=model, dataset_name="d", dataset_digest="1")
    client.log_batch(run, [Metric("acc", 0.9, 2, 2, model_id=model), Metric("acc", 0.8, 2, 3, model_id=model)])
    ask(
        "logged models: its metrics",
        lambda: sorted(
            [m.key, m.value, m.step, m.dataset_name, m.dataset_digest, m.run_id == run]
            for m in client.get_logged_model(model).metrics
        ),
    )
    ask("logged models: given out", client.log_outputs, run, [LoggedModelOutput(model, 3)])
    ask("logged models: given out again", client.log_outputs, run, [LoggedModelOutput(model, 3)])
    ask("logged models: given in", client.log_inputs, run, models=[LoggedModelInput(model)])
    ask("logged models: given out to no run", client.log_outputs, "0" * 32, [LoggedModelOutput(model, 3)])
    ask("logged models: given out though there is none", client.log_outputs, run, [LoggedModelOutput(NONE, 3)])
    ask(
        "logged models: of the run",
        lambda: (
            [[item.model_id, item.step] for item in client.get_run(run).outputs.model_outputs]
            + [item.model_id for item in client.get_run(run).inputs.model_inputs]
        ),
    )
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "sub").mkdir()
        (Path(folder) / "sub" / "f.txt").write_text("f")
        ask("logged models: log a file", client.log_model_artifact, model, f"{folder}/sub/f.txt")
        ask("logged models: log a folder", client.log_model_artifacts, model, folder)
        ask("logged models: log a file to none", client.log_model_artifact, NONE, f"{folder}/sub/f.txt")
    ask(
        "logged models: files", lambda: [[item.path, item.is_dir] for item in client.list_logged_model_artifacts(model)]
    )
    ask(
        "logged models: files of a folder",
        lambda: [item.path for item in client.list_logged_model_artifacts(model, "sub")],
    )
    ask("logged models: files of none", client.list_logged_model_artifacts, NONE)
    _search_logged(book, client, experiment, model)
    ask("logged models: fluently", _fluent_model, book, client)
    ask("logged models: delete", client.delete_logged_model, model)
    ask("logged models: delete again", client.delete_logged_model, model)
    ask("logged models: get a deleted one", client.get_logged_model, model)


def _search_logged(book, client, experiment, model):
    ask = book.ask
    place = book.know_experiment(
        client.create_experiment(f"logged search {book.unique}"), "experiment of searched models"
    )
    run = client.create_run(place).info.run_id
    book.know(run, "searched maker")
    for number in range(4):
        made = client.create_logged_model(
            place,
            f"n{number}",
            run if number < 3 else None,
            {"t": f"t{number}"} if number else {},
            {"p": str(number)},
            "agent" if number % 2 else None,
        )
        book.know(made.model_id, f"model {number}")
        if number != 3:
            data = {"dataset_name": "d", "dataset_digest": str(number)} if number else {}
            client.log_metric(run, "loss", [0.5, 0.1, 0.9][number], 1, number, model_id=made.model_id, **data)
        if number % 2:
            client.finalize_logged_model(made.model_id, "READY")

    def names(text=None, order=({"field_name": "name"},), **named):
        found = client.search_logged_models([place], text, order_by=list(order), **named)
        return [item.name for item in found]

    for text in (
        "name = 'n1'", "name != 'n1'", "name LIKE 'n%'", "name ILIKE 'N%'", "name IN ('n1', 'n2')",
        "name NOT IN ('n1')", "attributes.name = 'n1'", "model_type = 'agent'", "status = 'READY'",
        "status = 'PENDING'", "status != 'READY'", "model_id = '{m}'", "experiment_id = '0'",
        "source_run_id = '{r}'", "source_run_id IN ('{r}')", "creation_timestamp > 0", "creation_time > 0",
        "creation_timestamp_ms > 0", "last_updated_timestamp > 0", "last_updated_timestamp_ms > 0",
        "metrics.loss > 0.2", "metrics.loss = 0.1", "metrics.loss != 0.1", "metrics.loss >= 0.5 AND params.p = '0'",
        "params.p = '1'", "params.p != '1'",
        "params.p LIKE '%'", "params.p > '1'", "tags.t = 't1'", "tags.t != 't1'", "tags.t LIKE 't%'",
        "tags.t IS NULL", "tags.t IS NOT NULL", "tags.none = 'x'", "metrics.none > 0", "nonsense = 'x'",
        "attributes.nonsense = 'x'", "name = 'n1' OR name = 'n2'", "loss > 0", "name > 'n1'",
        "lifecycle_stage = 'active'", "metrics.`loss` > 0.2", "tags.`t` = 't1'",
    ):  # fmt: skip
        ask(f"search logged models: {text}", lambda text=text: names(text.format(m=model, r=run)))
    for order in (
        {"field_name": "name", "ascending": False}, {"field_name": "metrics.loss"},
        {"field_name": "metrics.loss", "ascending": False}, {"field_name": "metrics.loss", "dataset_name": "d"},
        {"field_name": "metrics.loss", "dataset_name": "d", "dataset_digest": "1", "ascending": False},
        {"field_name": "creation_timestamp"}, {"field_name": "creation_time"},
        {"field_name": "creation_timestamp_ms"}, {"field_name": "last_updated_timestamp"},
        {"field_name": "params.p"}, {"field_name": "tags.t"}, {"field_name": "status"}, {"field_name": "model_type"},
        {"field_name": "nonsense"}, {"field_name": "metrics.none"}, {}, {"field_name": "name", "dataset_name": "d"},
    ):  # fmt: skip
        ask(f"order logged models: {order}", names, None, (order,))
    for datasets in (
        [{"dataset_name": "d"}],
        [{"dataset_name": "d", "dataset_digest": "1"}],
        [{"dataset_name": "none"}],
        [{}],
        [{"dataset_digest": "1"}],
    ):
        ask(f"search logged models: of datasets {datasets}", names, "metrics.loss > 0", datasets=datasets)
        ask(f"search logged models: any of datasets {datasets}", names, None, datasets=datasets)
    for size in (0, -1, 1, 50, 51, 100000):
        ask(f"search logged models: {size} of them", names, max_results=size)
    ask("search logged models: nowhere", client.search_logged_models, [])
    ask("search logged models: in no experiment", client.search_logged_models, ["987654321"])
    ask("search logged models: a bad token", client.search_logged_models, [place], page_token="nonsense")
    pages, token = [], None
    while True:
        page = client.search_logged_models(
            [place], max_results=3, page_token=token, order_by=[{"field_name": "metrics.loss"}]
        )
        pages.append([item.name for item in page])
        token = page.token
        if not token:
            break
    book.outcomes["search logged models: all pages"] = pages
    ask("search logged models: a table", lambda: mlflow.search_logged_models([place]))


class Echo(mlflow.pyfunc.PythonModel):
    def predict(self, context, model_input: list[str]) -> list[str]:
        return [f"echo {item}" for item in model_input]


def _fluent_model(book, client):
    mlflow.set_experiment(f"logged {book.unique}")
    with mlflow.start_run() as run:
        info = mlflow.pyfunc.log_model(name="echo", python_model=Echo(), pip_requirements=[], params={"k": 1})
        mlflow.log_metric("m", 2.0, model_id=info.model_id)
    mlflow.log_model_params({"late": "1"}, info.model_id)
    mlflow.set_logged_model_tags(info.model_id, {"x": "y"})
    mlflow.delete_logged_model_tag(info.model_id, "x")
    external = mlflow.create_external_model(name="outside", params={"a": "b"}, model_type="agent")
    mlflow.finalize_logged_model(external.model_id, "READY")
    mlflow.set_active_model(name=f"active-{book.unique}")
    active = mlflow.get_active_model_id()
    mlflow.clear_active_model()
    found = mlflow.get_logged_model(info.model_id)
    version = mlflow.register_model(info.model_uri, f"fluent-{book.unique}", tags={"a": "b"})
    of_alias = client.set_registered_model_alias(version.name, "prod", version.version)
    return [
        sorted(found.params),
        len(found.metrics),
        str(found.status),
        version.version,
        version.tags,
        of_alias,
        list(mlflow.pyfunc.load_model(info.model_uri).predict(["a"])),
        list(mlflow.pyfunc.load_model(f"models:/{version.name}@prod").predict(["a"])),
        list(mlflow.pyfunc.load_model(f"models:/{version.name}/latest").predict(["a"])),
        list(mlflow.pyfunc.load_model(f"runs:/{run.info.run_id}/echo").predict(["b"])),
        bool(active),
        mlflow.last_logged_model().name,
        sorted(p.path for p in mlflow.artifacts.list_artifacts(info.model_uri)),
        [item.path for item in mlflow.artifacts.list_artifacts(run_id=run.info.run_id)],
        mlflow.models.get_model_info(f"models:/{version.name}@prod").model_id == info.model_id,
    ]
