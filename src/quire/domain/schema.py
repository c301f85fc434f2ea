"""Schemas: the columns a model reads and writes, and the parameters a caller may change.

The JSON forms are MLflow's, read and written exactly (``MLmodel`` holds each list as a JSON string). Bounds and
choices of a parameter are Quire's own; they are kept outside those lists, where MLflow ignores them.
"""

from __future__ import annotations

import datetime
import math
from collections.abc import Callable, Iterator, Sequence
from enum import Enum
from typing import Any, Union

import msgspec

from quire.domain.errors import SchemaError


class DataType(Enum):
    """MLflow's scalar types."""

    boolean = "boolean"
    integer = "integer"
    long = "long"
    float = "float"
    double = "double"
    string = "string"
    binary = "binary"
    datetime = "datetime"

    def __repr__(self) -> str:
        return self.value

    def to_dict(self) -> dict[str, Any]:
        """``{"type": name}``."""
        return {"type": self.value}


class Property(msgspec.Struct, frozen=True):
    """One field of an :class:`Object`."""

    name: str
    dtype: ColumnType
    required: bool = True

    def to_dict(self) -> dict[str, Any]:
        """MLflow's JSON form."""
        return {self.name: {**self.dtype.to_dict(), "required": self.required}}


class Object(msgspec.Struct, frozen=True):
    """A mapping with known fields."""

    properties: tuple[Property, ...]

    def __repr__(self) -> str:
        return "{" + ", ".join(f"{item.name}: {item.dtype!r}" for item in self.properties) + "}"

    def to_dict(self) -> dict[str, Any]:
        """MLflow's JSON form."""
        fields: dict[str, Any] = {}
        for item in self.properties:
            fields |= item.to_dict()
        return {"type": "object", "properties": fields}


class Array(msgspec.Struct, frozen=True):
    """A list whose items have one type."""

    dtype: ColumnType

    def __repr__(self) -> str:
        return f"Array({self.dtype!r})"

    def to_dict(self) -> dict[str, Any]:
        """MLflow's JSON form."""
        return {"type": "array", "items": self.dtype.to_dict()}


class Map(msgspec.Struct, frozen=True):
    """A mapping from text to values of one type."""

    value_type: ColumnType

    def __repr__(self) -> str:
        return f"Map(str -> {self.value_type!r})"

    def to_dict(self) -> dict[str, Any]:
        """MLflow's JSON form."""
        return {"type": "map", "values": self.value_type.to_dict()}


class AnyType(msgspec.Struct, frozen=True):
    """Any value."""

    def __repr__(self) -> str:
        return "Any"

    def to_dict(self) -> dict[str, Any]:
        """MLflow's JSON form."""
        return {"type": "any"}


ColumnType = Union[DataType, Array, Object, Map, AnyType]  # noqa: UP007 - evaluated at run time


def column_type(value: ColumnType | str) -> ColumnType:
    """``value`` as a type; raises SchemaError, listing the names, for one that does not exist."""
    if isinstance(value, str):
        try:
            return DataType(value)
        except ValueError:
            known = ", ".join(item.value for item in DataType)
            raise SchemaError(f"Unknown type {value!r}. Expected one of {known}.") from None
    return value


def _type_from_dict(data: dict[str, Any]) -> ColumnType:
    match data.get("type"):
        case "array":
            return Array(_type_from_dict(data["items"]))
        case "object":
            return Object(
                tuple(
                    Property(name, _type_from_dict(item), item.get("required", True))
                    for name, item in data["properties"].items()
                )
            )
        case "map":
            return Map(_type_from_dict(data["values"]))
        case "any":
            return AnyType()
        case str(name):
            return column_type(name)
    raise SchemaError(f"A column without a type: {data!r}.")


class ColSpec:
    """One column: its type, its name (None for a single unnamed column), whether it is required."""

    __slots__ = ("name", "required", "type")

    def __init__(self, type: ColumnType | str, name: str | None = None, required: bool = True) -> None:
        self.type = column_type(type)
        self.name = name
        self.required = required

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ColSpec) and self.to_dict() == other.to_dict()

    def __hash__(self) -> int:
        return hash((self.name, repr(self.type), self.required))

    def __repr__(self) -> str:
        need = "required" if self.required else "optional"
        return f"{self.name!r}: {self.type!r} ({need})" if self.name else f"{self.type!r} ({need})"

    def to_dict(self) -> dict[str, Any]:
        """MLflow's JSON form."""
        named = {} if self.name is None else {"name": self.name}
        return {**self.type.to_dict(), **named, "required": self.required}


class TensorSpec:
    """A tensor: its element type as NumPy names it, and its shape (-1 for a free dimension)."""

    __slots__ = ("dtype", "name", "required", "shape")

    def __init__(self, type: Any, shape: Sequence[int], name: str | None = None) -> None:
        self.dtype = str(getattr(type, "name", type))
        self.shape = tuple(shape)
        self.name = name
        self.required = True

    def __eq__(self, other: object) -> bool:
        return isinstance(other, TensorSpec) and self.to_dict() == other.to_dict()

    def __hash__(self) -> int:
        return hash((self.name, self.dtype, self.shape))

    def __repr__(self) -> str:
        label = f"{self.name!r}: " if self.name else ""
        return f"{label}Tensor({self.dtype!r}, {self.shape})"

    def to_dict(self) -> dict[str, Any]:
        """MLflow's JSON form."""
        named = {} if self.name is None else {"name": self.name}
        return {
            "type": "tensor",
            **named,
            "tensor-spec": {"dtype": self.dtype, "shape": list(self.shape)},
        }


def _spec_from_dict(data: dict[str, Any]) -> ColSpec | TensorSpec:
    if data.get("type") == "tensor":
        inner = data["tensor-spec"]
        return TensorSpec(inner["dtype"], inner["shape"], data.get("name"))
    return ColSpec(_type_from_dict(data), data.get("name"), data.get("required", not data.get("optional", False)))


class Schema:
    """The columns (or tensors) of a model's input or output."""

    __slots__ = ("inputs",)

    def __init__(self, inputs: Sequence[ColSpec | TensorSpec]) -> None:
        self.inputs: list[ColSpec | TensorSpec] = list(inputs)
        names = [spec.name for spec in self.inputs]
        if len(names) > 1 and (None in names or len(set(names)) != len(names)):
            raise SchemaError(f"Several columns need distinct names; these are {names}.")

    def __iter__(self) -> Iterator[ColSpec | TensorSpec]:
        return iter(self.inputs)

    def __len__(self) -> int:
        return len(self.inputs)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Schema) and self.inputs == other.inputs

    def __hash__(self) -> int:
        return hash(tuple(self.inputs))

    def __repr__(self) -> str:
        return repr(self.inputs)

    def has_input_names(self) -> bool:
        """Whether the columns are named."""
        return bool(self.inputs) and self.inputs[0].name is not None

    def input_names(self) -> list[str]:
        """The columns' names; their positions as text where they have none."""
        return [spec.name or str(index) for index, spec in enumerate(self.inputs)]

    def required_input_names(self) -> list[str]:
        """The names of the required columns."""
        pairs = zip(self.input_names(), self.inputs, strict=True)
        return [name for name, spec in pairs if spec.required]

    def input_types(self) -> list[Any]:
        """The columns' types."""
        return [spec.type if isinstance(spec, ColSpec) else spec.dtype for spec in self.inputs]

    def is_tensor_spec(self) -> bool:
        """Whether the schema describes tensors."""
        return bool(self.inputs) and isinstance(self.inputs[0], TensorSpec)

    def to_dict(self) -> list[dict[str, Any]]:
        """MLflow's JSON form."""
        return [spec.to_dict() for spec in self.inputs]

    def to_json(self) -> str:
        """MLflow's JSON form as the text that ``MLmodel`` holds."""
        return dump_json(self.to_dict())

    @classmethod
    def from_json(cls, text: str) -> Schema:
        """The schema of a JSON text. Raises SchemaError if it is not one."""
        return cls([_spec_from_dict(item) for item in load_json_list(text, "schema")])


class ParamSpec:
    """A parameter that a caller may change: type, default, shape, and Quire's bounds and choices.

    ``shape`` is None for a scalar and ``(-1,)`` for a list. ``minimum`` and ``maximum`` are inclusive.
    """

    __slots__ = ("choices", "default", "dtype", "maximum", "minimum", "name", "shape")

    def __init__(
        self,
        name: str,
        dtype: DataType | Object | str,
        default: Any,
        shape: Sequence[int] | None = None,
        *,
        minimum: float | None = None,
        maximum: float | None = None,
        choices: Sequence[Any] | None = None,
    ) -> None:
        self.name = name
        resolved = column_type(dtype)
        if not isinstance(resolved, DataType | Object):
            raise SchemaError(f"Parameter {name!r} has type {resolved!r}; expected a scalar type or an object.")
        if shape is not None and tuple(shape) != (-1,):
            raise SchemaError(f"Parameter {name!r} has shape {tuple(shape)}; expected None or (-1,).")
        self.dtype: DataType | Object = resolved
        self.shape = None if shape is None else tuple(shape)
        self.minimum, self.maximum = minimum, maximum
        self.choices = None if choices is None else tuple(choices)
        self._refuse_empty_bounds()
        if resolved is DataType.binary and default is not None:
            raise SchemaError(f"Parameter {name!r} is binary; a binary default cannot be written as JSON. Use None.")
        self.default = None if default is None else self.check(default, "the default of ")

    def _refuse_empty_bounds(self) -> None:
        if self.minimum is not None and self.maximum is not None and self.minimum > self.maximum:
            raise SchemaError(f"Parameter {self.name!r} has minimum {self.minimum} above its maximum {self.maximum}.")
        if self.choices is not None and not self.choices:
            raise SchemaError(f"Parameter {self.name!r} has no choices; leave `choices` out to allow any value.")

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ParamSpec) and self.to_dict() == other.to_dict() and self.limits() == other.limits()

    def __hash__(self) -> int:
        return hash((self.name, repr(self.dtype), repr(self.default), self.shape))

    def __repr__(self) -> str:
        shape = f" (shape: {self.shape})" if self.shape else ""
        return f"{self.name!r}: {self.dtype!r} (default: {self.default}){shape}"

    def check(self, value: Any, what: str = "") -> Any:
        """``value`` as the parameter's type, or SchemaError if it does not fit type, bounds or choices."""
        if self.shape is not None:
            items = value.tolist() if hasattr(value, "tolist") else value
            if not isinstance(items, list | tuple):
                raise SchemaError(f"{what}{self.name!r} is {value!r}; expected a list of {self.dtype!r}.")
            return [self._check_scalar(item, what) for item in items]
        return self._check_scalar(value, what)

    def _check_scalar(self, value: Any, what: str) -> Any:
        if isinstance(self.dtype, Object):
            if not isinstance(value, dict):
                raise SchemaError(f"{what}{self.name!r} is {value!r}; expected an object.")
            return value
        scalar = value.item() if hasattr(value, "item") and not isinstance(value, str) else value
        try:
            converted = _CONVERT[self.dtype](scalar)
        except (TypeError, ValueError, OverflowError):
            kind = _with_article(type(value).__name__)
            raise SchemaError(f"{what}{self.name!r} is {value!r}, {kind}; expected {self.expectation()}.") from None
        if not self._within(converted):
            raise SchemaError(f"{what}{self.name!r} is {value!r}; expected {self.expectation()}.")
        return converted

    def _within(self, value: Any) -> bool:
        if self.choices is not None and value not in self.choices:
            return False
        if isinstance(value, float) and math.isnan(value):
            return self.minimum is None and self.maximum is None
        return not (
            (self.minimum is not None and value < self.minimum) or (self.maximum is not None and value > self.maximum)
        )

    def expectation(self) -> str:
        """What is allowed, in words: ``a float from 0 to 2``."""
        name = self.dtype.value if isinstance(self.dtype, DataType) else "object"
        words = _with_article(name)
        if self.choices is not None:
            words += " out of " + ", ".join(repr(choice) for choice in self.choices)
        if self.minimum is not None and self.maximum is not None:
            words += f" from {self.minimum:g} to {self.maximum:g}"
        elif self.minimum is not None:
            words += f" of at least {self.minimum:g}"
        elif self.maximum is not None:
            words += f" of at most {self.maximum:g}"
        return words

    def limits(self) -> dict[str, Any]:
        """Bounds and choices, those that are set: what Quire keeps outside MLflow's lists."""
        found = {
            "minimum": self.minimum,
            "maximum": self.maximum,
            "choices": None if self.choices is None else list(self.choices),
        }
        return {key: value for key, value in found.items() if value is not None}

    def to_dict(self) -> dict[str, Any]:
        """MLflow's JSON form."""
        shape = None if self.shape is None else list(self.shape)
        return {"name": self.name, "default": _json_value(self.default), "shape": shape, **self.dtype.to_dict()}

    @classmethod
    def from_dict(cls, data: dict[str, Any], limits: dict[str, Any] | None = None) -> ParamSpec:
        """The parameter of MLflow's JSON form; ``limits`` are Quire's bounds and choices."""
        kind = _type_from_dict({**data, "type": data.get("type", data.get("dtype"))})
        if not isinstance(kind, DataType | Object):
            raise SchemaError(f"Parameter {data.get('name')!r} has the unsupported type {kind!r}.")
        return cls(data["name"], kind, data.get("default"), data.get("shape"), **(limits or {}))


def _with_article(noun: str) -> str:
    return f"{'an' if noun[0] in 'aeio' else 'a'} {noun}"


def _json_value(value: Any) -> Any:
    """A default as JSON holds it: times as ISO 8601 text."""
    if isinstance(value, list):
        return [_json_value(item) for item in value]
    return value.isoformat() if isinstance(value, datetime.datetime) else value


def _boolean(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    raise TypeError


def _integer(bits: int) -> Callable[[Any], int]:
    def convert(value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int):
            raise TypeError
        if not -(2 ** (bits - 1)) <= value < 2 ** (bits - 1):
            raise OverflowError
        return value

    return convert


def _real(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError
    return float(value)


def _string(value: Any) -> str:
    if isinstance(value, str):
        return value
    raise TypeError


def _binary(value: Any) -> bytes:
    if isinstance(value, bytes | bytearray):
        return bytes(value)
    raise TypeError


def _datetime(value: Any) -> datetime.datetime:
    if isinstance(value, datetime.datetime):
        return value
    if isinstance(value, str):
        return datetime.datetime.fromisoformat(value)
    raise TypeError


_CONVERT: dict[DataType, Callable[[Any], Any]] = {
    DataType.boolean: _boolean,
    DataType.integer: _integer(32),
    DataType.long: _integer(64),
    DataType.float: _real,
    DataType.double: _real,
    DataType.string: _string,
    DataType.binary: _binary,
    DataType.datetime: _datetime,
}


class ParamSchema:
    """The parameters that a caller may change."""

    __slots__ = ("params",)

    def __init__(self, params: Sequence[ParamSpec]) -> None:
        self.params = list(params)
        names = [spec.name for spec in self.params]
        doubled = sorted({name for name in names if names.count(name) > 1})
        if doubled:
            raise SchemaError(f"Parameters given more than once: {doubled}.")

    def __iter__(self) -> Iterator[ParamSpec]:
        return iter(self.params)

    def __len__(self) -> int:
        return len(self.params)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ParamSchema) and self.params == other.params

    def __hash__(self) -> int:
        return hash(tuple(self.params))

    def __repr__(self) -> str:
        return repr(self.params)

    def to_dict(self) -> list[dict[str, Any]]:
        """MLflow's JSON form."""
        return [spec.to_dict() for spec in self.params]

    def to_json(self) -> str:
        """MLflow's JSON form as the text that ``MLmodel`` holds."""
        return dump_json(self.to_dict())

    @classmethod
    def from_json(cls, text: str, limits: dict[str, dict[str, Any]] | None = None) -> ParamSchema:
        """The parameters of a JSON text, with Quire's bounds and choices by name."""
        items = load_json_list(text, "params")
        return cls([ParamSpec.from_dict(item, (limits or {}).get(item.get("name", ""))) for item in items])


def dump_json(value: Any) -> str:
    """JSON text with the spaces that MLflow writes."""
    import json

    return json.dumps(value)


def load_json_list(text: str, what: str) -> list[dict[str, Any]]:
    """The list inside a JSON text. Raises SchemaError if it is not one."""
    try:
        return msgspec.json.decode(text, type=list[dict[str, Any]])
    except msgspec.MsgspecError as error:
        raise SchemaError(f"The signature's {what} is not a JSON list of objects: {error}.") from None
