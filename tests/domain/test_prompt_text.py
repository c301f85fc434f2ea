"""Templates of prompts: what is accepted, what a variable is, how they are filled."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quire.domain.errors import InvalidInput, QuireError, TemplateError
from quire.domain.package import make_package
from quire.domain.prompt_text import checked_template, filled, packaged, partly_filled, single_braces, variables_of

CHAT: list[dict[str, Any]] = [
    {"role": "system", "content": "You are {{style}}."},
    {"role": "user", "content": [{"type": "text", "text": "{{question}}"}, {"type": "image_url", "image_url": {}}]},
    {"role": "assistant", "content": None, "tool_calls": [{"id": "{{not}}", "function": {"arguments": '{"a": 1}'}}]},
]
names = st.from_regex(r"[a-z]{1,3}", fullmatch=True)
pieces = st.lists(st.text(st.sampled_from("{}ab \n"), max_size=6) | names.map(lambda name: f"{{{{ {name} }}}}"))


@pytest.mark.parametrize(
    ("template", "words"),
    [
        ("", "empty"),
        (" \n", "empty"),
        ([], "empty"),
        (7, "expected text"),
        (b"text", "expected text"),
        (["text"], "Message 0"),
        ([{"content": "x"}], "role"),
        ([{"role": "user"}], "no 'content'"),
        ([{"role": "user", "content": 7}], "content 7"),
        ([{"role": "user", "content": ["x"]}], "part"),
        ([{"role": "user", "content": {"a": 1}}], "content"),
        ([{"role": "user", "content": "x", "extra": object()}], "JSON"),
        ("the key is sk-abcdefghijklmnopqrstuvwx", "credential"),
        ("{{allow_partial}}", "argument of format"),
    ],
)
def test_a_template_that_cannot_be_used_is_refused_in_words(template: object, words: str) -> None:
    with pytest.raises(InvalidInput, match=words):
        checked_template(template)


def test_a_checked_template_is_a_copy_that_its_giver_cannot_change() -> None:
    given_messages = [{"role": "user", "content": "a"}]
    checked = checked_template(given_messages)
    given_messages[0]["content"] = "b"
    assert checked == [{"role": "user", "content": "a"}]


def test_variables_stand_in_texts_parts_roles_and_names_and_not_in_tool_calls() -> None:
    assert variables_of(CHAT) == {"style", "question"}
    assert variables_of([{"role": "{{r}}", "name": "{{n}}", "content": ""}]) == {"r", "n"}
    assert variables_of("{{a}} {{ b.c }} {{ über }} {{1}} {d} {{e f}} {{}}") == {"a", "b.c", "über"}


def test_filling_keeps_all_that_is_no_variable() -> None:
    done = filled(CHAT, {"style": "terse", "question": "{{style}}?"}, "It")
    assert isinstance(done, list)
    assert done[0] == {"role": "system", "content": "You are terse."}
    assert done[1]["content"] == [{"type": "text", "text": "{{style}}?"}, {"type": "image_url", "image_url": {}}]
    assert done[2] == CHAT[2]


def test_what_is_filled_may_be_changed_by_its_user() -> None:
    template = [{"role": "system", "content": "fixed"}, {"role": "user", "content": "{{a}}"}]
    first = filled(template, {"a": 1}, "It")
    assert isinstance(first, list)
    first[0]["content"] = "changed"
    assert filled(template, {"a": 1}, "It") == [
        {"role": "system", "content": "fixed"},
        {"role": "user", "content": "1"},
    ]


def test_missing_unknown_and_empty_values_are_told_by_name() -> None:
    with pytest.raises(TemplateError, match=r"no value for 'b'\. Its variables: 'a', 'b'"):
        filled("{{a}}{{b}}", {"a": 1}, "The prompt")
    with pytest.raises(TemplateError, match=r"The prompt has no variable 'c'\. Its variables: 'a'"):
        filled("{{a}}", {"a": 1, "c": 2}, "The prompt")
    with pytest.raises(TemplateError, match="None for the variable 'a'"):
        filled("{{a}}", {"a": None}, "The prompt")


@given(st.lists(st.tuples(st.text(), names)), st.data())
def test_values_are_put_in_as_they_are(parts: list[tuple[str, str]], data: st.DataObject) -> None:
    parts = [(text.replace("{", "(").replace("}", ")"), name) for text, name in parts]
    template = "".join(f"{text}{{{{{name}}}}}" for text, name in parts)
    values = {name: data.draw(st.text()) for _, name in parts}
    assert filled(template, values, "It") == "".join(text + values[name] for text, name in parts)


def test_filling_in_part_leaves_the_other_variables_as_they_were_written() -> None:
    assert partly_filled("{{ a }} {{b}} { {{a.b}}", {"a": "1"}, "It") == "1 {{b}} { {{a.b}}"
    with pytest.raises(TemplateError, match="would become a variable"):
        partly_filled("{{a}} {{b}}", {"a": "{{b}}"}, "It")


def test_single_braces_are_mlflows() -> None:
    assert single_braces('{"a": {{ b }}}') == '{"a": {b}}'


@given(pieces)
def test_a_packaged_template_says_the_same(parts: list[str]) -> None:
    template = "".join(parts)
    values = {name: name.upper() for name in variables_of(template)}
    made = packaged([{"role": "user", "content": template}], "It")
    package = make_package("m", "chat.completions", {"messages": made})
    assert package.variables == variables_of(template)
    row = values if values else {"": "more"}
    call = package.planner().call(0, row if len(values) != 1 else next(iter(values.values())))
    assert call.body["messages"][0]["content"] == filled(template, values, "It")


@pytest.mark.parametrize("template", ["{% if a %}{{a}}{% endif %}", "{{a.b}}"])
def test_what_a_packaged_model_has_not_is_refused(template: str) -> None:
    with pytest.raises(TemplateError):
        packaged(template, "It")


class TestJinja:
    TEMPLATE = "Hello {% if name %}{{ name }}{% else %}Guest{% endif %}!"

    def test_blocks_are_rendered_and_a_name_may_be_left_out(self) -> None:
        pytest.importorskip("jinja2")
        assert filled(self.TEMPLATE, {"name": "Ada"}, "It") == "Hello Ada!"
        assert filled(self.TEMPLATE, {}, "It") == "Hello Guest!"
        messages = [{"role": "user", "content": self.TEMPLATE}]
        assert filled(messages, {"name": "Ada"}, "It") == [{"role": "user", "content": "Hello Ada!"}]

    @pytest.mark.parametrize(
        ("template", "values"),
        [
            ("{% if %}", {}),
            ("{% if a %}{{ b.__class__.__mro__ }}{% endif %}", {"a": 1, "b": ""}),
            (TEMPLATE, {"nam": "Ada"}),
        ],
    )
    def test_mistakes_and_ways_out_of_the_sandbox_are_errors(self, template: str, values: dict[str, Any]) -> None:
        pytest.importorskip("jinja2")
        with pytest.raises(QuireError):
            filled(template, values, "The prompt")
