"""A packaged model's request for what a caller asks."""

from __future__ import annotations

from typing import Any

import pytest

from quire.domain.errors import InvalidInput
from quire.domain.package import Package, make_package
from quire.domain.schema import ColSpec, DataType, ParamSchema, ParamSpec, Schema
from quire.domain.signature import ModelSignature
from quire.serving.asking import read_ask
from quire.serving.errors import Refused
from quire.serving.planning import Plan
from quire.serving.request import Caller, Outgoing, Route

JOKE = [{"role": "system", "content": "You tell jokes."}, {"role": "user", "content": "One about {animal} in {place}."}]
VALUES = {"animal": "cats", "place": "Rome"}
POLICY = ModelSignature(
    params=ParamSchema(
        [
            ParamSpec("temperature", DataType.double, 0.5, minimum=0, maximum=1),
            ParamSpec("max_tokens", DataType.long, None),
        ]
    )
)


def package(task: Any = "chat.completions", signature: ModelSignature | None = None, **keywords: Any) -> Package:
    return make_package("gpt-4o-mini", task, keywords, signature)


def plan(made: Package, body: dict[str, Any], route: Route | None = None, passes: tuple[str, ...] = ()) -> Outgoing:
    import msgspec

    asked: Route = route or made.task
    ask = read_ask(asked, [], msgspec.json.encode({"model": "joker", **body}), Caller())
    return Plan(made, asked, passes).outgoing(ask)


def refused(made: Package, body: dict[str, Any], **options: Any) -> Refused:
    with pytest.raises(Refused) as caught:
        plan(made, body, **options)
    return caught.value


# -- variables ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "body",
    [
        {"prompt": {"id": "joker", "variables": VALUES}},
        {"variables": VALUES},
        {"metadata": VALUES},
        {"prompt": {"id": "joker", "variables": {"animal": "cats"}}, "metadata": {"place": "Rome"}},
        {"prompt": {"id": "joker", "variables": {**VALUES, "animal": {"type": "input_text", "text": "cats"}}}},
    ],
)
def test_variables_come_from_the_stored_prompt_the_body_or_the_metadata(body: dict[str, Any]) -> None:
    out = plan(package(messages=JOKE), body)
    assert out.body["messages"][1] == {"role": "user", "content": "One about cats in Rome."}
    assert out.body.keys() == {"model", "messages"}


def test_metadata_that_is_no_variable_goes_on() -> None:
    out = plan(package(messages=JOKE), {"metadata": {**VALUES, "session": "7"}})
    assert out.body["metadata"] == {"session": "7"}


def test_a_missing_variable_is_named_with_those_that_were_given() -> None:
    error = refused(package(messages=JOKE), {"variables": {"animal": "cats", "city": "Rome"}})
    assert (error.status, error.code, error.param) == (400, "missing_variable", "prompt.variables.place")
    assert "'place'" in error.message
    assert "['animal', 'city']" in error.message


def test_variables_that_the_template_does_not_have_are_left_to_other_versions_of_it() -> None:
    assert plan(package(messages=JOKE), {"variables": {**VALUES, "mood": "dry"}}).body["model"] == "gpt-4o-mini"


def test_a_value_is_never_taken_for_a_template() -> None:
    out = plan(package(messages=JOKE), {"variables": {"animal": "{place}", "place": "{{animal}}"}})
    assert out.body["messages"][1]["content"] == "One about {place} in {{animal}}."


def test_an_optional_column_may_be_left_out() -> None:
    inputs = Schema([ColSpec("string", "animal"), ColSpec("string", "place", required=False)])
    made = package(messages=JOKE, signature=ModelSignature(inputs=inputs))
    assert plan(made, {"variables": {"animal": "cats"}}).body["messages"][1]["content"] == "One about cats in ."


def test_a_single_variable_goes_by_the_signatures_name_too() -> None:
    made = package(
        messages=[{"role": "user", "content": "About {topic}."}],
        signature=ModelSignature(inputs=Schema([ColSpec("string", "subject")])),
    )
    for name in ("topic", "subject"):
        assert plan(made, {"metadata": {name: "cats"}}).body == {
            "model": "gpt-4o-mini",
            "messages": [{"role": "user", "content": "About cats."}],
        }


# -- what is said ------------------------------------------------------------------------------------


def test_the_callers_messages_follow_the_models() -> None:
    said = [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}}]}]
    made = package(messages=[{"role": "system", "content": "Be brief."}])
    first, second = plan(made, {"messages": said}), plan(made, {"messages": said})
    assert first.body["messages"] == [{"role": "system", "content": "Be brief."}, *said]
    assert second.body == first.body


def test_a_model_that_says_nothing_needs_a_caller_who_does() -> None:
    error = refused(package(), {})
    assert (error.code, error.param) == ("missing_required_parameter", "messages")
    assert plan(package(), {"messages": [{"role": "user", "content": "Hi"}]}).body["messages"]


@pytest.mark.parametrize(
    ("own", "asked", "sent"),
    [
        ({"input": "Hello."}, {"input": "And you?"}, ["Hello.", "And you?"]),
        ({"input": [{"role": "developer", "content": "Be brief."}]}, {"input": "Hi"}, ["Be brief.", "Hi"]),
        ({}, {"input": [{"role": "user", "content": "Hi"}]}, ["Hi"]),
    ],
)
def test_input_of_a_response_follows_the_models(own: Any, asked: Any, sent: list[str]) -> None:
    out = plan(package("responses", **own), asked)
    assert [item["content"] for item in out.body["input"]] == sent


def test_instructions_of_the_model_come_before_the_callers() -> None:
    out = plan(package("responses", instructions="Be brief."), {"input": "Hi", "instructions": "Be kind."})
    assert out.body == {"model": "gpt-4o-mini", "instructions": "Be brief.\n\nBe kind.", "input": "Hi"}


@pytest.mark.parametrize(
    ("asked", "sent"),
    [("x = 1", "# Python\nx = 1"), (["a", "b"], ["# Python\na", "# Python\nb"]), (None, "# Python\n")],
)
def test_a_completions_prompt_follows_the_models(asked: Any, sent: Any) -> None:
    assert plan(package("completions", prompt="# Python\n"), {"prompt": asked}).body["prompt"] == sent


def test_tokens_cannot_follow_a_template() -> None:
    assert refused(package("completions", prompt="# Python\n"), {"prompt": [1, 2]}).code == "invalid_type"


def test_embeddings_come_in_the_form_that_the_caller_wants() -> None:
    out = plan(package("embeddings", encoding_format="float"), {"input": ["a"], "encoding_format": "base64"})
    assert out.body == {"model": "gpt-4o-mini", "input": ["a"], "encoding_format": "base64"}


# -- parameters --------------------------------------------------------------------------------------


def test_defaults_of_the_policy_hold_until_the_caller_says_otherwise() -> None:
    made = package(messages=JOKE, signature=POLICY)
    assert plan(made, {"variables": VALUES}).body["temperature"] == 0.5
    assert plan(made, {"variables": VALUES, "temperature": 1}).body["temperature"] == 1.0
    assert "temperature" not in plan(made, {"variables": VALUES, "temperature": None}).body


@pytest.mark.parametrize("value", [1.5, -1, "hot", True])
def test_a_value_outside_of_the_policy_is_refused(value: Any) -> None:
    error = refused(package(messages=JOKE, signature=POLICY), {"variables": VALUES, "temperature": value})
    assert (error.code, error.param) == ("invalid_value", "temperature")
    assert "from 0 to 1" in error.message


def test_a_parameter_outside_of_the_policy_is_refused_with_what_is_open() -> None:
    error = refused(package(messages=JOKE, signature=POLICY), {"variables": VALUES, "seed": 1, "stop": "x"})
    assert (error.status, error.code, error.param) == (400, "parameter_not_allowed", "seed")
    assert "'seed', 'stop'" in error.message
    assert "temperature (a double from 0 to 1, default 0.5)" in error.message


def test_a_fixed_parameter_may_be_repeated_and_not_changed() -> None:
    made = package(messages=JOKE, temperature=0.2, tools=[{"type": "function", "function": {"name": "f"}}])
    body = {"variables": VALUES, "temperature": 0.2}
    assert plan(made, body, passes=("tools",)).body["temperature"] == 0.2
    assert refused(made, {**body, "temperature": 0.3}).param == "temperature"
    assert refused(made, {**body, "tools": []}, passes=("tools",)).code == "parameter_not_allowed"


def test_what_gives_an_answer_its_form_passes() -> None:
    form = {"response_format": {"type": "json_object"}, "tools": [{"type": "function", "function": {"name": "f"}}]}
    out = plan(package(messages=JOKE), {"variables": VALUES, **form}, passes=("response_format", "tools"))
    assert out.body | form == out.body


def test_what_belongs_to_the_request_passes() -> None:
    own = {
        "user": "u",
        "safety_identifier": "s",
        "prompt_cache_key": "k",
        "store": True,
        "service_tier": "flex",
        "n": 1,
    }
    out = plan(package(messages=JOKE), {"variables": VALUES, **own})
    assert out.body | {name: value for name, value in own.items() if name != "n"} == out.body
    assert "n" not in out.body


def test_a_stream_of_embeddings_is_refused() -> None:
    assert refused(package("embeddings"), {"input": "a", "stream": True}).param == "stream"


def test_a_streams_count_of_tokens_is_asked_for_and_hidden_unless_the_caller_spoke_of_it() -> None:
    made = package(messages=JOKE)
    body = {"variables": VALUES, "stream": True}
    out = plan(made, body)
    assert (out.stream, out.hides_usage, out.body["stream_options"]) == (True, True, {"include_usage": True})
    for include in (True, False):
        out = plan(made, {**body, "stream_options": {"include_usage": include}})
        assert (out.hides_usage, out.body["stream_options"]) == (False, {"include_usage": include})
    assert plan(made, {**body, "stream_options": {"include_obfuscation": False}}).body["stream_options"] == {
        "include_obfuscation": False,
        "include_usage": True,
    }


# -- the other API -----------------------------------------------------------------------------------


def test_a_chat_model_is_asked_by_the_responses_api() -> None:
    made = package(messages=JOKE, temperature=0.2, response_format={"type": "json_object"}, signature=None)
    out = plan(made, {"variables": VALUES, "input": "Go on."}, "responses")
    assert out.route == "responses"
    assert out.body == {
        "model": "gpt-4o-mini",
        "input": [
            {"role": "system", "content": "You tell jokes."},
            {"role": "user", "content": "One about cats in Rome."},
            {"role": "user", "content": "Go on."},
        ],
        "temperature": 0.2,
        "text": {"format": {"type": "json_object"}},
    }


def test_a_policy_holds_under_the_other_apis_names() -> None:
    made = package(messages=JOKE, signature=POLICY)
    asked = {"variables": VALUES, "max_output_tokens": 9, "temperature": 1}
    body = plan(made, asked, "responses").body
    assert (body["max_output_tokens"], body["temperature"]) == (9, 1.0)
    error = refused(made, {"variables": VALUES, "max_output_tokens": "x"}, route="responses")
    assert error.param == "max_output_tokens"


def test_a_part_of_an_object_may_be_open_alone() -> None:
    effort = ParamSpec("reasoning_effort", DataType.string, "low", choices=["low", "high"])
    made = package(messages=JOKE, signature=ModelSignature(params=ParamSchema([effort])))
    assert plan(made, {"variables": VALUES}, "responses").body["reasoning"] == {"effort": "low"}
    asked = {"variables": VALUES, "reasoning": {"effort": "high"}}
    assert plan(made, asked, "responses").body["reasoning"] == {"effort": "high"}
    wrong = {"variables": VALUES, "reasoning": {"effort": "max"}}
    assert refused(made, wrong, route="responses").code == "invalid_value"
    other = {"variables": VALUES, "reasoning": {"summary": "auto"}}
    assert refused(made, other, route="responses").param == "reasoning.summary"


def test_a_model_that_the_other_api_cannot_say_is_not_asked_by_it() -> None:
    with pytest.raises(InvalidInput, match="'seed', 'stop', which the responses API cannot say"):
        Plan(package(messages=JOKE, stop=["x"], seed=1), "responses")
    with pytest.raises(InvalidInput, match=r"cannot be asked by 'chat\.completions'"):
        Plan(package("embeddings"), "chat.completions")
