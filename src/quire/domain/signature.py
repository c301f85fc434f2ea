"""A model's signature: what it reads, what it answers, which parameters a caller may change."""

from __future__ import annotations

from typing import Any

from quire.domain.errors import SchemaError
from quire.domain.schema import ParamSchema, Schema


class ModelSignature:
    """Inputs, outputs and params of a model; each may be absent."""

    __slots__ = ("inputs", "outputs", "params")

    def __init__(
        self,
        inputs: Schema | None = None,
        outputs: Schema | None = None,
        params: ParamSchema | None = None,
    ) -> None:
        _expect(inputs, Schema, "inputs")
        _expect(outputs, Schema, "outputs")
        _expect(params, ParamSchema, "params")
        self.inputs = inputs
        self.outputs = outputs
        self.params = params

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ModelSignature) and (
            (self.inputs, self.outputs, self.params) == (other.inputs, other.outputs, other.params)
        )

    def __hash__(self) -> int:
        return hash((self.inputs, self.outputs, self.params))

    def __repr__(self) -> str:
        return f"inputs: \n  {self.inputs}\noutputs: \n  {self.outputs}\nparams: \n  {self.params}\n"

    def to_dict(self) -> dict[str, Any]:
        """The form that ``MLmodel`` holds: each part a JSON text, or None."""
        return {
            "inputs": None if self.inputs is None else self.inputs.to_json(),
            "outputs": None if self.outputs is None else self.outputs.to_json(),
            "params": self.params.to_json() if self.params else None,
        }

    @classmethod
    def from_dict(cls, data: dict[str, Any], limits: dict[str, dict[str, Any]] | None = None) -> ModelSignature:
        """The signature of ``MLmodel``'s form. Raises SchemaError for a malformed one."""
        try:
            inputs, outputs, params = (data.get(part) for part in ("inputs", "outputs", "params"))
            return cls(
                Schema.from_json(inputs) if inputs else None,
                Schema.from_json(outputs) if outputs else None,
                ParamSchema.from_json(params, limits) if params else None,
            )
        except (KeyError, TypeError, AttributeError) as error:
            raise SchemaError(f"The model's signature cannot be read: {error!r}.") from error


def _expect(value: Any, kind: type, name: str) -> None:
    if value is not None and not isinstance(value, kind):
        raise SchemaError(f"`{name}` of a signature is a {type(value).__name__}; expected {kind.__name__} or None.")
