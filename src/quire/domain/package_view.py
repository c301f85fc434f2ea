"""What a packaged model's signature says, as pages and tables show it."""

from __future__ import annotations

from typing import Any

import msgspec

from quire.domain.schema import ParamSchema, ParamSpec, Schema


class ColumnView(msgspec.Struct, frozen=True, kw_only=True):
    """A column of the model's input or output; the name is None for a single unnamed column."""

    name: str | None
    type: str
    required: bool


class ParamView(msgspec.Struct, frozen=True, kw_only=True):
    """A parameter that a caller may set; ``allowed`` says in words what it may be."""

    name: str
    type: str
    default: Any
    minimum: float | None = None
    maximum: float | None = None
    choices: list[Any] | None = None
    allowed: str


def param_views(schema: ParamSchema | None) -> list[ParamView]:
    """The parameters of a policy."""
    return [_param(spec) for spec in schema or ()]


def column_views(schema: Schema | None) -> list[ColumnView]:
    """The columns of a schema."""
    if schema is None:
        return []
    types = [str(kind) if isinstance(kind, str) else repr(kind) for kind in schema.input_types()]
    return [
        ColumnView(name=spec.name, type=kind, required=spec.required) for spec, kind in zip(schema, types, strict=True)
    ]


def _param(spec: ParamSpec) -> ParamView:
    form = spec.to_dict()
    listed = "list of " if spec.shape is not None else ""
    return ParamView(
        name=spec.name,
        type=f"{listed}{form['type']}",
        default=form["default"],
        minimum=spec.minimum,
        maximum=spec.maximum,
        choices=None if spec.choices is None else list(spec.choices),
        allowed=f"{listed}{spec.expectation()}",
    )
