"""Inferring signatures: the forms that MLflow 3.17 gives for the same data."""

from __future__ import annotations

import datetime
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest

from quire.domain.errors import SchemaError
from quire.models import infer_signature

TEXT = '[{"type": "string", "required": true}]'


@pytest.mark.parametrize(
    ("data", "inputs"),
    [
        ("a", TEXT),
        (["a", "b"], TEXT),
        ([], TEXT),
        ({"x": "a"}, '[{"type": "string", "name": "x", "required": true}]'),
        ({"x": ["a"]}, '[{"type": "array", "items": {"type": "string"}, "name": "x", "required": true}]'),
        (
            [{"x": "a", "y": 1}, {"x": "b"}],
            '[{"type": "string", "name": "x", "required": true}, {"type": "long", "name": "y", "required": false}]',
        ),
        (
            pd.DataFrame({"s": ["a"], "i": [1], "f": [1.5], "b": [True]}),
            '[{"type": "string", "name": "s", "required": true}, {"type": "long", "name": "i", "required": true}, '
            '{"type": "double", "name": "f", "required": true}, {"type": "boolean", "name": "b", "required": true}]',
        ),
        (pd.DataFrame({"s": ["a", None]}), '[{"type": "string", "name": "s", "required": false}]'),
        (pl.DataFrame({"s": ["a"]}), '[{"type": "string", "name": "s", "required": true}]'),
        (np.array([1.0, 2.0]), '[{"type": "tensor", "tensor-spec": {"dtype": "float64", "shape": [-1]}}]'),
        (np.array([[1, 2]]), '[{"type": "tensor", "tensor-spec": {"dtype": "int64", "shape": [-1, 2]}}]'),
        (pd.Series(["a"]), TEXT),
        (pd.Series(["a"], name="n"), '[{"type": "string", "name": "n", "required": true}]'),
        ([[0.1, 0.2]], '[{"type": "array", "items": {"type": "double"}, "required": true}]'),
        ([1, 2], '[{"type": "long", "required": true}]'),
        (1, '[{"type": "long", "required": true}]'),
        ({"a": None}, '[{"type": "any", "name": "a", "required": false}]'),
        (datetime.datetime(2026, 1, 1), '[{"type": "datetime", "required": true}]'),
        (
            {"a": {"b": 1}},
            '[{"type": "object", "properties": {"b": {"type": "long", "required": true}}, '
            '"name": "a", "required": true}]',
        ),
    ],
)
def test_inputs_and_outputs(data: Any, inputs: str) -> None:
    assert infer_signature(data).to_dict() == {"inputs": inputs, "outputs": None, "params": None}
    assert infer_signature(model_output=data).to_dict()["outputs"] == inputs


def test_params() -> None:
    params = {"temperature": 0.5, "n": 1, "s": "x", "b": True, "stop": ["a", "b"], "d": {"a": 1}}
    assert infer_signature(params=params).to_dict()["params"] == (
        '[{"name": "temperature", "default": 0.5, "shape": null, "type": "double"}, '
        '{"name": "n", "default": 1, "shape": null, "type": "long"}, '
        '{"name": "s", "default": "x", "shape": null, "type": "string"}, '
        '{"name": "b", "default": true, "shape": null, "type": "boolean"}, '
        '{"name": "stop", "default": ["a", "b"], "shape": [-1], "type": "string"}, '
        '{"name": "d", "default": {"a": 1}, "shape": null, "type": "object", '
        '"properties": {"a": {"type": "long", "required": true}}}]'
    )


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"params": {"none": None}}, "'none' holds a value of type NoneType"),
        ({"params": {"deep": [[1]]}}, "Parameter 'deep' has the type"),
        ({"model_input": ["a", 1]}, "mixes values of the types"),
        ({"model_input": object()}, "holds a value of type object"),
    ],
)
def test_data_without_a_type_is_refused(arguments: dict[str, Any], words: str) -> None:
    with pytest.raises(SchemaError, match=words):
        infer_signature(**arguments)
