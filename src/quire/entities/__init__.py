"""What is stored, under the names that MLflow gives it; defined in :mod:`quire.domain`."""

from __future__ import annotations

from quire.domain.assessments import AssessmentError, AssessmentSource
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
from quire.domain.traces import ExperimentLocation as MlflowExperimentLocation
from quire.domain.traces import TraceLocation
from quire.entities.assessments import Assessment, Expectation, Feedback
from quire.entities.spans import Link, Span, SpanEvent, SpanStatus
from quire.entities.traces import Trace, TraceData, TraceInfo
from quire.entities.words import (
    AssessmentSourceType,
    LifecycleStage,
    LoggedModelStatus,
    RunStatus,
    SourceType,
    SpanLogLevel,
    SpanStatusCode,
    SpanType,
    TraceState,
    ViewType,
)

RunTag = ExperimentTag = InputTag = LoggedModelTag = Tag
LoggedModelParameter = Param
LoggedModelInput = ModelInput
LoggedModelOutput = ModelOutput

__all__ = [
    "Assessment",
    "AssessmentError",
    "AssessmentSource",
    "AssessmentSourceType",
    "Dataset",
    "DatasetInput",
    "Expectation",
    "Experiment",
    "ExperimentTag",
    "Feedback",
    "FileInfo",
    "InputTag",
    "LifecycleStage",
    "Link",
    "LoggedModel",
    "LoggedModelInput",
    "LoggedModelOutput",
    "LoggedModelParameter",
    "LoggedModelStatus",
    "LoggedModelTag",
    "Metric",
    "MlflowExperimentLocation",
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
    "Span",
    "SpanEvent",
    "SpanLogLevel",
    "SpanStatus",
    "SpanStatusCode",
    "SpanType",
    "Tag",
    "Trace",
    "TraceData",
    "TraceInfo",
    "TraceLocation",
    "TraceState",
    "ViewType",
]
