"""Packaged models as MLflow model directories: written and read as data."""

from __future__ import annotations

from pathlib import Path

from quire.domain.signature import ModelSignature
from quire.models.infer import infer_signature
from quire.models.info import ModelInfo
from quire.models.mlmodel import Model
from quire.models.read import LoadedPackage, load_package
from quire.models.write import Extras, save_package

__all__ = [
    "Extras",
    "LoadedPackage",
    "Model",
    "ModelInfo",
    "ModelSignature",
    "get_model_info",
    "infer_signature",
    "load_package",
    "save_package",
]


def get_model_info(model_uri: str | Path) -> ModelInfo:
    """What is known of the model at a path or URI. Raises NotFound or MalformedModel."""
    return Model.load(model_uri).get_model_info(str(model_uri))
