"""Inferring a signature from examples of input, output and params, by MLflow's rules."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from typing import Any

from quire.domain.errors import SchemaError
from quire.domain.rows import is_null
from quire.domain.schema import (
    AnyType,
    Array,
    ColSpec,
    ColumnType,
    DataType,
    Object,
    ParamSchema,
    ParamSpec,
    Property,
    Schema,
    TensorSpec,
)
from quire.domain.signature import ModelSignature
from quire.models.frames import as_frame, as_series, is_array

_SCALARS: tuple[tuple[type, DataType], ...] = (
    (bool, DataType.boolean),
    (int, DataType.long),
    (float, DataType.double),
    (str, DataType.string),
    (bytes, DataType.binary),
    (datetime.datetime, DataType.datetime),
)


def infer_signature(
    model_input: Any = None, model_output: Any = None, params: Mapping[str, Any] | None = None
) -> ModelSignature:
    """The signature of example data. Raises SchemaError for data whose type has no place in a signature.

    Text, a list of texts and an unnamed series give one unnamed column; a mapping, a list of mappings and a
    dataframe a named column each, optional where a value is missing; an array a tensor. ``params`` are names with
    default values.
    """
    return ModelSignature(
        None if model_input is None else _schema(model_input),
        None if model_output is None else _schema(model_output),
        infer_params(params) if params else None,
    )


def infer_params(params: Mapping[str, Any]) -> ParamSchema:
    """The parameters of a mapping from name to default value."""
    return ParamSchema([_param(str(name), value) for name, value in params.items()])


def _param(name: str, value: Any) -> ParamSpec:
    items = value.tolist() if is_array(value) else value
    if isinstance(items, list | tuple):
        kind = _common([_type(item, name) for item in items], name) if items else DataType.string
        return ParamSpec(name, _scalar_or_object(kind, name), list(items), (-1,))
    return ParamSpec(name, _scalar_or_object(_type(items, name), name), items)


def _scalar_or_object(kind: ColumnType, name: str) -> DataType | Object:
    if isinstance(kind, DataType | Object):
        return kind
    raise SchemaError(f"Parameter {name!r} has the type {kind!r}; expected a scalar, a list of scalars or a mapping.")


def _schema(data: Any) -> Schema:
    if is_array(data):
        return Schema([TensorSpec(data.dtype, (-1, *data.shape[1:]))])
    if isinstance(data, Mapping):
        return _columns([data])
    if isinstance(data, list | tuple):
        if data and all(isinstance(item, Mapping) for item in data):
            return _columns(data)
        return Schema([ColSpec(_common([_type(item, "input") for item in data], "input"))])
    frame = as_frame(data)
    if frame is not None:
        return _columns(frame.rows(named=True), list(frame.columns))
    series = as_series(data)
    if series is not None:
        values = series.to_list()
        present = [_type(value, "input") for value in values if not is_null(value)]
        return Schema([ColSpec(_common(present, "input"), series.name or None, len(present) == len(values))])
    return Schema([ColSpec(_type(data, "input"))])


def _columns(rows: Sequence[Mapping[str, Any]], names: list[str] | None = None) -> Schema:
    found = names or list(dict.fromkeys(str(name) for row in rows for name in row))
    return Schema([_column(name, [row.get(name) for row in rows]) for name in found])


def _column(name: str, values: list[Any]) -> ColSpec:
    present = [value for value in values if not is_null(value)]
    if not present:
        return ColSpec(AnyType(), name, required=False)
    return ColSpec(_common([_type(item, name) for item in present], name), name, len(present) == len(values))


def _type(value: Any, where: str) -> ColumnType:
    if isinstance(value, Mapping):
        return Object(tuple(Property(str(name), _type(item, f"{where}.{name}")) for name, item in value.items()))
    if isinstance(value, list | tuple):
        return Array(_common([_type(item, where) for item in value], where))
    plain = value.item() if hasattr(value, "item") and not isinstance(value, str) else value
    for kind, name in _SCALARS:
        if isinstance(plain, kind):
            return name
    raise SchemaError(f"{where!r} holds a value of type {type(value).__name__}, which has no type in a signature.")


def _common(kinds: list[ColumnType], where: str) -> ColumnType:
    """The one type of all; text where there is none, as in MLflow."""
    if not kinds:
        return DataType.string
    if all(kind == kinds[0] for kind in kinds):
        return kinds[0]
    if set(map(repr, kinds)) == {"long", "double"}:
        return DataType.double
    raise SchemaError(f"{where!r} mixes values of the types {sorted({repr(kind) for kind in kinds})}; expected one.")
