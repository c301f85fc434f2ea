"""What cannot be imported is refused with its reason, and what cannot be kept is named."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

import quire
from quire.domain.errors import AlreadyExists, InvalidInput, NotFound
from quire.importing import import_mlflow
from quire.store.opening import open_store
from tests.importing.conftest import Bring, Source

pytestmark = pytest.mark.mlflow


def test_a_source_that_is_none_says_what_to_name(bring: Bring, tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "other.db")) as connection:
        connection.execute("CREATE TABLE songs (name TEXT)")
    (tmp_path / "text.db").write_text("no database at all, though long enough to be looked at " * 30)
    open_store(f"sqlite:///{tmp_path}/own.db")
    for uri, said in {
        f"sqlite:///{tmp_path}/absent.db": "There is no database at",
        "sqlite://": "There is no database at",
        f"sqlite:///{tmp_path}/other.db": r"not a database of MLflow \(its tables: songs\)",
        f"sqlite:///{tmp_path}/text.db": "cannot be read: file is not a database",
        f"sqlite:///{tmp_path}/own.db": "a database of Quire, not of MLflow",
        "http://127.0.0.1:5000": "is a server; name the database behind it",
        str(tmp_path): "mlflow migrate-filestore",
        "mysql+pymysql://user:secret@host/mlflow": "'mysql\\+pymysql' cannot be read",
        "ftp://host/x": "which no store serves",
    }.items():
        with pytest.raises((InvalidInput, NotFound), match=said) as refused:
            bring(uri)
        assert "secret" not in str(refused.value)


def test_only_a_database_is_imported_into(source: Source, tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="Import where its database is"):
        import_mlflow(source.uri, open_store("http://127.0.0.1:9"), artifact_root=str(tmp_path))


def test_an_experiment_that_is_anothers_here_is_named(source: Source, bring: Bring, target: str) -> None:
    client = quire.Client(target)
    client.create_experiment("mine")
    with pytest.raises(AlreadyExists, match=r"experiment 1 'first' cannot keep its id and name.*1 'mine'") as refused:
        bring(source)
    assert "Import into a new database" in str(refused.value)
    assert client.search_runs(["1"]) == []


def test_a_name_that_is_anothers_here_is_named(changeable: Source, bring: Bring, target: str) -> None:
    quire.Client(target).create_experiment("second")
    changeable.change("DELETE FROM experiments WHERE name = 'first'")
    with pytest.raises(AlreadyExists, match="experiment 2 'second' cannot keep its id and name"):
        bring(changeable)


def test_a_renamed_default_replaces_one_without_runs(changeable: Source, bring: Bring, target: str) -> None:
    changeable.change("UPDATE experiments SET name = 'old default' WHERE experiment_id = 0")
    assert bring(changeable).problems == []
    assert quire.Client(target).get_experiment("0").name == "old default"


def test_a_default_that_has_runs_here_is_kept(changeable: Source, bring: Bring, target: str) -> None:
    changeable.change("UPDATE experiments SET name = 'old default' WHERE experiment_id = 0")
    quire.Client(target).create_run("0")
    with pytest.raises(AlreadyExists, match="experiment 0 'old default' cannot keep its id and name"):
        bring(changeable)


def test_a_run_of_another_experiment_is_named(changeable: Source, bring: Bring) -> None:
    bring(changeable)
    run = changeable.made["runs"][3]
    changeable.change(f"UPDATE runs SET experiment_id = 2, status = 'FAILED' WHERE run_uuid = '{run}'")
    with pytest.raises(AlreadyExists, match=f"run {run} of experiment 2 cannot be imported.*experiment 1 here"):
        bring(changeable)


def test_a_thing_that_cannot_be_read_is_named(changeable: Source, bring: Bring) -> None:
    changeable.change("UPDATE spans SET content = '{}' WHERE name = 'child'")
    with pytest.raises(InvalidInput, match=f"A span of the trace {changeable.made['trace']} cannot be read"):
        bring(changeable)


def test_a_dry_run_writes_nothing(source: Source, bring: Bring, target: str, tmp_path: Path) -> None:
    client = quire.Client(target)
    report = bring(source, artifacts=source.artifacts, dry_run=True)
    assert (report.problems, report.count("runs").added, report.files.copied) == ([], 7, 1)
    assert [experiment.name for experiment in client.search_experiments(view_type="ALL")] == ["Default"]
    assert client.search_registered_models() == []
    assert not (tmp_path / "kept").exists()
    assert bring(source).count("runs").added == 7


def test_what_is_left_out_is_said(changeable: Source, bring: Bring) -> None:
    changeable.change(
        "INSERT INTO experiments (experiment_id, name, lifecycle_stage, workspace) VALUES (9, 'x', 'active', 'blue')",
        "INSERT INTO webhooks (webhook_id, name, url, status, creation_timestamp, last_updated_timestamp) "
        "VALUES ('1', 'hook', 'https://host/x', 'ACTIVE', 0, 0)",
    )
    report = bring(changeable)
    assert report.count("experiments").found == 4
    said = "\n".join(report.left_out)
    assert "1 webhooks" in said
    assert "the workspaces blue: import each with --workspace" in said
    assert bring(changeable, workspace="blue", dry_run=True).count("experiments").found == 1


def test_the_source_is_only_read(source: Source, bring: Bring) -> None:
    path = Path(source.uri.removeprefix("sqlite:///"))
    before = path.read_bytes()
    bring(source, artifacts=source.artifacts)
    assert path.read_bytes() == before


def test_progress_is_told_to_the_end(source: Source, bring: Bring) -> None:
    told: dict[str, tuple[int, int]] = {}
    bring(source, artifacts=source.artifacts, progress=lambda kind, done, of: told.update({kind: (done, of)}))
    assert told == {
        "experiments": (4, 4),
        "runs": (7, 7),
        "logged models": (2, 2),
        "registered models": (3, 3),
        "traces": (1, 1),
        "folders of artifacts": (1, 1),
    }


def test_credentials_are_not_brought(changeable: Source, bring: Bring, target: str) -> None:
    secret = "sk-proj-" + "Ab3dEf6h" * 5
    run = changeable.made["runs"][0]
    changeable.change(
        f"INSERT INTO params VALUES ('key', '{secret}', '{run}')",
        f"UPDATE registered_models SET description = '{secret}' WHERE name = 'joker'",
        f"UPDATE spans SET content = replace(content, 'why?', '{secret}')",
    )
    assert bring(changeable).problems == []
    assert "sk-proj-Ab3d" not in quire.Client(target).get_run(run).data.params["key"]
    assert secret.encode() not in Path(target.removeprefix("sqlite:///")).read_bytes()
