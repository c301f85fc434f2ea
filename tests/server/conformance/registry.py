"""Calls about registered models, versions, aliases and stages."""

from __future__ import annotations

import mlflow

NONE = "m-" + "0" * 32


def models(book, client):
    ask = book.ask
    name, other = f"model-{book.unique}", f"other-{book.unique}"
    run = book.know(client.create_run("0", run_name="source").info.run_id, "source run")
    ask("models: create", client.create_registered_model, name, {"a": "b"}, "told")
    ask("models: create a second time", client.create_registered_model, name)
    ask("models: create with no name", client.create_registered_model, "")
    ask("models: create with a slash", client.create_registered_model, f"a/b{book.unique}")
    ask("models: create with a colon", client.create_registered_model, f"a:b{book.unique}")
    ask("models: create with a blank and a dot", client.create_registered_model, f"a b. {book.unique}")
    ask("models: create with a long name", client.create_registered_model, book.unique + "n" * 300)
    ask("models: get", client.get_registered_model, name)
    ask("models: get none", client.get_registered_model, "none")
    ask("models: get by no name", client.get_registered_model, "")
    ask("models: update", client.update_registered_model, name, "told anew")
    ask("models: update none", client.update_registered_model, "none", "x")
    ask("models: tag", client.set_registered_model_tag, name, "k", "v")
    ask("models: tag with a number", client.set_registered_model_tag, name, "n", 5)
    ask("models: tag with a long value", client.set_registered_model_tag, name, "l", "v" * 100001)
    ask("models: tag with a long key", client.set_registered_model_tag, name, "k" * 251, "v")
    ask("models: tag none", client.set_registered_model_tag, "none", "k", "v")
    ask("models: untag", client.delete_registered_model_tag, name, "n")
    ask("models: untag again", client.delete_registered_model_tag, name, "n")
    ask("models: untag none", client.delete_registered_model_tag, "none", "n")
    ask("models: rename", client.rename_registered_model, name, f"{name}-x")
    ask("models: rename back", lambda: client.rename_registered_model(f"{name}-x", name).name)
    ask("models: rename none", client.rename_registered_model, "none", "x")
    client.create_registered_model(other)
    ask("models: rename to a taken name", client.rename_registered_model, name, other)
    ask("models: rename to nothing", client.rename_registered_model, name, "  ")
    _versions(book, client, name, other, run)
    _aliases(book, client, name)
    _stages(book, client, name)
    _search(book, client, name, other, run)
    ask("versions: delete", client.delete_model_version, name, "4")
    ask("versions: delete again", client.delete_model_version, name, "4")
    ask("versions: get a deleted one", client.get_model_version, name, "4")
    ask("versions: the next after a deletion", lambda: client.create_model_version(name, f"runs:/{run}/m", run).version)
    ask("models: delete", client.delete_registered_model, name)
    ask("models: delete again", client.delete_registered_model, name)
    ask("versions: get one of a deleted model", client.get_model_version, name, "1")
    ask("models: create by the name of a deleted one", lambda: client.create_registered_model(name).latest_versions)


def _versions(book, client, name, other, run):
    ask = book.ask
    client.log_text(run, "x", "m/MLmodel")
    uri = client.get_run(run).info.artifact_uri
    ask("versions: create", client.create_model_version, name, f"{uri}/m", run, {"a": "b"}, "http://link", "told")
    ask("versions: create from runs:/", client.create_model_version, name, f"runs:/{run}/m", run)
    ask("versions: create from another place", client.create_model_version, name, "s3://bucket/m")
    ask("versions: create from a folder of the server", client.create_model_version, name, "/etc")
    ask("versions: create from file:", client.create_model_version, name, "file:///etc")
    ask("versions: create from no place", client.create_model_version, name, "")
    ask("versions: create by a climb", client.create_model_version, name, f"{uri}/../../../x", run)
    ask("versions: create with a query", client.create_model_version, name, "s3://b/m?x=y")
    ask("versions: create of none", client.create_model_version, "none", f"{uri}/m", run)
    ask("versions: create of no run", client.create_model_version, name, "s3://bucket/m", "0" * 32)
    ask("versions: create from another version", client.create_model_version, name, f"models:/{name}/1")
    ask("versions: create from a version that is not there", client.create_model_version, name, f"models:/{name}/99")
    ask("versions: create from a model that is not there", client.create_model_version, name, f"models:/{NONE}")
    ask("versions: get", client.get_model_version, name, "1")
    ask("versions: get one that is not there", client.get_model_version, name, "99")
    ask("versions: get by a word", client.get_model_version, name, "x")
    ask("versions: get by a zero before", client.get_model_version, name, "01")
    ask("versions: get of none", client.get_model_version, "none", "1")
    ask("versions: where to download", client.get_model_version_download_uri, name, "1")
    ask("versions: where to download runs:/", client.get_model_version_download_uri, name, "2")
    ask("versions: where to download none", client.get_model_version_download_uri, name, "99")
    ask("versions: update", client.update_model_version, name, "1", "told anew")
    ask("versions: update none", client.update_model_version, name, "99", "x")
    ask("versions: tag", client.set_model_version_tag, name, "1", "k", "v")
    ask("versions: tag none", client.set_model_version_tag, name, "99", "k", "v")
    ask("versions: tag with a bad key", client.set_model_version_tag, name, "1", "k" * 251, "v")
    ask("versions: untag", client.delete_model_version_tag, name, "1", "k")
    ask("versions: untag again", client.delete_model_version_tag, name, "1", "k")
    ask("versions: untag none", client.delete_model_version_tag, name, "99", "k")
    ask("versions: copy", client.copy_model_version, f"models:/{name}/1", f"copy-{book.unique}")
    ask("versions: copy to a model that there is", lambda: client.copy_model_version(f"models:/{name}/1", other).source)
    ask("versions: copy one that is not there", client.copy_model_version, f"models:/{name}/99", other)
    ask("versions: delete of none", client.delete_model_version, "none", "1")


def _aliases(book, client, name):
    ask = book.ask
    ask("aliases: set", client.set_registered_model_alias, name, "champion", "1")
    ask("aliases: set another", client.set_registered_model_alias, name, "Ünder-1.b_c", "1")
    ask("aliases: get", client.get_model_version_by_alias, name, "champion")
    ask("aliases: move", client.set_registered_model_alias, name, "champion", "2")
    ask("aliases: after the move", lambda: client.get_model_version_by_alias(name, "champion").version)
    ask("aliases: of the model", lambda: client.get_registered_model(name).aliases)
    ask("aliases: of another case", client.get_model_version_by_alias, name, "CHAMPION")
    ask("aliases: to a version that is not there", client.set_registered_model_alias, name, "x", "99")
    ask("aliases: of no model", client.set_registered_model_alias, "none", "x", "1")
    for alias in ("latest", "Latest", "v1", "V12", "1", "", "a b", "a/b", "a:b", "n" * 256):
        ask(f"aliases: named {alias[:9]!r} of {len(alias)}", client.set_registered_model_alias, name, alias, "1")
    ask("aliases: get none", client.get_model_version_by_alias, name, "none")
    ask("aliases: get of no model", client.get_model_version_by_alias, "none", "champion")
    ask("aliases: delete", client.delete_registered_model_alias, name, "champion")
    ask("aliases: delete again", client.delete_registered_model_alias, name, "champion")
    ask("aliases: delete of no model", client.delete_registered_model_alias, "none", "champion")


def _stages(book, client, name):
    ask = book.ask
    stages = lambda: sorted([v.version, v.current_stage] for v in client.get_latest_versions(name))  # noqa: E731
    ask("stages: latest at first", stages)
    ask("stages: to production", client.transition_model_version_stage, name, "1", "Production")
    ask("stages: in small letters", lambda: client.transition_model_version_stage(name, "2", "staging").current_stage)
    ask("stages: latest", stages)
    ask("stages: latest of one", lambda: [v.version for v in client.get_latest_versions(name, ["production"])])
    ask("stages: latest of no stage", client.get_latest_versions, name, ["nonsense"])
    ask("stages: latest of no model", client.get_latest_versions, "none")
    ask(
        "stages: archive what is there",
        lambda: (
            client.transition_model_version_stage(name, "3", "Production", archive_existing_versions=True).current_stage
        ),
    )
    ask("stages: after archiving", stages)
    ask("stages: archive to none", client.transition_model_version_stage, name, "3", "None", True)
    ask("stages: to nonsense", client.transition_model_version_stage, name, "1", "nonsense")
    ask("stages: of none", client.transition_model_version_stage, name, "99", "Production")
    ask("stages: all", client.get_model_version_stages, name, "1")
    ask("stages: tag by stage", client.set_model_version_tag, name, key="s", value="t", stage="Production")
    ask("stages: untag by stage", client.delete_model_version_tag, name, key="s", stage="Production")


def _search(book, client, name, other, run):
    ask = book.ask

    def found(text=None, **named):
        # More than the usual page: others may have left models on a server that tests share.
        models = client.search_registered_models(text, **{"max_results": 1000, **named})
        return [model.name for model in models if book.unique in model.name]

    for text in (
        None, "", "name = '{n}'", "name != '{n}'", "name LIKE '%{u}'", "name ILIKE 'MODEL-%'", "name IN ('{n}')",
        "name > 'a'", "name = \"{n}\"", "Name = '{n}'", "`name` = '{n}'", "attributes.name = '{n}'",
        "tags.a = 'b'", "tag.a = 'b'", "tags.a != 'b'", "tags.a LIKE 'b%'", "tags.a ILIKE 'B'", "tags.`a` = 'b'",
        "tags.none = 'b'", "tags.a IS NULL", "tags.a IS NOT NULL", "tags.a = 'b' AND tags.k = 'v'",
        "name LIKE '%{u}' AND tags.a = 'b'",
        "name LIKE '%{u}' OR tags.a = 'b'", "version = 1", "nonsense = 'x'", "name", "name =", "name = x",
        "run_id = 'x'", "alias = 'x'",
    ):  # fmt: skip
        ask(f"search models: {text!r}", lambda text=text: sorted(found(text and text.format(n=name, u=book.unique))))
    for order in (
        "name",
        "name ASC",
        "name DESC",
        "last_updated_timestamp",
        "last_updated_timestamp DESC",
        "timestamp ASC",
        "creation_timestamp",
        "nonsense",
        "name down",
        "tags.a",
        "attributes.name",
        "`name`",
    ):
        ask(f"order models: {order}", found, f"name LIKE '%{book.unique}'", order_by=[order])
    for size in (0, -1, 1, 1000, 1001):
        ask(
            f"search models: {size} of them", lambda size=size: len(client.search_registered_models(None, size)) <= size
        )
    pages, token = [], None
    while True:
        page = client.search_registered_models(f"name LIKE '%{book.unique}'", 2, ["name"], token)
        pages.append([model.name for model in page])
        token = page.token
        if not token:
            break
    book.outcomes["search models: all pages"] = book.plain(pages)
    ask("search models: a bad token", client.search_registered_models, page_token="nonsense")

    def versions(text=None, **named):
        return [
            [item.name, item.version]
            for item in client.search_model_versions(text, **named)
            if book.unique in item.name
        ]

    for text in (
        "name = '{n}'", "name LIKE '{n}%'", "name ILIKE 'MODEL-%'", "name != '{n}'", "name IN ('{n}', '{o}')",
        "run_id = '{r}'", "run_id IN ('{r}')", "run_id IN ()", "run_id != '{r}'", "run_id LIKE '%'",
        "source_path = 's3://bucket/m'", "source_path LIKE 's3:%'", "source = 's3://bucket/m'",
        "version_number = 1", "version_number > 1 AND name = '{n}'", "version_number != 1", "version_number <= 2",
        "version_number = '1'", "version = '1'", "tags.a = 'b'", "tags.a != 'b'", "tags.a LIKE 'b%'",
        "tags.none = 'b'", "tags.a IS NULL", "name = '{n}' AND tags.a = 'b'", "status = 'READY'",
        "stage = 'Production'", "current_stage = 'Production'", "aliases = 'x'", "nonsense = 'x'",
        "name = '{n}' OR version_number = 1", "attributes.name = '{n}'", "creation_timestamp > 0", "",
    ):  # fmt: skip
        given = text.format(n=name, o=other, r=run)
        ask(f"search versions: {text!r}", lambda given=given: sorted(versions(given)))
    for order in (
        "version_number",
        "version_number DESC",
        "version_number ASC",
        "name DESC",
        "name",
        "creation_timestamp DESC",
        "last_updated_timestamp",
        "run_id",
        "version",
        "nonsense",
        "source_path",
    ):
        ask(
            f"order versions: {order}",
            lambda order=order: [item[1] for item in versions(f"name = '{name}'", order_by=[order])],
        )
    ask("order versions: by default", lambda: len(versions(f"name = '{name}'")))
    for size in (0, -1, 1, 200000, 200001):
        ask(f"search versions: {size} of them", lambda size=size: len(client.search_model_versions("", size)) <= size)
    ask("search versions: a bad token", client.search_model_versions, page_token="nonsense")
    ask(
        "search versions: the whole of it",
        lambda: client.search_model_versions(f"name = '{name}' AND version_number = 1")[0],
    )
    ask("search models: fluently", lambda: len(mlflow.search_registered_models(filter_string=f"name = '{name}'")))
    ask("search versions: fluently", lambda: len(mlflow.search_model_versions(filter_string=f"name = '{other}'")))
