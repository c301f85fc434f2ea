"""Names and URIs of prompts."""

from __future__ import annotations

import pytest

from quire.domain.errors import InvalidInput
from quire.domain.prompt_uris import PromptUri, check_prompt_name, parse_prompt_uri, prompt_uri


@pytest.mark.parametrize(
    ("uri", "meaning"),
    [
        ("prompts:/a.b-c_d/3", PromptUri("a.b-c_d", version=3)),
        ("prompts:/a@prod", PromptUri("a", alias="prod")),
        ("prompts:/a@latest", PromptUri("a", alias="latest")),
    ],
)
def test_a_uri_is_read_and_written(uri: str, meaning: PromptUri) -> None:
    assert parse_prompt_uri(uri) == meaning
    assert str(meaning) == uri


@pytest.mark.parametrize(
    ("uri", "hint"),
    [
        ("prompts:/a", "Expected prompts:/NAME/VERSION"),
        ("prompts:/a/prod", "prompts:/a@prod"),
        ("prompts:/a/b/3", "no slash"),
        ("prompts:/a/-1", "@-1"),
        ("prompts:/a/３", "Expected"),
        ("prompts:/@x", "Expected"),
        ("prompts:/a@", "Expected"),
        ("models:/a/1", "Expected"),
        ("", "Expected"),
    ],
)
def test_what_is_no_uri_of_a_prompt_is_refused_with_the_forms(uri: str, hint: str) -> None:
    with pytest.raises(InvalidInput, match="is not the URI of a prompt") as refused:
        parse_prompt_uri(uri)
    assert hint in refused.value.message


@pytest.mark.parametrize("name", ["", "a/b", "a b", "a:b", "ä", "a\n", "..", "x" * 501, None, 7])
def test_a_name_that_mlflow_refuses_is_refused(name: object) -> None:
    with pytest.raises(InvalidInput, match="prompt name"):
        check_prompt_name(name)


def test_a_name_may_come_with_a_version_and_a_uri_may_not() -> None:
    assert prompt_uri("a") == PromptUri("a", alias="latest")
    assert prompt_uri("a", "2") == prompt_uri("a", 2) == PromptUri("a", version=2)
    with pytest.raises(InvalidInput, match="says the version itself"):
        prompt_uri("prompts:/a/1", 1)
    with pytest.raises(InvalidInput, match="Did you mean prompts:/a@prod"):
        prompt_uri("a@prod")


@pytest.mark.parametrize("version", ["one", "prod", 1.0, True, -1, "", "1.0"])
def test_a_version_that_is_no_number_is_refused(version: object) -> None:
    with pytest.raises(InvalidInput, match="Invalid prompt version"):
        prompt_uri("a", version)  # type: ignore[arg-type]
