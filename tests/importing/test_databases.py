"""SQLite and PostgreSQL, each as source and as target; MLflow 3 and 2."""

from __future__ import annotations

from pathlib import Path

import pytest

import quire
from quire.importing import Report
from quire.store.opening import open_store
from tests.importing.conftest import Bring, Source, fill
from tests.postgres import create_database, drop_database


def all_of(uri: str) -> dict[str, object]:
    """Everything that can be read, in a form that is compared."""
    client, store = quire.Client(uri), open_store(uri)
    experiments = client.search_experiments(view_type="ALL")
    ids = [experiment.experiment_id for experiment in experiments]
    runs = client.search_runs(ids, run_view_type="ALL")
    names = [model.name for model in client.search_registered_models()]
    return {
        "experiments": [
            (e.experiment_id, e.name, e.lifecycle_stage, e.tags) for e in experiments if e.name != "Default"
        ],
        "runs": sorted(repr(run) for run in runs),
        "histories": sorted(
            repr((run.info.run_id, key, client.get_metric_history(run.info.run_id, key)))
            for run in runs
            for key in run.data.metrics
        ),
        "registered models": [client.get_registered_model(name) for name in names],
        "versions": client.search_model_versions(),
        "logged models": client.search_logged_models(ids[:3]),
        "traces": [store.get_traces([info.trace_id]) for info in store.search_traces(ids[:3])],
    }


@pytest.mark.mlflow
def test_postgresql_holds_what_sqlite_holds(source: Source, bring: Bring, target: str, postgres_uri: str) -> None:
    for uri in (target, postgres_uri, postgres_uri):
        assert bring(source, uri).problems == []
    assert all_of(postgres_uri) == all_of(target)
    client = quire.Client(postgres_uri)
    assert client.create_experiment("after") == "4"
    client.log_metric(source.made["runs"][4], "m1", 8.0, step=9)
    assert client.create_model_version("joker", "models:/joker/1").version == "4"


@pytest.mark.mlflow
def test_a_dry_run_makes_no_tables(source: Source, bring: Bring, postgres_uri: str) -> None:
    assert bring(source, postgres_uri, dry_run=True).count("runs").added == 7
    assert quire.Client(postgres_uri).search_runs(["0"], run_view_type="ALL") == []


@pytest.mark.mlflow
@pytest.mark.slow
def test_mlflow_on_postgresql_is_imported(
    mlflow_python: Path, bring: Bring, target: str, postgres_uri: str, tmp_path: Path
) -> None:
    source = fill(mlflow_python, tmp_path, postgres_uri.replace("postgresql:", "postgresql+psycopg2:"))
    second = create_database(postgres_uri)
    try:
        for uri in (target, second, target):
            report = bring(source, uri, artifacts=source.artifacts)
            assert_all(report)
        assert all_of(second) == all_of(target)
        with pytest.raises(quire.QuireError, match="was made by MLflow"):
            open_store(postgres_uri)
    finally:
        drop_database(second)


def assert_all(report: Report) -> None:
    assert (report.problems, report.left_out) == ([], [])
    found = {count.kind: count.found for count in report.counts}
    assert (found["runs"], found["model versions"], found["spans"], found["records"]) == (7, 4, 2, 3)


@pytest.mark.mlflow
@pytest.mark.slow
def test_a_database_of_mlflow_2_is_imported(source_of_two: Source, bring: Bring, target: str) -> None:
    assert source_of_two.made["version"].startswith("2.")
    report = bring(source_of_two, artifacts=source_of_two.artifacts)
    assert report.problems == []
    client, made = quire.Client(target), source_of_two.made
    run = client.get_run(made["runs"][0])
    assert (run.data.metrics["inf"], run.info.end_time) == (float("inf"), 1_700_000_001_000)
    assert [item.dataset.name for item in run.inputs.dataset_inputs] == ["numbers"]
    assert [item.path for item in client.list_artifacts(made["runs"][0], "notes")] == ["notes/note.txt"]
    assert client.get_registered_model("joker").aliases == {"champion": "2"}
    (trace,) = client.store.get_traces([made["trace"]])
    root, child = sorted(trace.spans, key=lambda span: span.name, reverse=True)
    assert (root.name, child.parent_id, child.type, trace.info.tags["seen"]) == ("root", root.span_id, "LLM", "yes")
