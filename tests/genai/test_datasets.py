"""Evaluation datasets under MLflow's names."""

from __future__ import annotations

import inspect
import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

import quire
from quire.domain.errors import InvalidInput, InvalidState, NotFound
from quire.genai import datasets


@pytest.fixture(autouse=True)
def store(tmp_path: Path) -> str:
    """The current store: an SQLite file of this test's own."""
    uri = f"sqlite:///{tmp_path}/quire.db"
    quire.set_tracking_uri(uri)
    return uri


def test_a_dataset_from_its_making_to_its_end() -> None:
    experiment = quire.set_experiment("genai").experiment_id
    made = quire.genai.create_dataset("qa", tags={"team": "red"})
    assert made.experiment_ids == [experiment]
    assert made.has_records() is False
    assert made.created_by == made.tags["mlflow.user"]
    made.merge_records([{"inputs": {"q": 1}, "expectations": {"a": 1}}, {"inputs": {"q": 2}}])
    assert [record.source_type for record in made.records] == ["HUMAN", "CODE"]
    assert made.has_records() is True
    assert json.loads(made.profile or "") == {"num_records": 2}
    assert json.loads(made.schema or "")["inputs"] == {"q": "integer"}
    found = datasets.get_dataset(name="qa")
    assert found == datasets.get_dataset(dataset_id=made.dataset_id)
    assert found.digest == made.digest
    assert found.delete_records([found.records[0].dataset_record_id]) == 1
    assert [record.inputs for record in found.records] == [{"q": 2}]
    datasets.delete_dataset(dataset_id=made.dataset_id)
    with pytest.raises(NotFound):
        datasets.get_dataset("qa")


def test_a_dataframe_in_and_out() -> None:
    pandas = pytest.importorskip("pandas")
    made = datasets.create_dataset("frame", experiment_id="0")
    frame = pandas.DataFrame([{"inputs": {"q": 1}, "expectations": {"a": 1}}, {"inputs": {"q": 2}}])
    out = made.merge_records(frame).to_df()
    assert list(out.columns)[:4] == ["inputs", "outputs", "expectations", "tags"]
    assert out["inputs"].tolist() == [{"q": 1}, {"q": 2}]
    assert datasets.create_dataset("empty").to_df().columns.tolist() == list(out.columns)


def test_tags_and_experiments() -> None:
    made = datasets.create_dataset("tagged", experiment_id=["0"])
    datasets.set_dataset_tags(made.dataset_id, {"a": "1", "b": 2})
    datasets.set_dataset_tags(made.dataset_id, {"a": None})
    datasets.delete_dataset_tag(made.dataset_id, "absent")
    found = datasets.get_dataset("tagged")
    assert {key: value for key, value in found.tags.items() if key in "ab"} == {"b": "2"}
    other = quire.create_experiment("other")
    assert datasets.add_dataset_to_experiments(made.dataset_id, [other]).experiment_ids == ["0", other]
    assert datasets.remove_dataset_from_experiments(made.dataset_id, ["0"]).experiment_ids == [other]
    with pytest.raises(InvalidInput):
        datasets.set_dataset_tags(made.dataset_id, None)  # type: ignore[arg-type]


def test_search() -> None:
    for name in ("a1", "a2", "b1"):
        datasets.create_dataset(name, experiment_id="0", tags={"team": name[0]})
    assert {item.name for item in datasets.search_datasets()} == {"a1", "a2", "b1"}
    assert [item.name for item in datasets.search_datasets("0", "tags.team = 'a'", order_by=["name ASC"])] == [
        "a1",
        "a2",
    ]
    assert len(datasets.search_datasets(max_results=2)) == 2


def test_a_version_is_read_and_not_changed() -> None:
    made = datasets.create_dataset("versions")
    made.merge_records([{"inputs": {"q": 1}}])
    first = quire.datasets.load("versions")
    made.merge_records([{"inputs": {"q": 2}}])
    (version,) = made.list_versions()
    then = datasets.get_dataset("versions", version=version)
    assert (then.version, then.digest, len(then.records)) == (1, first.digest, 1)
    assert json.loads(then.profile or "") == {"num_records": 1}
    assert then != made
    with pytest.raises(InvalidState, match="does not change"):
        then.merge_records([{"inputs": {"q": 3}}])


@pytest.mark.parametrize(
    "records", [[{"q": 1}], ["text"], [{"inputs": 3}], [{"inputs": {"q": 1}, "tags": 3}], {"q": [1]}]
)
def test_records_that_are_none_are_named(records: Any) -> None:
    made = datasets.create_dataset("bad")
    with pytest.raises(InvalidInput, match=r"Record 1|no column 'inputs'"):
        made.merge_records(records)


def test_what_is_named_twice_or_not_at_all_is_refused() -> None:
    with pytest.raises(InvalidInput):
        datasets.get_dataset()
    with pytest.raises(InvalidInput):
        datasets.get_dataset("a", "d-1")
    with pytest.raises(InvalidInput):
        datasets.delete_dataset("a", "d-1")
    with pytest.raises(InvalidInput):
        datasets.create_dataset()


DESCRIBE = """
import inspect, json
from mlflow.genai import datasets

shared = [name for name in datasets.__all__ if name[0].islower()]
print(">>>" + json.dumps({name: list(inspect.signature(getattr(datasets, name)).parameters) for name in shared}))
"""


@pytest.mark.mlflow
def test_the_functions_are_mlflows_with_its_parameters(mlflow_python: Path) -> None:
    command = [str(mlflow_python), "-W", "ignore", "-c", DESCRIBE]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)
    theirs = json.loads(done.stdout.rpartition(">>>")[2])
    ours = {name: list(inspect.signature(getattr(datasets, name)).parameters) for name in theirs}
    assert ours == theirs


def test_every_name_of_the_module_is_one_of_genai() -> None:
    for name in datasets.__all__:
        if name[0].islower():
            assert getattr(quire.genai, name) is getattr(datasets, name)
    assert quire.genai.datasets is datasets
