"""Loading a packaged model to predict with it, under the names of MLflow's ``pyfunc``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from quire.domain.errors import InvalidInput
from quire.models.folder import open_model
from quire.models.read import load_package
from quire.pyfunc.model import PyFuncModel
from quire.pyfunc.results import PredictionError, Predictions, RowFailure

__all__ = ["PredictionError", "Predictions", "PyFuncModel", "RowFailure", "load_model"]


def load_model(
    model_uri: str | Path,
    suppress_warnings: bool = False,
    dst_path: str | Path | None = None,
    model_config: Any = None,
    *,
    trust_code: bool = False,
) -> PyFuncModel:
    """Load the model at a path, an object-store URI, ``models:/…`` or ``runs:/…``.

    Only data is read; no key is needed. ``dst_path`` names a folder to copy the model to. ``trust_code`` puts code
    that the model brings along on ``sys.path``; leave it out for a model whose origin you do not know.
    ``suppress_warnings`` is accepted for MLflow's sake. Raises NotFound or MalformedModel.
    """
    if model_config:
        raise InvalidInput(
            "`model_config` has no meaning for an OpenAI model; what may vary between predictions goes into the "
            "signature's params."
        )
    return PyFuncModel(load_package(open_model(model_uri, dst_path), trust_code=trust_code))
