from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quire.prompts.folder.filenames import file_name


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("joker", "joker.prompt"),
        ("team.joker-2_b", "team.joker-2_b.prompt"),
        (".hidden", "%2Ehidden.prompt"),
        ("CON", "%43ON.prompt"),
        ("aux.v2", "%61ux.v2.prompt"),
        ("console", "console.prompt"),
        ("a/b:c", "a%2Fb%3Ac.prompt"),
        ("größe", "gr%C3%B6%C3%9Fe.prompt"),
    ],
)
def test_names_that_file_systems_dislike_are_written_otherwise(name: str, file: str) -> None:
    assert file_name(name) == file


@given(st.text(min_size=1), st.text(min_size=1))
def test_every_name_has_a_file_of_its_own_that_any_system_takes(name: str, other: str) -> None:
    taken: set[str] = set()
    files = []
    for one in dict.fromkeys([name, other, name.swapcase()]):
        file = file_name(one, taken)
        assert file.lower() not in taken
        taken.add(file.lower())
        files.append(file)
    for file in files:
        assert len(file.encode()) <= 255
        assert not set(file) & set('<>:"/\\|?*\0 ')
        assert not file.startswith(".")


def test_names_that_differ_in_case_alone() -> None:
    assert file_name("Tone", {"tone.prompt"}) != "Tone.prompt"
    assert file_name("Tone", {"tone.prompt"}).startswith("Tone~")


def test_a_long_name_is_cut_and_stays_apart_from_others() -> None:
    one, other = file_name("a" * 400 + "1"), file_name("a" * 400 + "2")
    assert one != other
    assert len(one) < 255
