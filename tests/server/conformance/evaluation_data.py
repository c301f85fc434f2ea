"""Calls about evaluation datasets."""

from __future__ import annotations

import json

from mlflow.genai import datasets as kept


def calls(book, client):
    ask = book.ask
    experiment = book.know_experiment(client.create_experiment(f"datasets {book.unique}"), "experiment of datasets")
    other = book.know_experiment(client.create_experiment(f"datasets too {book.unique}"), "another of datasets")
    name = f"data-{book.unique}"

    def shown(made):
        return [
            made.name,
            sorted(book.plain(made.experiment_ids, "experiment_ids")),
            {k: v for k, v in made.tags.items() if k != "mlflow.user"},
        ]

    made = client.create_dataset(name, experiment, {"a": "b"})
    ident = book.know(made.dataset_id, "dataset")
    book.outcomes["datasets: create"] = book.plain(shown(made))
    ask("datasets: create without an experiment", lambda: shown(client.create_dataset(f"{name}-free")))
    ask("datasets: create a second time", lambda: client.create_dataset(name, experiment).name)
    ask("datasets: create without a name", client.create_dataset, "")
    ask("datasets: get", lambda: shown(client.get_dataset(ident)))
    ask("datasets: get none", client.get_dataset, "d-" + "0" * 32)
    ask("datasets: get by name", lambda: kept.get_dataset(name=f"{name}-free").name)
    records = [
        {"inputs": {"q": "a"}, "expectations": {"e": 1}, "tags": {"t": "u"}},
        {"inputs": {"q": "b", "n": 1.5, "l": [1]}, "outputs": {"o": "p"}},
        {"inputs": {"q": "a"}, "expectations": {"f": 2}},
    ]
    ask("datasets: merge", lambda: len(made.merge_records(records).to_df()))
    ask("datasets: merge again", lambda: len(made.merge_records(records).to_df()))
    ask("datasets: merge nothing", lambda: len(made.merge_records([]).to_df()))
    ask("datasets: merge without inputs", lambda: made.merge_records([{"expectations": {"a": 1}}]))
    ask("datasets: merge other kinds", lambda: made.merge_records([{"inputs": "text"}]))
    ask(
        "datasets: merge from a source",
        lambda: len(
            made.merge_records(
                [{"inputs": {"q": "s"}, "source": {"source_type": "HUMAN", "source_data": {"user_name": "ann"}}}]
            ).to_df()
        ),
    )
    ask(
        "datasets: records",
        lambda: sorted(
            [
                str(row["inputs"]),
                str(row["expectations"]),
                str(row["outputs"]),
                str(row["tags"]),
                str(row["source_type"]),
            ]
            for _, row in client.get_dataset(ident).to_df().iterrows()
        ),
    )
    ask("datasets: columns", lambda: client.get_dataset(ident).to_df())
    ask("datasets: schema", lambda: json.loads(client.get_dataset(ident).schema))
    ask("datasets: profile", lambda: json.loads(client.get_dataset(ident).profile))
    ask(
        "datasets: delete records",
        lambda: client.get_dataset(ident).delete_records(
            list(client.get_dataset(ident).to_df()["dataset_record_id"][:1])
        ),
    )
    ask(
        "datasets: delete records that are not there",
        lambda: client.get_dataset(ident).delete_records(["dr-" + "0" * 32]),
    )
    ask("datasets: tag", client.set_dataset_tags, ident, {"k": "v", "n": 5})
    ask("datasets: tag with nothing", client.set_dataset_tags, ident, {"k": None})
    ask("datasets: tag none", client.set_dataset_tags, "d-" + "0" * 32, {"k": "v"})
    ask("datasets: untag", client.delete_dataset_tag, ident, "a")
    ask("datasets: untag again", client.delete_dataset_tag, ident, "a")
    ask("datasets: untag none", client.delete_dataset_tag, "d-" + "0" * 32, "a")
    ask("datasets: add to an experiment", lambda: shown(client.add_dataset_to_experiments(ident, [other])))
    ask("datasets: add to it again", lambda: shown(client.add_dataset_to_experiments(ident, [other])))
    ask("datasets: add to none", lambda: shown(client.add_dataset_to_experiments(ident, ["987654321"])))
    ask("datasets: add none", client.add_dataset_to_experiments, "d-" + "0" * 32, [other])
    ask("datasets: remove from an experiment", lambda: shown(client.remove_dataset_from_experiments(ident, [other])))
    ask("datasets: remove again", lambda: shown(client.remove_dataset_from_experiments(ident, [other])))
    for number in range(3):
        client.create_dataset(f"{name}-{number}", [experiment, other], {"number": str(number)})

    def names(text=None, **named):
        return [item.name for item in client.search_datasets(filter_string=text, **named) if book.unique in item.name]

    for text in (
        None,
        "",
        f"name = '{name}'",
        f"name LIKE '{name}%'",
        "name ILIKE 'DATA%'",
        f"name != '{name}'",
        "tags.number = '1'",
        "tags.number != '1'",
        "tags.number LIKE '%'",
        "tags.k = 'v'",
        "created_time > 0",
        "last_update_time > 0",
        "created_by = 'x'",
        "nonsense = 'x'",
        "metrics.m > 1",
        "name IN ('x')",
        f"name LIKE '{name}%' AND tags.number = '1'",
        "name",
        "dataset_id = 'x'",
        "digest = 'x'",
    ):
        ask(
            f"datasets: search {text and text.replace(book.unique, '')!r}",
            lambda text=text: sorted(names(text, experiment_ids=[experiment])),
        )
    for order in (
        "name",
        "name DESC",
        "created_time",
        "created_time DESC",
        "last_update_time",
        "nonsense",
        "name down",
        "tags.number",
    ):
        ask(f"datasets: order {order}", lambda order=order: names(f"name LIKE '{name}-%'", order_by=[order]))
    ask("datasets: search everywhere", lambda: sorted(names(f"name LIKE '{name}%'")))
    ask("datasets: search elsewhere", lambda: sorted(names(experiment_ids=[other])))
    ask(
        "datasets: a page", lambda: [len(page := client.search_datasets([experiment], max_results=2)), bool(page.token)]
    )
    for size in (0, -1, 1001):
        ask(f"datasets: {size} of them", names, max_results=size)
    ask("datasets: a bad token", client.search_datasets, page_token="nonsense")
    ask("datasets: delete", client.delete_dataset, ident)
    ask("datasets: delete again", client.delete_dataset, ident)
    ask("datasets: get a deleted one", client.get_dataset, ident)
    ask("datasets: create by the name of a deleted one", lambda: shown(client.create_dataset(name)))
