"""Inference parameters given as text, ``name=value``, read by the types of the model's signature."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

from quire.domain.errors import PolicyError
from quire.domain.schema import DataType, ParamSchema, ParamSpec

_BOOLEANS = {"true": True, "false": False}


def read_params(schema: ParamSchema | None, texts: Sequence[str]) -> dict[str, Any]:
    """The parameters of ``texts``, typed by ``schema``.

    A list or an object is written as JSON. A name that the schema lacks keeps its text: the model's policy refuses
    it with its own words. Raises PolicyError for text that is not ``name=value``, a name given twice, or a value
    that cannot be read.
    """
    specs = {spec.name: spec for spec in schema or ()}
    values: dict[str, Any] = {}
    for text in texts:
        name, mark, value = text.partition("=")
        name = name.strip()
        if not mark or not name:
            raise PolicyError(f"The parameter {text!r} has no value; expected name=value, such as temperature=0.2.")
        if name in values:
            raise PolicyError(f"The parameter {name!r} is given twice; give it once.")
        values[name] = _read(specs[name], value) if name in specs else value
    return values


def _read(spec: ParamSpec, text: str) -> Any:
    kind = DataType.string if not isinstance(spec.dtype, DataType) else spec.dtype
    structured = spec.shape is not None or not isinstance(spec.dtype, DataType)
    reader = json.loads if structured else _READERS.get(kind, str)
    try:
        return reader(text.strip() if reader is not str else text)
    except (ValueError, KeyError, RecursionError):
        form = "a JSON list" if spec.shape is not None else "a JSON object" if structured else spec.expectation()
        raise PolicyError(f"Parameter {spec.name!r} is {text!r}; expected {form}.") from None


_READERS: dict[DataType, Callable[[str], Any]] = {
    DataType.boolean: lambda text: _BOOLEANS[text.lower()],
    DataType.integer: int,
    DataType.long: int,
    DataType.float: float,
    DataType.double: float,
    DataType.binary: str.encode,
}
