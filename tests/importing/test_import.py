"""What MLflow wrote is read back from Quire's store, the same."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

import quire
from quire.domain.errors import NotFound
from quire.domain.traces import Trace
from quire.importing import Report, import_mlflow
from quire.store.opening import open_store
from tests.importing.conftest import Source

pytestmark = pytest.mark.mlflow


@pytest.fixture(scope="module")
def imported(source: Source, tmp_path_factory: pytest.TempPathFactory) -> tuple[quire.Client, Report]:
    """A client of a store into which everything was imported, and the report."""
    folder = tmp_path_factory.mktemp("imported")
    uri = f"sqlite:///{folder}/quire.db"
    report = import_mlflow(source.uri, open_store(uri), artifact_root=str(folder / "kept"))
    return quire.Client(uri), report


def test_everything_that_is_there_is_counted(imported: tuple[quire.Client, Report], source: Source) -> None:
    report = imported[1]
    assert report.problems == []
    found = {count.kind: count.found for count in report.counts}
    for kind, table in {
        "experiments": "experiments",
        "runs": "runs",
        "metric values": "metrics",
        "params": "params",
        "tags": "tags",
        "logged models": "logged_models",
        "registered models": "registered_models",
        "traces": "trace_info",
        "spans": "spans",
        "assessments": "assessments",
        "evaluation datasets": "evaluation_datasets",
        "records": "evaluation_dataset_records",
    }.items():
        assert found[kind] == source.value(f"SELECT count(*) FROM {table}") > 0, kind
    assert report.count("runs").added == 7
    assert report.checked >= 13


def test_experiments_keep_ids_times_and_tags(imported: tuple[quire.Client, Report], source: Source) -> None:
    client = imported[0]
    first = client.get_experiment(source.made["first"])
    assert (first.name, first.tags["team"], first.tags["note"]) == ("first", "a", "é\n✓")
    created = source.value("SELECT creation_time FROM experiments WHERE name = 'first'")
    assert first.creation_time == created
    assert client.get_experiment(source.made["gone"]).lifecycle_stage == "deleted"


def test_runs_come_with_times_and_every_metric_value(imported: tuple[quire.Client, Report], source: Source) -> None:
    client = imported[0]
    run = client.get_run(source.made["runs"][4])
    assert (run.info.run_name, run.info.start_time, run.info.status) == ("run 4", 1_700_000_000_005, "RUNNING")
    assert run.data.metrics["m1"] == 3.0
    assert math.isnan(run.data.metrics["nan"])
    assert (run.data.metrics["inf"], run.data.metrics["minus"]) == (math.inf, -math.inf)
    assert run.data.params["long"] == "x" * 5000
    assert run.data.params["ünï"] == "✓ \\ ' \""
    assert run.data.tags["empty"] == ""
    history = client.get_metric_history(run.info.run_id, "m1")
    assert [(item.step, item.value) for item in history] == [(step, step * 0.5 + 1) for step in range(5)]
    twice = client.get_metric_history(run.info.run_id, "twice")
    assert sorted((item.step, item.timestamp, item.value) for item in twice) == [(2, 8, 0.5), (3, 7, 1.0), (3, 7, 2.0)]
    assert run.data.metrics["twice"] == 2.0


def test_ended_and_deleted_runs_are_so_here(imported: tuple[quire.Client, Report], source: Source) -> None:
    client, runs = imported[0], source.made["runs"]
    ended, failed = client.get_run(runs[0]).info, client.get_run(runs[1]).info
    assert (ended.status, ended.end_time) == ("FINISHED", 1_700_000_001_000)
    assert (failed.status, failed.end_time) == ("FAILED", 1_700_000_002_000)
    assert client.get_run(runs[2]).info.lifecycle_stage == "deleted"
    found = client.search_runs([source.made["first"]], "metrics.m1 > 1.2 AND tags.kind = 'test'")
    assert {run.info.run_id for run in found} == {runs[1], runs[3], runs[4]}
    assert client.get_run(source.made["lost"]).info.lifecycle_stage == "deleted"


def test_runs_are_linked_to_their_data_and_models(imported: tuple[quire.Client, Report], source: Source) -> None:
    client, model = imported[0], source.made["model"]
    run = client.get_run(source.made["runs"][0])
    (used,) = run.inputs.dataset_inputs
    assert (used.dataset.name, used.tags["part"], used.tags["mlflow.data.context"]) == ("numbers", "1", "training")
    assert [(item.model_id, item.step) for item in run.outputs.model_outputs] == [(model, 4)]
    assert [item.model_id for item in client.get_run(source.made["runs"][3]).inputs.model_inputs] == [model]
    found = client.get_logged_model(model)
    assert (found.params, found.tags["stage"], found.model_type) == ({"depth": "3", "width": "9"}, "raw", "tree")
    (metric,) = found.metrics or []
    assert (metric.key, metric.value, metric.step, metric.run_id, metric.dataset_name) == (
        "accuracy",
        0.75,
        1,
        run.info.run_id,
        "numbers",
    )
    with pytest.raises(NotFound):
        client.get_logged_model(source.made["dropped"])


def test_registered_models_keep_versions_aliases_and_stages(
    imported: tuple[quire.Client, Report], source: Source
) -> None:
    client = imported[0]
    joker = client.get_registered_model("joker")
    assert (joker.description, joker.tags, joker.aliases) == ("tells jokes", {"owner": "ann"}, {"champion": "2"})
    one, two = client.get_model_version("joker", "1"), client.get_model_version_by_alias("joker", "champion")
    assert (one.current_stage, one.description, one.tags) == ("Archived", "the first", {"ok": "yes"})
    assert (two.version, two.model_id) == ("2", source.made["model"])
    with pytest.raises(NotFound):
        client.get_model_version("joker", "3")
    assert client.search_model_versions("name = 'empty'") == []


def test_prompts_are_read_as_prompts(imported: tuple[quire.Client, Report]) -> None:
    version = imported[0].get_model_version("greet", "2")
    assert version.tags["mlflow.prompt.text"] == "Hi {{name}}"
    assert version.description == "shorter"
    assert imported[0].get_registered_model("greet").tags["mlflow.prompt.is_prompt"] == "true"


def read_trace(client: quire.Client, trace_id: str) -> Trace:
    (trace,) = client.store.get_traces([trace_id])
    return trace


def test_traces_come_with_spans_tags_and_opinions(imported: tuple[quire.Client, Report], source: Source) -> None:
    trace = read_trace(imported[0], source.made["trace"])
    assert (trace.info.state, trace.info.tags["seen"], trace.info.tags["mlflow.traceName"]) == ("OK", "yes", "root")
    root, child = sorted(trace.spans, key=lambda span: span.name, reverse=True)
    assert (root.name, child.name, child.parent_id, child.type) == ("root", "child", root.span_id, "LLM")
    opinions = {item.assessment_name: item for item in trace.info.assessments if item.valid}
    assert {name: item.value for name, item in opinions.items()} == {
        "good": False,
        "score": 0.25,
        "answer": {"text": "because"},
    }
    (before,) = [item for item in trace.info.assessments if not item.valid]
    assert (before.value, before.rationale, before.metadata["a"]) == (True, "short", "b")
    assert opinions["good"].overrides == before.assessment_id


def test_evaluation_datasets_come_with_records(imported: tuple[quire.Client, Report], source: Source) -> None:
    store = imported[0].store
    dataset = store.get_dataset(source.made["dataset"])
    assert (dataset.name, dataset.tags["lang"]) == ("questions", "en")
    assert sorted(dataset.experiment_ids) == [source.made["first"], source.made["second"]]
    records = sorted(store.get_records(source.made["dataset"]), key=lambda record: str(record.inputs))
    assert [(item.inputs, item.expectations) for item in records] == [({"q": str(n)}, {"a": n}) for n in range(3)]


def test_work_goes_on_where_mlflow_left_it(source: Source, tmp_path: Path) -> None:
    uri = f"sqlite:///{tmp_path}/quire.db"
    import_mlflow(source.uri, open_store(uri), artifact_root=str(tmp_path / "kept"))
    client = quire.Client(uri)
    run = source.made["runs"][4]
    client.log_metric(run, "m1", 9.0, step=5)
    client.set_terminated(run)
    assert [item.value for item in client.get_metric_history(run, "m1")][-2:] == [3.0, 9.0]
    assert client.search_runs([source.made["first"]], "metrics.m1 = 9")[0].info.run_id == run
    assert client.create_model_version("joker", "models:/joker/1").version == "4"
    assert int(client.create_experiment("new")) > int(source.made["gone"])
