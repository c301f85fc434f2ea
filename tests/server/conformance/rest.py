"""Requests as a program without MLflow's client makes them, and as the UI does."""

from __future__ import annotations

from urllib.parse import urlencode

PREFIXES = ("api", "ajax-api")


def calls(book, client):
    experiment = book.know_experiment(client.create_experiment(f"raw {book.unique}"), "raw")
    run = book.know(client.create_run(experiment, start_time=1, run_name="raw").info.run_id, "raw run")
    client.log_metric(run, "m", 1.0, 1, 1)
    client.log_metric(run, "m", 2.0, 2, 2)
    client.create_registered_model(f"raw-{book.unique}")
    client.log_text(run, "text", "a/b.txt")
    for prefix in PREFIXES:
        _reads(book, prefix, experiment, run)
    _writes(book, experiment, run)
    _bad(book, experiment, run)


def _get(book, name, prefix, path, version, /, **query):
    text = f"?{urlencode(query, doseq=True)}" if query else ""
    return book.send(f"GET /{prefix}/{name}", "GET", f"/{prefix}/{version}/mlflow/{path}{text}")


def _reads(book, prefix, experiment, run):
    def get(name, path, /, version="2.0", **query):
        return _get(book, name, prefix, path, version, **query)

    get("experiments/get", "experiments/get", experiment_id=experiment)
    get("experiments/get-by-name", "experiments/get-by-name", experiment_name=f"raw {book.unique}")
    get("experiments/get-by-name of none", "experiments/get-by-name", experiment_name="none")
    get("experiments/get without an id", "experiments/get")
    get("experiments/search", "experiments/search", max_results=1, filter=f"name = 'raw {book.unique}'")
    get("experiments/search without a size", "experiments/search", filter=f"name = 'raw {book.unique}'")
    get(
        "experiments/search by view",
        "experiments/search",
        max_results=5,
        view_type="DELETED_ONLY",
        filter=f"name = 'raw {book.unique}'",
    )
    get("experiments/search by no view", "experiments/search", max_results=5, view_type="NOPE")
    get("runs/get", "runs/get", run_id=run)
    get("runs/get by uuid", "runs/get", run_uuid=run)
    get("runs/get without an id", "runs/get")
    get("metrics/get-history", "metrics/get-history", run_id=run, metric_key="m")
    get("metrics/get-history, a page", "metrics/get-history", run_id=run, metric_key="m", max_results=1)
    get("metrics/get-history without a key", "metrics/get-history", run_id=run)
    get(
        "metrics/get-history-bulk-interval",
        "metrics/get-history-bulk-interval",
        run_ids=run,
        metric_key="m",
        max_results=10,
    )
    get(
        "metrics/get-history-bulk-interval, bounds",
        "metrics/get-history-bulk-interval",
        run_ids=run,
        metric_key="m",
        max_results=10,
        start_step=2,
        end_step=5,
    )
    get(
        "metrics/get-history-bulk-interval, one bound",
        "metrics/get-history-bulk-interval",
        run_ids=run,
        metric_key="m",
        max_results=10,
        start_step=2,
    )
    get(
        "metrics/get-history-bulk-interval, crossed",
        "metrics/get-history-bulk-interval",
        run_ids=run,
        metric_key="m",
        max_results=10,
        start_step=5,
        end_step=2,
    )
    get(
        "metrics/get-history-bulk-interval, no run", "metrics/get-history-bulk-interval", metric_key="m", max_results=10
    )
    get("metrics/get-history-bulk-interval, no size", "metrics/get-history-bulk-interval", run_ids=run, metric_key="m")
    get(
        "metrics/get-history-bulk-interval, many",
        "metrics/get-history-bulk-interval",
        run_ids=[f"{n:032x}" for n in range(101)],
        metric_key="m",
        max_results=10,
    )
    get("metrics/get-history-bulk", "metrics/get-history-bulk", run_id=run, metric_key="m", max_results=10)
    get("artifacts/list", "artifacts/list", run_id=run)
    get("artifacts/list below", "artifacts/list", run_id=run, path="a")
    get("artifacts/list climbing", "artifacts/list", run_id=run, path="../")
    get("registered-models/get", "registered-models/get", name=f"raw-{book.unique}")
    get("registered-models/search", "registered-models/search", filter=f"name = 'raw-{book.unique}'")
    get("model-versions/search", "model-versions/search", filter=f"name = 'raw-{book.unique}'")
    get("registered-models/alias", "registered-models/alias", name=f"raw-{book.unique}", alias="x")
    get("logged-models of none", "logged-models/m-00000000000000000000000000000000")
    get("traces of none", "traces/tr-00000000000000000000000000000000", version="3.0")
    get("runs/search by GET", "runs/search")
    get("server-info", "server-info", version="3.0")
    text = urlencode({"path": "a/b.txt", "run_uuid": run})
    book.send(f"{prefix} get-artifact" if prefix == "api" else "get-artifact", "GET", f"/get-artifact?{text}")
    for kind in ("experiments/search", "runs/search", "registered-models/search", "logged-models/search"):
        body = (
            {"experiment_ids": [experiment], "max_results": 5, "filter": "name = 'none'"}
            if kind != "runs/search"
            else {"experiment_ids": [experiment]}
        )
        book.send(f"POST /{prefix}/{kind}", "POST", f"/{prefix}/2.0/mlflow/{kind}", body)
    where = {
        "locations": [{"type": "MLFLOW_EXPERIMENT", "mlflow_experiment": {"experiment_id": experiment}}],
        "max_results": 5,
    }
    book.send(f"POST /{prefix}/traces/search", "POST", f"/{prefix}/3.0/mlflow/traces/search", where)
    book.send(
        f"POST /{prefix}/datasets/search",
        "POST",
        f"/{prefix}/3.0/mlflow/datasets/search",
        {"experiment_ids": [experiment]},
    )
    book.send(
        f"POST /{prefix}/experiments/search-datasets",
        "POST",
        f"/{prefix}/2.0/mlflow/experiments/search-datasets",
        {"experiment_ids": [experiment]},
    )


def _writes(book, experiment, run):
    def post(name, path, body, method="POST", version="2.0"):
        return book.send(f"{method} {name}", method, f"/api/{version}/mlflow/{path}", body)

    post("runs/update", "runs/update", {"run_id": run, "status": "FINISHED", "end_time": 5})
    post("runs/update with a text for a time", "runs/update", {"run_id": run, "end_time": "7"})
    post(
        "runs/log-metric with texts",
        "runs/log-metric",
        {"run_id": run, "key": "t", "value": "1.5", "timestamp": "5", "step": "2"},
    )
    post("runs/log-metric with NaN", "runs/log-metric", {"run_id": run, "key": "nan", "value": "NaN", "timestamp": 5})
    post("runs/log-metric without a time", "runs/log-metric", {"run_id": run, "key": "t", "value": 1})
    post("runs/log-metric without a key", "runs/log-metric", {"run_id": run, "value": 1, "timestamp": 1})
    post("runs/log-metric without a value", "runs/log-metric", {"run_id": run, "key": "t", "timestamp": 1})
    post("runs/log-metric without a run", "runs/log-metric", {"key": "t", "value": 1, "timestamp": 1})
    post("runs/log-metric by uuid", "runs/log-metric", {"run_uuid": run, "key": "u", "value": 1, "timestamp": 1})
    post("runs/log-parameter", "runs/log-parameter", {"run_id": run, "key": "p", "value": "v"})
    post("runs/log-parameter with a number", "runs/log-parameter", {"run_id": run, "key": "n", "value": 5})
    post("runs/log-parameter without a value", "runs/log-parameter", {"run_id": run, "key": "q"})
    post("runs/log-parameter with null", "runs/log-parameter", {"run_id": run, "key": "r", "value": None})
    post("runs/set-tag with null", "runs/set-tag", {"run_id": run, "key": "r", "value": None})
    post("runs/log-batch, empty", "runs/log-batch", {"run_id": run})
    post("runs/log-batch without a run", "runs/log-batch", {"metrics": []})
    post("runs/log-batch with a text for a list", "runs/log-batch", {"run_id": run, "metrics": "x"})
    post(
        "runs/log-batch with a param twice",
        "runs/log-batch",
        {"run_id": run, "params": [{"key": "a", "value": "1"}, {"key": "a", "value": "2"}]},
    )
    post(
        "runs/log-batch with a metric without a time",
        "runs/log-batch",
        {"run_id": run, "metrics": [{"key": "a", "value": 1}]},
    )
    post("runs/log-batch with an unknown field", "runs/log-batch", {"run_id": run, "colour": "red"})
    post("runs/search with a text size", "runs/search", {"experiment_ids": [experiment], "max_results": "2"})
    post("runs/search with a number for an id", "runs/search", {"experiment_ids": [int(experiment)]})
    post("runs/search with a text for ids", "runs/search", {"experiment_ids": experiment})
    post("runs/search with a size of words", "runs/search", {"experiment_ids": [experiment], "max_results": "many"})
    post("runs/search with a view", "runs/search", {"experiment_ids": [experiment], "run_view_type": "ALL"})
    post("runs/search with a view by number", "runs/search", {"experiment_ids": [experiment], "run_view_type": 2})
    post("runs/search with no view", "runs/search", {"experiment_ids": [experiment], "run_view_type": "NOPE"})
    post("runs/create in camel case", "runs/create", {"experimentId": experiment, "runName": "camel", "startTime": 3})
    post("runs/create without an experiment", "runs/create", {})
    post("runs/create with a tag without a value", "runs/create", {"experiment_id": experiment, "tags": [{"key": "a"}]})
    post("experiments/create without a name", "experiments/create", {})
    post("experiments/create with a number", "experiments/create", {"name": 5})
    post("experiments/update without a name", "experiments/update", {"experiment_id": experiment})
    post(
        "registered-models/update",
        "registered-models/update",
        {"name": f"raw-{book.unique}", "description": "d"},
        "PATCH",
    )
    post(
        "registered-models/update by POST",
        "registered-models/update",
        {"name": f"raw-{book.unique}", "description": "d"},
    )
    post("registered-models/rename without a name", "registered-models/rename", {"name": f"raw-{book.unique}"})
    post(
        "registered-models/get-latest-versions", "registered-models/get-latest-versions", {"name": f"raw-{book.unique}"}
    )
    post("registered-models/delete without a name", "registered-models/delete", {}, "DELETE")
    post("logged-models without a name", "logged-models", {"experiment_id": experiment, "tags": []})
    post("logged-models without an experiment", "logged-models", {"name": "x"})
    post("traces without info", "traces", {}, version="3.0")
    post("datasets/create without a name", "datasets/create", {"experiment_ids": [experiment]}, version="3.0")
    post("runs/update with a number for a status", "runs/update", {"run_id": run, "status": 4})
    post("traces/delete-traces without a bound", "traces/delete-traces", {"experiment_id": experiment}, version="3.0")


def _bad(book, experiment, run):
    for name, body in {
        "no JSON": b"{", "a list": b"[]", "a text": b'"x"', "null": b"null", "nothing": b"",
        "bad UTF-8": b'{"name": "\xff"}',
        "a number": b"5", "two": b"{}{}", "deep": b'{"name":' * 2000 + b"1" + b"}" * 2000,
    }.items():  # fmt: skip
        book.send(f"body: {name}", "POST", "/api/2.0/mlflow/experiments/create", body)
    book.send("path: none", "GET", "/api/2.0/mlflow/none")
    book.send("path: the wrong method", "DELETE", "/api/2.0/mlflow/experiments/get")
    book.send("path: another version", "GET", "/api/1.0/mlflow/experiments/get")
    book.send("path: /health", "GET", "/health")
    book.send("path: /version", "GET", "/version")
    proxy = "/api/2.0/mlflow-artifacts/artifacts"
    for name, path in {
        "climb": "../x", "climb, quoted": "%2e%2e/x", "climb, twice quoted": "%252e%252e/x",
        "absolute": "/etc/passwd", "drive": "C:/x", "backslash": "..%5Cx", "null": "a%00b",
    }.items():  # fmt: skip
        book.send(f"proxy: put {name}", "PUT", f"{proxy}/{path}", b"x")
        book.send(f"proxy: get {name}", "GET", f"{proxy}/{path}")
    book.send("proxy: get none", "GET", f"{proxy}/none/x.txt")
    book.send("proxy: list", "GET", f"{proxy}?path={experiment}/{run}/artifacts")
    book.send("proxy: list none", "GET", f"{proxy}?path=none")
    book.send("proxy: list climbing", "GET", f"{proxy}?path=../")
    book.send("proxy: delete none", "DELETE", f"{proxy}/none/x.txt")
