from __future__ import annotations

import pytest

from quire.prompts.folder.standing import standing


@pytest.mark.parametrize(
    ("here", "there", "base", "expected"),
    [
        ("a", "a", "a", "in step"),
        ("b", "b", "a", "in step"),
        ("b", "b", None, "in step"),
        ("b", "a", "a", "changed here"),
        ("a", "b", "a", "changed there"),
        ("b", "c", "a", "conflict"),
        ("b", "c", None, "conflict"),
        ("a", None, None, "new here"),
        (None, "a", None, "new there"),
        (None, "a", "a", "gone here"),
        ("a", None, "a", "gone there"),
        (None, "b", "a", "conflict"),
        ("b", None, "a", "conflict"),
        (None, None, "a", "gone"),
    ],
)
def test_from_three_digests(here: str | None, there: str | None, base: str | None, expected: str) -> None:
    assert standing(here, there, base) == expected
