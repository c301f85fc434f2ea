from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quire.domain.promptdiff import MessageChange, PromptDiff, diff_prompts, summary
from quire.domain.prompts import PromptPart, PromptVersion
from quire.domain.schema import ParamSchema, ParamSpec

ROLES = st.sampled_from(["system", "user", "assistant"])
TEXTS = st.lists(st.sampled_from(["Tell", "me", "{{x}}", "{{y}}", "a", "joke.", "\n", "now"]), max_size=12).map(
    " ".join
)
MESSAGES = st.lists(st.fixed_dictionaries({"role": ROLES, "content": TEXTS}), min_size=1, max_size=8)


def prompt(template: Any, version: int = 1, **fields: Any) -> PromptVersion:
    return PromptVersion("joker", version, template, **fields)


def chat(*messages: str) -> PromptVersion:
    """Messages such as ``user: Hi``."""
    parts = [message.partition(": ") for message in messages]
    return prompt([{"role": role, "content": content} for role, _, content in parts])


def changes(diff: PromptDiff) -> list[tuple[str, int | None, int | None]]:
    return [(item.kind, item.old_index, item.new_index) for item in diff.messages]


def test_equal_versions_have_no_difference() -> None:
    diff = diff_prompts(chat("system: Be kind.", "user: {{x}}"), chat("system: Be kind.", "user: {{x}}"))
    assert not diff
    assert summary(diff) == "nothing differs"


def test_a_changed_message_is_shown_by_words() -> None:
    diff = diff_prompts(
        chat("system: Be kind.", "user: A joke, {{x}}."), chat("system: Be kind.", "user: A pun, {{x}}.")
    )
    (message,) = diff.messages
    assert (message.kind, message.role, message.new_index) == ("changed", "user", 1)
    (change,) = message.changes
    assert change.path == "content"
    assert [piece.text for piece in change.pieces or [] if piece.op != "same"] == ["joke", "pun"]


def test_messages_added_removed_and_moved() -> None:
    old = chat("system: Be kind.", "user: One.", "assistant: Two.", "user: Three.")
    new = chat("user: Three.", "system: Be kind.", "user: One.", "user: Something else entirely")
    assert changes(diff_prompts(old, new)) == [("moved", 3, 0), ("removed", 2, None), ("added", None, 3)]
    assert changes(
        diff_prompts(old, chat("system: Be kind.", "user: One.", "assistant: Two.", "tool: 4", "user: Three."))
    ) == [("added", None, 3)]


def test_a_message_that_moved_and_changed_is_one_change() -> None:
    old = chat("system: You are a helpful and patient teacher of mathematics.", "user: One.", "assistant: Two.")
    new = chat("user: One.", "assistant: Two.", "system: You are a helpful and strict teacher of mathematics.")
    (message,) = diff_prompts(old, new).messages
    assert (message.kind, message.old_index, message.new_index, message.moved) == ("changed", 0, 2, True)


def test_a_changed_role_and_other_fields() -> None:
    old = prompt([{"role": "user", "content": "Hi", "name": "ann"}])
    new = prompt([{"role": "developer", "content": "Hi", "name": "bob"}])
    (message,) = diff_prompts(old, new).messages
    assert [(change.path, change.old, change.new) for change in message.changes] == [
        ("role", "user", "developer"),
        ("name", "ann", "bob"),
    ]


def test_text_that_becomes_messages() -> None:
    diff = diff_prompts(prompt("Hi {{x}}"), prompt([{"role": "user", "content": "Hi {{x}}"}]))
    assert diff.template_kind is not None
    assert (diff.template_kind.old, diff.template_kind.new) == ("text", "chat")
    assert [change.path for change in diff.messages[0].changes] == ["role"]


def test_variables() -> None:
    diff = diff_prompts(prompt("{{a}} {{b}}"), prompt("{{b}} {{c}}"))
    assert (diff.variables_added, diff.variables_removed) == (["c"], ["a"])


def test_settings_by_path() -> None:
    old = prompt(
        "Hi",
        model_config={"model_name": "gpt-4o", "temperature": 0.2},
        params=ParamSchema([ParamSpec("temperature", "double", 0.2, maximum=1)]),
        parts=[PromptPart("tone@champion", "tone", 1)],
        tags={"team": "a"},
        commit_message="first",
    )
    new = prompt(
        "Hi",
        2,
        model_config={"model_name": "gpt-4o-mini", "temperature": 0.2},
        params=ParamSchema([ParamSpec("temperature", "double", 0.2, maximum=2)]),
        parts=[PromptPart("tone@champion", "tone", 2)],
        tags={"team": "b"},
        commit_message="second",
    )
    diff = diff_prompts(old, new)
    assert {change.path: (change.old, change.new) for change in diff.settings} == {
        "model_config.model_name": ("gpt-4o", "gpt-4o-mini"),
        "params.temperature.maximum": (1, 2),
        "parts.tone@champion": ("tone/1", "tone/2"),
        "tags.team": ("a", "b"),
    }
    assert diff.commit_message is not None
    assert not diff_prompts(prompt("Hi", commit_message="a"), prompt("Hi", commit_message="b"))


def test_a_response_format_by_path_and_lists_by_item() -> None:
    old = {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a", "b"], "anyOf": [{"x": 1}]}
    new = {
        "type": "object",
        "properties": {"a": {"type": "number"}, "b": {"enum": ["x"]}},
        "required": ["b", "c"],
        "anyOf": [{"x": 2}, {"y": 1}],
    }
    diff = diff_prompts(prompt("Hi", response_format=old), prompt("Hi", response_format=new))
    assert [(change.path, change.kind, change.old, change.new) for change in diff.settings] == [
        ("response_format.properties.a.type", "changed", "string", "number"),
        ("response_format.properties.b", "added", None, {"enum": ["x"]}),
        ("response_format.required", "removed", "a", None),
        ("response_format.required", "added", None, "c"),
        ("response_format.anyOf[0].x", "changed", 1, 2),
        ("response_format.anyOf[1]", "added", None, {"y": 1}),
    ]
    (added,) = diff_prompts(prompt("Hi"), prompt("Hi", response_format=new)).settings
    assert (added.path, added.kind, added.new) == ("response_format", "added", new)


@given(MESSAGES, MESSAGES)
def test_the_new_messages_follow_from_the_old_and_the_difference(
    old: list[dict[str, Any]], new: list[dict[str, Any]]
) -> None:
    diff = diff_prompts(prompt(old), prompt(new))
    by_place = {item.new_index: item for item in diff.messages if item.kind != "removed"}
    gone = {item.old_index for item in diff.messages if item.kind == "removed"}
    moved = {item.old_index for item in diff.messages if item.moved}
    staying = iter([place for place in range(len(old)) if place not in gone | moved])
    for place, message in enumerate(new):
        item = by_place.get(place)
        former = None if item and (item.kind == "added" or item.moved) else next(staying)
        assert rebuilt(old, item, former) == message
    assert next(staying, None) is None


def rebuilt(old: list[dict[str, Any]], item: MessageChange | None, former: int | None) -> dict[str, Any] | None:
    if item is None:
        return old[former] if former is not None else None
    if item.kind in ("added", "moved"):
        return item.message
    message = dict(old[item.old_index if item.moved else former])  # type: ignore[index]
    for change in item.changes:
        message[change.path] = change.new
    return message


def test_plain_data_and_json() -> None:
    diff = diff_prompts(chat("user: A joke."), chat("user: A pun."))
    assert diff.to_dict()["messages"][0]["changes"][0]["pieces"][1] == {"op": "removed", "text": "joke"}
    assert '"op":"removed"' in diff.to_json()
    assert str(diff) == "prompts:/joker/1 -> prompts:/joker/1: 1 message changed"


def test_html_is_escaped_and_needs_nothing_from_elsewhere() -> None:
    bad = '<script>alert("x")</script>'
    old = prompt([{"role": "user", "content": f"Say {bad} & go"}], tags={"<b>": "1"})
    new = prompt(
        [{"role": "user", "content": f"Say {bad} & stay"}, {"role": "<i>", "content": bad}], tags={"<b>": "<u>"}
    )
    html = diff_prompts(old, new).to_html()
    assert bad not in html
    assert "<b>" not in html
    assert "<u>" not in html
    assert "&lt;script&gt;" in html
    assert "<del>go</del><ins>stay</ins>" in html
    assert "http" not in html
    assert "<script" not in html


def test_summary_counts() -> None:
    diff = diff_prompts(
        chat("system: Be kind.", "user: {{a}}"), chat("system: Be very kind.", "user: {{a}}", "user: And {{b}}")
    )
    assert summary(diff) == "1 message changed, 1 added; variables +b"


WORDS = [f"word{number}" for number in range(3000)]


def long_prompt(seed: int, ends: str) -> list[dict[str, Any]]:
    draw = random.Random(seed)
    return [
        {
            "role": ("user", "assistant")[number % 2],
            "content": "".join(draw.choice(WORDS) + draw.choice(ends) for _ in range(2000)),
        }
        for number in range(200)
    ]


@pytest.mark.parametrize("ends", [" ", "    .\n"])
@pytest.mark.parametrize("places", [(1000,), (100, 600, 1200)])
def test_long_prompts_are_compared_message_by_message_and_word_by_word(ends: str, places: tuple[int, ...]) -> None:
    old, new = long_prompt(1, ends), long_prompt(1, ends)
    changed = new if len(places) == 1 else new[:10]
    for message in changed:
        words = message["content"].split(" ")
        for place in places:
            words[place] = "another"
        message["content"] = " ".join(words)
    new.insert(5, new.pop(150))
    diff = diff_prompts(prompt(old), prompt(new, 2))
    assert sum(item.moved for item in diff.messages) == 1
    altered = [item for item in diff.messages if item.kind == "changed"]
    assert len(altered) == len(changed)
    for item in altered:
        pieces = item.changes[0].pieces or []
        assert sum(len(piece.text) for piece in pieces if piece.op != "same") < 100 * len(places)


def test_a_message_that_moved_is_found_among_many_that_changed_and_look_alike() -> None:
    def message(middle: str) -> dict[str, Any]:
        return {"role": "user", "content": f"{'begin ' * 20}{middle}{' end' * 20}"}

    same = [message("a"), message("b")]
    old = [*same, *(message(f"old {number}") for number in range(20)), message("moved")]
    new = [message("moved"), *same, *(message(f"new {number}") for number in range(20))]
    diff = diff_prompts(prompt(old), prompt(new))
    assert changes(diff) == [("moved", 22, 0), *(("changed", place, place + 1) for place in range(2, 22))]
