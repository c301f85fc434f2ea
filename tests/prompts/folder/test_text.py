from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quire.domain.errors import InvalidInput, PolicyError, QuireError
from quire.domain.schema import ParamSchema, ParamSpec
from quire.prompts.folder.content import PromptContent
from quire.prompts.folder.text import read_text, write_text

LINES = st.sampled_from(
    [
        "=== user ===",
        "\\=== user ===",
        "=== user (yaml) === ",
        "<<<<<<< HEAD",
        "\\\\<<<<<<< HEAD",
        "=======",
        "---",
        "{{question}}",
        "name: x",
        "",
        " ",
        "\t# heading",
        "Say: 'no' \"never\"",
        "end  ",
        "\r",
        "a\rb",
        "\x00",
        "\x85\u2028",
        "é 日本 🎉",
        "\ufeff",
    ]
)
TEXTS = st.lists(LINES | st.text(st.characters(exclude_categories=["Cs"]), max_size=20), min_size=1, max_size=6).map(
    "\n".join
)
TEMPLATES = TEXTS.filter(lambda text: bool(text.strip()))
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.floats(allow_nan=False, allow_infinity=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abyn ~:", max_size=4), inner, max_size=3),
    max_leaves=8,
)
ROLES = st.sampled_from(["system", "user", "assistant", "tool", "message", "a-b.c"]) | TEMPLATES
PARTS = st.lists(st.fixed_dictionaries({"type": st.just("text"), "text": TEXTS, "more": JSON}), max_size=3)
MESSAGES = st.fixed_dictionaries(
    {"role": ROLES, "content": TEXTS | PARTS},
    optional={
        "name": st.sampled_from(["ann", "yes", "1"]),
        "tool_calls": st.lists(st.dictionaries(st.just("id"), JSON)),
    },
)
PARAMS = st.sampled_from(
    [
        None,
        ParamSchema(
            [ParamSpec("temperature", "double", 0.5, minimum=0, maximum=2), ParamSpec("stop", "string", None, (-1,))]
        ),
        ParamSchema([ParamSpec("effort", "string", "low", choices=["low", "high"])]),
    ]
)
CONFIGS = st.sampled_from(
    [
        None,
        {"model_name": "gpt-4o-mini", "temperature": 0, "stop_sequences": ["\n", "---"]},
        {"provider": "anthropic", "model_name": "on", "thinking": {"budget": 1}},
    ]
)
CONTENTS = st.builds(
    PromptContent,
    name=st.sampled_from(["joker", "1.0", "no", "a-b_c.d"]),
    template=TEMPLATES | st.lists(MESSAGES, min_size=1, max_size=4),
    model_config=CONFIGS,
    response_format=st.none() | st.dictionaries(TEXTS, JSON, min_size=1, max_size=3),
    params=PARAMS,
    tags=st.dictionaries(st.text("abc.-", min_size=1, max_size=5), TEXTS, max_size=3),
)


def holds(content: PromptContent, back: PromptContent) -> None:
    for field in ("name", "template", "model_config", "response_format", "params", "tags", "digest", "variables"):
        assert getattr(back, field) == getattr(content, field), field


@given(CONTENTS, st.none() | st.integers(1, 10**6))
def test_any_prompt_reads_back_from_its_file(content: PromptContent, version: int | None) -> None:
    text = write_text(content, version)
    back = read_text(text, "x.prompt")
    holds(content, back.content)
    assert back.version == version
    assert write_text(back.content, version) == text


@given(CONTENTS)
def test_line_ends_of_windows_and_a_byte_order_mark_change_nothing(content: PromptContent) -> None:
    text = write_text(content, 3)
    assert "\r" not in text
    holds(content, read_text("\ufeff" + text.replace("\n", "\r\n"), "x.prompt").content)


def test_a_file_reads_as_a_person_would_write_it() -> None:
    content = PromptContent(
        name="joker",
        template=[
            {"role": "system", "content": "You are a comedian.\nBe kind."},
            {"role": "user", "content": [{"type": "text", "text": "Look:\n{{thing}}"}]},
            {"role": "user", "content": "A joke about {{animal}}, please."},
        ],
        model_config={"model_name": "gpt-4o-mini", "temperature": 0.7},
        tags={"team": "fun"},
    )
    assert write_text(content, 3) == (
        "---\n"
        "name: joker\n"
        "version: 3\n"
        "type: chat\n"
        "variables:\n- animal\n- thing\n"
        "model_config:\n  model_name: gpt-4o-mini\n  temperature: 0.7\n"
        "tags:\n  team: fun\n"
        "---\n"
        "\n"
        "=== system ===\n"
        "You are a comedian.\n"
        "Be kind.\n"
        "\n"
        "=== user (yaml) ===\n"
        "content:\n- type: text\n  text: |-\n    Look:\n    {{thing}}\n"
        "\n"
        "=== user ===\n"
        "A joke about {{animal}}, please.\n"
    )


@pytest.mark.parametrize(
    ("text", "template"),
    [
        ("---\nname: x\n---\nHello {{name}}\n", "Hello {{name}}"),
        ("---\nname: x\n---\n\nHello {{name}}", "Hello {{name}}"),
        (
            "---\nname: x\n---\n=== system ===\nBe kind.\n=== user ===\nHi\n\n\n",
            [{"role": "system", "content": "Be kind."}, {"role": "user", "content": "Hi\n\n"}],
        ),
    ],
)
def test_what_may_be_left_out(text: str, template: Any) -> None:
    assert read_text(text, "x.prompt").content.template == template


def front(more: str, body: str = "Hi {{a}}") -> str:
    return f"---\nname: x\n{more}---\n{body}\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("Hello", "x.prompt is no prompt file: expected a line '---'"),
        ("---\nname: x\n", "x.prompt is no prompt file"),
        ("---\n---\nHi", "has no keys between its '---' lines"),
        ("---\ntype: text\n---\nHi", "x.prompt: Invalid prompt name None"),
        ("---\nname: a/b\n---\nHi", "Invalid prompt name 'a/b'"),
        (front("", ""), "The template is empty"),
        (front("name: y\n"), "says 'name' twice"),
        (front("modelconfig: {}\n"), "unknown key 'modelconfig'. Did you mean 'model_config'?"),
        (front("a: [\n"), "x.prompt is not YAML that a prompt may hold"),
        (front("type: image\n"), "The type is 'image'; expected text or chat."),
        (front("type: chat\n"), "Expected a message's first line, such as '=== user ===', but found 'Hi {{a}}'"),
        (front("type: chat\ntemplate: a\n"), "`template` is for text prompts"),
        (front("template: a\n"), "both at `template` and below"),
        (front("variables: [b]\n"), "`variables` says ['b'], but the template uses: a."),
        (front("version: two\n"), "`version` is 'two'"),
        (front("version: true\n"), "`version` is True"),
        (front("tags: [a]\n"), "`tags` is"),
        (front("tags: {live: yes}\n"), "The tag 'live' is True, which is no text. Write it in quotes."),
        (front("tags: {mlflow.user: ann}\n"), "The tag 'mlflow.user' belongs to the registry"),
        (front("tags: {key: sk-abcdefghijklmnopqrstuvwx}\n"), "looks like a credential"),
        (front("", "Use sk-abcdefghijklmnopqrstuvwx"), "looks like a credential"),
        (front("model_config: {temperatur: 1}\n"), "Did you mean 'temperature'?"),
        (front("model_config: {api_key: 1}\n"), "cannot be kept with a prompt"),
        (front("response_format: 3\n"), "`response_format`"),
        (front("params: {temperature: {default: 1}}\n"), "has no `type`"),
        (front("params: {temperature: 1}\n"), "`params` must say"),
        (front("params: {temperature: {type: double, default: 3, maximum: 2}}\n"), "temperature"),
        (front("", "<<<<<<< HEAD\nHi\n=======\nHo\n>>>>>>> other"), "holds a conflict of git's"),
        (front("", "=== user (yaml) ===\n- a"), "holds no keys"),
        (front("", "=== user (yaml) ===\ncontent: 3"), "has the content 3"),
    ],
)
def test_what_is_wrong_is_said_with_the_file(text: str, message: str) -> None:
    with pytest.raises(QuireError) as caught:
        read_text(text, "x.prompt")
    assert message in caught.value.message
    assert "x.prompt" in caught.value.message
    assert "abcdefghijklmnop" not in caught.value.message


def test_the_kind_of_error_is_kept() -> None:
    with pytest.raises(PolicyError):
        read_text(front("model_config: {api_key: 1}\n"), "x.prompt")
    with pytest.raises(InvalidInput):
        read_text("Hello", "x.prompt")
