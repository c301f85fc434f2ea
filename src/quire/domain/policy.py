"""The parameter policy: which inference parameters a caller may set at prediction.

What the signature's params name is allowed, within type, bounds and choices; all else is refused. Three names
steer the caller and are never sent upstream: ``max_retries``, ``timeout`` and ``batch_size``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from quire.domain.errors import PolicyError, SchemaError
from quire.domain.schema import ParamSchema

OnUnknown = Literal["raise", "ignore"]

CALLER_PARAMS = frozenset({"max_retries", "timeout", "batch_size"})
"""Parameters that the caller uses itself, as in MLflow."""

OPENAI_PARAMS = frozenset({"model", "messages", "prompt", "input"})
"""Parameters that the package itself makes and that no signature may open to the caller."""


def resolve_params(
    schema: ParamSchema | None,
    given: Mapping[str, Any] | None,
    on_unknown: OnUnknown = "raise",
) -> tuple[dict[str, Any], list[str]]:
    """The parameters in force: defaults of the schema, replaced by what was given and allowed.

    Returns them with the names that were given, not allowed, and left out (only with ``on_unknown="ignore"``).
    A parameter whose value is None is not sent. Raises PolicyError naming every parameter that is refused and
    listing what is allowed.
    """
    specs = {spec.name: spec for spec in schema or ()}
    values = {name: spec.default for name, spec in specs.items() if spec.default is not None}
    ignored: list[str] = []
    refused: list[str] = []
    for name, value in (given or {}).items():
        spec = specs.get(name)
        if spec is None:
            (ignored if on_unknown == "ignore" else refused).append(str(name))
        elif value is None:
            values.pop(name, None)
        else:
            try:
                values[name] = spec.check(value)
            except SchemaError as error:
                raise PolicyError(f"Parameter {error.message} {describe_allowed(schema)}") from None
    if refused:
        raise PolicyError(_refusal(refused, schema))
    return values, ignored


def describe_allowed(schema: ParamSchema | None) -> str:
    """One sentence that lists the parameters a caller may set."""
    if not schema:
        return "This model lets a caller set no parameter."
    allowed = "; ".join(f"{spec.name}: {spec.expectation()}, default {spec.default!r}" for spec in schema)
    return f"This model lets a caller set: {allowed}."


def _refusal(names: list[str], schema: ParamSchema | None) -> str:
    listed = ", ".join(repr(name) for name in names)
    return (
        f"Parameter {listed} may not be set at prediction. {describe_allowed(schema)} "
        "Add it to the signature's params when logging the model, or pass on_unknown_params='ignore' "
        "to leave it out with a warning."
    )


def refuse_fixed_and_open(fixed: Mapping[str, Any], schema: ParamSchema | None) -> None:
    """Refuse a parameter that is both fixed in the package and open to the caller."""
    both = sorted({spec.name for spec in schema or ()} & (set(fixed) | OPENAI_PARAMS))
    if both:
        raise PolicyError(
            f"{both} cannot be in the signature's params: the model fixes them, or makes them itself. "
            "Remove the argument when logging the model, or remove the parameter from the signature."
        )
