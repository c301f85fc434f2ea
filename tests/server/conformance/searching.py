"""Searches of experiments and runs: filters, orders, views and pages."""

from __future__ import annotations

import mlflow
from mlflow.entities import Metric, Param, RunTag, ViewType

RUN_FILTERS = (
    "", "metrics.m > 1", "metrics.m >= 1", "metrics.m < 1", "metrics.m <= 1", "metrics.m = 1", "metrics.m != 1",
    "metrics.m > -1", "metrics.m = 1e0", "metrics.m = 1.0", "metrics.m > '1'", "metrics.m > x", "metrics.m LIKE '1'",
    "metrics.`m` = 1", 'metrics."m" = 1', "metric.m = 1", "metrics.none = 1", "metrics.`a b` = 2", "metrics.a/b = 2",
    'metrics."a.b" = 2', "metrics.a.b = 2", "metrics.nan = 1", "metrics.nan != 1", "metrics.m > nan",
    "metrics.m IS NULL",
    "metrics.inf > 1e300",
    "params.p = 'v0'", "params.p != 'v0'", "params.p LIKE 'v%'", "params.p LIKE 'V%'", "params.p ILIKE 'V%'",
    "params.p LIKE '%\\_%'", "params.p LIKE 'v_'", "params.p > 'v'", "params.p = \"v0\"", "params.p = v0",
    "params.p = 1",
    "param.p = 'v0'", "parameters.p = 'v0'", "params.`a b` = 'x'", "params.\"a b\" = 'x'", "params.p = ''",
    "params.p IN ('v0')",
    "params.none = 'v'", "params.none != 'v'", "params.p IS NULL", "params.p IS NOT NULL", "params.p = 'it''s'",
    "params.p = \"it's\"", "params.p = 'v0", "params.quote = \"it's\"", "params.quote LIKE '%''%'",
    "tags.t = 't0'", "tag.t = 't0'", "tags.t != 't0'", "tags.t LIKE 't%'", "tags.t ILIKE 'T%'", "tags.t IS NULL",
    "tags.t IS NOT NULL", "tags.none IS NULL", "tags.t IN ('t0', 't1')", "tags.`mlflow.runName` = 'run 0'",
    "tags.mlflow.runName = 'run 0'",
    "tags.\"mlflow.user\" = 'ann'", "tags.a.b = 'dotted'", "tags.t > 't'", "tags.t = 't0' AND tags.t = 't0'",
    "attributes.status = 'FINISHED'", "status = 'FINISHED'", "attribute.status != 'FINISHED'",
    "attr.status = 'FINISHED'",
    "run.status = 'FINISHED'", "status LIKE 'F%'", "status IN ('FINISHED')", "status = 'finished'",
    "status = 'nonsense'",
    "attributes.start_time > 0", "start_time = 1000", "start_time >= 1002", "start_time != 1000", "start_time > '0'",
    "created > 0",
    "end_time > 0", "end_time = 2000", "attributes.run_name = 'run 0'", "run_name LIKE 'run%'", "`run name` = 'run 0'",
    "\"run name\" = 'run 0'", "Run_name = 'run 0'", "run_name ILIKE 'RUN%'", "run_name IN ('run 0')",
    "user_id = 'ann'", "user_id LIKE 'a%'", "attributes.user = 'x'",
    "artifact_uri LIKE '%artifacts'", "attributes.run_id = 'x'", "run_id IN ('x')", "run_id NOT IN ('x')",
    "run_id != 'x'", "attributes.run_id LIKE '%'",
    "run_id IN ()", "run_id IN ('x', )", "run_id IN 'x'", "run_id = x", "attributes.experiment_id = '1'",
    "lifecycle_stage = 'active'", "attributes.nonsense = 'x'",
    "metrics.m > 0 AND params.p = 'v1'", "metrics.m > 0 and params.p = 'v1'", "metrics.m > 0 OR params.p = 'v1'",
    "(metrics.m > 0)",
    "metrics.m > 0 AND", "AND metrics.m > 0", "metrics.m > 0, params.p = 'v1'", "metrics.m > 0 params.p = 'v1'",
    "NOT metrics.m > 0",
    "metrics.m>0", "metrics.m > 0;", "  metrics.m   >   0  ", "metrics.m > 0 -- x", "nonsense", "m > 0", "1 = 1",
    "metrics. = 1", "metrics.m = ", "= 1", "'a' = 'a'",
    "metrics.m == 1", "metrics.m <> 1", "metrics.m BETWEEN 0 AND 1",
    "metrics.m > 0 AND metrics.m < 2 AND metrics.m != 1.5", "params.p = 'é'", "params.p LIKE '%é%'",
    "tags.`é` = 'ü'", "tags.é = 'ü'", "models.x = '1'", "parameters.`p` LIKE 'v%'",
    "attributes.`status` = 'FINISHED'", "attributes.\"status\" = 'FINISHED'",
    "params.`p` IS NULL AND metrics.m = 1", "tags.t IS", "tags.t IS NOT", "metrics.m = True", "model_id = 'x'",
    "attributes.model_id = 'x'",
)  # fmt: skip
RUN_ORDERS = (
    "metrics.m", "metrics.m ASC", "metrics.m DESC", "metrics.`m` desc", "metrics.nan DESC", "metrics.nan ASC",
    "metrics.none", "params.p", "params.p DESC", "tags.t", "tag.t DESC",
    "attributes.start_time", "start_time DESC", "end_time", "end_time DESC", "run_name", "attributes.run_name DESC",
    "status", "user_id", "params.`a b`",
    "metrics.m down", "nonsense", "attributes.nonsense", "metrics.m ASC DESC", "", "metrics", "`metrics.m`",
    "metrics.m,params.p", "\"run name\"", "Created", "dataset.name", "metrics.inf DESC", "experiment_id", "duration",
)  # fmt: skip
EXPERIMENT_FILTERS = (
    "name = '{u} a'", "name != '{u} a'", "name LIKE '{u}%'", "name ILIKE '{U}%'", "attributes.name = '{u} a'",
    "attribute.name LIKE '{u} _'", "name = \"{u} a\"", "name > 'a'", "name IN ('{u} a')",
    "tags.t = 'x'", "tag.t = 'x'", "tags.t != 'x'", "tags.t LIKE 'x%'", "tags.t ILIKE 'X%'", "tags.t IS NULL",
    "tags.t IS NOT NULL", "tags.`a b` = 'y'", "tags.\"a b\" = 'y'", "tags.none = 'x'",
    "creation_time > 0", "attributes.creation_time >= 0", "last_update_time > 0", "creation_time = 'x'",
    "creation_time < 0", "last_update_time != 5", "experiment_id = '0'", "lifecycle_stage = 'active'",
    "artifact_location LIKE '%'", "nonsense = 'x'",
    "metrics.m = 1", "params.p = 'x'", "name LIKE '{u}%' AND tags.t = 'x'", "name LIKE '{u}%' OR tags.t = 'x'",
    "name", "name =",
)  # fmt: skip
EXPERIMENT_ORDERS = (
    "name", "name ASC", "name DESC", "attributes.name", "attribute.name DESC", "experiment_id", "experiment_id DESC",
    "creation_time", "last_update_time DESC", "lifecycle_stage", "tags.t", "nonsense", "name down", "`name`",
    "artifact_location",
)  # fmt: skip


def runs(book, client):
    ask = book.ask
    experiment = book.know_experiment(client.create_experiment(f"search {book.unique}"), "searched")
    other = book.know_experiment(client.create_experiment(f"search other {book.unique}"), "other searched")
    for number in range(6):
        run = client.create_run(
            experiment,
            start_time=1000 + number,
            run_name=f"run {number}",
            tags={"mlflow.user": "ann" if number % 2 else "bob"},
        ).info.run_id
        book.know(run, f"run {number}")
        metrics = [Metric("m", [1.0, 2.0, 0.5, 1.0, -1.0][number], 1, 0)] if number < 5 else []
        metrics += [Metric("nan", float("nan") if number == 2 else float(number), 1, 0)] if number != 4 else []
        metrics += [Metric("inf", float("inf") if number == 0 else 1.0, 1, 0)]
        params = [Param("p", f"v{number}")] if number != 3 else [Param("quote", "it's"), Param("a b", "x")]
        tags = (
            [RunTag("t", f"t{number % 2}")]
            if number != 4
            else [RunTag("a.b", "dotted"), RunTag("é", "ü"), RunTag("unique", book.unique)]
        )
        if number == 1:
            metrics += [Metric("a b", 2.0, 1, 0), Metric("a/b", 2.0, 1, 0), Metric("a.b", 2.0, 1, 0)]
            params = [Param("p", "é_é")]
        client.log_batch(run, metrics, params, tags)
        if number % 2 == 0:
            client.set_terminated(run, "FINISHED" if number else "FAILED", 2000 + number)
    gone = book.know(client.create_run(experiment, start_time=10, run_name="gone").info.run_id, "gone")
    client.delete_run(gone)
    book.know(client.create_run(other, start_time=1, run_name="elsewhere").info.run_id, "elsewhere")

    def names(text="", order=("start_time ASC",), view=ViewType.ACTIVE_ONLY, places=(experiment,), size=1000):
        return [run.info.run_name for run in client.search_runs(list(places), text, view, size, list(order))]

    for text in RUN_FILTERS:
        ask(f"search runs: {text!r}", names, text)
    for order in RUN_ORDERS:
        ask(f"order runs: {order!r}", names, "", (order,))
    ask("order runs: by default", names, "", ())
    ask("order runs: by two", names, "", ("tags.t DESC", "metrics.m ASC"))
    ask("order runs: by the same twice", names, "", ("metrics.m DESC", "metrics.m ASC"))
    ask("order runs: with a time that is equal", names, "", ("user_id", "start_time DESC"))
    for view in (ViewType.ACTIVE_ONLY, ViewType.DELETED_ONLY, ViewType.ALL):
        ask(f"search runs: view {view}", names, view=view)
    ask("search runs: view 9", names, view=9)
    ask("search runs: of two experiments", names, places=(experiment, other))
    ask("search runs: of none", names, places=())
    ask("search runs: of one that is not there", names, places=("987654321",))
    ask("search runs: of a word", names, places=("abc",))
    ask("search runs: by id", lambda: names(f"run_id = '{gone}'", view=ViewType.ALL))
    ask("search runs: by ids", lambda: names(f"attributes.run_id IN ('{gone}', '{run}')", view=ViewType.ALL))
    ask("search runs: not by id", lambda: names(f"run_id NOT IN ('{run}')"))
    for size in (0, -1, 1, 50000, 50001):
        ask(f"search runs: {size} of them", names, size=size)
    for order in (["metrics.m DESC"], ["params.p ASC"], ["tags.t"], [], ["end_time"], ["metrics.nan"]):
        ask(
            f"search runs: all pages by {order}",
            _pages,
            lambda token, order=order: client.search_runs([experiment], "", 1, 2, order, token),
        )
    ask("search runs: a bad token", client.search_runs, [experiment], page_token="nonsense")
    ask("search runs: a table", lambda: mlflow.search_runs([experiment]))
    ask(
        "search runs: a table by names",
        lambda: len(mlflow.search_runs(experiment_names=[f"search {book.unique}"], filter_string="metrics.m > 0")),
    )
    ask(
        "search runs: everywhere",
        lambda: len(
            mlflow.search_runs(
                search_all_experiments=True, filter_string=f"tags.a.b = 'dotted' AND tags.unique = '{book.unique}'"
            )
        ),
    )
    ask("search runs: the whole of it", lambda: client.search_runs([experiment], "run_name = 'run 1'")[0])
    ask("search runs: last of one", lambda: mlflow.last_active_run() is None)


def _pages(ask):
    token, pages = None, []
    while True:
        page = ask(token)
        pages.append([getattr(item, "name", None) or item.info.run_name for item in page])
        token = page.token
        if not token or len(pages) > 20:
            return pages


def experiments(book, client):
    ask = book.ask
    unique = f"e{book.unique}"
    tags = ({"t": "x"}, {"t": "xx", "a b": "y"}, {}, {})
    made = []
    for letter, given in zip("abcd", tags, strict=True):
        made.append(client.create_experiment(f"{unique} {letter}", tags=given))
        book.know_experiment(made[-1], f"experiment {letter}")
    client.delete_experiment(made[3])
    mine = f"name LIKE '{unique}%'"

    def names(text, **named):
        found = client.search_experiments(filter_string=text, **named)
        return [item.name for item in found if item.name.startswith(unique)]

    for text in EXPERIMENT_FILTERS:
        ask(f"search experiments: {text}", names, text.format(u=unique, U=unique.upper()), order_by=["name"])
    for order in EXPERIMENT_ORDERS:
        ask(f"order experiments: {order}", names, mine, order_by=[order])
    ask("order experiments: by default", names, mine)
    for view in (ViewType.ACTIVE_ONLY, ViewType.DELETED_ONLY, ViewType.ALL):
        ask(f"search experiments: view {view}", names, mine, view_type=view, order_by=["name"])
    for size in (0, -1, 1, 50000, 50001):
        ask(f"search experiments: {size} of them", names, mine, max_results=size)
    ask(
        "search experiments: all pages",
        _pages,
        lambda token: client.search_experiments(ViewType.ALL, 2, mine, ["name"], token),
    )
    ask("search experiments: a bad token", client.search_experiments, page_token="nonsense")
    ask(
        "search experiments: fluently",
        lambda: [item.name for item in mlflow.search_experiments(filter_string=mine, order_by=["name"])],
    )
