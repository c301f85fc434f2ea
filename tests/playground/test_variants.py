"""From bases and variants to requests: what is sent, what is refused, what is saved."""

from __future__ import annotations

from typing import Any

import pytest

from quire.domain.errors import InvalidInput, PolicyError, TemplateError
from quire.domain.package import make_package
from quire.domain.prompts import PromptVersion
from quire.domain.schema import ParamSchema, ParamSpec
from quire.playground.bases import Base, base_of_model, base_of_prompt, described
from quire.playground.messages import Variant
from quire.playground.variants import package_of, request_of, variables

TEMPERATURE = ParamSpec("temperature", "double", 0.5, minimum=0, maximum=1)


def prompt(template: Any = "Say {{word}}.", **fields: Any) -> PromptVersion:
    return PromptVersion("p", 3, template, **fields)


def of(base: Base, **fields: Any) -> Variant:
    return Variant(task=base.task, model=base.model or "m", template=base.template, base=base.uri, **fields)


def model(messages: Any, **keywords: Any) -> Base:
    package = make_package("m", "chat.completions", {"messages": messages, **keywords})
    return base_of_model(package, "models:/m/1", "m", "1")


def test_a_template_is_filled_once_and_values_are_no_templates() -> None:
    variant = Variant(model="m", template=[{"role": "user", "content": "{{a}} {{b}} {c}"}])
    call = request_of(variant, None, {"a": "{{b}}", "b": "x", "other": "y"})
    assert call.body == {"model": "m", "messages": [{"role": "user", "content": "{{b}} x {c}"}]}
    assert variables(variant) == ["a", "b"]


def test_responses_are_asked_by_input() -> None:
    variant = Variant(task="responses", model="m", template="Hi", params={"max_output_tokens": 20})
    assert request_of(variant, None, {}).body == {
        "model": "m",
        "input": [{"role": "user", "content": "Hi"}],
        "max_output_tokens": 20,
    }


def test_without_a_policy_the_model_configuration_is_a_beginning() -> None:
    config = {"model_name": "gpt-4o", "temperature": 0.3}
    base = base_of_prompt(prompt(model_config=config))
    assert (base.model, base.params, base.fixed, base.policy) == ("gpt-4o", {"temperature": 0.3}, {}, None)
    sent = request_of(of(base, params={"temperature": 0.9, "seed": 1}), base, {"word": "hi"}).body
    assert (sent["temperature"], sent["seed"]) == (0.9, 1)


def test_with_a_policy_it_is_fixed_and_others_are_refused() -> None:
    base = base_of_prompt(prompt(model_config={"model_name": "m", "seed": 7}, params=ParamSchema([TEMPERATURE])))
    assert base.fixed == {"seed": 7}
    assert request_of(of(base), base, {"word": "hi"}).body["temperature"] == 0.5
    for params in ({"temperature": 1.5}, {"seed": 8}, {"top_p": 1}):
        with pytest.raises(PolicyError):
            request_of(of(base, params=params), base, {"word": "hi"})


@pytest.mark.parametrize("name", ["api_key", "base_url", "extra_headers", "stream"])
def test_what_no_model_may_hold_no_variant_may_send(name: str) -> None:
    with pytest.raises(PolicyError, match=name):
        request_of(Variant(model="m", template="x", params={name: "y"}), None, {})


def test_a_response_format_is_kept() -> None:
    schema = {"type": "object", "properties": {}}
    base = base_of_prompt(prompt(response_format=schema))
    sent = request_of(of(base), base, {"word": "hi"}).body
    assert sent["response_format"]["json_schema"] == {"name": "p", "schema": schema}


def test_a_models_template_becomes_a_prompts() -> None:
    base = model([{"role": "user", "content": "{question} {{literal}}"}], seed=1)
    assert base.template == [{"role": "user", "content": "{{question}} {literal}"}]
    assert base.policy == ParamSchema([])
    assert described(base).policy == []
    with pytest.raises(PolicyError):
        request_of(of(base, params={"temperature": 1}), base, {"question": "?"})


def test_a_model_without_variables_is_asked_its_input() -> None:
    base = model([{"role": "system", "content": "Be kind."}])
    assert base.template[-1] == {"role": "user", "content": "{{input}}"}


@pytest.mark.parametrize("content", ["{first name}", "{{{{question}}}} {x}"])
def test_what_a_prompt_cannot_write_is_refused(content: str) -> None:
    with pytest.raises(TemplateError):
        model([{"role": "user", "content": content}])


def test_embeddings_have_no_conversation() -> None:
    package = make_package("m", "embeddings", {})
    with pytest.raises(InvalidInput, match="embeddings"):
        base_of_model(package, "models:/m/1", "m", "1")


def test_a_package_answers_as_the_variant_does() -> None:
    base = base_of_prompt(prompt(params=ParamSchema([TEMPERATURE]), model_config={"model_name": "m"}))
    variant = of(base, params={"temperature": 0.25})
    planned = package_of(variant, base).planner().call(0, {"word": "hi"})
    assert planned.body == request_of(variant, base, {"word": "hi"}).body
