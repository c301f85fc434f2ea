"""Aliases, tags and configuration change; what a version says does not."""

from __future__ import annotations

from typing import Any

import pytest

import quire
from quire.domain.entities import Tag
from quire.domain.errors import InvalidInput, NotFound


@pytest.fixture(autouse=True)
def _prompt() -> None:
    quire.register_prompt("p", "one")
    quire.register_prompt("p", "two", model_config={"temperature": 1})


def test_an_alias_moves_and_goes() -> None:
    quire.set_prompt_alias("p", "prod", 1)
    quire.set_prompt_alias("p", "prod", "2")
    assert quire.load_prompt("prompts:/p@prod").version == 2
    quire.delete_prompt_alias("p", "prod")
    with pytest.raises(NotFound, match="no alias 'prod'"):
        quire.load_prompt("prompts:/p@prod")
    with pytest.raises(NotFound, match="no alias 'prod'"):
        quire.delete_prompt_alias("p", "prod")


@pytest.mark.parametrize(
    ("alias", "version", "error"),
    [
        ("latest", 1, InvalidInput),
        ("v1", 1, InvalidInput),
        ("a b", 1, InvalidInput),
        ("prod", 9, NotFound),
        ("prod", "x", InvalidInput),
    ],
)
def test_an_alias_that_cannot_be_set_is_refused(alias: str, version: Any, error: type[Exception]) -> None:
    with pytest.raises(error):
        quire.set_prompt_alias("p", alias, version)


def test_tags_of_a_prompt_and_of_a_version_are_apart() -> None:
    quire.set_prompt_tag("p", "a", 1)
    quire.set_prompt_version_tag("p", 1, "b", "2")
    assert quire.get_prompt_tags("p") == {"a": "1"}
    assert quire.load_prompt("p", 1).tags == {"b": "2"}
    quire.delete_prompt_tag("p", "a")
    quire.delete_prompt_version_tag("p", 1, "b")
    assert quire.get_prompt_tags("p") == quire.load_prompt("p", 1).tags == {}
    for missing in (
        lambda: quire.get_prompt_tags("none"),
        lambda: quire.set_prompt_tag("none", "a", "b"),
        lambda: quire.set_prompt_version_tag("p", 9, "a", "b"),
    ):
        with pytest.raises(NotFound):
            missing()


def test_what_a_version_says_cannot_be_changed_by_its_tags() -> None:
    for refused in (
        lambda: quire.set_prompt_version_tag("p", 1, "mlflow.prompt.text", "changed"),
        lambda: quire.delete_prompt_version_tag("p", 1, "mlflow.prompt.text"),
        lambda: quire.set_prompt_tag("p", "mlflow.prompt.is_prompt", "false"),
        lambda: quire.Client().set_model_version_tag("p", 1, "mlflow.prompt.text", "changed"),
        lambda: quire.Client().delete_model_version_tag("p", 1, "mlflow.prompt.is_prompt"),
    ):
        with pytest.raises(InvalidInput):
            refused()
    store = quire.Client().registry_store
    store.set_model_version_tag("p", "1", Tag("mlflow.prompt.text", "one"))  # said again, as a client does that retries
    assert quire.load_prompt("p", 1).template == "one"


def test_the_model_configuration_is_replaced_and_removed() -> None:
    quire.set_prompt_model_config("p", 2, quire.PromptModelConfig(model_name="m", extra_params={"x": 1}))
    assert quire.load_prompt("p", 2).model_config == {"model_name": "m", "x": 1}
    with pytest.raises(InvalidInput, match="from 0 to 2"):
        quire.set_prompt_model_config("p", 2, {"temperature": 9})
    with pytest.raises(InvalidInput, match="empty"):
        quire.set_prompt_model_config("p", 2, {})
    with pytest.raises(InvalidInput, match="set_prompt_model_config"):
        quire.set_prompt_version_tag("p", 2, "_mlflow_prompt_model_config", "{}")
    quire.delete_prompt_model_config("p", 2)
    assert quire.load_prompt("p", 2).model_config is None


def test_a_deleted_version_takes_its_aliases_along_and_its_number_is_not_used_again() -> None:
    quire.set_prompt_alias("p", "prod", 2)
    quire.delete_prompt_version("p", 2)
    assert quire.load_prompt("prompts:/p@prod", allow_missing=True) is None
    assert quire.register_prompt("p", "three").version == 3
    with pytest.raises(NotFound):
        quire.delete_prompt_version("p", 2)
    quire.delete_prompt("p")
    assert quire.search_prompts() == []
    with pytest.raises(NotFound):
        quire.delete_prompt("p")


def test_a_prompt_whose_versions_are_all_gone_says_so() -> None:
    for version in (1, 2):
        quire.delete_prompt_version("p", version)
    with pytest.raises(NotFound, match="no versions yet"):
        quire.load_prompt("p")


def test_two_versions_are_compared() -> None:
    changed = quire.load_prompt("p", 1).diff(quire.load_prompt("p", 2))
    assert changed
    assert not quire.load_prompt("p", 1).diff(quire.load_prompt("p", 1))
