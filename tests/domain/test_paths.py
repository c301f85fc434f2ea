"""Artifact paths: what is accepted, what is refused, and what the refusal says."""

from __future__ import annotations

import posixpath
from urllib.parse import quote, unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quire.domain.errors import InvalidInput
from quire.domain.paths import checked_path

names = st.text(
    st.characters(exclude_categories=("Cc", "Cs"), exclude_characters="/\\%:"), min_size=1, max_size=12
).filter(lambda name: name.strip(" .") != "")


@given(st.lists(names, min_size=1, max_size=5))
def test_plain_names_separated_by_slashes_are_right(segments: list[str]) -> None:
    path = "/".join(segments)
    assert checked_path(path) == path


@given(st.text(max_size=40))
def test_an_accepted_path_stays_inside_the_root_however_often_it_is_decoded(path: str) -> None:
    try:
        checked_path(path)
    except InvalidInput:
        return
    for _ in range(4):
        norm = posixpath.normpath("/root/" + path)
        assert norm.startswith("/root/")
        assert norm == "/root/" + path
        assert "\\" not in path
        assert "\0" not in path
        path = unquote(path)


@given(st.lists(names, max_size=2), st.lists(names, max_size=2), st.integers(0, 5))
def test_climbing_is_refused_wherever_it_stands_and_however_it_is_encoded(
    before: list[str], after: list[str], times: int
) -> None:
    climb = ".."
    for _ in range(times):
        climb = quote(climb).replace(".", "%2e")
    with pytest.raises(InvalidInput, match=r"climbs out of its folder with '\.\.'"):
        checked_path("/".join([*before, climb, *after]))


@pytest.mark.parametrize(
    ("path", "mistake"),
    [
        ("", "it is empty"),
        ("..", "climbs out"),
        ("a/../b", "climbs out"),
        ("a/%2e%2e/b", "decoded, it climbs out"),
        ("a/%252E%252e/b", "decoded, it climbs out"),
        ("..%2fb", "decoded, it climbs out"),
        ("/etc/passwd", "it is absolute"),
        ("%2fetc/passwd", "decoded, it is absolute"),
        ("//server/share", "it is absolute"),
        ("\\\\server\\share", "backslash"),
        ("a\\..\\b", "backslash"),
        ("a%5c..%5cb", "decoded, it holds a backslash"),
        ("C:/x", "drive letter 'C:'"),
        ("c:x", "drive letter 'c:'"),
        ("c%3a/x", "decoded, it begins with the drive letter"),
        ("a\0b", r"control character '\\x00'"),
        ("a%00b", "decoded, it holds the control character"),
        ("a\nb", "control character"),
        ("a//b", "an empty name"),
        ("a/", "an empty name"),
        ("a/./b", r"the name '\.'"),
        ("a/.. /b", r"the name '\.\. '"),
        ("a/\ud800", "UTF-8 cannot write"),
        ("%25" * 20 + "2e", "encoded too many times"),
    ],
)
def test_a_wrong_path_is_refused_saying_what_is_wrong_and_what_is_right(path: str, mistake: str) -> None:
    if path.startswith("%25"):
        path = "%" + "25" * 20 + "2e"
    with pytest.raises(InvalidInput, match=mistake) as refusal:
        checked_path(path)
    assert "such as 'reports/summary.json'" in refusal.value.message


@pytest.mark.parametrize(
    "path", ["100%.txt", "a%20b.txt", "..a/b..", ".hidden", "ü/é.json", "%ff.bin", "ab:c", "x/1:2.txt"]
)
def test_unusual_but_harmless_names_are_right(path: str) -> None:
    assert checked_path(path) == path


def test_the_root_is_named_by_the_empty_path_only_where_a_folder_is_meant() -> None:
    assert checked_path("", root=True) == ""
    with pytest.raises(InvalidInput):
        checked_path("/", root=True)


def test_something_other_than_text_is_refused() -> None:
    with pytest.raises(InvalidInput, match=r"must be text such as .*, not int"):
        checked_path(3)  # type: ignore[arg-type]
