"""Packages: what is refused when one is made, and which request each row becomes."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from openai.types.chat import ChatCompletionMessage

from quire.domain.calls import Task
from quire.domain.errors import InvalidInput, PolicyError, QuireError, SchemaError, TemplateError
from quire.domain.package import MAX_BATCH_BYTES, Package, make_package
from quire.domain.schema import ColSpec, ParamSchema, ParamSpec, Schema
from quire.domain.signature import ModelSignature
from quire.domain.template import escape

USER = {"role": "user", "content": "Tell {x}"}
TOOL = {"type": "function", "function": {"name": "f", "parameters": {"type": "object", "properties": {}}}}


def chat(*messages: Any, **keywords: Any) -> Package:
    return make_package("m", "chat.completions", {"messages": list(messages), **keywords})


def bodies(package: Package, rows: list[Any], params: dict[str, Any] | None = None, **planner: Any) -> list[Any]:
    return [call.body for call in package.planner(params, **planner).plan(rows)]


# -- requests ------------------------------------------------------------------------------------


def test_fixed_parameters_tools_and_message_fields_are_sent() -> None:
    package = chat(
        {"role": "user", "name": "bob", "content": "Hi {x}"},
        {"role": "assistant", "content": None, "tool_calls": [{"id": "c", "function": {"arguments": '{"a": 1}'}}]},
        {"role": "tool", "tool_call_id": "c", "content": "{x}!"},
        temperature=0.9,
        tools=[TOOL],
        tool_choice="auto",
        response_format={"type": "json_object"},
    )
    assert bodies(package, ["cats"]) == [
        {
            "model": "m",
            "messages": [
                {"role": "user", "name": "bob", "content": "Hi cats"},
                {
                    "role": "assistant",
                    "content": None,
                    "tool_calls": [{"id": "c", "function": {"arguments": '{"a": 1}'}}],
                },
                {"role": "tool", "tool_call_id": "c", "content": "cats!"},
            ],
            "temperature": 0.9,
            "tools": [TOOL],
            "tool_choice": "auto",
            "response_format": {"type": "json_object"},
        }
    ]


def test_role_and_content_come_first_whatever_order_a_file_had() -> None:
    (body,) = bodies(chat({"content": "Tell {x}", "name": "n", "role": "user"}), ["a"])
    assert list(body["messages"][0])[:2] == ["role", "content"]


def test_opened_parameters_are_sent_with_their_defaults() -> None:
    signature = ModelSignature(
        params=ParamSchema([ParamSpec("temperature", "float", 0.0), ParamSpec("seed", "long", None)])
    )
    package = make_package("m", "chat.completions", {"messages": [USER], "top_p": 0.5}, signature)
    assert bodies(package, ["a"])[0] | {"messages": 0} == {
        "model": "m",
        "messages": 0,
        "top_p": 0.5,
        "temperature": 0.0,
    }
    assert bodies(package, ["a"], {"seed": 3, "temperature": None})[0] | {"messages": 0} == {
        "model": "m",
        "messages": 0,
        "top_p": 0.5,
        "seed": 3,
    }


def test_parameters_of_the_caller_are_not_sent() -> None:
    planner = chat(USER, max_retries=3, timeout=5).planner()
    (call,) = planner.plan(["a"])
    assert call.body.keys() == {"model", "messages"}
    assert planner.caller_params == {"max_retries": 3, "timeout": 5}


def test_extra_body_becomes_part_of_the_body() -> None:
    assert bodies(chat(USER, extra_body={"top_k": 5}), ["a"])[0]["top_k"] == 5


def test_messages_without_variables_get_the_input_as_one_more() -> None:
    system = {"role": "system", "content": "Be brief"}
    package = chat(system)
    for _again in range(2):
        assert bodies(package, ["q"])[0]["messages"] == [system, {"role": "user", "content": "q"}]


@pytest.mark.parametrize("messages", [None, []])
def test_without_messages_the_input_is_the_message(messages: Any) -> None:
    package = make_package("m", "chat.completions", {"messages": messages})
    assert bodies(package, ["q"])[0]["messages"] == [{"role": "user", "content": "q"}]


@pytest.mark.parametrize(
    ("keywords", "sent"),
    [
        ({}, {"input": "q"}),
        ({"instructions": "Be brief"}, {"input": "q", "instructions": "Be brief"}),
        ({"input": "Say {x}"}, {"input": "Say q"}),
        (
            {"input": "Hello"},
            {"input": [{"role": "user", "content": "Hello"}, {"role": "user", "content": "q"}]},
        ),
        (
            {"input": [USER], "instructions": "{{}}"},
            {"input": [{"role": "user", "content": "Tell q"}], "instructions": "{}"},
        ),
        ({"messages": [USER]}, {"input": [{"role": "user", "content": "Tell q"}]}),
        (
            {"input": [{"role": "system", "content": "S"}]},
            {"input": [{"role": "system", "content": "S"}, {"role": "user", "content": "q"}]},
        ),
    ],
)
def test_responses_take_text_or_items(keywords: dict[str, Any], sent: dict[str, Any]) -> None:
    assert bodies(make_package("m", "responses", keywords), ["q"]) == [{"model": "m", **sent}]


def test_completions_and_embeddings_carry_many_rows_a_request() -> None:
    package = make_package("m", "completions", {"prompt": "Say {x}"})
    calls = list(package.planner(default_batch_size=2).plan(["a", "b", "c"]))
    assert [call.body["prompt"] for call in calls] == [["Say a", "Say b"], ["Say c"]]
    assert [call.rows for call in calls] == [(0, 1), (2,)]
    embeddings = make_package("m", "embeddings", {"dimensions": 8})
    assert bodies(embeddings, ["a"]) == [{"model": "m", "input": ["a"], "dimensions": 8, "encoding_format": "base64"}]


@pytest.mark.parametrize("letter", ["x", "é"])
def test_a_request_carries_no_more_text_than_the_service_takes(letter: str) -> None:
    size = len(letter.encode())
    third, whole, over = (letter * (MAX_BATCH_BYTES // size * part // 3) for part in (1, 3, 4))
    calls = list(make_package("m", "embeddings", {}).planner().plan([third] * 4 + [over, third, whole, "a"]))
    assert [call.rows for call in calls] == [(0, 1, 2), (3,), (4,), (5,), (6,), (7,)]


def test_a_prompt_without_variables_is_followed_by_the_input() -> None:
    assert bodies(make_package("m", "completions", {"prompt": "Q: "}), ["why"])[0]["prompt"] == ["Q: why"]


def test_batch_size_of_the_signature_is_used() -> None:
    signature = ModelSignature(params=ParamSchema([ParamSpec("batch_size", "long", 2)]))
    package = make_package("m", "embeddings", {}, signature)
    assert [len(body["input"]) for body in bodies(package, list("abc"))] == [2, 1]
    assert [len(body["input"]) for body in bodies(package, list("abc"), {"batch_size": 3})] == [3]
    with pytest.raises(PolicyError, match="'batch_size' is 0; expected a whole number of at least 1"):
        package.planner({"batch_size": 0})


def test_rows_that_bring_positions_keep_them() -> None:
    calls = list(chat(USER).planner().plan_numbered([(3, "a"), (7, "b")]))
    assert [call.rows for call in calls] == [(3,), (7,)]


@given(st.text(), st.dictionaries(st.from_regex(r"[a-z]{1,4}", fullmatch=True), st.text(), min_size=1))
def test_a_row_is_put_into_the_template_untouched(literal: str, row: dict[str, str]) -> None:
    content = escape(literal) + "".join(f"{{{name}}}" for name in row)
    (body,) = bodies(chat({"role": "user", "content": content}), [row])
    assert body["messages"] == [{"role": "user", "content": literal + "".join(row.values())}]


# -- what is refused when a package is made ----------------------------------------------------------


@pytest.mark.parametrize(
    "messages", [["a", "b"], "text", [{"content": "x"}], [{"role": "user"}], [{"role": "user", "content": "a"}, 3], 5]
)
def test_malformed_messages_are_refused(messages: Any) -> None:
    with pytest.raises(InvalidInput, match="a list of mappings, each with the keys 'role' and 'content'"):
        make_package("m", "chat.completions", {"messages": messages})


def test_a_literal_brace_that_cannot_be_formatted_is_refused_with_its_place() -> None:
    with pytest.raises(TemplateError) as caught:
        chat({"role": "user", "content": 'Answer as JSON {"a": 1} about {x}'})
    assert "messages[0].content" in caught.value.message
    assert "Write a literal brace twice" in caught.value.message


@pytest.mark.parametrize("model", ["", "  ", None, 3])
def test_a_model_without_a_name_is_refused(model: Any) -> None:
    with pytest.raises(InvalidInput, match="expected the model's name"):
        make_package(model, "chat.completions", {})


@pytest.mark.parametrize(
    "keywords",
    [
        {"messages": [{"role": "user", "content": "key sk-abcdefghijklmnopqrstuvwx"}]},
        {"metadata": {"note": "Authorization: Bearer abcdefghijklmnop"}},
        {"user": "sk-proj-abcdefghijklmnopqrstuvwx"},
    ],
)
def test_a_secret_in_template_or_keywords_is_refused_and_not_repeated(keywords: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput, match="looks like a credential") as caught:
        make_package("m", "chat.completions", keywords)
    assert "abcdefghijkl" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("api_key", "a credential"),
        ("extra_headers", "a place for credentials"),
        ("stream", "how an answer is delivered"),
        ("base_url", "where requests go"),
        ("deployment_id", "where requests go"),
        ("request_timeout", "the old name of `timeout`"),
    ],
)
def test_keywords_that_no_package_may_fix_are_refused(name: str, why: str) -> None:
    with pytest.raises(PolicyError, match=re.escape(f"{name!r} cannot be saved with a model: it is {why}")):
        chat(USER, **{name: "x"})


@pytest.mark.parametrize("task", ["chat.completions", "responses"])
def test_batch_size_is_refused_where_it_means_nothing(task: Task) -> None:
    signature = ModelSignature(params=ParamSchema([ParamSpec("batch_size", "long", 2)]))
    for keywords, given_signature in (({"batch_size": 2}, None), ({}, signature)):
        with pytest.raises(PolicyError, match="'batch_size' has no meaning for the task"):
            make_package("m", task, keywords, given_signature)


def test_a_parameter_both_fixed_and_open_is_refused() -> None:
    signature = ModelSignature(params=ParamSchema([ParamSpec("temperature", "float", 0.0)]))
    with pytest.raises(PolicyError, match=r"\['temperature'\] cannot be in the signature's params"):
        make_package("m", "chat.completions", {"temperature": 0.3}, signature)


def test_a_signature_that_lacks_a_variable_is_refused() -> None:
    signature = ModelSignature(Schema([ColSpec("string", "x")]))
    with pytest.raises(SchemaError, match=r"lack \['y'\]"):
        make_package("m", "chat.completions", {"messages": [{"role": "user", "content": "{x}{y}"}]}, signature)


# -- values -----------------------------------------------------------------------------------------


def test_none_means_not_given() -> None:
    assert chat(USER, temperature=None).saved() == {"model": "m", "task": "chat.completions", "messages": [USER]}


def test_values_are_kept_as_plain_json() -> None:
    message = ChatCompletionMessage(role="assistant", content="Hi")
    package = chat(USER, message, temperature=np.float64(0.5), stop=("a", "b"), seed=np.int64(3))
    assert package.saved() == {
        "model": "m",
        "task": "chat.completions",
        "messages": [USER, {"role": "assistant", "content": "Hi"}],
        "temperature": 0.5,
        "stop": ["a", "b"],
        "seed": 3,
    }


@pytest.mark.parametrize("value", [object(), ChatCompletionMessage, lambda: 1, {1, object()}])
def test_values_that_are_not_json_are_refused_by_name(value: Any) -> None:
    with pytest.raises(InvalidInput, match=r"`response_format` is .*, which cannot be written as JSON"):
        chat(USER, response_format=value)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )
)
def test_any_other_value_for_messages_is_refused_with_a_reason(messages: Any) -> None:
    reason = ""
    try:
        make_package("m", "chat.completions", {"messages": messages})
    except QuireError as error:
        reason = error.message
    assert not messages or reason


def test_signatures_are_inferred_as_in_mlflow() -> None:
    assert chat(USER).signature.inputs == Schema([ColSpec("string")])
    two = chat({"role": "{b}", "content": [{"type": "text", "text": "{a}"}]})
    assert two.signature.inputs == Schema([ColSpec("string", "a"), ColSpec("string", "b")])
    assert make_package("m", "embeddings", {}).signature.to_dict()["outputs"] == (
        '[{"type": "tensor", "tensor-spec": {"dtype": "float64", "shape": [-1]}}]'
    )
