"""Registering prompts: what is kept of a version, what is refused, and who gets which number."""

from __future__ import annotations

import getpass
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pydantic
import pytest

import quire
from quire.domain.errors import AlreadyExists, InvalidInput, NotFound, PolicyError
from quire.types import ParamSchema, ParamSpec

CHAT = [{"role": "system", "content": "You are {{style}}."}, {"role": "user", "content": "{{question}}"}]


class Answer(pydantic.BaseModel):
    """What a model is to answer."""

    text: str


def test_a_version_is_read_back_as_it_was_registered() -> None:
    params = ParamSchema([ParamSpec("temperature", "double", 0.5, minimum=0, maximum=1)])
    made = quire.register_prompt(
        "greeting",
        CHAT,
        commit_message="first",
        tags={"team": "red", "n": 7},
        response_format=Answer,
        model_config={"model_name": "gpt-4o-mini", "max_tokens": 10},
        params=params,
    )
    read = quire.load_prompt("prompts:/greeting/1")
    assert read == made
    assert (read.name, read.version, read.uri) == ("greeting", 1, "prompts:/greeting/1")
    assert (read.template, read.is_text_prompt, read.variables) == (CHAT, False, {"style", "question"})
    assert (read.commit_message, read.tags) == ("first", {"team": "red", "n": "7"})
    assert read.user_id == getpass.getuser()
    assert read.response_format == Answer.model_json_schema()
    assert read.model_config == {"model_name": "gpt-4o-mini", "max_tokens": 10}
    assert read.params == params
    assert read.creation_timestamp > 1_700_000_000_000
    assert read.source is read.template


def test_versions_are_numbered_and_the_older_ones_stay() -> None:
    for text in ("one", "two", "three"):
        quire.register_prompt("count", text, text)
    assert [quire.load_prompt("count", number).template for number in (1, 2, 3)] == ["one", "two", "three"]
    assert quire.load_prompt("count").version == 3
    assert [item.version for item in quire.search_prompt_versions("count")] == [3, 2, 1]


def test_the_prompt_is_described_by_its_first_message_and_has_the_tags_of_all(client: quire.Client) -> None:
    quire.register_prompt("p", "one", "first", {"a": "1"})
    quire.register_prompt("p", "two", "second", {"b": "2"})
    (found,) = quire.search_prompts("name = 'p'")
    assert (found.description, found.tags) == ("first", {"a": "1", "b": "2"})
    assert quire.load_prompt("p", 2).tags == {"b": "2"}
    assert client.get_prompt("p") == found


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"name": "a/b"}, "slash"),
        ({"template": ""}, "empty"),
        ({"template": "{{> bad }}"}, "names no version"),
        ({"response_format": "json"}, "JSON schema"),
        ({"response_format": {"a": object()}}, "JSON"),
        ({"model_config": {"temperature": 9}}, "from 0 to 2"),
        ({"tags": {"mlflow.prompt.text": "x"}}, "part of what a prompt is"),
        ({"tags": 7}, "dictionary"),
        ({"params": {"temperature": 1}}, "ParamSpec"),
        ({"template": [{"role": "user", "content": [{"type": "x", "api_key": "abcdef12345"}]}]}, "credential"),
        ({"response_format": {"examples": [{"password": "hunter22"}]}}, "credential"),
        ({"commit_message": "x" * 100_001}, "commit message"),
        ({"template": "x" * 100_001}, "100,000"),
    ],
)
def test_what_is_refused_leaves_nothing_behind(arguments: dict[str, Any], words: str, client: quire.Client) -> None:
    with pytest.raises(InvalidInput, match=words):
        quire.register_prompt(**{"name": "p", "template": "x", **arguments})
    assert client.search_prompts() == []


def test_a_parameter_is_either_fixed_or_open() -> None:
    params = [ParamSpec("temperature", "double", 0.5)]
    with pytest.raises(PolicyError, match="temperature"):
        quire.register_prompt("p", "x", model_config={"temperature": 1}, params=params)


def test_a_model_and_a_prompt_cannot_share_a_name(client: quire.Client, tmp_path: Path) -> None:
    client.create_registered_model("model")
    client.create_model_version("model", str(tmp_path))
    for refused in (
        lambda: quire.register_prompt("model", "x"),
        lambda: quire.load_prompt("model", 1),
        lambda: quire.delete_prompt("model"),
        lambda: quire.set_prompt_tag("model", "a", "b"),
        lambda: quire.search_prompt_versions("model"),
    ):
        with pytest.raises(InvalidInput, match="registered model"):
            refused()
    quire.register_prompt("prompt", "x")
    with pytest.raises(AlreadyExists):
        client.create_registered_model("prompt")
    (tmp_path / "MLmodel").write_text("flavors: {}\n")
    with pytest.raises(InvalidInput, match="name of a prompt"):
        quire.register_model(str(tmp_path), "prompt")


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_registrations_at_once_get_a_version_each(kind: str, request: pytest.FixtureRequest) -> None:
    if kind == "postgresql":
        quire.set_tracking_uri(request.getfixturevalue("postgres_uri"))
    quire.get_experiment("0")  # makes the store's tables
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda n: quire.register_prompt("race", f"text {n}"), range(16)))
    assert sorted(prompt.version for prompt in made) == list(range(1, 17))
    assert {quire.load_prompt("race", prompt.version).template for prompt in made} == {f"text {n}" for n in range(16)}


def test_a_prompt_is_listed_in_the_experiments_it_was_registered_in() -> None:
    first = quire.set_experiment("first").experiment_id
    quire.register_prompt("p", "one")
    with quire.start_run(experiment_id=quire.create_experiment("second")) as run:
        quire.register_prompt("p", "two")
    quire.register_prompt("q", "one")
    second = run.info.experiment_id
    assert [item.name for item in quire.search_prompts(f"experiment_id = '{first}'")] == ["p", "q"]
    assert [item.name for item in quire.search_prompts(f"name LIKE '%' AND experiment_id = '{second}'")] == ["p"]
    assert quire.search_prompts("name = 'p'")[0].experiment_ids == [first, second]


def test_the_client_makes_a_prompt_and_its_versions_apart(client: quire.Client) -> None:
    with pytest.raises(NotFound, match="no prompt 'p'"):
        client.create_prompt_version("p", "x")
    made = client.create_prompt("p", "told", {"a": "b"})
    assert (made.name, made.description, made.tags) == ("p", "told", {"a": "b"})
    with pytest.raises(AlreadyExists, match="taken"):
        client.create_prompt("p")
    assert client.create_prompt_version("p", "Hi {{x}}", "why").commit_message == "why"
