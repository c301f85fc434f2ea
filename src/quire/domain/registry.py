"""What the registry stores: logged models, registered models, their versions and aliases."""

from __future__ import annotations

from typing import Literal

import msgspec

from quire.domain.entities import Entity, Metric, Param, Tag, pairs
from quire.domain.errors import InvalidState
from quire.domain.protojson import written

LoggedModelStatus = Literal["PENDING", "READY", "FAILED"]
Stage = Literal["None", "Staging", "Production", "Archived"]


class LoggedModelInfo(Entity, frozen=True, kw_only=True):
    """What identifies a logged model. ``model_id`` is ``m-`` and 32 hexadecimal digits; times in ms."""

    model_id: str
    experiment_id: str
    name: str
    creation_timestamp_ms: int
    last_updated_timestamp_ms: int
    artifact_uri: str
    status: Literal["LOGGED_MODEL_PENDING", "LOGGED_MODEL_READY", "LOGGED_MODEL_UPLOAD_FAILED"]
    model_type: str | None = None
    source_run_id: str | None = None
    tag_list: list[Tag] = msgspec.field(default_factory=list, name="tags")


class LoggedModelData(Entity, frozen=True, kw_only=True):
    """Params of a logged model and the metrics measured on it."""

    param_list: list[Param] = msgspec.field(default_factory=list, name="params")
    metric_list: list[Metric] = msgspec.field(default_factory=list, name="metrics")


class LoggedModel(Entity, frozen=True, kw_only=True):
    """A packaged model stored under an experiment, whether or not it is ever registered."""

    info: LoggedModelInfo
    data: LoggedModelData = msgspec.field(default_factory=LoggedModelData)

    @property
    def model_id(self) -> str:
        """``m-`` and 32 hexadecimal digits."""
        return self.info.model_id

    @property
    def experiment_id(self) -> str:
        """The experiment that the model belongs to."""
        return self.info.experiment_id

    @property
    def name(self) -> str:
        """The name given when it was logged; not unique."""
        return self.info.name

    @property
    def artifact_location(self) -> str:
        """URI of the model's directory."""
        return self.info.artifact_uri

    @property
    def model_uri(self) -> str:
        """``models:/m-…``, by which it can be loaded."""
        return f"models:/{self.info.model_id}"

    @property
    def source_run_id(self) -> str | None:
        """The run that logged it."""
        return self.info.source_run_id or None

    @property
    def model_type(self) -> str | None:
        """A free word for its kind."""
        return self.info.model_type or None

    @property
    def status(self) -> LoggedModelStatus:
        """Whether its files are complete."""
        states: dict[str, LoggedModelStatus] = {
            "LOGGED_MODEL_PENDING": "PENDING",
            "LOGGED_MODEL_READY": "READY",
            "LOGGED_MODEL_UPLOAD_FAILED": "FAILED",
        }
        return states[self.info.status]

    @property
    def creation_timestamp(self) -> int:
        """When it was created (ms)."""
        return self.info.creation_timestamp_ms

    @property
    def last_updated_timestamp(self) -> int:
        """When it last changed (ms)."""
        return self.info.last_updated_timestamp_ms

    @property
    def tags(self) -> dict[str, str]:
        """The model's tags."""
        return pairs(self.info.tag_list)

    @property
    def params(self) -> dict[str, str]:
        """The model's params."""
        return pairs(self.data.param_list)

    @property
    def metrics(self) -> list[Metric]:
        """Metrics measured on the model, each with its run and dataset."""
        return self.data.metric_list


class MetricDataset(msgspec.Struct, frozen=True):
    """The dataset that metrics were measured on: of one digest, or of any if none is given."""

    name: str
    digest: str | None = None


class MetricOrder(msgspec.Struct, frozen=True):
    """An order by a metric, such as ``metrics.accuracy DESC``, as it was measured on one dataset."""

    order: str
    dataset: MetricDataset


class ModelVersion(Entity, frozen=True, kw_only=True):
    """One immutable version of a registered model: where its files are and where it came from."""

    name: str
    version: str
    creation_timestamp: int
    last_updated_timestamp: int
    user_id: str = ""
    current_stage: Stage = written("None")
    description: str = written("")
    source: str
    run_id: str = written("")
    status: Literal["PENDING_REGISTRATION", "FAILED_REGISTRATION", "READY"] = written("READY")
    status_message: str = ""
    run_link: str = written("")
    model_id: str | None = None
    tag_list: list[Tag] = msgspec.field(default_factory=list, name="tags")
    aliases: list[str] = msgspec.field(default_factory=list)

    @property
    def tags(self) -> dict[str, str]:
        """The version's tags."""
        return pairs(self.tag_list)


class Alias(Entity, frozen=True, kw_only=True):
    """A movable name for one version, such as ``champion``."""

    alias: str
    version: str


class RegisteredModel(Entity, frozen=True, kw_only=True):
    """A name under which versions are kept."""

    name: str
    creation_timestamp: int
    last_updated_timestamp: int
    description: str = ""
    latest_versions: list[ModelVersion] = msgspec.field(default_factory=list)
    tag_list: list[Tag] = msgspec.field(default_factory=list, name="tags")
    alias_list: list[Alias] = msgspec.field(default_factory=list, name="aliases")

    @property
    def tags(self) -> dict[str, str]:
        """The registered model's tags."""
        return pairs(self.tag_list)

    @property
    def aliases(self) -> dict[str, str]:
        """Alias to version."""
        return {entry.alias: entry.version for entry in self.alias_list}


def alias_elsewhere(name: str, alias: str, expected: str | None, found: str | None) -> InvalidState:
    """The error for an alias that somebody else has moved."""
    where = "does not exist" if found is None else f"is at version {found}"
    was = "that it does not exist" if expected is None else f"it at version {expected}"
    return InvalidState(
        f"The alias {alias!r} of the registered model {name!r} {where} by now; this call expected {was}. Somebody else "
        "was faster, so nothing was changed. Look at it anew, and decide again."
    )
