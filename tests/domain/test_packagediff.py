from __future__ import annotations

from typing import Any

from quire.domain.package import Package, make_package
from quire.domain.packagediff import diff_packages
from quire.domain.schema import ParamSchema, ParamSpec
from quire.domain.signature import ModelSignature


def chat(*contents: str, specs: list[ParamSpec] | None = None, **fixed: Any) -> Package:
    roles = ["system", "user"] if len(contents) == 2 else ["user"]
    messages = [{"role": role, "content": text} for role, text in zip(roles, contents, strict=True)]
    signature = ModelSignature(params=ParamSchema(specs)) if specs else None
    return make_package("gpt-4o-mini", "chat.completions", {"messages": messages, **fixed}, signature)


def test_equal_packages_have_no_difference() -> None:
    assert diff_packages(chat("Hi {x}"), chat("Hi {x}")) == []


def test_a_changed_message_is_shown_by_words() -> None:
    (change,) = diff_packages(chat("Tell me a joke about {x}."), chat("Tell me a pun about {x}."))
    assert (change.path, change.kind) == ("messages[0].content", "changed")
    assert [piece.text for piece in change.pieces or [] if piece.op != "same"] == ["joke", "pun"]


def test_a_message_put_in_front_is_added_and_leaves_the_others_alone() -> None:
    (change,) = diff_packages(chat("Hi {x}"), chat("Be kind.", "Hi {x}"))
    assert (change.path, change.kind, change.new) == ("messages[0]", "added", {"role": "system", "content": "Be kind."})


def test_a_message_put_in_front_while_another_changes() -> None:
    changes = diff_packages(chat("Hi {x}"), chat("Be kind.", "Hello {x}"))
    assert [(change.path, change.kind) for change in changes] == [
        ("messages[0]", "added"),
        ("messages[1].content", "changed"),
    ]


def test_fixed_parameters_and_policy() -> None:
    old = chat("Hi", specs=[ParamSpec("temperature", "float", 0.2, maximum=1)], max_tokens=10, seed=1)
    new = chat("Hi", specs=[ParamSpec("temperature", "float", 0.5)], max_tokens=20)
    found = {change.path: (change.kind, change.old, change.new) for change in diff_packages(old, new)}
    assert found == {
        "fixed.max_tokens": ("changed", 10, 20),
        "fixed.seed": ("removed", 1, None),
        "policy.temperature.default": ("changed", 0.2, 0.5),
        "policy.temperature.maximum": ("removed", 1, None),
    }


def test_variables_show_as_inputs() -> None:
    changes = diff_packages(chat("{a} and {b}"), chat("{a} and {c}"))
    assert [(change.path, change.kind) for change in changes if change.path.startswith("inputs")] == [
        ("inputs.b", "removed"),
        ("inputs.c", "added"),
    ]


def test_another_model_and_task() -> None:
    old = make_package("gpt-4o-mini", "chat.completions", {})
    new = make_package("text-embedding-3-small", "embeddings", {})
    assert {"task", "model"} <= {change.path for change in diff_packages(old, new)}
