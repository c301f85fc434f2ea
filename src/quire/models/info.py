"""What is known of a packaged model, under the attribute names of MLflow's ``ModelInfo``."""

from __future__ import annotations

from typing import Any

from quire.domain.entities import Metric
from quire.domain.registry import LoggedModel
from quire.domain.signature import ModelSignature
from quire.models.mlmodel import Model


class ModelInfo:
    """A packaged model's ``MLmodel``, with its record in the tracking store where it was logged."""

    def __init__(self, model: Model, model_uri: str | None = None, logged: LoggedModel | None = None) -> None:
        self._model = model
        self._logged = logged
        self._model_uri = model_uri
        self.registered_model_version: str | None = None
        """The version that registering it made, as text; None if it was not registered."""

    @property
    def model_uri(self) -> str:
        """By which it can be loaded: where it was loaded from, else ``models:/m-…`` or ``runs:/…``."""
        if self._model_uri is not None:
            return self._model_uri
        if self.model_id is not None:
            return f"models:/{self.model_id}"
        return f"runs:/{self.run_id}/{self.artifact_path}"

    @property
    def model_id(self) -> str | None:
        """``m-`` and 32 hexadecimal digits; None for a model that was saved and not logged."""
        return self._logged.model_id if self._logged else self._model.model_id

    @property
    def model_uuid(self) -> str | None:
        """A name of this model alone."""
        return self._model.model_uuid

    @property
    def name(self) -> str | None:
        """The name that it was logged under."""
        return self._logged.name if self._logged else None

    @property
    def run_id(self) -> str | None:
        """The run that logged it."""
        return self._model.run_id

    @property
    def artifact_path(self) -> str | None:
        """Where its files lie: a location since MLflow 3, a path relative to the run before."""
        return self._model.artifact_path

    @property
    def flavors(self) -> dict[str, Any]:
        """How it can be loaded, by flavour."""
        return self._model.flavors

    @property
    def signature(self) -> ModelSignature | None:
        """Inputs, outputs and the parameters that a caller may change."""
        return self._model.signature

    @property
    def metadata(self) -> dict[str, Any] | None:
        """What the user noted on it."""
        return self._model.metadata

    @property
    def prompts(self) -> list[str] | None:
        """URIs of the registered prompts that it uses."""
        return self._model.prompts

    @property
    def utc_time_created(self) -> str:
        """When it was packaged, in UTC: ``YYYY-mm-dd HH:MM:SS.ffffff``."""
        return self._model.utc_time_created

    @property
    def mlflow_version(self) -> str | None:
        """The version of MLflow whose layout its files have."""
        return self._model.mlflow_version

    @property
    def saved_input_example_info(self) -> dict[str, Any] | None:
        """Which files hold its input example."""
        return self._model.saved_input_example_info

    @property
    def params(self) -> dict[str, str] | None:
        """The params of the logged model."""
        return self._logged.params if self._logged else None

    @property
    def tags(self) -> dict[str, str] | None:
        """The tags of the logged model."""
        return self._logged.tags if self._logged else None

    @property
    def metrics(self) -> list[Metric] | None:
        """Metrics measured on the logged model."""
        return self._logged.metrics if self._logged else None

    @property
    def creation_timestamp(self) -> int | None:
        """When the logged model was created, in milliseconds since the epoch."""
        return self._logged.creation_timestamp if self._logged else None

    def __repr__(self) -> str:
        return f"ModelInfo(model_uri={self.model_uri!r}, name={self.name!r}, flavors={sorted(self.flavors)})"
