"""What every artifact store promises: on local disk, on S3, behind Quire's server and MLflow's alike."""

from __future__ import annotations

import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from quire.artifacts import ArtifactStore, open_artifacts
from quire.domain.errors import InvalidInput, NotFound

ODD_NAMES = ["a b.txt", "ü/é.json", "100%.txt", "p%20q", "h#?.txt", "x=1&y=2", "[1]*{2}~", "quote'\"", "日本.txt"]


STORES = ["local", "s3", "Quire", pytest.param("MLflow", marks=[pytest.mark.mlflow, pytest.mark.slow])]


@pytest.fixture(params=STORES)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> ArtifactStore:
    match request.param:
        case "local":
            return open_artifacts(str(tmp_path / "root"))
        case "s3":
            return open_artifacts(f"{request.getfixturevalue('bucket')}/some/{uuid.uuid4().hex}")
    server = request.getfixturevalue(f"{request.param.lower()}_server")
    return open_artifacts(f"mlflow-artifacts:/some/{uuid.uuid4().hex}", server)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    root = tmp_path / "source"
    for name in ("one.txt", "deep/two.txt", "deep/er/three.txt"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(name)
    (root / "empty").mkdir()
    return root


def test_bytes_come_back_as_they_were(store: ArtifactStore) -> None:
    store.put_bytes(b"\0\xff text", "a/b.bin")
    assert store.get_bytes("a/b.bin") == b"\0\xff text"
    store.put_bytes(b"", "a/empty")
    assert store.get_bytes("a/empty") == b""


def test_writing_again_replaces(store: ArtifactStore) -> None:
    store.put_bytes(b"first", "a")
    store.put_bytes(b"second", "a")
    assert store.get_bytes("a") == b"second"
    assert [info.path for info in store.walk()] == ["a"]


REFUSED_BY_MLFLOW = {
    "p%20q": "MLflow's server decodes a name twice",
    "h#?.txt": "MLflow's server refuses '#' and '?' in a name",
}


@pytest.mark.parametrize("name", ODD_NAMES)
def test_odd_names_are_kept(store: ArtifactStore, name: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    if "MLflow" in request.node.name and name in REFUSED_BY_MLFLOW:
        request.applymarker(pytest.mark.xfail(reason=REFUSED_BY_MLFLOW[name], strict=True))
    store.put_bytes(name.encode(), f"odd/{name}")
    assert [info.path for info in store.walk("odd")] == [f"odd/{name}"]
    assert store.get(f"odd/{name}", tmp_path / "out").read_bytes() == name.encode()


def test_a_file_is_stored_and_fetched(store: ArtifactStore, tmp_path: Path) -> None:
    source = tmp_path / "x.txt"
    source.write_text("hello")
    store.put_file(source, "deep/x.txt")
    fetched = store.get("deep/x.txt", tmp_path / "out")
    assert fetched == tmp_path / "out/deep/x.txt"
    assert fetched.read_text() == "hello"


def test_a_folder_is_stored_and_fetched_whole(store: ArtifactStore, folder: Path, tmp_path: Path) -> None:
    store.put_folder(folder, "model")
    assert [(info.path, info.file_size) for info in store.walk()] == [
        ("model/deep/er/three.txt", 17),
        ("model/deep/two.txt", 12),
        ("model/one.txt", 7),
    ]
    fetched = store.get("model", tmp_path / "out")
    assert fetched == tmp_path / "out/model"
    assert (fetched / "deep/er/three.txt").read_text() == "deep/er/three.txt"
    assert store.get("", tmp_path / "all") == tmp_path / "all"
    assert (tmp_path / "all/model/one.txt").read_text() == "one.txt"


def test_a_folder_can_be_stored_at_the_root(store: ArtifactStore, folder: Path) -> None:
    store.put_folder(folder)
    assert [info.path for info in store.walk("deep")] == ["deep/er/three.txt", "deep/two.txt"]


def test_listing_shows_one_level(store: ArtifactStore, folder: Path) -> None:
    store.put_folder(folder, "model")
    store.put_bytes(b"1", "model-other")
    assert [(info.path, info.is_dir, info.file_size) for info in store.list()] == [
        ("model", True, None),
        ("model-other", False, 1),
    ]
    assert [(info.path, info.is_dir) for info in store.list("model") if info.path != "model/empty"] == [
        ("model/deep", True),
        ("model/one.txt", False),
    ]


def test_listing_a_file_or_nothing_is_empty(store: ArtifactStore) -> None:
    assert store.list() == []
    store.put_bytes(b"1", "file")
    assert store.list("file") == []
    assert store.list("absent") == []
    assert list(store.walk("absent")) == []


def test_existence(store: ArtifactStore) -> None:
    store.put_bytes(b"1", "folder/file")
    assert store.exists("folder/file")
    assert store.exists("folder")
    assert not store.exists("fold")
    assert not store.exists("folder/other")


def test_deleting_a_file_and_a_folder(store: ArtifactStore, folder: Path) -> None:
    store.put_folder(folder, "model")
    store.put_bytes(b"1", "keep")
    store.delete("model/one.txt")
    assert not store.exists("model/one.txt")
    store.delete("model")
    assert [info.path for info in store.walk()] == ["keep"]


def test_what_is_not_there_is_not_found_and_the_error_shows_what_is(store: ArtifactStore, tmp_path: Path) -> None:
    store.put_bytes(b"1", "folder/here.txt")
    with pytest.raises(NotFound, match=r"No artifact 'folder/gone.txt'"):
        store.get_bytes("folder/gone.txt")
    with pytest.raises(NotFound, match=r"folder/here.txt"):
        store.get("folder/gone.txt", tmp_path / "out")
    with pytest.raises(NotFound, match="No artifact 'other'"):
        store.delete("other")
    assert not (tmp_path / "out/folder/gone.txt").exists()


def test_a_source_that_is_not_there_is_named(store: ArtifactStore, tmp_path: Path) -> None:
    with pytest.raises(NotFound, match=r"absent\.txt"):
        store.put_file(tmp_path / "absent.txt", "a")
    with pytest.raises(NotFound, match="absent-folder"):
        store.put_folder(tmp_path / "absent-folder", "a")


@pytest.mark.parametrize("path", ["../x", "/etc/passwd", "a/%2e%2e/%2e%2e/x", "a\\b", "C:x", "a//b"])
def test_a_path_that_could_leave_the_root_is_refused_by_every_call(
    store: ArtifactStore, path: str, tmp_path: Path
) -> None:
    source = tmp_path / "x"
    source.write_text("x")
    for call in (
        lambda: store.put_bytes(b"x", path),
        lambda: store.put_file(source, path),
        lambda: store.put_folder(tmp_path, path),
        lambda: store.get_bytes(path),
        lambda: store.get(path, tmp_path / "out"),
        lambda: store.list(path),
        lambda: list(store.walk(path)),
        lambda: store.exists(path),
        lambda: store.delete(path),
        lambda: store.local_path(path),
    ):
        with pytest.raises(InvalidInput, match="is not an artifact path"):
            call()


def test_many_threads_write_and_read_at_once(store: ArtifactStore) -> None:
    def work(number: int) -> bytes:
        store.put_bytes(str(number).encode() * 100, f"t/{number % 5}/{number}")
        store.put_bytes(b"same", "t/shared")
        return store.get_bytes(f"t/{number % 5}/{number}")

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(work, range(40))) == [str(number).encode() * 100 for number in range(40)]
    assert len(list(store.walk("t"))) == 41
