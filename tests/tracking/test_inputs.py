"""Datasets and models that a run read."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pytest

import quire
from quire.domain.errors import InvalidInput, NotFound

ROWS = {"a": [1, 2], "b": ["x", None], "c": [1.5, float("nan")]}


def test_the_same_content_has_the_same_digest_whatever_holds_it() -> None:
    described = [
        quire.data.from_dict(ROWS),
        quire.data.from_pandas(pd.DataFrame(ROWS)),
        quire.data.from_polars(pl.DataFrame(ROWS)),
        quire.data.from_dict([{"a": 1, "b": "x", "c": 1.5}, {"a": 2}]),
    ]
    assert len({dataset.digest for dataset in described}) == 1
    assert len({dataset.to_entity().schema for dataset in described}) == 1


@pytest.mark.parametrize("changed", [{"a": [1, 3]}, {"a": [2, 1]}, {"d": [1, 2]}])
def test_other_content_has_another_digest(changed: dict[str, list[int]]) -> None:
    assert quire.data.from_dict({**ROWS, **changed}).digest != quire.data.from_dict(ROWS).digest


def test_a_change_behind_ten_thousand_rows_shows() -> None:
    one, two = list(range(20_001)), [*range(20_000), -1]
    assert quire.data.from_dict({"a": one}).digest != quire.data.from_dict({"a": two}).digest


def test_a_description_has_mlflows_form() -> None:
    entity = quire.data.from_pandas(pd.DataFrame(ROWS), source="data.csv", name="n", targets="a").to_entity()
    assert (entity.name, entity.source_type, json.loads(entity.source)) == ("n", "local", {"uri": "data.csv"})
    assert json.loads(entity.schema or "") == {
        "mlflow_colspec": [
            {"type": "long", "name": "a", "required": True},
            {"type": "string", "name": "b", "required": False},
            {"type": "double", "name": "c", "required": False},
        ]
    }
    assert json.loads(entity.profile or "") == {"num_rows": 2, "num_elements": 6}


@pytest.mark.parametrize(
    ("source", "kind", "kept"),
    [
        ("https://host/x.csv", "http", {"url": "https://host/x.csv"}),
        ("s3://b/x.csv", "s3", {"uri": "s3://b/x.csv"}),
        (Path("x.csv"), "local", {"uri": "x.csv"}),
    ],
)
def test_sources(source: str | Path, kind: str, kept: dict[str, str]) -> None:
    dataset = quire.data.from_dict(ROWS, source=source)
    assert (dataset.source_type, quire.data.get_source(dataset.to_entity())) == (kind, kept)
    assert quire.data.from_dict(ROWS).source_type == "code"


def test_a_jsonl_file_is_its_own_source(workspace: Path) -> None:
    (workspace / "q.jsonl").write_text('{"a": 1}\n\n{"a": 2}\n')
    dataset = quire.data.from_jsonl("q.jsonl")
    assert (dataset.name, dataset.profile["num_rows"], dataset.source) == ("q", 2, {"uri": "q.jsonl"})
    (workspace / "bad.jsonl").write_text('{"a": 1}\n[1]\n')
    with pytest.raises(InvalidInput, match=r"Line 2 of 'bad.jsonl' is not a JSON object"):
        quire.data.from_jsonl("bad.jsonl")
    with pytest.raises(NotFound, match=r"absent\.jsonl"):
        quire.data.from_jsonl("absent.jsonl")


def test_arrays() -> None:
    dataset = quire.data.from_numpy(np.arange(6).reshape(3, 2), targets=np.arange(3))
    assert dataset.profile == {"num_rows": 3, "num_elements": 6}


def test_a_column_that_does_not_exist_is_refused() -> None:
    with pytest.raises(InvalidInput, match="`targets` names the column 'z'; the data has a, b, c"):
        quire.data.from_dict(ROWS, targets="z")


def test_inputs_are_recorded_once_with_their_context() -> None:
    dataset = quire.data.from_dict(ROWS, name="d")
    with quire.start_run() as run:
        quire.log_input(dataset, context="training", tags={"v": "1"})
        quire.log_input(dataset, context="training", tags={"v": "1"})
    inputs = quire.get_run(run.info.run_id).inputs.dataset_inputs
    assert [(each.dataset.name, each.dataset.digest, each.tags) for each in inputs] == [
        ("d", dataset.digest, {"mlflow.data.context": "training", "v": "1"})
    ]


def test_many_inputs_at_once_and_models() -> None:
    model = quire.create_external_model("m")
    one, two = quire.data.from_dict({"a": [1]}, name="one"), quire.data.from_dict({"a": [2]}, name="two")
    with quire.start_run() as run:
        quire.log_inputs([one, two], contexts=["training", None], tags_list=[None, {"k": "v"}])
        quire.log_input(model=quire.entities.LoggedModelInput(model_id=model.model_id))
    inputs = quire.get_run(run.info.run_id).inputs
    assert {each.dataset.name: each.tags for each in inputs.dataset_inputs} == {
        "one": {"mlflow.data.context": "training"},
        "two": {"k": "v"},
    }
    assert [each.model_id for each in inputs.model_inputs] == [model.model_id]


def test_wrong_inputs_are_refused() -> None:
    with quire.start_run():
        with pytest.raises(InvalidInput, match=r"list is not a dataset. Make one with quire.data.from_pandas"):
            quire.log_input([1])  # type: ignore[arg-type]
        with pytest.raises(InvalidInput, match="`dataset` is not given"):
            quire.log_input(context="training")
        with pytest.raises(InvalidInput, match="must be equally long, not 1, 0 and 0"):
            quire.log_inputs([quire.data.from_dict({"a": [1]})])
