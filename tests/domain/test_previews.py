"""The short texts by which a trace is recognised."""

from __future__ import annotations

from typing import Any

import pytest

from quire.domain.previews import preview


@pytest.mark.parametrize(
    ("value", "role", "expected"),
    [
        (None, "user", None),
        ("plain", "user", "plain"),
        ({"q": "é", "n": 1}, "user", '{"q":"é","n":1}'),
        ('{"q": 1}', "user", '{"q": 1}'),
        ([1, 2], "user", "[1,2]"),
        ("{broken", "user", "{broken"),
        ({"model": "m", "input": "a"}, "user", '{"model":"m","input":"a"}'),
        ({"messages": [{"role": "system", "content": "s"}, {"role": "user", "content": "hi"}]}, "user", "hi"),
        ('{"messages": [{"role": "user", "content": "hi"}]}', "user", "hi"),
        ({"messages": [{"role": "system", "content": "only"}]}, "user", "only"),
        ({"messages": []}, "user", '{"messages":[]}'),
        ({"messages": "odd"}, "user", '{"messages":"odd"}'),
        ({"choices": [{"message": {"role": "assistant", "content": "yes"}}]}, "assistant", "yes"),
        ({"choices": [{"message": {"role": "assistant", "content": None}}]}, "assistant", None),
        ({"input": [{"role": "user", "content": [{"type": "input_text", "text": "look"}]}]}, "user", "look"),
        ({"output": [{"role": "assistant", "content": [{"text": "seen"}]}]}, "assistant", "seen"),
        ({"request": {"messages": [{"role": "user", "content": "inner"}]}}, "user", "inner"),
    ],
)
def test_previews(value: Any, role: str, expected: str | None) -> None:
    if expected is None and value is not None:
        assert preview(value, role) is not None
    else:
        assert preview(value, role) == expected


def test_a_long_text_is_cut() -> None:
    made = preview("x" * 5000, "user")
    assert made == "x" * 997 + "..."
