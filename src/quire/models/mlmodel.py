"""The ``MLmodel`` file: what a model directory holds and how it is read, as data."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from quire.domain.errors import MalformedModel, SchemaError
from quire.domain.schema import ParamSchema, Schema
from quire.domain.signature import ModelSignature
from quire.models.yamltext import dump_yaml, parse_mapping

if TYPE_CHECKING:
    from quire.models.folder import ModelFolder
    from quire.models.info import ModelInfo

MLMODEL = "MLmodel"
QUIRE_FLAVOR = "quire"
"""The flavour under which Quire keeps what MLflow has no place for; MLflow ignores flavours that it does not know."""

_NOT_WRITTEN_WHEN_NONE = ("artifact_path", "metadata", "run_id", "saved_input_example_info")


class Model(msgspec.Struct, kw_only=True):
    """The content of ``MLmodel``, under MLflow's names.

    ``utc_time_created`` is text, ``YYYY-mm-dd HH:MM:SS.ffffff``; ``prompts`` are prompt URIs; ``other`` holds the
    keys that this version does not know, kept when the file is written again.
    """

    flavors: dict[str, Any] = msgspec.field(default_factory=dict)
    signature: ModelSignature | None = None
    utc_time_created: str = ""
    model_uuid: str | None = None
    mlflow_version: str | None = None
    model_id: str | None = None
    run_id: str | None = None
    artifact_path: str | None = None
    metadata: dict[str, Any] | None = None
    prompts: list[str] | None = None
    saved_input_example_info: dict[str, Any] | None = None
    other: dict[str, Any] = msgspec.field(default_factory=dict)

    @classmethod
    def new(cls, **values: Any) -> Model:
        """A model made now, with a fresh ``model_uuid`` unless one is given."""
        made = {"utc_time_created": utc_now(), "model_uuid": uuid.uuid4().hex}
        return cls(**{**made, **values})

    @classmethod
    def from_dict(cls, data: Mapping[str, Any], where: str = MLMODEL) -> Model:
        """The model of the file's content. Raises MalformedModel, naming the key."""
        fields = [name for name in cls.__struct_fields__ if name not in {"signature", "other"}]
        known: dict[str, Any] = {name: data.get(name) for name in fields}
        flavors = known["flavors"]
        if not isinstance(flavors, Mapping) or not all(isinstance(item, Mapping) for item in flavors.values()):
            raise MalformedModel(
                f"{where}: the key 'flavors' is {_brief(flavors)}; expected a mapping of flavours, such as "
                "'openai: {data: model.yaml}'. Log the model again, or restore the file."
            )
        known["flavors"] = {str(name): dict(item) for name, item in flavors.items()}
        known["utc_time_created"] = str(known["utc_time_created"] or "")
        limits = known["flavors"].get(QUIRE_FLAVOR, {}).get("params")
        left = {"is_signature_from_type_hint", "type_hint_from_example", "signature", *known}
        other = {name: value for name, value in data.items() if name not in left}
        return cls(**known, signature=_signature(data.get("signature"), limits, where), other=other)

    @classmethod
    def load(cls, path: Any) -> Model:
        """The model at a directory, an ``MLmodel`` file or any model URI. Raises NotFound or MalformedModel."""
        from quire.models.folder import open_model

        return read_model(open_model(str(path).removesuffix(f"/{MLMODEL}")))

    def to_dict(self) -> dict[str, Any]:
        """The content of the file, as MLflow orders and leaves out keys."""
        content = {name: getattr(self, name) for name in self.__struct_fields__ if name != "other"} | self.other
        for name in _NOT_WRITTEN_WHEN_NONE:
            if content[name] is None:
                del content[name]
        if self.signature is None:
            del content["signature"]
        else:
            content |= {
                "signature": self.signature.to_dict(),
                "is_signature_from_type_hint": False,
                "type_hint_from_example": False,
            }
        return content

    def to_yaml(self) -> str:
        """The text of the file."""
        return dump_yaml(self.to_dict())

    def get_input_schema(self) -> Schema | None:
        """The columns that the model reads, or None."""
        return self.signature.inputs if self.signature else None

    def get_output_schema(self) -> Schema | None:
        """The columns that the model answers, or None."""
        return self.signature.outputs if self.signature else None

    def get_params_schema(self) -> ParamSchema | None:
        """The parameters that a caller may change, or None."""
        return self.signature.params if self.signature else None

    def load_input_example(self, path: str | None = None) -> Any:
        """The input data of the model's example as plain lists and mappings; None without one.

        ``path`` is the model's directory or URI; where the model was loaded from by default.
        """
        from quire.models.example import read_example
        from quire.models.folder import open_model

        return read_example(open_model(path or self.get_model_info().model_uri), self.saved_input_example_info)

    def get_model_info(self, model_uri: str | None = None) -> ModelInfo:
        """The model's :class:`~quire.models.info.ModelInfo`, without what only a tracking store knows."""
        from quire.models.info import ModelInfo

        return ModelInfo(self, model_uri)


def read_model(folder: ModelFolder) -> Model:
    """The ``MLmodel`` of a model folder. Raises NotFound or MalformedModel."""
    where = folder.name_of(MLMODEL)
    return Model.from_dict(parse_mapping(folder.read(MLMODEL), where), where)


def _signature(value: Any, limits: Any, where: str) -> ModelSignature | None:
    if not isinstance(value, Mapping):
        if value is None:
            return None
        raise MalformedModel(f"{where}: the key 'signature' is {_brief(value)}; expected inputs, outputs and params.")
    try:
        return ModelSignature.from_dict(dict(value), limits if isinstance(limits, dict) else None)
    except SchemaError as error:
        raise MalformedModel(f"{where}: the key 'signature' cannot be read. {error.message}") from None


def utc_now() -> str:
    """The time now in UTC, in the form of ``utc_time_created``."""
    return str(datetime.datetime.now(datetime.UTC).replace(tzinfo=None))


def _brief(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."
