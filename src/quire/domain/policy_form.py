"""A parameter policy as a form: plain fields that people fill in, and the policy that they come to."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from quire.domain.errors import PolicyError, SchemaError
from quire.domain.policy import OPENAI_PARAMS
from quire.domain.schema import DataType, ParamSchema, ParamSpec, column_type

OBJECT = "object"
_NUMBERS = (DataType.integer, DataType.long, DataType.float, DataType.double)


class PolicyParam(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A parameter that a caller may set.

    ``type`` is one of MLflow's scalar types (``double``, ``long``, ``string``, ``boolean``, …), with ``is_list`` of a
    list's items; ``object`` is one whose fields a form does not know. ``default`` is what is sent unless something is
    set, nothing without one. Bounds are inclusive and of numbers alone; without ``choices`` anything within them is
    allowed.
    """

    name: str
    type: str
    is_list: bool = False
    default: Any = None
    minimum: float | None = None
    maximum: float | None = None
    choices: list[Any] | None = None


def policy_form(policy: ParamSchema | None) -> list[PolicyParam] | None:
    """A policy as a form; None where there is none, so that anything may be set."""
    return None if policy is None else [_form(spec) for spec in policy]


def read_policy(form: Iterable[PolicyParam], known: ParamSchema | None = None) -> ParamSchema:
    """The policy that a form says. Objects are those of the policy ``known``, unchanged, and so are equal limits.

    Raises SchemaError or PolicyError, which name the parameter: for one without a name or given twice, one that a
    request makes itself, a type that there is not, bounds of what is no number or in the wrong order, and a default or
    a choice that does not fit.
    """
    before = {spec.name: spec for spec in known or ()}
    return ParamSchema([_spec(param, before.get(param.name.strip())) for param in form])


def _form(spec: ParamSpec) -> PolicyParam:
    said = spec.to_dict()
    return PolicyParam(
        name=spec.name,
        type=str(said["type"]),
        is_list=spec.shape is not None,
        default=said["default"],
        minimum=spec.minimum,
        maximum=spec.maximum,
        choices=None if spec.choices is None else list(spec.choices),
    )


def _spec(param: PolicyParam, before: ParamSpec | None) -> ParamSpec:
    name = param.name.strip()
    if not name:
        raise SchemaError("A parameter of the policy has no name; expected one such as 'temperature'.")
    if name in OPENAI_PARAMS:
        raise PolicyError(f"Parameter {name!r} cannot be in a policy: the prompt makes it itself. Take it out.")
    if param.type == OBJECT:
        if before is None or isinstance(before.dtype, DataType):
            raise SchemaError(
                f"Parameter {name!r} is an object, whose fields a form cannot say. Make such a policy in Python, by "
                "quire.types.ParamSpec."
            )
        return before
    _check_bounds(name, param)
    return ParamSpec(
        name,
        param.type,
        param.default,
        (-1,) if param.is_list else None,
        minimum=_bound(param.minimum, None if before is None else before.minimum),
        maximum=_bound(param.maximum, None if before is None else before.maximum),
        choices=_choices(name, param, before),
    )


def _bound(bound: float | None, before: float | None) -> float | None:
    """A bound as people write it, so that 0 and 0.0 do not differ: as it was, else a whole number without a point."""
    if bound is None:
        return None
    if bound == before:
        return before
    return int(bound) if float(bound).is_integer() else bound


def _check_bounds(name: str, param: PolicyParam) -> None:
    for what in ("minimum", "maximum"):
        bound = getattr(param, what)
        if bound is None:
            continue
        if column_type(param.type) not in _NUMBERS:
            raise SchemaError(
                f"Parameter {name!r} is a {param.type}, and has a {what}, which only a number can have. Take it out, "
                "or give choices."
            )
        if not math.isfinite(bound):
            raise SchemaError(f"Parameter {name!r} has the {what} {bound!r}; expected a number, or none.")


def _choices(name: str, param: PolicyParam, before: ParamSpec | None) -> Sequence[Any] | None:
    """The choices, each of the parameter's type and within its bounds."""
    if param.choices is None:
        return None
    if before is not None and before.choices == tuple(param.choices) and before.to_dict()["type"] == param.type:
        return before.choices
    each = ParamSpec(name, param.type, None, minimum=param.minimum, maximum=param.maximum)
    return [each.check(choice, "a choice of ") for choice in param.choices]
