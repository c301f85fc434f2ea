"""Input examples: MLflow's files, there and back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest

from quire.domain.errors import InvalidInput
from quire.domain.package import make_package
from quire.models import Extras, Model, save_package
from quire.models.example import make_example

SPLIT = '{"columns": ["x"], "data": [["a"], ["b"]]}'


@pytest.mark.parametrize(
    ("given", "kind", "content"),
    [
        (["a"], {"type": "json_object"}, '["a"]'),
        ("a", {"type": "json_object"}, '"a"'),
        ({"x": "a"}, {"type": "json_object"}, '{"x": "a"}'),
        (pd.DataFrame({"x": ["a", "b"]}, index=[5, 6]), {"type": "dataframe", "pandas_orient": "split"}, SPLIT),
        (pl.DataFrame({"x": ["a", "b"]}), {"type": "dataframe", "pandas_orient": "split"}, SPLIT),
        (np.array(["a"]), {"type": "ndarray"}, '["a"]'),
        (pd.Series(["a"]), {"type": "json_object"}, '["a"]'),
        (
            (["a"], {"temperature": 1}),
            {"type": "json_object", "params": "true"},
            '{"inputs": ["a"], "params": {"temperature": 1}}',
        ),
    ],
)
def test_each_kind_has_mlflows_form(given: Any, kind: dict[str, str], content: str) -> None:
    example = make_example(given)
    assert example.info == {
        "artifact_path": "input_example.json",
        "serving_input_path": "serving_input_example.json",
        **kind,
    }
    assert example.files["input_example.json"] == content


def test_the_serving_form_is_the_body_of_a_scoring_server() -> None:
    files = make_example((["a"], {"temperature": 1})).files
    assert files["serving_input_example.json"] == (
        '{\n  "inputs": [\n    "a"\n  ],\n  "params": {\n    "temperature": 1\n  }\n}'
    )
    frame = make_example(pd.DataFrame({"x": ["a"]})).files["serving_input_example.json"]
    assert frame.startswith('{\n  "dataframe_split": {')


@pytest.mark.parametrize(
    ("given", "read"),
    [
        (pd.DataFrame({"x": ["a", "b"], "n": [1, 2]}), [{"x": "a", "n": 1}, {"x": "b", "n": 2}]),
        ((["a"], {"temperature": 1}), ["a"]),
        ({"x": "a"}, {"x": "a"}),
        (None, None),
    ],
)
def test_an_example_is_read_back_as_plain_data(tmp_path: Path, given: Any, read: Any) -> None:
    save_package(tmp_path / "m", make_package("m", "embeddings", {}), Extras(input_example=given))
    assert Model.load(tmp_path / "m").load_input_example(str(tmp_path / "m")) == read


@pytest.mark.parametrize(("given", "words"), [(object(), "is a object"), ([object()], "cannot be written as JSON")])
def test_what_json_cannot_hold_is_refused(given: Any, words: str) -> None:
    with pytest.raises(InvalidInput, match=f"`input_example` {words}"):
        make_example(given)
