from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from quire.domain.promptblame import blame

LINES = st.lists(st.sampled_from("abcde"), min_size=1, max_size=8).map("\n".join)


def message(role: str, content: str, **fields: Any) -> dict[str, Any]:
    return {"role": role, "content": content, **fields}


def test_each_line_has_the_version_that_brought_it() -> None:
    (text,) = blame([(1, "a\nb\nc"), (3, "a\nx\nc"), (4, "a\nx\nc\nd")])
    assert [(line.version, line.text) for line in text.lines] == [(1, "a"), (3, "x"), (1, "c"), (4, "d")]
    assert (text.version, text.role, text.last_changed) == (1, None, 4)


def test_a_message_that_moved_keeps_its_versions() -> None:
    first = [message("system", "Be kind."), message("user", "{{x}}")]
    found = blame([(1, first), (2, [*first[::-1], message("assistant", "Hm.")])])
    assert [(item.role, item.version, item.last_changed) for item in found] == [
        ("user", 1, 1),
        ("system", 1, 1),
        ("assistant", 2, 2),
    ]


def test_a_changed_role_is_brought_by_its_version_and_the_lines_are_not() -> None:
    (found,) = blame([(1, [message("user", "Hi")]), (2, [message("developer", "Hi")])])
    assert (found.version, [line.version for line in found.lines]) == (2, [1])


def test_content_that_is_not_text_is_blamed_by_lines_of_json() -> None:
    def parts(text: str) -> list[dict[str, Any]]:
        return [{"role": "user", "content": [{"type": "text", "text": text}, {"type": "text", "text": "same"}]}]

    (found,) = blame([(1, parts("a")), (2, parts("b"))])
    assert [line.text.strip() for line in found.lines if line.version == 2] == ['"text": "b",']


@given(st.lists(LINES, min_size=1, max_size=5))
def test_the_lines_are_those_of_the_newest_version(texts: list[str]) -> None:
    (found,) = blame(list(enumerate(texts, 1)))
    assert "\n".join(line.text for line in found.lines) == texts[-1]
    for line in found.lines:
        assert line.text in texts[line.version - 1].split("\n")
