"""Artifact files of a run: text, data, files, folders; fetching them; what is refused."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest

import quire
from quire.domain.errors import InvalidInput, NotFound, PermissionDenied, Unavailable


def stored(name: str) -> bytes:
    return Path(quire.get_artifact_uri(name)).read_bytes()


@pytest.fixture
def folder(workspace: Path) -> Path:
    root = workspace / "source"
    (root / "deep").mkdir(parents=True)
    (root / "a.txt").write_text("a")
    (root / "deep/b.txt").write_text("b")
    return root


def paths(run_id: str, path: str | None = None) -> list[str]:
    return [info.path for info in quire.Client().list_artifacts(run_id, path)]


def test_text_and_data_are_stored_under_their_names() -> None:
    with quire.start_run() as run:
        quire.log_text("hällo", "notes/a.txt")
        quire.log_dict({"b": 1, "a": ["é", np.float64(0.5), np.array([1, 2])]}, "data.json")
        quire.log_dict({"b": 1, "a": "é"}, "data.yaml")
        quire.log_dict([1, {"x": None}], "plain")
        quire.log_stream(io.BytesIO(b"\0\1"), "raw.bin")
        assert stored("notes/a.txt").decode() == "hällo"
        assert quire.artifacts.load_dict(f"runs:/{run.info.run_id}/data.json") == {"b": 1, "a": ["é", 0.5, [1, 2]]}
        assert stored("data.yaml").decode() == "b: 1\na: é\n"
        assert quire.artifacts.load_dict(f"runs:/{run.info.run_id}/plain") == [1, {"x": None}]
        assert stored("raw.bin") == b"\0\1"
    assert paths(run.info.run_id) == ["data.json", "data.yaml", "notes", "plain", "raw.bin"]
    assert paths(run.info.run_id, "notes") == ["notes/a.txt"]


def test_files_and_folders_are_stored(folder: Path) -> None:
    with quire.start_run() as run:
        quire.log_artifact(folder / "a.txt")
        quire.log_artifact(str(folder / "a.txt"), "in")
        quire.log_artifact(folder, "whole")
        quire.log_artifacts(folder, "content")
        quire.log_artifacts(str(folder))
    assert sorted(info.path for info in quire.artifacts.open_artifacts(run.info.artifact_uri).walk()) == [
        "a.txt",
        "content/a.txt",
        "content/deep/b.txt",
        "deep/b.txt",
        "in/a.txt",
        "whole/source/a.txt",
        "whole/source/deep/b.txt",
    ]


def test_a_run_id_names_another_run(folder: Path) -> None:
    with quire.start_run() as run:
        pass
    quire.log_text("x", "x.txt", run_id=run.info.run_id)
    quire.log_artifact(folder / "a.txt", run_id=run.info.run_id)
    assert quire.active_run() is None
    assert paths(run.info.run_id) == ["a.txt", "x.txt"]


def test_artifacts_are_found_by_uri_and_by_run(folder: Path, workspace: Path) -> None:
    with quire.start_run() as run:
        quire.log_artifacts(folder, "f")
    run_id = run.info.run_id
    in_place = quire.download_artifacts(run_id=run_id, artifact_path="f/a.txt")
    assert in_place == f"{run.info.artifact_uri}/f/a.txt"
    copied = quire.download_artifacts(f"runs:/{run_id}/f", dst_path=workspace / "out")
    assert copied == str(workspace / "out/f")
    assert (workspace / "out/f/deep/b.txt").read_text() == "b"
    assert quire.Client().download_artifacts(run_id, "f/deep", workspace / "other") == str(workspace / "other/f/deep")
    assert quire.artifacts.load_text(f"runs:/{run_id}/f/a.txt") == "a"
    assert quire.artifacts.load_text(f"{run.info.artifact_uri}/f/a.txt") == "a"
    assert quire.artifacts.load_text(f"file://{run.info.artifact_uri}/f/a.txt") == "a"
    assert [info.path for info in quire.artifacts.list_artifacts(f"runs:/{run_id}/f")] == ["f/a.txt", "f/deep"]
    assert [info.path for info in quire.artifacts.list_artifacts(run_id=run_id)] == ["f"]


def test_what_is_not_there_is_named(workspace: Path) -> None:
    with quire.start_run() as run:
        quire.log_text("x", "here.txt")
        with pytest.raises(NotFound, match=r"absent\.txt"):
            quire.log_artifact(workspace / "absent.txt")
        with pytest.raises(NotFound, match="There is no folder"):
            quire.log_artifacts(workspace / "absent")
        with pytest.raises(InvalidInput, match="is a file; log_artifacts takes a folder"):
            quire.log_artifacts(quire.get_artifact_uri("here.txt"))
    with pytest.raises(NotFound, match=r"'gone.txt'.*here\.txt"):
        quire.download_artifacts(run_id=run.info.run_id, artifact_path="gone.txt")
    with pytest.raises(InvalidInput, match="exactly one of them"):
        quire.download_artifacts()


@pytest.mark.parametrize("name", ["../x.txt", "/etc/x", "a/%2e%2e/x", "a\\x", ""])
def test_a_name_that_leaves_the_run_is_refused_by_every_call(name: str, folder: Path) -> None:
    with quire.start_run() as run:
        calls = [
            lambda: quire.log_text("x", name),
            lambda: quire.log_dict({}, name),
            lambda: quire.log_stream(io.BytesIO(b"x"), name),
        ]
        if name:
            calls += [
                lambda: quire.log_artifact(folder / "a.txt", name),
                lambda: quire.log_artifacts(folder, name),
                lambda: quire.get_artifact_uri(name),
                lambda: quire.Client().list_artifacts(run.info.run_id, name),
                lambda: quire.download_artifacts(run_id=run.info.run_id, artifact_path=name),
                lambda: quire.download_artifacts(f"runs:/{run.info.run_id}/{name}") if name[0] != "/" else calls[0](),
            ]
        for call in calls:
            with pytest.raises(InvalidInput, match="is not an artifact path"):
                call()
    assert paths(run.info.run_id) == []


def test_the_wrong_kind_of_thing_is_refused() -> None:
    with quire.start_run():
        with pytest.raises(InvalidInput, match="log_text stores text, and was given dict"):
            quire.log_text({"a": 1}, "a.txt")  # type: ignore[arg-type]
        with pytest.raises(InvalidInput, match="cannot be written as JSON"):
            quire.log_dict({"a": object()}, "a.json")
        with pytest.raises(InvalidInput, match="needs a binary stream"):
            quire.log_stream(io.StringIO("x"), "a.txt")  # type: ignore[arg-type]


def test_a_read_only_disk_is_a_permission_error(read_only_disk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QUIRE_ARTIFACT_ROOT", str(read_only_disk))
    quire.set_experiment("on a disk that refuses")
    with quire.start_run() as run:
        with pytest.raises(PermissionDenied, match=r"Not allowed while writing the artifact 'y.txt' in .*read-only"):
            quire.log_text("y", "y.txt")
        quire.log_metric("still", 1)
    assert quire.get_run(run.info.run_id).data.metrics == {"still": 1}


def test_a_full_disk_leaves_nothing_half_written(
    small_disk: Path, workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("QUIRE_ARTIFACT_ROOT", str(small_disk))
    quire.set_experiment("on a small disk")
    (workspace / "big.bin").write_bytes(b"x" * 3_000_000)
    with quire.start_run() as run:
        quire.log_text("before", "kept.txt")
        with pytest.raises(Unavailable, match=r"The disk is full .* Nothing half-written was left"):
            quire.log_artifact("big.bin")
        quire.log_text("after", "also.txt")
    assert paths(run.info.run_id) == ["also.txt", "kept.txt"]
    assert [place.name for place in small_disk.rglob("*") if place.is_file()].count("big.bin") == 0


def test_artifacts_can_live_in_an_object_store(
    bucket: str, folder: Path, workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("QUIRE_ARTIFACT_ROOT", f"{bucket}/root")
    quire.set_experiment("in a bucket")
    with quire.start_run() as run:
        quire.log_artifacts(folder, "f")
        quire.log_table({"a": [1]}, "t.json")
        quire.log_table({"a": [2]}, "t.json")
        assert quire.get_artifact_uri("f").startswith(f"{bucket}/root/1/{run.info.run_id}/artifacts/f")
    assert paths(run.info.run_id) == ["f", "t.json"]
    assert Path(quire.download_artifacts(f"runs:/{run.info.run_id}/f/deep/b.txt")).read_text() == "b"
    assert Path(quire.download_artifacts(f"{run.info.artifact_uri}/f/a.txt", dst_path=workspace / "o")).name == "a.txt"
    assert quire.load_table("t.json")["a"].tolist() == [1, 2]
    version = quire.register_model(f"runs:/{run.info.run_id}/f", "joker")
    assert version.source == f"{run.info.artifact_uri}/f"
    copied = quire.download_artifacts("models:/joker/1", dst_path=workspace / "model")
    assert (Path(copied) / "deep/b.txt").read_text() == "b"


def test_a_file_behind_a_link_keeps_the_links_name(folder: Path) -> None:
    (folder / "link.txt").symlink_to(folder / "a.txt")
    with quire.start_run() as run:
        quire.log_artifact(folder / "link.txt")
    assert paths(run.info.run_id) == ["link.txt"]


def test_figures(workspace: Path) -> None:
    from matplotlib.figure import Figure

    figure = Figure()
    figure.subplots().plot([0, 1], [2, 3])
    with quire.start_run():
        quire.log_figure(figure, "f/plot.png")
        quire.log_figure(figure, "plot.svg", save_kwargs={"transparent": True})
        assert stored("f/plot.png").startswith(b"\x89PNG")
        assert b"<svg" in stored("plot.svg")
        with pytest.raises(InvalidInput, match="int is not a figure of matplotlib or plotly"):
            quire.log_figure(3, "x.png")


def test_images() -> None:
    import PIL.Image

    with quire.start_run() as run:
        quire.log_image(np.zeros((4, 6, 3), dtype=np.uint8), "zero.png")
        quire.log_image(np.array([[True, False]]), "mask.png")
        quire.log_image(PIL.Image.new("RGB", (8, 8)), "p.jpg")
        quire.log_image(quire.Image([[0.0, 1.0]]), key="a/b", step=3, timestamp=5)
        with pytest.warns(UserWarning, match="they were scaled"):
            quire.log_image(np.array([[0.0, 2.0]]), "scaled.png")
        assert quire.artifacts.load_image(f"runs:/{run.info.run_id}/zero.png").size == (6, 4)
        assert quire.Image(quire.artifacts.load_image(f"runs:/{run.info.run_id}/mask.png")).to_list() == [255, 0]
        names = paths(run.info.run_id, "images")
        assert len(names) == 2
        assert all(name.startswith("images/a~b+step+3+timestamp+5+") for name in names)
        assert quire.get_run(run.info.run_id).data.tags["mlflow.loggedImages"] == "True"
        for wrong, message in [
            ((3,), "int is not a picture"),
            ((np.zeros((2, 2, 7)),), r"shape \(2, 2, 7\) is not a picture"),
            ((np.array([[300]]),), "from 300 to 300"),
            ((np.array([["a"]]),), "must be numbers"),
        ]:
            with pytest.raises(InvalidInput, match=message):
                quire.log_image(*wrong, "x.png")
        with pytest.raises(InvalidInput, match="Say where the picture goes"):
            quire.log_image(np.zeros((2, 2)))
        with pytest.raises(InvalidInput, match="not both"):
            quire.log_image(np.zeros((2, 2)), "a.png", key="k")
        with pytest.raises(InvalidInput, match=r"No image format is known for the ending '.xyz'"):
            quire.log_image(np.zeros((2, 2)), "a.xyz")
