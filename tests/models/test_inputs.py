"""Input data: every form becomes the same rows, and what has no rows is refused."""

from __future__ import annotations

import subprocess
import sys
import tracemalloc
from collections.abc import AsyncIterator
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from quire.domain.errors import SchemaError
from quire.models.inputs import async_rows, sync_rows

COLUMNS: dict[str, list[Any]] = {"x": ["a", "b"], "y": ["c", "d"], "n": [1, 2]}
TWO = [{"x": "a", "y": "c"}, {"x": "b", "y": "d"}]


def rows(data: Any, *columns: str) -> list[Any]:
    found, total = sync_rows(data, columns)
    taken = list(found)
    assert total is None or total == len(taken)
    return taken


@pytest.mark.parametrize(
    "frame",
    [
        pd.DataFrame(COLUMNS),
        pd.DataFrame(COLUMNS, index=[7, 7]),
        pl.DataFrame(COLUMNS),
        pl.LazyFrame(COLUMNS),
        pa.table(COLUMNS),
    ],
    ids=["pandas", "pandas index", "polars", "polars lazy", "arrow"],
)
def test_dataframes_give_the_columns_that_are_read(frame: Any) -> None:
    assert rows(frame, "x", "y") == TWO
    assert rows(frame, "y") == [{"y": "c"}, {"y": "d"}]
    assert rows(frame) == rows(frame, "unknown") == [{"x": "a"}, {"x": "b"}]
    assert rows(frame, "x", "z") == [{"x": "a", "y": "c", "n": 1}, {"x": "b", "y": "d", "n": 2}]


@pytest.mark.parametrize(
    "data",
    [
        ["a", "b"],
        ("a", "b"),
        iter(["a", "b"]),
        np.array(["a", "b"]),
        np.array([["a"], ["b"]]),
        pd.Series(["a", "b"]),
        pl.Series(["a", "b"]),
        pa.array(["a", "b"]),
        pa.chunked_array([["a"], ["b"]]),
        {"a": 1, "b": 2}.keys(),
        pd.Series(["a", "b"], dtype="category"),
    ],
    ids=lambda data: f"{type(data).__module__}.{type(data).__name__}",
)
def test_one_column_in_any_form_gives_bare_values(data: Any) -> None:
    assert rows(data, "x") == ["a", "b"]


@pytest.mark.parametrize(
    "data",
    [
        {"x": ["a", "b"], "y": ["c", "d"]},
        {"x": np.array(["a", "b"]), "y": pd.Series(["c", "d"])},
        {"x": pl.Series(["a", "b"]), "y": pa.array(["c", "d"])},
        {"x": ("a", "b"), "y": ["c", "d"]},
    ],
    ids=["lists", "numpy and pandas", "polars and arrow", "tuples"],
)
def test_a_mapping_of_columns_gives_a_row_for_each_position(data: Any) -> None:
    assert rows(data, "x", "y") == TWO


def test_a_mapping_of_values_is_one_row() -> None:
    assert rows({"x": "a", "y": ["c"]}, "x", "y") == [{"x": "a", "y": ["c"]}]
    assert rows("text", "x") == ["text"]


def test_columns_of_different_length_are_refused() -> None:
    with pytest.raises(SchemaError, match=r"The input's columns differ in length: \{'x': 1, 'y': 2\}"):
        rows({"x": ["a"], "y": ["c", "d"]})


@pytest.mark.parametrize(
    "data",
    [
        [],
        (),
        pd.DataFrame({"x": []}),
        pl.DataFrame({"x": []}),
        pa.table({"x": []}),
        pd.Series([]),
        np.array([]),
        {"x": []},
    ],
    ids=lambda data: f"{type(data).__module__}.{type(data).__name__}",
)
def test_data_without_rows_is_refused(data: Any) -> None:
    with pytest.raises(SchemaError, match=r"has no rows; expected at least one. Check the filter or join that made it"):
        rows(data, "x")


def test_a_stream_may_turn_out_empty() -> None:
    assert rows(iter([]), "x") == []


@pytest.mark.parametrize("data", [None, 3, b"bytes", object(), 1.5])
def test_data_of_another_kind_is_refused(data: Any) -> None:
    with pytest.raises(SchemaError, match=r"The input is .*; expected text, a mapping, a list of either, a dataframe"):
        rows(data)


def test_an_array_of_several_columns_is_refused() -> None:
    with pytest.raises(SchemaError, match=r"an array of shape \(2, 2\)"):
        rows(np.array([["a", "b"], ["c", "d"]]))


async def test_async_iterables_are_read_and_so_is_everything_else() -> None:
    async def source() -> AsyncIterator[str]:
        yield "a"
        yield "b"

    assert [row async for row in async_rows(source(), ["x"])] == ["a", "b"]
    assert [row async for row in async_rows(pl.DataFrame(COLUMNS), ["x", "y"])] == TWO
    with pytest.raises(SchemaError, match="an async iterable, which only apredict and apredict_iter can read"):
        sync_rows(source(), ["x"])


def test_lists_and_texts_import_no_dataframe_library() -> None:
    code = (
        "import sys; from quire.models.inputs import sync_rows\n"
        "for data in ('a', ['a'], {'x': ['a']}, {'x': 'a'}, iter('a')): list(sync_rows(data, ('x',))[0])\n"
        "print(sorted({'narwhals', 'pandas', 'numpy', 'polars', 'pyarrow'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_large_dataframe_is_read_in_slices() -> None:
    frame = pl.DataFrame({"x": pl.Series([f"text {n}" for n in range(400_000)])})
    tracemalloc.start()
    count = sum(1 for _row in sync_rows(frame, ["x"])[0])
    _now, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert count == 400_000
    assert peak < 8_000_000
