"""Local artifacts: whole or not at all, never outside the root, and what the system refuses."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from quire.artifacts import LocalArtifacts
from quire.artifacts.disk import write_whole
from quire.domain.errors import InvalidInput, NotFound, PermissionDenied, Unavailable


def files(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_opening_touches_nothing(tmp_path: Path) -> None:
    LocalArtifacts(tmp_path / "later")
    assert not (tmp_path / "later").exists()


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    target = tmp_path / "file"
    target.write_text("old")

    def fail(file: object) -> None:
        file.write(b"half")  # type: ignore[attr-defined]
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_whole(target, fail)
    assert target.read_text() == "old"
    assert files(tmp_path) == ["file"]


def test_the_remains_of_a_killed_writer_are_not_listed(tmp_path: Path) -> None:
    store = LocalArtifacts(tmp_path)
    store.put_bytes(b"1", "a/real")
    (tmp_path / "a/.0123.quire-part").write_bytes(b"half")
    assert [info.path for info in store.list("a")] == ["a/real"]
    assert [info.path for info in store.walk()] == ["a/real"]


def test_a_file_has_the_permissions_that_the_user_chose(tmp_path: Path) -> None:
    old = os.umask(0o027)
    try:
        LocalArtifacts(tmp_path).put_bytes(b"1", "file")
    finally:
        os.umask(old)
    assert (tmp_path / "file").stat().st_mode & 0o777 == 0o640


def test_links_that_lead_out_of_the_root_are_refused(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret").write_text("secret")
    root = tmp_path / "root"
    root.mkdir()
    (root / "link").symlink_to(outside)
    (root / "file").symlink_to(outside / "secret")
    store = LocalArtifacts(root)
    for call in (
        lambda: store.get_bytes("link/secret"),
        lambda: store.get_bytes("file"),
        lambda: store.put_bytes(b"x", "link/new"),
        lambda: store.list("link"),
        lambda: list(store.walk()),
        lambda: store.get("", tmp_path / "out"),
        lambda: store.delete("link"),
        lambda: store.local_path("file"),
    ):
        with pytest.raises(PermissionDenied, match="symbolic link that leads outside"):
            call()
    assert files(outside) == ["secret"]


def test_links_that_stay_inside_are_followed_once(tmp_path: Path) -> None:
    store = LocalArtifacts(tmp_path / "root")
    store.put_bytes(b"1", "real/file")
    (tmp_path / "root/alias").symlink_to(tmp_path / "root/real")
    (tmp_path / "root/real/loop").symlink_to(tmp_path / "root")
    assert "alias/file" in [info.path for info in store.walk("alias")]
    assert store.get_bytes("alias/file") == b"1"


def test_a_root_reached_through_a_link_is_fine(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    store = LocalArtifacts(tmp_path / "link")
    store.put_bytes(b"1", "a/b")
    assert store.local_path("a/b") == tmp_path / "link/a/b"
    assert (tmp_path / "real/a/b").read_bytes() == b"1"


def test_fetching_onto_itself_changes_nothing(tmp_path: Path) -> None:
    store = LocalArtifacts(tmp_path)
    store.put_bytes(b"1", "a/b")
    assert store.get("a", tmp_path) == tmp_path / "a"
    assert files(tmp_path) == ["a/b"]


def test_a_folder_in_place_of_a_file_is_refused(tmp_path: Path) -> None:
    store = LocalArtifacts(tmp_path)
    store.put_bytes(b"1", "a/b")
    with pytest.raises(InvalidInput, match="A file stands where a folder is needed, or a folder where a file is"):
        store.put_bytes(b"1", "a")
    with pytest.raises(InvalidInput, match="A file stands where a folder is needed"):
        store.put_bytes(b"1", "a/b/c")
    with pytest.raises(InvalidInput, match="too long"):
        store.put_bytes(b"1", "x" * 300)
    assert files(tmp_path) == ["a/b"]


def test_local_path_is_none_for_what_is_absent(tmp_path: Path) -> None:
    store = LocalArtifacts(tmp_path / "root")
    assert store.local_path() is None
    assert store.local_path("x") is None
    with pytest.raises(NotFound, match="No artifact 'root'"):
        store.get("", tmp_path / "out")


def test_a_read_only_folder_is_a_permission_error_that_names_the_file(read_only_folder: Path) -> None:
    store = LocalArtifacts(read_only_folder)
    with pytest.raises(PermissionDenied, match=r"Not allowed while writing the artifact 'a.txt' in .*Give this user"):
        store.put_bytes(b"1", "a.txt")
    with pytest.raises(PermissionDenied, match="Not allowed while writing"):
        store.put_bytes(b"1", "deep/a.txt")
    assert os.listdir(read_only_folder) == []


def test_a_full_disk_leaves_the_old_file_and_no_half_written_one(small_disk: Path, tmp_path: Path) -> None:
    store = LocalArtifacts(small_disk)
    store.put_bytes(b"old", "kept")
    big = tmp_path / "big"
    big.write_bytes(b"x" * 3_000_000)
    with pytest.raises(Unavailable, match=r"The disk is full while copying .* Nothing half-written was left"):
        store.put_file(big, "kept")
    with pytest.raises(Unavailable, match="The disk is full while writing the artifact 'other'"):
        store.put_bytes(b"x" * 3_000_000, "other")
    assert files(small_disk) == ["kept"]
    assert store.get_bytes("kept") == b"old"
