"""Tables: stored, appended to, read across runs."""

from __future__ import annotations

import datetime
import json
from pathlib import Path
from typing import Any

import pandas as pd
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import quire
from quire.domain.errors import InvalidInput, NotFound
from quire.tracking.tables import appended, columns_of, from_split_json, row_count, to_split_json

cells = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text() | st.floats(allow_nan=False)
tables = st.lists(st.text(min_size=1), unique=True, min_size=1, max_size=4).flatmap(
    lambda names: st.integers(0, 5).flatmap(
        lambda rows: st.fixed_dictionaries({name: st.lists(cells, min_size=rows, max_size=rows) for name in names})
    )
)


@given(tables)
def test_a_table_survives_its_file(table: dict[str, list[Any]]) -> None:
    finite = {
        name: [None if value in (float("inf"), float("-inf")) else value for value in column]
        for name, column in table.items()
    }
    assert from_split_json(to_split_json(finite), "t.json") == finite


@given(tables, tables)
def test_appending_keeps_every_row_of_both(first: dict[str, list[Any]], second: dict[str, list[Any]]) -> None:
    both = appended(first, second)
    assert row_count(both) == row_count(first) + row_count(second)
    assert set(both) == set(first) | set(second)
    for name, column in first.items():
        assert both[name][: len(column)] == column
    for name, column in second.items():
        assert both[name][row_count(first) :] == column


@pytest.mark.parametrize(
    "data",
    [
        {"a": [1, 2], "b": ["x", "y"]},
        [{"a": 1, "b": "x"}, {"a": 2, "b": "y"}],
        pd.DataFrame({"a": [1, 2], "b": ["x", "y"]}),
        pl.DataFrame({"a": [1, 2], "b": ["x", "y"]}),
        {"a": pd.Series([1, 2]), "b": ("x", "y")},
    ],
    ids=["columns", "rows", "pandas", "polars", "series"],
)
def test_a_table_is_stored_in_mlflows_form(data: object) -> None:
    with quire.start_run():
        quire.log_table(data, "t.json")
        content = json.loads(Path(quire.get_artifact_uri("t.json")).read_text())
    assert content == {"columns": ["a", "b"], "data": [[1, "x"], [2, "y"]]}


def test_values_that_json_lacks_are_written_plainly() -> None:
    day = datetime.datetime(2024, 1, 2, tzinfo=datetime.UTC)
    columns = columns_of(pd.DataFrame({"t": [pd.Timestamp(day), pd.NaT], "f": [1.5, float("nan")]}))
    assert json.loads(to_split_json(columns))["data"] == [["2024-01-02T00:00:00+00:00", 1.5], [None, None]]


def test_single_values_make_one_row() -> None:
    assert columns_of({"a": 1, "b": "text"}) == {"a": [1], "b": ["text"]}
    assert columns_of({"a": [1, 2], "b": "same"}) == {"a": [1, 2], "b": ["same", "same"]}


def test_logging_again_appends_and_marks_the_run() -> None:
    with quire.start_run() as run:
        quire.log_table({"a": [1]}, "t.json")
        quire.log_table({"a": [2], "b": ["x"]}, "t.json")
        quire.log_table({"a": [1]}, "other.json")
    loaded = quire.load_table("t.json")
    assert loaded.to_dict("list")["a"] == [1, 2]
    assert loaded["b"].isna().tolist() == [True, False]
    tag = quire.get_run(run.info.run_id).data.tags["mlflow.loggedArtifacts"]
    assert json.loads(tag) == [{"path": "t.json", "type": "table"}, {"path": "other.json", "type": "table"}]


def test_parquet_tables() -> None:
    with quire.start_run():
        quire.log_table({"a": [1, 2]}, "t.parquet")
        quire.log_table({"a": [3]}, "t.parquet")
    assert quire.load_table("t.parquet")["a"].tolist() == [1, 2, 3]


def test_tables_are_loaded_across_runs_with_what_is_known_of_each() -> None:
    ids = []
    for number in range(3):
        with quire.start_run() as run:
            quire.log_metric("n", number)
            quire.log_table({"row": [number, number], "run_id": ["?", "?"]}, "t.json")
            ids.append(run.info.run_id)
    with quire.start_run():
        quire.log_metric("n", 9)
    loaded = quire.load_table("t.json", extra_columns=["run_id", "metrics.n"])
    assert sorted(loaded["row"]) == [0, 0, 1, 1, 2, 2]
    assert set(loaded["run_id_"]) == set(ids)
    assert (loaded["metrics.n"] == loaded["row"]).all()
    assert quire.load_table("t.json", run_ids=ids[:1])["row"].tolist() == [0, 0]


def test_a_table_that_no_run_has_is_not_found() -> None:
    with pytest.raises(NotFound, match=r"No run of experiment 0 has a table 't.json'"):
        quire.load_table("t.json")


def test_many_threads_append_to_one_table() -> None:
    from concurrent.futures import ThreadPoolExecutor

    with quire.start_run() as run:
        pass
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: quire.log_table({"n": [n]}, "t.json", run_id=run.info.run_id), range(30)))
    assert sorted(quire.load_table("t.json")["n"]) == list(range(30))


def test_columns_of_pictures_are_stored_beside_the_table() -> None:
    with quire.start_run() as run:
        quire.log_table({"q": ["dog"], "a": [quire.Image([[0, 255]])]}, "t.json")
    entry = quire.load_table("t.json")["a"][0]
    assert entry["type"] == "image"
    assert quire.artifacts.load_image(f"runs:/{run.info.run_id}/{entry['filepath']}").size == (2, 1)
    with quire.start_run(), pytest.raises(InvalidInput, match="'a' of the table mixes pictures"):
        quire.log_table({"a": [quire.Image([[0]]), "x"]}, "t.json")


@pytest.mark.parametrize(
    ("data", "name", "message"),
    [
        ({"a": [1], "b": [1, 2]}, "t.json", r"different lengths: \{'a': 1, 'b': 2\}"),
        ("text", "t.json", "must be a dictionary of columns, a list of rows or a dataframe, not str"),
        ([1, 2], "t.json", "must be a list of dictionaries"),
        ({"a": [1, object()]}, "t.json", "Column 'a' of the table holds object in row 1"),
        ({"a": [1]}, "t.csv", r"'t.csv' ends in neither"),
        ({"a": [1]}, "../t.json", "is not an artifact path"),
    ],
)
def test_a_wrong_table_is_refused(data: object, name: str, message: str) -> None:
    with quire.start_run(), pytest.raises(InvalidInput, match=message):
        quire.log_table(data, name)


def test_a_file_that_is_no_table_is_refused() -> None:
    with quire.start_run():
        quire.log_text("[]", "t.json")
        with pytest.raises(InvalidInput, match=r"'t.json' is not a table that log_table wrote"):
            quire.log_table({"a": [1]}, "t.json")
