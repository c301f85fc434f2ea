"""What tracking stores: experiments, runs and what is logged to them.

One definition serves the database row, the wire and the Python API. Names and meanings are MLflow's: times
are integers in milliseconds since the Unix epoch, experiment ids are decimal strings, run ids 32 hexadecimal
digits. Lists of key/value pairs travel as lists; the property of the plain name gives them as a mapping. What holds
texts and numbers alone, and comes by the thousand, is left out of the garbage collector's rounds (``gc=False``).
"""

from __future__ import annotations

from typing import Literal

import msgspec

from quire.domain.protojson import written

LifecycleStage = Literal["active", "deleted"]
RunStatus = Literal["RUNNING", "SCHEDULED", "FINISHED", "FAILED", "KILLED"]
ViewType = Literal["ACTIVE_ONLY", "DELETED_ONLY", "ALL"]


class Entity(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Base of everything stored: immutable, keyword-only, defaults left out on the wire unless ``written``."""


class Tag(msgspec.Struct, frozen=True, gc=False):
    """A key and a text value; setting a key again replaces its value."""

    key: str
    value: str


class Param(msgspec.Struct, frozen=True, gc=False):
    """A key and a text value; never changes once logged to a run."""

    key: str
    value: str


class Metric(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """One measured number. ``timestamp`` is in milliseconds; ``step`` orders a history."""

    key: str
    value: float
    timestamp: int = written(0)
    step: int = written(0)
    model_id: str | None = None
    dataset_name: str | None = None
    dataset_digest: str | None = None
    run_id: str | None = None


def pairs(items: list[Tag] | list[Param]) -> dict[str, str]:
    """The key/value pairs of ``items`` as a mapping."""
    return {item.key: item.value for item in items}


class Experiment(Entity, frozen=True, kw_only=True):
    """A named group of runs."""

    experiment_id: str
    name: str
    artifact_location: str
    lifecycle_stage: LifecycleStage = written("active")
    creation_time: int | None = None
    last_update_time: int | None = None
    workspace: str = written("default")
    tag_list: list[Tag] = msgspec.field(default_factory=list, name="tags")

    @property
    def tags(self) -> dict[str, str]:
        """The experiment's tags."""
        return pairs(self.tag_list)


class RunInfo(Entity, frozen=True, kw_only=True, gc=False):
    """What identifies a run, and its state."""

    run_id: str
    experiment_id: str
    run_name: str
    user_id: str = written("")
    status: RunStatus
    start_time: int
    end_time: int | None = None
    artifact_uri: str
    lifecycle_stage: LifecycleStage = written("active")

    @property
    def run_uuid(self) -> str:
        """The run id, under its oldest name."""
        return self.run_id


class RunData(Entity, frozen=True, kw_only=True):
    """What was logged to a run: the latest value of each metric, the params and the tags."""

    metric_list: list[Metric] = msgspec.field(default_factory=list, name="metrics")
    param_list: list[Param] = msgspec.field(default_factory=list, name="params")
    tag_list: list[Tag] = msgspec.field(default_factory=list, name="tags")

    @property
    def metrics(self) -> dict[str, float]:
        """The latest value of each metric (largest step, then largest timestamp)."""
        return {metric.key: metric.value for metric in self.metric_list}

    @property
    def params(self) -> dict[str, str]:
        """The run's params."""
        return pairs(self.param_list)

    @property
    def tags(self) -> dict[str, str]:
        """The run's tags."""
        return pairs(self.tag_list)


class Dataset(Entity, frozen=True, kw_only=True):
    """A description of data that a run read; ``digest`` names its content."""

    name: str
    digest: str
    source_type: str
    source: str
    schema: str | None = None
    profile: str | None = None


class DatasetInput(Entity, frozen=True, kw_only=True):
    """A dataset that a run read, with tags such as ``mlflow.data.context``."""

    tag_list: list[Tag] = msgspec.field(default_factory=list, name="tags")
    dataset: Dataset

    @property
    def tags(self) -> dict[str, str]:
        """Tags of this use of the dataset."""
        return pairs(self.tag_list)


class ModelInput(Entity, frozen=True, kw_only=True):
    """A logged model that a run used."""

    model_id: str


class ModelOutput(Entity, frozen=True, kw_only=True):
    """A logged model that a run made, at a step."""

    model_id: str
    step: int = written(0)


class RunInputs(Entity, frozen=True, kw_only=True):
    """What a run read."""

    dataset_inputs: list[DatasetInput] = msgspec.field(default_factory=list)
    model_inputs: list[ModelInput] = msgspec.field(default_factory=list)


class RunOutputs(Entity, frozen=True, kw_only=True):
    """What a run made."""

    model_outputs: list[ModelOutput] = msgspec.field(default_factory=list)


class Run(Entity, frozen=True, kw_only=True):
    """One execution: its state, what was logged to it, what it read and made."""

    info: RunInfo
    data: RunData = msgspec.field(default_factory=RunData)
    inputs: RunInputs = msgspec.field(default_factory=RunInputs)
    outputs: RunOutputs = msgspec.field(default_factory=RunOutputs)


class FileInfo(Entity, frozen=True, kw_only=True):
    """One entry of an artifact folder; ``path`` is relative to the artifact root, ``/``-separated."""

    path: str
    is_dir: bool
    file_size: int | None = None
