"""Signatures: MLflow's form there and back."""

from __future__ import annotations

import pytest

from quire.domain.errors import SchemaError
from quire.domain.schema import ColSpec, ParamSchema, ParamSpec, Schema
from quire.domain.signature import ModelSignature


def test_a_signature_survives_the_form_of_mlmodel() -> None:
    signature = ModelSignature(
        Schema([ColSpec("string", "a")]), Schema([ColSpec("string")]), ParamSchema([ParamSpec("t", "float", 0.1)])
    )
    written = signature.to_dict()
    assert written == {
        "inputs": '[{"type": "string", "name": "a", "required": true}]',
        "outputs": '[{"type": "string", "required": true}]',
        "params": '[{"name": "t", "default": 0.1, "shape": null, "type": "float"}]',
    }
    assert ModelSignature.from_dict(written) == signature


def test_absent_and_empty_parts_are_none() -> None:
    assert ModelSignature().to_dict() == {"inputs": None, "outputs": None, "params": None}
    assert ModelSignature.from_dict({}) == ModelSignature()
    assert ModelSignature(params=ParamSchema([])).to_dict()["params"] is None


def test_the_text_form_is_that_of_mlflow() -> None:
    signature = ModelSignature(Schema([ColSpec("string")]), None, ParamSchema([ParamSpec("t", "float", 0.0)]))
    assert repr(signature) == (
        "inputs: \n  [string (required)]\noutputs: \n  None\nparams: \n  ['t': float (default: 0.0)]\n"
    )


def test_parts_of_the_wrong_kind_are_refused() -> None:
    with pytest.raises(SchemaError, match="`inputs` of a signature is a list; expected Schema or None"):
        ModelSignature([ColSpec("string")])  # type: ignore[arg-type]
