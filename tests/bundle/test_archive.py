from __future__ import annotations

import json
import stat
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import quire
from quire.bundle import archive, export_model, import_model
from quire.bundle.archive import Bundle, BundleError
from quire.domain.errors import NotFound
from tests.bundle.conftest import log_joker

Content = dict[str, bytes]


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    info = log_joker()
    export_model(info.model_uri, tmp_path / "good.quire")
    return tmp_path / "good.quire"


def content_of(path: Path) -> Content:
    with zipfile.ZipFile(path) as source:
        return {name: source.read(name) for name in source.namelist()}


def write(path: Path, content: Content, infos: dict[str, zipfile.ZipInfo] | None = None) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as target:
        for name, data in content.items():
            target.writestr((infos or {}).get(name, name), data, zipfile.ZIP_DEFLATED)
    return path


def with_manifest(content: Content, change: Callable[[dict[str, Any]], None]) -> Content:
    manifest = json.loads(content["bundle.json"])
    change(manifest)
    return {**content, "bundle.json": json.dumps(manifest).encode()}


def refuse(path: Path, message: str) -> None:
    """Importing is refused, and the store stays as it was."""
    before = snapshot()
    with pytest.raises(BundleError, match=message):
        import_model(path)
    assert snapshot() == before


def snapshot() -> tuple[int, int]:
    client = quire.Client()
    experiments = client.search_experiments()
    runs = client.search_runs([item.experiment_id for item in experiments])
    return len(experiments), len(runs)


@pytest.mark.parametrize(
    "name",
    [
        "../evil",
        "model/../../evil",
        "/etc/evil",
        "model\\..\\evil",
        "C:/evil",
        "model/%2e%2e/evil",
        "model//evil",
        "model/ev\x01il",
    ],
)
def test_a_path_that_leaves_the_folder_is_refused(bundle: Path, tmp_path: Path, name: str) -> None:
    evil = write(tmp_path / "evil.quire", {**content_of(bundle), name: b"evil"})
    refuse(evil, "it holds a path that leaves its folder or is malformed")
    assert not list(tmp_path.rglob("evil"))


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFIFO, stat.S_IFCHR])
def test_links_and_special_files_are_refused(bundle: Path, tmp_path: Path, kind: int) -> None:
    info = zipfile.ZipInfo("model/link")
    info.external_attr = (kind | 0o777) << 16
    content = {**content_of(bundle), "model/link": b"/etc/passwd"}
    refuse(write(tmp_path / "evil.quire", content, {"model/link": info}), "is a link or a special file")


def test_a_bomb_is_refused_before_it_is_unpacked(bundle: Path, tmp_path: Path) -> None:
    content = {**content_of(bundle), "model/zeros": bytes(64 * 1024**2)}
    refuse(write(tmp_path / "evil.quire", content), "it would unpack from .* bytes to .*, which no model does")


def test_more_than_is_allowed_is_refused(bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "MOST_BYTES", 1000)
    refuse(bundle, "at most 1000 are allowed")
    monkeypatch.undo()
    monkeypatch.setattr(archive, "MOST_FILES", 3)
    refuse(bundle, "it holds 7 files; at most 3 are allowed")


def test_a_size_that_lies_is_refused(bundle: Path, tmp_path: Path) -> None:
    data = bundle.read_bytes()
    with zipfile.ZipFile(bundle) as source:
        size = source.getinfo("model/model.yaml").file_size
    lying = data.replace(size.to_bytes(4, "little"), (3).to_bytes(4, "little"))
    assert lying != data
    (tmp_path / "evil.quire").write_bytes(lying)
    refuse(tmp_path / "evil.quire", "is damaged|differs from the manifest's|larger than it declares")


def test_changed_content_is_refused(bundle: Path, tmp_path: Path) -> None:
    content = content_of(bundle)
    content["model/model.yaml"] = content["model/model.yaml"].replace(b"Tell", b"Sell")
    refuse(write(tmp_path / "evil.quire", content), "'model/model.yaml' is not what was exported")
    content = content_of(bundle)
    content["lineage.json"] = content["lineage.json"].replace(b"0.75", b"0.99")
    refuse(write(tmp_path / "evil.quire", content), "'lineage.json' is not what was exported")


def test_files_that_the_manifest_does_not_list_are_refused(bundle: Path, tmp_path: Path) -> None:
    extra = {**content_of(bundle), "model/code/evil.py": b"evil"}
    refuse(write(tmp_path / "evil.quire", extra), r"disagree about \['model/code/evil.py'\]")
    fewer = {name: data for name, data in content_of(bundle).items() if name != "model/conda.yaml"}
    refuse(write(tmp_path / "evil.quire", fewer), r"disagree about \['model/conda.yaml'\]")


def test_a_name_that_stands_twice_is_refused(bundle: Path, tmp_path: Path) -> None:
    evil = write(tmp_path / "evil.quire", content_of(bundle))
    with zipfile.ZipFile(evil, "a") as target, pytest.warns(UserWarning, match="Duplicate name"):
        target.writestr("model/model.yaml", b"other")
    refuse(evil, "it holds 'model/model.yaml' twice")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda manifest: manifest.update(format="quire-bundle-9"), "its format is 'quire-bundle-9'; this Quire reads"),
        (lambda manifest: manifest.update(origin="' OR 1"), "its origin .* is neither a model id nor a SHA-256"),
        (lambda manifest: manifest.pop("files"), r"bundle.json cannot be read .*`files`"),
        (lambda manifest: manifest["files"].append(manifest["files"][0]), "lists a file twice"),
    ],
)
def test_a_manifest_that_is_not_right_is_refused(
    bundle: Path, tmp_path: Path, change: Callable[[dict[str, Any]], None], message: str
) -> None:
    refuse(write(tmp_path / "evil.quire", with_manifest(content_of(bundle), change)), message)


def test_a_file_that_is_no_bundle_is_refused(tmp_path: Path) -> None:
    (tmp_path / "text.quire").write_text("hello")
    refuse(tmp_path / "text.quire", "it is not a ZIP file .*; expected a file that `quire models export` wrote")
    refuse(write(tmp_path / "other.quire", {"a.txt": b"a"}), "it has no bundle.json")
    (tmp_path / "empty.quire").write_bytes(b"")
    refuse(tmp_path / "empty.quire", "it is not a ZIP file")
    with pytest.raises(NotFound, match=r"none.quire' does not exist"):
        Bundle(tmp_path / "none.quire")


def test_half_a_bundle_is_refused(bundle: Path, tmp_path: Path) -> None:
    data = bundle.read_bytes()
    (tmp_path / "half.quire").write_bytes(data[: len(data) // 2])
    refuse(tmp_path / "half.quire", "it is not a ZIP file")


def test_code_inside_is_carried_and_not_run(tmp_path: Path, use_store: Callable[[str], None]) -> None:
    (tmp_path / "helper.py").write_text("raise SystemExit('ran')")
    info = log_joker(code_paths=[str(tmp_path / "helper.py")])
    export_model(info.model_uri, tmp_path / "coded.quire")
    use_store("there")
    import_model(tmp_path / "coded.quire")
    assert quire.pyfunc.load_model("models:/joker/1").package.model == "gpt-4o-mini"
