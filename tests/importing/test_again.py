"""An import that was interrupted, or whose source went on, is run again: nothing is lost, nothing double."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

import quire
from tests.importing.conftest import Bring, Source
from tests.importing.many_runs import add_runs

pytestmark = pytest.mark.mlflow
TABLES = ("experiments", "runs", "metrics", "latest_metrics", "params", "tags", "run_datasets", "run_models")
TABLES += ("logged_models", "model_versions", "aliases", "traces", "spans", "assessments", "evaluation_records")


def counts(uri: str) -> dict[str, int]:
    """The rows of each table."""
    with closing(sqlite3.connect(uri.removeprefix("sqlite:///"))) as connection:
        return {table: connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in TABLES}


def test_a_second_import_adds_nothing(source: Source, bring: Bring, target: str) -> None:
    bring(source)
    before = counts(target)
    report = bring(source)
    assert report.problems == []
    assert {count.kind: count.added for count in report.counts if count.added} == {}
    assert counts(target) == before


def test_what_mlflow_did_since_is_added(changeable: Source, bring: Bring, target: str) -> None:
    bring(changeable)
    run, trace = changeable.made["runs"][4], changeable.made["trace"]
    changeable.change(
        f"INSERT INTO metrics VALUES ('m1', 77.0, 1800000000000, '{run}', 99, 0)",
        f"UPDATE latest_metrics SET value = 77.0, step = 99, timestamp = 1800000000000 WHERE run_uuid = '{run}' "
        "AND key = 'm1'",
        f"INSERT INTO params VALUES ('late', 'yes', '{run}')",
        f"UPDATE runs SET status = 'FINISHED', end_time = 1800000000001 WHERE run_uuid = '{run}'",
        f"UPDATE assessments SET assessment_id = 'a-{'0' * 32}' WHERE name = 'score'",
    )
    before = counts(target)
    report = bring(changeable)
    after = counts(target)
    assert report.problems == []
    assert {table: after[table] - before[table] for table in TABLES if after[table] != before[table]} == {
        "metrics": 1,
        "params": 1,
        "assessments": 1,
    }
    client = quire.Client(target)
    found = client.get_run(run)
    assert (found.info.status, found.info.end_time) == ("FINISHED", 1_800_000_000_001)
    assert (found.data.metrics["m1"], found.data.params["late"]) == (77.0, "yes")
    assert len(client.store.get_traces([trace])[0].info.assessments) == 5


def test_what_was_changed_here_is_kept(source: Source, bring: Bring, target: str) -> None:
    bring(source)
    client, run = quire.Client(target), source.made["runs"][4]
    client.set_tag(run, "kind", "better")
    client.log_metric(run, "m1", 1.5, step=200)
    client.set_terminated(run, "KILLED")
    client.set_registered_model_alias("joker", "champion", "1")
    client.restore_experiment(source.made["gone"])
    client.delete_experiment(source.made["second"])
    report = bring(source)
    assert report.problems == []
    found = client.get_run(run)
    assert (found.data.tags["kind"], found.data.metrics["m1"], found.info.status) == ("better", 1.5, "KILLED")
    assert client.get_registered_model("joker").aliases == {"champion": "1"}
    assert client.get_experiment(source.made["gone"]).lifecycle_stage == "active"
    assert client.get_experiment(source.made["second"]).lifecycle_stage == "deleted"


def test_traces_of_a_deleted_experiment_are_brought(changeable: Source, bring: Bring, target: str) -> None:
    number = changeable.made["second"]
    changeable.change(f"UPDATE experiments SET lifecycle_stage = 'deleted' WHERE experiment_id = {number}")
    assert bring(changeable).problems == []
    client = quire.Client(target)
    assert client.get_experiment(number).lifecycle_stage == "deleted"
    assert len(client.store.get_traces([changeable.made["trace"]])[0].spans) == 2


def test_a_long_history_is_whole(changeable: Source, bring: Bring, target: str) -> None:
    add_runs(changeable.uri, runs=1, values=22_000, prefix="f")
    assert bring(changeable).problems == []
    (run,) = quire.Client(target).search_runs([changeable.made["first"]], "params.made = 'f0'")
    history = quire.Client(target).get_metric_history(run.info.run_id, "loss")
    assert [item.step for item in history] == list(range(22_000))
    assert run.data.metrics["loss"] == history[-1].value


PROGRAM = """
import sys
from pathlib import Path
from quire.importing import import_mlflow
from quire.store.opening import open_store
def tell(kind, done, of):
    print(kind, done, of, flush=True)
source, target, folder, root = sys.argv[1:]
import_mlflow(source, open_store(target), artifacts=Path(folder), artifact_root=root, progress=tell)
"""


def test_an_import_that_was_killed_goes_on(changeable: Source, bring: Bring, target: str, tmp_path: Path) -> None:
    add_runs(changeable.uri, runs=1_000, values=8, prefix="e")
    whole = f"sqlite:///{tmp_path}/whole.db"
    bring(changeable, whole, artifacts=changeable.artifacts)
    command = [sys.executable, "-c", PROGRAM, changeable.uri, target, str(changeable.artifacts), str(tmp_path / "kept")]
    for wanted in ("runs 200 ", "runs 700 "):
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        for line in process.stdout:
            if line.startswith(wanted):
                process.send_signal(signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL
        process.stdout.close()
    partly = counts(target)["runs"]
    assert 700 <= partly < 1_000
    report = bring(changeable, artifacts=changeable.artifacts)
    assert (report.problems, report.count("runs").present) == ([], partly)
    assert counts(target) == counts(whole)
