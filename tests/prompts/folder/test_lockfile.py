from __future__ import annotations

from pathlib import Path

import pytest

from quire.domain.errors import InvalidInput
from quire.prompts.folder.lockfile import NAME, LockEntry, read_lock, write_lock


def test_entries_are_read_as_they_were_written_a_line_each(tmp_path: Path) -> None:
    assert read_lock(tmp_path) == {}
    entries = {'b"ö': LockEntry("b.prompt", 2, "f0"), "a": LockEntry("x/a.prompt", 1, "0f")}
    write_lock(tmp_path, entries)
    assert read_lock(tmp_path) == entries
    assert (tmp_path / NAME).read_text().splitlines()[3] == (
        '    "a": {"file": "x/a.prompt", "version": 1, "digest": "0f"},'
    )
    write_lock(tmp_path, {})
    assert read_lock(tmp_path) == {}


def test_nothing_is_written_if_nothing_changed(tmp_path: Path) -> None:
    write_lock(tmp_path, {"a": LockEntry("a.prompt", 1, "0f")})
    before = (tmp_path / NAME).stat()
    write_lock(tmp_path, {"a": LockEntry("a.prompt", 1, "0f")})
    assert (tmp_path / NAME).stat().st_ino == before.st_ino


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("<<<<<<< HEAD", "cannot be read"),
        ('{"format": 2, "prompts": {}}', "has format 2; this Quire knows 1"),
        ('{"format": 1, "prompts": {"a": {"file": 3}}}', "cannot be read"),
    ],
)
def test_a_broken_lock_file(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / NAME).write_text(text)
    with pytest.raises(InvalidInput, match=message):
        read_lock(tmp_path)
