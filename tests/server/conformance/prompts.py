"""Calls about prompts."""

from __future__ import annotations

import mlflow

NONE = "m-" + "0" * 32


def calls(book, client):
    ask = book.ask
    name = f"prompt-{book.unique}"
    chat = [{"role": "user", "content": "Tell {{x}}"}]
    schema = {"type": "object", "properties": {"a": {"type": "string"}}}
    client.create_registered_model(f"no-prompt-{book.unique}")
    ask("prompts: register", client.register_prompt, name, "Say {{x}}", "first", {"a": "b"})
    ask(
        "prompts: register chat",
        client.register_prompt,
        name,
        chat,
        "second",
        response_format=schema,
        model_config={"model_name": "m", "temperature": 0.5},
    )
    ask("prompts: create", client.create_prompt, f"{name}-made", "told", {"k": "v"})
    ask("prompts: create again", client.create_prompt, f"{name}-made")
    ask("prompts: create a version", client.create_prompt_version, f"{name}-made", "Hi {{y}}", "told", {"c": "d"})
    ask("prompts: create a version of none", client.create_prompt_version, "none", "Hi")
    ask("prompts: register by a bad name", client.register_prompt, "a/b", "x")
    ask("prompts: register by the name of a model", client.register_prompt, f"no-prompt-{book.unique}", "x")
    ask("prompts: a model by the name of a prompt", client.create_registered_model, name)
    ask("prompts: a long text", lambda: client.register_prompt(f"{name}-long", "x" * 100001).version)
    ask("prompts: get", client.get_prompt, name)
    ask("prompts: get none", client.get_prompt, "none")
    ask("prompts: get a model", client.get_prompt, f"no-prompt-{book.unique}")
    ask("prompts: get a version", client.get_prompt_version, name, "1")
    ask("prompts: get the chat", client.get_prompt_version, name, 2)
    ask("prompts: get no version", client.get_prompt_version, name, "99")
    ask("prompts: alias", client.set_prompt_alias, name, "prod", 1)
    ask("prompts: alias to none", client.set_prompt_alias, name, "x", 99)
    ask("prompts: alias latest", client.set_prompt_alias, name, "latest", 1)
    ask("prompts: by alias", client.get_prompt_version_by_alias, name, "prod")
    ask("prompts: by no alias", client.get_prompt_version_by_alias, name, "none")
    for uri in (
        f"prompts:/{name}/1",
        f"prompts:/{name}@prod",
        f"prompts:/{name}@latest",
        f"prompts:/{name}@none",
        f"prompts:/{name}/99",
        "prompts:/none/1",
        "nonsense:/x",
    ):
        ask(
            f"prompts: load {uri.replace(book.unique, '')}",
            lambda uri=uri: client.load_prompt(uri, cache_ttl_seconds=0).template,
        )
    ask("prompts: load, missing allowed", lambda: client.load_prompt(name, 99, allow_missing=True))
    ask("prompts: parse", client.parse_prompt_uri, f"prompts:/{name}/1")
    ask("prompts: tag", client.set_prompt_tag, name, "k", "v")
    ask("prompts: untag", client.delete_prompt_tag, name, "k")
    ask("prompts: untag again", client.delete_prompt_tag, name, "k")
    ask("prompts: tag none", client.set_prompt_tag, "none", "k", "v")
    ask("prompts: tag a version", client.set_prompt_version_tag, name, 1, "k", "v")
    ask("prompts: untag a version", client.delete_prompt_version_tag, name, 1, "k")
    ask("prompts: tag no version", client.set_prompt_version_tag, name, 99, "k", "v")
    ask("prompts: change the text by a tag", client.set_prompt_version_tag, name, 1, "mlflow.prompt.text", "changed")
    ask("prompts: the text after that", lambda: client.get_prompt_version(name, 1).template)
    for text in (
        None,
        f"name = '{name}'",
        f"name LIKE '{name}%'",
        "name ILIKE 'PROMPT-%'",
        "tags.k = 'v'",
        "tags.none = 'v'",
        "nonsense = 'x'",
        f"name != '{name}'",
    ):
        ask(
            f"prompts: search {text and text.replace(book.unique, '')}",
            lambda text=text: sorted(item.name for item in client.search_prompts(text) if book.unique in item.name),
        )
    for order in ("name", "name DESC", "creation_timestamp DESC", "nonsense"):
        ask(
            f"prompts: order {order}",
            lambda order=order: [item.name for item in client.search_prompts(f"name LIKE '{name}%'", order_by=[order])],
        )
    ask(
        "prompts: pages",
        lambda: [len(page := client.search_prompts(f"name LIKE '{name}%'", max_results=2)), bool(page.token)],
    )
    ask("prompts: versions", lambda: [item.version for item in client.search_prompt_versions(name)])
    ask("prompts: versions of none", client.search_prompt_versions, "none")
    ask("prompts: some versions", lambda: [len(client.search_prompt_versions(name, max_results=1))])
    run = book.know(client.create_run("0", run_name="prompted").info.run_id, "prompted")
    ask("prompts: link to a run", client.link_prompt_version_to_run, run, f"prompts:/{name}/1")
    ask("prompts: of a run", client.list_logged_prompts, run)
    ask("prompts: detach from a run", client.detach_prompt_from_run, run, f"prompts:/{name}/1")
    ask("prompts: of a run after that", client.list_logged_prompts, run)
    ask("prompts: link to no run", client.link_prompt_version_to_run, "0" * 32, f"prompts:/{name}/1")
    model = client.create_logged_model("0", "prompted").model_id
    ask("prompts: link to a model", client.link_prompt_version_to_model, name, "1", model)
    ask("prompts: link to no model", client.link_prompt_version_to_model, name, "1", NONE)
    ask("prompts: of a model", lambda: sorted(client.get_logged_model(model).tags))
    ask("prompts: delete with versions", client.delete_prompt, name)
    ask("prompts: delete a version", client.delete_prompt_version, name, "1")
    ask("prompts: delete a version again", client.delete_prompt_version, name, "1")
    ask("prompts: delete the alias", client.delete_prompt_alias, name, "prod")
    ask("prompts: delete another version", client.delete_prompt_version, name, "2")
    ask("prompts: delete", client.delete_prompt, name)
    ask("prompts: delete again", client.delete_prompt, name)
    ask("prompts: delete a model", client.delete_prompt, f"no-prompt-{book.unique}")
    ask(
        "prompts: fluently",
        lambda: [
            mlflow.genai.register_prompt(f"{name}-fluent", "a {{b}}").version,
            mlflow.genai.load_prompt(f"{name}-fluent").template,
            len(mlflow.genai.search_prompts(f"name = '{name}-fluent'")),
            sorted(mlflow.genai.get_prompt_tags(f"{name}-fluent")),
        ],
    )
