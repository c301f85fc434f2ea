"""``quire import-mlflow``."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

import quire
from tests.cli.conftest import Quire
from tests.importing.conftest import Source, filled_once

pytestmark = pytest.mark.mlflow


@pytest.fixture(scope="session")
def source(mlflow_python: Path, tmp_path_factory: pytest.TempPathFactory) -> Source:
    return filled_once(mlflow_python, tmp_path_factory, "mlflow-3-source")


def test_an_import_says_what_it_did(quick: Quire, source: Source, workspace: Path) -> None:
    done = quick("import-mlflow", source.uri, "--artifacts", str(source.artifacts))
    assert done.code == 0
    assert "All counts agree" in done.out
    assert "1 artifact files copied" in done.out
    again = quick("import-mlflow", source.uri, "--artifacts", str(source.artifacts), "--json").json
    runs = next(count for count in again["counts"] if count["kind"] == "runs")
    assert (runs["found"], runs["added"], runs["present"], again["problems"]) == (7, 0, 7, [])
    assert again["files"] == {"copied": 0, "present": 1, "size": 0}
    assert (workspace / "quire-artifacts" / "1").is_dir()


def test_a_dry_run_makes_no_file(quick: Quire, source: Source, workspace: Path) -> None:
    done = quick("import-mlflow", source.uri, "--dry-run")
    assert "would be added" in done.out
    assert list(workspace.iterdir()) == []


def test_a_dry_run_makes_no_tables(quick: Quire, source: Source, postgres_uri: str) -> None:
    import psycopg

    done = quick("import-mlflow", source.uri, "--dry-run", "--tracking-uri", postgres_uri)
    assert (done.code, "would be added" in done.out) == (0, True)
    with psycopg.connect(postgres_uri) as connection:
        found = connection.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").fetchone()
    assert found == (0,)


def test_what_is_wrong_ends_with_a_failure(quick: Quire, source: Source) -> None:
    words = ("import-mlflow", source.uri, "--artifacts", str(source.artifacts))
    quick(*words)
    quire.Client("sqlite:///quire.db").log_text(source.made["runs"][0], "other", "notes/note.txt")
    done = quick(*words)
    assert done.code == 1
    assert "WRONG: the artifact notes/note.txt" in done.out


def test_a_mistake_is_one_line(quick: Quire) -> None:
    done = quick("import-mlflow", "sqlite:///absent.db")
    assert done.code != 0
    assert "Name the file of MLflow's backend store" in done.err


def test_for_a_server_files_go_where_it_keeps_them(quick: Quire, source: Source, workspace: Path) -> None:
    words = ("import-mlflow", source.uri, "--artifacts", str(source.artifacts), "--artifacts-destination", "served")
    assert quick(*words).code == 0
    client, run = quire.Client("sqlite:///quire.db"), source.made["runs"][0]
    assert client.get_run(run).info.artifact_uri == f"mlflow-artifacts:/1/{run}/artifacts"
    assert (workspace / "served" / "1" / run / "artifacts" / "notes" / "note.txt").is_file()


def test_a_person_sees_how_far_it_is(source: Source, workspace: Path) -> None:
    leader, follower = pty.openpty()
    command = [sys.executable, "-m", "quire", "import-mlflow", source.uri]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=follower, text=True, check=True)
    os.close(follower)
    shown = os.read(leader, 100_000).decode()
    os.close(leader)
    assert "7 of 7 runs" in shown
    assert "All counts agree" in done.stdout
