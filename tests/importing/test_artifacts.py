"""The artifact folder is copied, and what refers to it is moved."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import quire
from quire.domain.errors import NotFound
from quire.importing import import_mlflow
from quire.store.opening import open_store
from tests.importing.conftest import Bring, Source

pytestmark = pytest.mark.mlflow


def test_files_are_copied_and_references_follow(source: Source, bring: Bring, target: str, tmp_path: Path) -> None:
    report = bring(source, artifacts=source.artifacts)
    assert (report.problems, report.files.copied) == ([], 1)
    client, run = quire.Client(target), source.made["runs"][0]
    kept = tmp_path / "kept" / source.made["first"]
    assert client.get_run(run).info.artifact_uri == f"{kept}/{run}/artifacts"
    assert (kept / run / "artifacts" / "notes" / "note.txt").read_text() == "what the run left"
    assert client.get_experiment(source.made["first"]).artifact_location == str(kept)
    assert client.get_model_version("joker", "1").source == f"{kept}/{run}/artifacts/notes"
    model = client.get_logged_model(source.made["model"])
    assert model.artifact_location == f"{kept}/models/{model.model_id}/artifacts"


def test_artifacts_outside_of_the_folder_stay_where_they_are(source: Source, bring: Bring, target: str) -> None:
    bring(source, artifacts=source.artifacts)
    info = quire.Client(target).get_run(source.made["runs"][5]).info
    assert "mlruns" in info.artifact_uri
    assert [item.path for item in quire.Client(target).list_artifacts(info.run_id)] == ["note.txt"]


def test_without_the_folder_nothing_moves_and_it_can_be_named_later(
    source: Source, bring: Bring, target: str, tmp_path: Path
) -> None:
    run = source.made["runs"][0]
    bring(source)
    client = quire.Client(target)
    assert client.get_run(run).info.artifact_uri.startswith(str(source.artifacts))
    assert not (tmp_path / "kept").exists()
    report = bring(source, artifacts=source.artifacts)
    assert (report.problems, report.files.copied, report.count("runs").added) == ([], 1, 0)
    assert client.get_run(run).info.artifact_uri.startswith(str(tmp_path / "kept"))
    assert client.get_model_version("joker", "1").source.startswith(str(tmp_path / "kept"))
    again = bring(source, artifacts=source.artifacts)
    assert (again.problems, again.files.copied, again.files.present) == ([], 0, 1)


def test_artifacts_behind_mlflows_server_are_found_in_its_folder(changeable: Source, bring: Bring, target: str) -> None:
    changeable.change(
        f"UPDATE runs SET artifact_uri = replace(artifact_uri, '{changeable.artifacts}', 'mlflow-artifacts:')",
        f"UPDATE model_versions SET source = replace(source, '{changeable.artifacts}', 'mlflow-artifacts:')",
    )
    first = bring(changeable)
    assert any("behind MLflow's server" in text for text in first.left_out)
    run = changeable.made["runs"][0]
    assert quire.Client(target).get_run(run).info.artifact_uri.startswith("mlflow-artifacts:/first/")
    report = bring(changeable, artifacts=changeable.artifacts)
    assert (report.problems, report.files.copied) == ([], 1)
    client = quire.Client(target)
    assert [item.path for item in client.list_artifacts(run, "notes")] == ["notes/note.txt"]
    assert client.get_model_version("joker", "1").source == f"{client.get_run(run).info.artifact_uri}/notes"


def test_for_a_server_references_lead_through_it(source: Source, tmp_path: Path) -> None:
    target, run = f"sqlite:///{tmp_path}/quire.db", source.made["runs"][0]
    store = open_store(target, artifact_root="mlflow-artifacts:/")
    folder = tmp_path / "served"
    report = import_mlflow(source.uri, store, artifacts=source.artifacts, artifact_root=str(folder), served=True)
    assert report.problems == []
    place = f"{source.made['first']}/{run}/artifacts"
    assert store.get_run(run).info.artifact_uri == f"mlflow-artifacts:/{place}"
    assert store.get_experiment("0").artifact_location == "mlflow-artifacts:/0"
    assert (folder / place / "notes" / "note.txt").is_file()


def test_a_file_that_differs_is_kept_and_said(source: Source, bring: Bring, target: str) -> None:
    bring(source, artifacts=source.artifacts)
    run = source.made["runs"][0]
    quire.Client(target).log_text(run, "changed since", "notes/note.txt")
    report = bring(source, artifacts=source.artifacts)
    (problem,) = report.problems
    assert "notes/note.txt" in problem
    assert "13 bytes" in problem
    assert "Remove it and import again" in problem
    path = Path(quire.Client(target).download_artifacts(run, "notes/note.txt"))
    assert path.read_text() == "changed since"


def test_links_that_leave_the_folder_are_not_followed(changeable: Source, bring: Bring, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.mkdir()
    (secret / "key.txt").write_text("of somebody else")
    notes = changeable.artifacts / "first" / changeable.made["runs"][0] / "artifacts" / "notes"
    (notes / "link.txt").symlink_to(secret / "key.txt")
    (notes / "folder").symlink_to(secret)
    (notes / "nothing").symlink_to(secret / "absent")
    (notes / "inside.txt").symlink_to(notes / "note.txt")
    report = bring(changeable, artifacts=changeable.artifacts)
    assert (report.problems, report.files.copied) == ([], 2)
    assert "3 symbolic links, which are not followed" in report.left_out
    names = {path.name for path in (tmp_path / "kept").rglob("*") if path.is_file()}
    assert names == {"note.txt", "inside.txt"}


def test_places_that_leave_the_folder_are_not_followed(changeable: Source, bring: Bring, tmp_path: Path) -> None:
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret" / "key.txt").write_text("of somebody else")
    (changeable.artifacts / "out").symlink_to(tmp_path / "secret")
    runs = changeable.made["runs"]
    for run, place in zip(runs, ("../../secret", "%2e%2e/%2e%2e/secret", "out", "./out/../../../secret"), strict=False):
        changeable.change(f"UPDATE runs SET artifact_uri = 'mlflow-artifacts:/{place}' WHERE run_uuid = '{run}'")
    report = bring(changeable, artifacts=changeable.artifacts)
    assert (report.problems, report.files.copied) == ([], 0)
    assert not (tmp_path / "kept").exists()


def test_spans_in_files_are_read_from_the_folder(changeable: Source, bring: Bring, target: str) -> None:
    trace_id = changeable.made["trace"]
    spans = [
        json.loads(changeable.value(f"SELECT content FROM spans WHERE name = '{name}'")) for name in ("root", "child")
    ]
    folder = changeable.artifacts / "second" / "traces" / trace_id / "artifacts"
    folder.mkdir(parents=True)
    (folder / "traces.json").write_text(json.dumps({"spans": spans}))
    changeable.change(
        "DELETE FROM spans",
        f"""UPDATE trace_tags SET value = 'mlflow-artifacts:/second/traces/{trace_id}/artifacts'
        WHERE key = 'mlflow.artifactLocation'""",
    )
    first = bring(changeable)
    assert first.problems == []
    assert any("the spans of 1 traces" in text for text in first.left_out)
    report = bring(changeable, artifacts=changeable.artifacts)
    assert (report.problems, report.count("spans").found, report.count("traces").added) == ([], 2, 0)
    (trace,) = quire.Client(target).store.get_traces([trace_id])
    assert sorted(span.name for span in trace.spans) == ["child", "root"]


def test_a_folder_that_is_none_is_refused(source: Source, bring: Bring, tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="Name the one in which MLflow keeps artifacts"):
        bring(source, artifacts=tmp_path / "absent")
