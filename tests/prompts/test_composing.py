"""Prompts made of others: parts are pinned when a version is registered."""

from __future__ import annotations

import pytest

import quire
from quire.domain.errors import NotFound, TemplateError
from quire.domain.prompts import PromptPart


def test_a_part_is_put_in_its_place_and_pinned() -> None:
    quire.register_prompt("tone", "Be {{style}}.")
    quire.set_prompt_alias("tone", "prod", 1)
    template = [{"role": "system", "content": "{{> tone@prod }} {{>tone/1}}"}, {"role": "user", "content": "{{q}}"}]
    made = quire.register_prompt("assistant", template)
    quire.register_prompt("tone", "Be rude.")
    quire.set_prompt_alias("tone", "prod", 2)
    read = quire.load_prompt("assistant")
    assert read == made
    assert read.template[0] == {"role": "system", "content": "Be {{style}}. Be {{style}}."}
    assert read.variables == {"style", "q"}
    assert read.source == template
    assert read.parts == [PromptPart("tone@prod", "tone", 1), PromptPart("tone/1", "tone", 1)]
    assert read.parts[0].uri == "prompts:/tone/1"
    assert quire.register_prompt("assistant", template).template[0]["content"] == "Be rude. Be {{style}}."


def test_parts_have_parts() -> None:
    quire.register_prompt("a", "A")
    quire.register_prompt("b", "({{> a@latest }})")
    made = quire.register_prompt("c", "[{{> b/1 }}{{> prompts:/b/1 }}]")
    assert made.template == "[(A)(A)]"
    assert made.parts[0] == PromptPart("b/1", "b", 1, [PromptPart("a@latest", "a", 1)])


def test_a_prompt_that_leads_back_to_itself_is_refused() -> None:
    quire.register_prompt("a", "A")
    quire.register_prompt("b", "B {{> a@latest }}")
    quire.register_prompt("c", "C {{> b@latest }}")
    with pytest.raises(TemplateError, match="'a' would include itself: a → c → b → a"):
        quire.register_prompt("a", "A {{> c@latest }}")
    with pytest.raises(TemplateError, match="a → a"):
        quire.register_prompt("a", "A {{> a/1 }}")
    assert quire.load_prompt("a").version == 1


@pytest.mark.parametrize(
    ("text", "error", "words"),
    [
        ("{{> none@prod }}", NotFound, "includes {{> none@prod }}, which does not exist: There is no prompt 'none'"),
        ("{{> part@none }}", NotFound, "no alias 'none'"),
        ("{{> part/9 }}", NotFound, "no version 9"),
        ("{{> part }}", TemplateError, "part@latest|NAME@latest"),
        ("{{> a b@c }}", TemplateError, "names no version"),
        ("{{> chat/1 }}", TemplateError, "list of messages"),
    ],
)
def test_a_part_that_cannot_be_included_is_named(text: str, error: type[Exception], words: str) -> None:
    quire.register_prompt("part", "x")
    quire.register_prompt("chat", [{"role": "user", "content": "x"}])
    with pytest.raises(error) as refused:
        quire.register_prompt("whole", text)
    assert any(word in str(refused.value) for word in words.split("|"))
    assert quire.Client().get_prompt("whole") is None


def test_a_part_may_be_all_of_a_template_and_a_composed_prompt_may_be_filled() -> None:
    quire.register_prompt("part", "Hi {{name}}")
    made = quire.register_prompt("whole", "{{> part/1 }}")
    assert made.format(name="{{> part/1 }}") == "Hi {{> part/1 }}"
