"""Prompts over a server, Quire's and MLflow's own: the same calls, the same answers."""

from __future__ import annotations

import uuid

import pytest

import quire
from quire.domain.errors import InvalidInput, NotFound

CHAT = [{"role": "system", "content": "You are {{style}}."}, {"role": "user", "content": "{{question}}"}]


@pytest.fixture(
    params=["quire_server", pytest.param("mlflow_server", marks=[pytest.mark.mlflow, pytest.mark.slow])],
)
def name(request: pytest.FixtureRequest) -> str:
    """A name that no other test takes, while a server is the store."""
    quire.set_tracking_uri(request.getfixturevalue(request.param))
    return f"prompt-{uuid.uuid4().hex[:8]}"


def test_versions_aliases_tags_and_configuration(name: str) -> None:
    quire.register_prompt(name, "Hi {{who}}", "first", {"a": "b"})
    made = quire.register_prompt(
        name, CHAT, "second", response_format={"type": "object"}, model_config={"temperature": 0.5}
    )
    assert quire.load_prompt(name) == made == quire.load_prompt(f"prompts:/{name}/2")
    assert (made.version, made.template, made.model_config) == (2, CHAT, {"temperature": 0.5})
    quire.set_prompt_alias(name, "prod", 1)
    first = quire.load_prompt(f"prompts:/{name}@prod")
    assert (first.version, first.aliases, first.commit_message, first.tags) == (1, ["prod"], "first", {"a": "b"})
    quire.set_prompt_tag(name, "k", "v")
    quire.set_prompt_version_tag(name, 1, "k", "w")
    assert (quire.get_prompt_tags(name)["k"], quire.load_prompt(name, 1).tags["k"]) == ("v", "w")
    quire.set_prompt_model_config(name, 2, {"temperature": 1})
    assert quire.load_prompt(name, 2).model_config == {"temperature": 1}
    quire.delete_prompt_alias(name, "prod")
    assert quire.load_prompt(f"prompts:/{name}@prod", allow_missing=True) is None
    assert [item.name for item in quire.search_prompts(f"name = '{name}'")] == [name]
    assert [item.name for item in quire.search_prompts(f"name = '{name}' AND experiment_id = '0'")] == [name]
    assert [item.version for item in quire.search_prompt_versions(name)] == [2, 1]


def test_what_is_missing_is_told_with_what_there_is(name: str) -> None:
    with pytest.raises(NotFound, match="no prompt"):
        quire.load_prompt(name)
    quire.register_prompt(name, "x")
    with pytest.raises(NotFound, match=r"no version 9\. Its versions: 1"):
        quire.load_prompt(name, 9)
    with pytest.raises(NotFound, match="no alias 'none'"):
        quire.load_prompt(f"prompts:/{name}@none")
    quire.Client().create_registered_model(f"{name}-model")
    with pytest.raises(InvalidInput, match="registered model"):
        quire.register_prompt(f"{name}-model", "x")


def test_parts_and_usage(name: str) -> None:
    quire.register_prompt(f"{name}-part", "Be {{style}}.")
    whole = quire.register_prompt(name, f"{{{{> {name}-part@latest }}}} Go.")
    assert quire.load_prompt(name) == whole
    assert (whole.template, [part.uri for part in whole.parts]) == (
        "Be {{style}}. Go.",
        [f"prompts:/{name}-part/1"],
    )
    with quire.start_run() as run:
        quire.load_prompt(name)
    used = quire.prompt_usage(whole)
    assert [item.info.run_id for item in used.runs] == [run.info.run_id]


def test_deleting(name: str) -> None:
    quire.register_prompt(name, "one")
    quire.register_prompt(name, "two")
    quire.delete_prompt_version(name, 2)
    assert quire.load_prompt(name).version == 1
    quire.delete_prompt(name)
    assert quire.Client().get_prompt(name) is None
