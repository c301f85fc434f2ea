"""Searching: lists, dataframes, pages."""

from __future__ import annotations

import time
from pathlib import Path

import pandas as pd
import pytest

import quire
from quire.domain.errors import InvalidInput


@pytest.fixture
def runs() -> list[str]:
    ids = []
    quire.set_experiment("first")
    for number in range(3):
        with quire.start_run(run_name=f"r{number}", tags={"kind": "a" if number else "b"}) as run:
            quire.log_metric("score", number / 2)
            if number:
                quire.log_param("p", number)
        ids.append(run.info.run_id)
        time.sleep(0.002)  # runs that start in one millisecond are ordered by their ids
    quire.set_experiment("second")
    with quire.start_run():
        pass
    quire.set_experiment("first")
    return ids


def test_the_active_experiment_is_searched_newest_first(runs: list[str]) -> None:
    found = quire.search_runs(output_format="list")
    assert [run.info.run_id for run in found] == runs[::-1]


def test_a_dataframe_has_mlflows_columns(runs: list[str]) -> None:
    frame = quire.search_runs(order_by=["metrics.score ASC"])
    assert frame.columns[:6].tolist() == [
        "run_id",
        "experiment_id",
        "status",
        "artifact_uri",
        "start_time",
        "end_time",
    ]
    assert frame["run_id"].tolist() == runs
    assert frame["metrics.score"].tolist() == [0, 0.5, 1]
    assert frame["params.p"].isna().tolist() == [True, False, False]
    assert frame["tags.kind"].tolist() == ["b", "a", "a"]
    assert str(frame["start_time"].dtype) == "datetime64[us, UTC]"
    assert abs((pd.Timestamp.now("UTC") - frame["start_time"][0]).total_seconds()) < 60


def test_an_empty_dataframe_has_the_fixed_columns() -> None:
    frame = quire.search_runs()
    assert len(frame) == 0
    assert frame.columns.tolist() == ["run_id", "experiment_id", "status", "artifact_uri", "start_time", "end_time"]


def test_polars(runs: list[str]) -> None:
    frame = quire.search_runs(output_format="polars", order_by=["metrics.score ASC"])
    assert frame["run_id"].to_list() == runs
    assert frame["metrics.score"].to_list() == [0, 0.5, 1]
    assert str(frame.schema["start_time"]) == "Datetime(time_unit='ms', time_zone='UTC')"
    with quire.start_run():
        assert quire.search_runs(output_format="polars")["end_time"].null_count() == 1


def test_filters_orders_limits_and_experiments(runs: list[str]) -> None:
    def found(**search: object) -> list[str]:
        return [run.info.run_id for run in quire.search_runs(output_format="list", **search)]  # type: ignore[call-overload]

    assert found(filter_string="metrics.score > 0.2 and params.p = '2'") == [runs[2]]
    assert found(filter_string="tags.kind = 'b'") == [runs[0]]
    assert found(order_by=["metrics.score DESC"], max_results=2) == [runs[2], runs[1]]
    assert len(found(search_all_experiments=True)) == 4
    assert len(found(experiment_names=["second", "no such name"])) == 1
    assert found(experiment_names=["no such name"]) == []
    assert found(experiment_ids=["1"]) == runs[::-1]
    quire.delete_run(runs[0])
    assert found(run_view_type=quire.entities.ViewType.DELETED_ONLY) == [runs[0]]
    assert len(found(run_view_type="ALL")) == 3
    with pytest.raises(InvalidInput, match="not both"):
        found(experiment_ids=["1"], experiment_names=["first"])
    with pytest.raises(InvalidInput, match="'NONE' does not exist"):
        found(run_view_type="NONE")
    with pytest.raises(InvalidInput):
        found(filter_string="metrics.score >")
    with pytest.raises(InvalidInput, match=r"'csv' does not exist. Expected one of pandas, list, polars"):
        quire.search_runs(output_format="csv")  # type: ignore[call-overload]


def test_results_come_through_many_pages(client: quire.Client) -> None:
    for _ in range(25):
        client.create_run("0")
    page = client.search_runs(["0"], max_results=10)
    assert len(page) == 10
    assert len(client.search_runs(["0"], max_results=10, page_token=page.token)) == 10
    assert len(quire.search_runs(output_format="list", max_results=23)) == 23


def test_without_pandas_the_error_says_what_to_install(script) -> None:
    printed = script(
        "import sys; sys.modules['pandas'] = None; sys.modules['polars'] = None\n"
        "import quire\n"
        "for kind in ('pandas', 'polars'):\n"
        "    try: quire.search_runs(output_format=kind)\n"
        "    except quire.exceptions.MissingExtra as error: print(error)\n"
        "print(quire.search_runs(output_format='list'))"
    )
    assert "pip install 'quire[pandas]'" in printed
    assert "pip install polars" in printed
    assert printed.endswith("[]")


def test_logged_models_are_searched() -> None:
    for number in range(3):
        quire.create_external_model(f"m{number}", params={"n": number}, tags={"t": "x"})
    models = quire.search_logged_models(output_format="list", order_by=[{"field_name": "creation_time"}])
    assert sorted(model.name for model in models) == ["m0", "m1", "m2"]
    frame = quire.search_logged_models(filter_string="name = 'm1'")
    assert frame["model_id"].tolist() == [model.model_id for model in models if model.name == "m1"]
    assert {"artifact_location", "params", "tags", "status", "source_run_id"} <= set(frame.columns)
    assert len(quire.search_logged_models(output_format="list", max_results=2)) == 2
    with pytest.raises(InvalidInput, match="does not say an order"):
        quire.search_logged_models(order_by=[{"ascending": True}])
    with pytest.raises(InvalidInput, match="names no dataset"):
        quire.search_logged_models(datasets=[{"name": "d"}])


def test_logged_models_are_searched_by_the_dataset_they_were_measured_on() -> None:
    with quire.start_run():
        for name, value in (("a", 0.5), ("b", 0.7)):
            model = quire.create_external_model(name)
            data = quire.data.from_dict({"x": [value]}, name=name)
            quire.log_metric("acc", value, model_id=model.model_id, dataset=data)
    found = quire.search_logged_models(datasets=[{"dataset_name": "a"}], output_format="list")
    assert [model.name for model in found] == ["a"]
    order = {"field_name": "metrics.acc", "ascending": False, "dataset_name": "a"}
    assert [model.name for model in quire.search_logged_models(order_by=[order], output_format="list")] == ["a", "b"]


@pytest.mark.mlflow
@pytest.mark.slow
def test_mlflow_gives_the_same_dataframe_for_the_same_script(mlflow_python: Path, script, workspace: Path) -> None:
    """One script, run with both libraries: the columns, their order by kind, types and values are the same."""
    import json
    import subprocess
    import sys

    text = (
        "import json, time, {name}\n"
        "{name}.set_tracking_uri('sqlite:///{name}.db')\n"
        "{name}.set_experiment('e')\n"
        "with {name}.start_run(run_name='one'):\n"
        "    {name}.log_param('p', 1); {name}.log_metric('m', 2); {name}.set_tag('t', 'x')\n"
        "time.sleep(0.01)\n"
        "with {name}.start_run(run_name='two'):\n"
        "    {name}.log_metric('n', 3)\n"
        "frame = {name}.search_runs(order_by=['attributes.start_time ASC'])\n"
        "frame = frame[[c for c in frame.columns if c != 'tags.mlflow.source.name']]\n"
        "kinds = {{c: str(frame[c].dtype) for c in frame.columns}}\n"
        "same = [c for c in sorted(frame.columns) if c[:3] in ('met', 'par', 'tag', 'sta') and 'time' not in c]\n"
        "print('>>>' + json.dumps([kinds, json.loads(frame[same].to_json())]))\n"
    )

    def run(python: Path | str, name: str) -> tuple[dict[str, str], object]:
        done = subprocess.run(
            [str(python), "-c", text.format(name=name)], capture_output=True, text=True, check=True, cwd=workspace
        )
        kinds, values = json.loads(done.stdout.split(">>>")[1])
        return kinds, values

    ours, our_values = run(sys.executable, "quire")
    theirs, their_values = run(mlflow_python, "mlflow")
    assert ours == theirs
    assert list(ours)[:6] == list(theirs)[:6]
    assert our_values == their_values
