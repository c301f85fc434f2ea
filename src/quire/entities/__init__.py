"""What is stored, under the names that MLflow gives it; defined in :mod:`quire.domain`."""

from __future__ import annotations

from quire.domain.entities import (
    Dataset,
    DatasetInput,
    Experiment,
    FileInfo,
    Metric,
    ModelInput,
    ModelOutput,
    Param,
    Run,
    RunData,
    RunInfo,
    RunInputs,
    RunOutputs,
    Tag,
)
from quire.domain.registry import LoggedModel
from quire.entities.words import LifecycleStage, LoggedModelStatus, RunStatus, SourceType, ViewType

RunTag = ExperimentTag = InputTag = LoggedModelTag = Tag
LoggedModelParameter = Param
LoggedModelInput = ModelInput
LoggedModelOutput = ModelOutput

__all__ = [
    "Dataset",
    "DatasetInput",
    "Experiment",
    "ExperimentTag",
    "FileInfo",
    "InputTag",
    "LifecycleStage",
    "LoggedModel",
    "LoggedModelInput",
    "LoggedModelOutput",
    "LoggedModelParameter",
    "LoggedModelStatus",
    "LoggedModelTag",
    "Metric",
    "ModelInput",
    "ModelOutput",
    "Param",
    "Run",
    "RunData",
    "RunInfo",
    "RunInputs",
    "RunOutputs",
    "RunStatus",
    "RunTag",
    "SourceType",
    "Tag",
    "ViewType",
]
