"""Loading, filling and finding prompts; what is missing is named with what there is."""

from __future__ import annotations

import pytest

import quire
from quire.domain.errors import InvalidInput, NotFound, PolicyError, TemplateError


@pytest.fixture(autouse=True)
def _prompts() -> None:
    quire.register_prompt("greeting", "Hi {{name}}", tags={"k": "v"})
    quire.register_prompt("greeting", [{"role": "user", "content": "Hello {{name}}, {{ wish }}"}])
    quire.set_prompt_alias("greeting", "prod", 1)


def test_a_version_is_loaded_by_number_alias_uri_and_as_the_newest() -> None:
    for first in (
        quire.load_prompt("greeting", 1),
        quire.load_prompt("greeting", version="1"),
        quire.load_prompt("prompts:/greeting/1"),
        quire.load_prompt("prompts:/greeting@prod"),
        quire.genai.load_prompt("prompts:/greeting@prod"),
        quire.Client().load_prompt("prompts:/greeting@prod"),
    ):
        assert (first.version, first.aliases) == (1, ["prod"])
    assert quire.load_prompt("greeting").version == quire.load_prompt("prompts:/greeting@latest").version == 2


@pytest.mark.parametrize(
    ("uri", "words"),
    [
        ("prompts:/greeting/9", r"no version 9\. Its versions: 2, 1\. Its aliases: @prod = 1"),
        ("prompts:/greeting@none", "no alias 'none'"),
        ("prompts:/none/1", "no prompt 'none'"),
    ],
)
def test_what_is_missing_is_told_with_what_there_is(uri: str, words: str) -> None:
    with pytest.raises(NotFound, match=words):
        quire.load_prompt(uri)
    assert quire.load_prompt(uri, allow_missing=True) is None


def test_a_malformed_uri_is_an_error_even_if_the_prompt_may_be_missing() -> None:
    with pytest.raises(InvalidInput):
        quire.load_prompt("prompts:/greeting/prod", allow_missing=True)
    with pytest.raises(InvalidInput, match="Invalid prompt version"):
        quire.load_prompt("greeting", "one", allow_missing=True)


def test_text_and_messages_are_filled() -> None:
    text, chat = quire.load_prompt("greeting", 1), quire.load_prompt("greeting", 2)
    assert text.format(name="Ada") == "Hi Ada"
    assert chat.format(name="Ada", wish=7) == [{"role": "user", "content": "Hello Ada, 7"}]
    with pytest.raises(TemplateError, match="'greeting' version 1 has no value for 'name'"):
        text.format()
    with pytest.raises(TemplateError, match="no variable 'nmae'"):
        text.format(nmae="Ada")
    with pytest.raises(PolicyError, match="sandbox"):
        text.format(use_jinja_sandbox=False, name="Ada")


def test_a_prompt_filled_in_part_is_a_prompt_with_the_rest() -> None:
    chat = quire.load_prompt("greeting", 2)
    rest = chat.format(allow_partial=True, name="Ada")
    assert isinstance(rest, quire.PromptVersion)
    assert (rest.variables, rest.uri) == ({"wish"}, chat.uri)
    assert rest.format(wish="bye") == [{"role": "user", "content": "Hello Ada, bye"}]
    assert chat.format(allow_partial=True, name="Ada", wish="bye") == rest.format(wish="bye")


def test_a_template_is_converted_to_single_braces() -> None:
    assert quire.load_prompt("greeting", 1).to_single_brace_format() == "Hi {name}"
    assert quire.load_prompt("greeting", 2).to_single_brace_format() == [
        {"role": "user", "content": "Hello {name}, {wish}"}
    ]


def test_prompts_are_searched_by_name_and_tag_and_models_are_not_among_them() -> None:
    quire.Client().create_registered_model("model")
    quire.register_prompt("farewell", "Bye")
    assert [item.name for item in quire.search_prompts()] == ["farewell", "greeting"]
    assert [item.name for item in quire.search_prompts("tags.k = 'v'")] == ["greeting"]
    assert [item.name for item in quire.search_prompts("name LIKE 'f%'")] == ["farewell"]
    assert [item.name for item in quire.search_prompts(order_by=["name DESC"], max_results=1)] == ["greeting"]
    with pytest.raises(InvalidInput):
        quire.search_prompts("nonsense = 'x'")
    with pytest.raises(InvalidInput, match="experiment_id"):
        quire.search_prompts("experiment_id = 'x'")


def test_the_client_finds_versions_as_mlflows_does() -> None:
    client = quire.Client()
    assert client.get_prompt("none") is None
    assert client.get_prompt_version("greeting", 9) is client.get_prompt_version("greeting", "none") is None
    assert client.get_prompt_version("greeting", "prod") == client.get_prompt_version_by_alias("greeting", "prod")
    assert client.parse_prompt_uri("prompts:/greeting@prod") == ("greeting", "1")
    page = client.search_prompt_versions("greeting", max_results=1)
    assert [item.version for item in page] == [2]
    assert [item.version for item in client.search_prompt_versions("greeting", 1, page.token)] == [1]


def test_a_prompt_is_asked_for_anew_unless_it_may_be_kept() -> None:
    assert quire.load_prompt("prompts:/greeting@prod", cache_ttl_seconds=3600).version == 1
    other = quire.Client("sqlite:///./quire.db")  # writes past what this process remembers
    other.registry_store.set_alias("greeting", "prod", "2")
    assert quire.load_prompt("prompts:/greeting@prod", cache_ttl_seconds=3600).version == 1
    assert quire.load_prompt("prompts:/greeting@prod").version == 2
    quire.set_prompt_alias("greeting", "prod", 2)
    assert quire.load_prompt("prompts:/greeting@prod", cache_ttl_seconds=3600).version == 2
    with pytest.raises(InvalidInput, match="cache_ttl_seconds"):
        quire.load_prompt("greeting", cache_ttl_seconds=-1)


def test_mlflows_variables_say_how_long_a_prompt_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_ALIAS_PROMPT_CACHE_TTL_SECONDS", "3600")
    assert quire.load_prompt("prompts:/greeting@prod").version == 1
    quire.Client().registry_store.set_alias("greeting", "prod", "2")
    assert quire.load_prompt("prompts:/greeting@prod").version == 1
    monkeypatch.setenv("MLFLOW_ALIAS_PROMPT_CACHE_TTL_SECONDS", "soon")
    with pytest.raises(InvalidInput, match="soon"):
        quire.load_prompt("prompts:/greeting@prod")
