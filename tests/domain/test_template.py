"""Templates: what is a variable, what is a literal brace, what is refused."""

from __future__ import annotations

import re
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quire.domain.errors import TemplateError
from quire.domain.template import (
    StructuredTemplate,
    Verbatim,
    escape,
    iter_strings,
    parse_format,
    parse_prompt,
)

names = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,8}", fullmatch=True)
brace_heavy = st.text(st.sampled_from('{}ab _-:!.[0"\n'), max_size=20)


@given(st.text())
def test_escaped_text_is_shown_unchanged(text: str) -> None:
    template = parse_format(escape(text))
    assert template.variables == frozenset()
    assert template.fill({}) == text


@given(brace_heavy)
def test_what_is_accepted_means_what_python_formatting_means(text: str) -> None:
    try:
        template = parse_format(text)
    except TemplateError:
        return
    values = {name: f"<{name}>" for name in template.variables}
    assert template.fill(values) == string.Formatter().vformat(text, (), values)


@given(st.text() | brace_heavy)
def test_parsing_either_succeeds_or_says_where_the_mistake_is(text: str) -> None:
    message = "at line 1, column 1"
    try:
        parse_format(text)
    except TemplateError as error:
        message = error.message
    assert re.search(r"at line \d+, column \d+", message)


@given(st.lists(st.text().map(escape) | names.map(lambda name: f"{{{name}}}")), st.data())
def test_filling_puts_values_where_the_variables_stand(parts: list[str], data: st.DataObject) -> None:
    template = parse_format("".join(parts))
    values = {name: data.draw(st.text(), label=name) for name in template.variables}
    assert template.fill(values) == "".join(parts).format(**values)


@given(st.text())
def test_a_prompt_template_accepts_any_text(text: str) -> None:
    template = parse_prompt(text)
    filled = template.fill({name: f"{{{{{name}}}}}" for name in template.variables})
    assert re.sub(r"\{\{\s*(\w+)\s*\}\}", r"{{\1}}", text) == re.sub(r"\{\{\s*(\w+)\s*\}\}", r"{{\1}}", filled)


def test_a_value_is_never_taken_for_a_template() -> None:
    assert parse_format("{a} {b}").fill({"a": "{b}", "b": "}}{"}) == "{b} }}{"
    assert parse_prompt("{{a}} {{b}}").fill({"a": "{{b}}", "b": "x"}) == "{{b}} x"


@pytest.mark.parametrize("name", ["x", "first name", "user-id", "größe", "_", "a1"])
def test_names_of_columns_are_variables(name: str) -> None:
    assert parse_format(f"Say {{{name}}}").variables == {name}


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ('Answer as {"a": 1}', "'{\"a\": 1}', which is not a variable name, at line 1, column 11"),
        ("a } b", "A single '}' at line 1, column 3"),
        ("a\nb {", "A single '{' at line 2, column 3"),
        ("{}", "A variable without a name, '{}',"),
        ("{0}", "A variable without a name, '{0}',"),
        ("{x.y}", "uses an attribute, index, conversion or format"),
        ("{x[0]}", "uses an attribute, index, conversion or format"),
        ("{x!r}", "uses an attribute, index, conversion or format"),
        ("{x:>10}", "uses an attribute, index, conversion or format"),
        ("{ x }", "which is not a variable name"),
        ("{{x}", "A single '}'"),
    ],
)
def test_what_cannot_be_filled_is_refused_with_place_and_remedy(source: str, words: str) -> None:
    with pytest.raises(TemplateError) as caught:
        parse_format(source)
    assert words in caught.value.message
    assert "Write a literal brace twice ({{ or }}), and a variable as {name}." in caught.value.message


def test_every_string_of_a_structure_is_a_template_but_keys_and_verbatim_parts_are_not() -> None:
    template = StructuredTemplate(
        {"{k}": ["{x}", {"deep": "{{{y}}}", "number": 3, "none": None}], "raw": Verbatim({"json": "{z}"})}
    )
    assert template.variables == {"x", "y"}
    filled = template.fill({"x": "1", "y": "2"})
    assert filled == {"{k}": ["1", {"deep": "{2}", "number": 3, "none": None}], "raw": {"json": "{z}"}}


def test_a_mistake_inside_a_structure_is_named_by_its_path() -> None:
    with pytest.raises(TemplateError, match=re.escape("messages[1].content[0].text: A single '{'")):
        StructuredTemplate([{}, {"content": [{"text": "{"}]}], where="messages")


def test_filling_twice_gives_independent_lists() -> None:
    template = StructuredTemplate([{"content": "{x}"}])
    first = template.fill({"x": "1"})
    first.append("more")
    assert template.fill({"x": "2"}) == [{"content": "2"}]


def test_iter_strings_finds_all() -> None:
    assert list(iter_strings({"a": ["x", {"b": "y"}], "c": ("z",), "d": 1})) == ["x", "y", "z"]
