"""Models made of registered prompts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import quire
import quire.openai
import quire.pyfunc
from quire.domain.errors import InvalidInput, NotFound, TemplateError
from quire.simulator import Behaviour
from quire.testing import Simulator
from quire.types import ParamSchema, ParamSpec

CHAT = [{"role": "system", "content": 'Answer as {"a": 1}.'}, {"role": "user", "content": "{{ question }}!"}]
SCHEMA = {"type": "object", "properties": {"a": {"type": "string"}}}


@pytest.fixture(autouse=True)
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def log(**arguments: Any) -> Any:
    return quire.openai.log_model(**{"model": "gpt-4o-mini", "task": "chat.completions", "name": "m", **arguments})


def test_a_prompt_brings_its_template_parameters_format_and_policy() -> None:
    prompt = quire.register_prompt(
        "solver",
        CHAT,
        model_config={"model_name": "gpt-4o", "stop_sequences": ["\n"], "max_tokens": 5},
        response_format=SCHEMA,
        params=[ParamSpec("temperature", "double", 0.5, maximum=1)],
    )
    info = log(model=None, messages=prompt, max_tokens=7)
    saved = quire.openai.load_model(info.model_uri)
    assert saved["model"] == "gpt-4o"
    assert [message["content"] for message in saved["messages"]] == ['Answer as {{"a": 1}}.', "{question}!"]
    assert (saved["stop"], saved["max_tokens"]) == (["\n"], 7)
    assert saved["response_format"] == {"type": "json_schema", "json_schema": {"name": "solver", "schema": SCHEMA}}
    assert info.signature.params == ParamSchema([ParamSpec("temperature", "double", 0.5, maximum=1)])
    assert info.prompts == ["prompts:/solver/1"]
    assert log(messages=prompt).prompts == ["prompts:/solver/1"]


def test_such_a_model_asks_what_the_prompt_says(monkeypatch: pytest.MonkeyPatch) -> None:
    info = log(messages=quire.register_prompt("solver", CHAT))
    with Simulator(Behaviour(echo=True)) as simulator:
        for variable, value in simulator.environment.items():
            monkeypatch.setenv(variable, value)
        (answer,) = quire.pyfunc.load_model(info.model_uri).predict([{"question": "Why {{x}}"}])
    assert json.loads(answer) == quire.load_prompt("solver").format(question="Why {{x}}")


def test_a_text_prompt_is_a_message_of_the_user_or_text() -> None:
    prompt = quire.register_prompt("text", "Hi {{name}}", response_format=SCHEMA, model_config={"max_tokens": 20})
    assert quire.openai.load_model(log(messages=prompt).model_uri)["messages"] == [
        {"role": "user", "content": "Hi {name}"}
    ]
    assert quire.openai.load_model(log(task="completions", prompt=prompt).model_uri)["prompt"] == "Hi {name}"
    saved = quire.openai.load_model(log(task="responses", input="{x}", instructions=prompt).model_uri)
    assert saved["instructions"] == "Hi {name}"
    assert saved["max_output_tokens"] == 20
    assert saved["text"] == {"format": {"type": "json_schema", "name": "text", "schema": SCHEMA}}


def test_a_saved_model_names_its_prompt(workspace: Path) -> None:
    prompt = quire.register_prompt("solver", CHAT)
    quire.openai.save_model("gpt-4o-mini", "chat.completions", workspace / "m", messages=prompt)
    assert "prompts:/solver/1" in (workspace / "m" / "MLmodel").read_text()


def test_an_alias_among_the_prompts_is_pinned() -> None:
    quire.register_prompt("tone", "Be kind.")
    quire.set_prompt_alias("tone", "prod", 1)
    info = log(messages=[{"role": "user", "content": "x"}], prompts=["prompts:/tone@prod"])
    assert info.prompts == ["prompts:/tone/1"]
    with pytest.raises(NotFound):
        log(messages=[{"role": "user", "content": "x"}], prompts=["prompts:/tone@none"])
    with pytest.raises(InvalidInput):
        log(messages=[{"role": "user", "content": "x"}], prompts=["tone"])


@pytest.mark.parametrize(
    ("template", "arguments", "words"),
    [
        ("{% if a %}{{a}}{% endif %}", {"key": "messages"}, "Jinja"),
        ("{{a.b}}", {"key": "messages"}, "no dot"),
        (CHAT, {"key": "prompt", "task": "completions"}, "not text"),
        (CHAT, {"key": "tools"}, "cannot|can be given as messages"),
    ],
)
def test_a_prompt_that_does_not_fit_is_refused(template: Any, arguments: dict[str, Any], words: str) -> None:
    prompt = quire.register_prompt("p", template)
    key = arguments.pop("key")
    with pytest.raises((InvalidInput, TemplateError)) as refused:
        log(**arguments, **{key: prompt})
    assert any(word in str(refused.value) for word in words.split("|"))


def test_two_prompts_that_disagree_are_refused_unless_a_keyword_decides() -> None:
    first = quire.register_prompt("a", "A {{x}}", model_config={"temperature": 0})
    second = quire.register_prompt("b", "B", model_config={"temperature": 1})
    with pytest.raises(InvalidInput, match="disagree about 'temperature'"):
        log(task="responses", input=first, instructions=second)
    saved = quire.openai.load_model(log(task="responses", input=first, instructions=second, temperature=2).model_uri)
    assert saved["temperature"] == 2
