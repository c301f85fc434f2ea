"""The one interface through which everything stored is read and written.

Every implementation keeps these promises: what a call that returned has stored outlives the process, however that
ends (what it takes to outlive a loss of power, each store says); a call that raised changed nothing; calls are safe
from many threads and processes at once. Times are milliseconds since the epoch.
Errors are those of :mod:`quire.domain.errors`: NotFound, AlreadyExists, InvalidInput, InvalidState,
Unavailable.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from quire.domain.assessments import Assessment, AssessmentError, Expectation, Feedback
from quire.domain.datasets import DatasetRecord, DatasetVersion, EvaluationDataset, NewRecord, Upserted
from quire.domain.entities import (
    DatasetInput,
    Experiment,
    Metric,
    ModelInput,
    ModelOutput,
    Param,
    Run,
    RunInfo,
    RunStatus,
    Tag,
    ViewType,
)
from quire.domain.paging import Page
from quire.domain.registry import (
    LoggedModel,
    LoggedModelStatus,
    MetricDataset,
    MetricOrder,
    ModelVersion,
    RegisteredModel,
    Stage,
)
from quire.domain.trace_usage import Pruning, TraceUsage, UsageBy
from quire.domain.traces import PromptVersionRef, SpanRecord, Trace, TraceInfo, TraceState


class ExperimentStore(Protocol):
    """Experiments and their tags."""

    def create_experiment(self, name: str, *, artifact_location: str | None = None, tags: Sequence[Tag] = ()) -> str:
        """Create an experiment and return its id. AlreadyExists if the name is taken, deleted or not."""

    def get_experiment(self, experiment_id: str) -> Experiment:
        """The experiment of that id, deleted or not."""

    def get_experiment_by_name(self, name: str) -> Experiment | None:
        """The experiment of that name, deleted or not; None if there is none."""

    def rename_experiment(self, experiment_id: str, name: str) -> None:
        """Give an active experiment another name."""

    def delete_experiment(self, experiment_id: str) -> None:
        """Mark an experiment and its runs as deleted."""

    def restore_experiment(self, experiment_id: str) -> None:
        """Undo delete_experiment."""

    def set_experiment_tag(self, experiment_id: str, tag: Tag) -> None:
        """Set or replace a tag."""

    def delete_experiment_tag(self, experiment_id: str, key: str) -> None:
        """Remove a tag; NotFound if it is not set."""

    def search_experiments(
        self,
        *,
        filter_string: str = "",
        view: ViewType = "ACTIVE_ONLY",
        order_by: Sequence[str] = (),
        max_results: int = 1000,
        page_token: str | None = None,
    ) -> Page[Experiment]:
        """Experiments that match the filter; newest first unless ordered otherwise."""


class RunStore(Protocol):
    """Runs and what is logged to them."""

    def create_run(
        self,
        experiment_id: str,
        *,
        run_name: str | None = None,
        user_id: str = "",
        start_time: int | None = None,
        tags: Sequence[Tag] = (),
    ) -> Run:
        """Start a run in an active experiment."""

    def get_run(self, run_id: str) -> Run:
        """The run with its latest metrics, params, tags, inputs and outputs."""

    def update_run(
        self,
        run_id: str,
        *,
        status: RunStatus | None = None,
        end_time: int | None = None,
        run_name: str | None = None,
    ) -> RunInfo:
        """Change a run's state or name."""

    def delete_run(self, run_id: str) -> None:
        """Mark a run as deleted."""

    def restore_run(self, run_id: str) -> None:
        """Undo delete_run."""

    def log_batch(
        self,
        run_id: str,
        *,
        metrics: Sequence[Metric] = (),
        params: Sequence[Param] = (),
        tags: Sequence[Tag] = (),
    ) -> None:
        """Log all or nothing. A param logged again with another value is InvalidInput."""

    def delete_tag(self, run_id: str, key: str) -> None:
        """Remove a run's tag; NotFound if it is not set."""

    def get_metric_history(
        self, run_id: str, key: str, *, max_results: int | None = None, page_token: str | None = None
    ) -> Page[Metric]:
        """Every logged value of a metric, in order of step, then timestamp, then logging."""

    def log_inputs(
        self, run_id: str, *, datasets: Sequence[DatasetInput] = (), models: Sequence[ModelInput] = ()
    ) -> None:
        """Record what a run read; the same input twice is recorded once."""

    def log_outputs(self, run_id: str, models: Sequence[ModelOutput]) -> None:
        """Record which logged models a run made."""

    def search_runs(
        self,
        experiment_ids: Sequence[str],
        *,
        filter_string: str = "",
        view: ViewType = "ACTIVE_ONLY",
        order_by: Sequence[str] = (),
        max_results: int = 1000,
        page_token: str | None = None,
    ) -> Page[Run]:
        """Runs of these experiments that match; newest start first unless ordered otherwise."""


class LoggedModelStore(Protocol):
    """Packaged models stored under experiments."""

    def create_logged_model(
        self,
        experiment_id: str,
        *,
        name: str | None = None,
        source_run_id: str | None = None,
        model_type: str | None = None,
        params: Sequence[Param] = (),
        tags: Sequence[Tag] = (),
    ) -> LoggedModel:
        """Reserve an id and a place for a model's files; its status is PENDING."""

    def get_logged_model(self, model_id: str) -> LoggedModel:
        """The logged model of that id."""

    def finalize_logged_model(self, model_id: str, status: LoggedModelStatus) -> LoggedModel:
        """Say that the files are complete (READY) or that writing them failed (FAILED)."""

    def delete_logged_model(self, model_id: str) -> None:
        """Delete a logged model's record."""

    def log_model_params(self, model_id: str, params: Sequence[Param]) -> None:
        """Add params to a logged model."""

    def set_logged_model_tags(self, model_id: str, tags: Sequence[Tag]) -> None:
        """Set or replace tags."""

    def delete_logged_model_tag(self, model_id: str, key: str) -> None:
        """Remove a tag; NotFound if it is not set."""

    def search_logged_models(
        self,
        experiment_ids: Sequence[str],
        *,
        filter_string: str = "",
        datasets: Sequence[MetricDataset] = (),
        order_by: Sequence[str | MetricOrder] = (),
        max_results: int = 100,
        page_token: str | None = None,
    ) -> Page[LoggedModel]:
        """Logged models of these experiments that match; newest first unless ordered otherwise.

        With ``datasets``, those that were measured on one of them, and metrics of the filter are those measured there.
        """


class RegistryStore(Protocol):
    """Registered models, versions, tags, aliases and stages."""

    def create_registered_model(self, name: str, *, description: str = "", tags: Sequence[Tag] = ()) -> RegisteredModel:
        """Take a name. AlreadyExists if it is taken."""

    def get_registered_model(self, name: str) -> RegisteredModel:
        """The registered model with its latest versions, tags and aliases."""

    def rename_registered_model(self, name: str, new_name: str) -> RegisteredModel:
        """Give it another name; its versions and aliases follow."""

    def update_registered_model(self, name: str, *, description: str) -> RegisteredModel:
        """Replace its description."""

    def delete_registered_model(self, name: str) -> None:
        """Delete the name with all its versions."""

    def set_registered_model_tag(self, name: str, tag: Tag) -> None:
        """Set or replace a tag."""

    def delete_registered_model_tag(self, name: str, key: str) -> None:
        """Remove a tag; no error if it is not set."""

    def search_registered_models(
        self,
        *,
        filter_string: str = "",
        order_by: Sequence[str] = (),
        max_results: int = 100,
        page_token: str | None = None,
    ) -> Page[RegisteredModel]:
        """Registered models that match, by name unless ordered otherwise."""

    def set_alias(self, name: str, alias: str, version: str) -> None:
        """Point an alias at a version, moving it if it exists."""

    def delete_alias(self, name: str, alias: str) -> None:
        """Remove an alias; no error if it is not set."""

    def move_alias(self, name: str, alias: str, version: str | None, *, expected: str | None, tag: Tag) -> None:
        """Move an alias from the version where it is expected, and set a tag of the model, both or neither.

        None stands for no version: there is no such alias, or there shall be none. InvalidState if the alias is
        elsewhere by now: somebody else was faster.
        """

    def get_model_version_by_alias(self, name: str, alias: str) -> ModelVersion:
        """The version that an alias points at."""

    def create_model_version(
        self,
        name: str,
        source: str,
        *,
        run_id: str | None = None,
        model_id: str | None = None,
        description: str = "",
        run_link: str = "",
        tags: Sequence[Tag] = (),
    ) -> ModelVersion:
        """Add the next version, numbered from 1."""

    def get_model_version(self, name: str, version: str) -> ModelVersion:
        """One version with its tags and aliases."""

    def update_model_version(self, name: str, version: str, *, description: str) -> ModelVersion:
        """Replace its description."""

    def transition_stage(
        self, name: str, version: str, stage: Stage, *, archive_existing_versions: bool = False
    ) -> ModelVersion:
        """Move a version to a stage (MLflow's older way; aliases are the newer)."""

    def delete_model_version(self, name: str, version: str) -> None:
        """Delete a version and the aliases that point at it; its number is not used again."""

    def set_model_version_tag(self, name: str, version: str, tag: Tag) -> None:
        """Set or replace a tag."""

    def delete_model_version_tag(self, name: str, version: str, key: str) -> None:
        """Remove a tag; no error if it is not set."""

    def get_latest_versions(self, name: str, stages: Sequence[Stage] = ()) -> list[ModelVersion]:
        """The newest version of each stage (of all stages unless some are named)."""

    def search_model_versions(
        self,
        *,
        filter_string: str = "",
        order_by: Sequence[str] = (),
        max_results: int = 10_000,
        page_token: str | None = None,
    ) -> Page[ModelVersion]:
        """Versions that match; newest update first unless ordered otherwise."""


class TraceStore(Protocol):
    """Traces, their spans, and what is judged of them."""

    def start_trace(self, info: TraceInfo) -> TraceInfo:
        """Store what is said of a trace, before or after its spans; said again, it is merged into what is there."""

    def begin_trace(
        self,
        experiment_id: str,
        *,
        timestamp_ms: int,
        metadata: Mapping[str, str] | None = None,
        tags: Mapping[str, str] | None = None,
    ) -> TraceInfo:
        """Start a trace whose id the store chooses, as clients before version 3 do; its state is IN_PROGRESS."""

    def end_trace(
        self,
        trace_id: str,
        *,
        timestamp_ms: int,
        status: TraceState,
        metadata: Mapping[str, str] | None = None,
        tags: Mapping[str, str] | None = None,
    ) -> TraceInfo:
        """End a trace that was begun with begin_trace; metadata and tags are merged into those it has."""

    def log_spans(self, experiment_id: str, spans: Sequence[SpanRecord]) -> None:
        """Store spans of any number of traces; a span stored again replaces the one of its id.

        A trace that is not there yet is made in the experiment, and follows from its spans until start_trace says more.
        """

    def log_traces(self, traces: Sequence[Trace]) -> None:
        """Store traces of one experiment with spans that have ended, and what is said of them. May be repeated.

        What is said of a trace is taken from its info where its root is among the spans; a trace whose root has not
        ended yet, or ends in another process, is told of by the facts of its spans until then.
        """

    def get_trace_info(self, trace_id: str) -> TraceInfo:
        """What is said of a trace."""

    def get_trace_infos(self, trace_ids: Sequence[str]) -> list[TraceInfo]:
        """What is said of these traces, in this order; those that there are not are left out."""

    def get_traces(self, trace_ids: Sequence[str]) -> list[Trace]:
        """These traces with their spans, in this order; those that there are not are left out."""

    def search_traces(
        self,
        experiment_ids: Sequence[str],
        *,
        filter_string: str = "",
        order_by: Sequence[str] = (),
        max_results: int = 100,
        page_token: str | None = None,
    ) -> Page[TraceInfo]:
        """Traces of these experiments that match; newest first unless ordered otherwise."""

    def trace_usage(
        self,
        experiment_ids: Sequence[str],
        *,
        by: UsageBy,
        filter_string: str = "",
        start_ms: int | None = None,
        end_ms: int | None = None,
        max_results: int = 1000,
    ) -> list[TraceUsage]:
        """What the traces of these experiments used, by group; days newest first, else what cost most first.

        ``filter_string`` chooses traces as in search_traces; ``start_ms`` (included) and ``end_ms`` (not) those that
        began then. A trace with several runs or prompt versions counts for each.
        """

    def plan_pruning(
        self, experiment_ids: Sequence[str], *, older_than_ms: int | None = None, keep_bytes: int | None = None
    ) -> Pruning:
        """What is older than a time, and what goes beyond so many bytes when the newest traces are kept.

        Sizes are those of all these experiments together. :func:`quire.store.pruning.prune` deletes it.
        """

    def set_trace_tag(self, trace_id: str, key: str, value: str) -> None:
        """Set or replace a tag of a trace."""

    def delete_trace_tag(self, trace_id: str, key: str) -> None:
        """Remove a tag of a trace; NotFound if it is not set."""

    def link_traces_to_run(self, trace_ids: Sequence[str], run_id: str) -> None:
        """Make traces found by ``run_id``; at most 100 in a call. Traces that there are not are left out."""

    def link_prompts_to_trace(self, trace_id: str, versions: Sequence[PromptVersionRef]) -> None:
        """Make a trace found by the prompt versions that it used."""

    def delete_traces(
        self,
        experiment_id: str,
        *,
        trace_ids: Sequence[str] = (),
        max_timestamp_ms: int | None = None,
        max_traces: int | None = None,
    ) -> int:
        """Delete traces of an experiment with their spans: these, or those not newer, oldest first; how many."""

    def create_assessment(self, assessment: Assessment) -> Assessment:
        """Add an assessment to a trace; the id is the store's. The one that it overrides is no longer valid."""

    def log_assessments(self, assessments: Sequence[Assessment]) -> set[str]:
        """Add many assessments to their traces; those of traces that there are not are left out, and these returned.

        May be repeated: one whose ``assessment_id`` is known is replaced. A server that chooses ids itself keeps the
        one that it has of that name, kind, source and run.
        """

    def get_assessment(self, trace_id: str, assessment_id: str) -> Assessment:
        """One assessment of a trace."""

    def update_assessment(
        self,
        trace_id: str,
        assessment_id: str,
        *,
        name: str | None = None,
        feedback: Feedback | None = None,
        expectation: Expectation | None = None,
        rationale: str | None = None,
        metadata: Mapping[str, str] | None = None,
        error: AssessmentError | None = None,
        valid: bool | None = None,
    ) -> Assessment:
        """Change an assessment, but not its kind; metadata are added key by key."""

    def delete_assessment(self, trace_id: str, assessment_id: str) -> None:
        """Delete an assessment; one that it overrode is valid again. No error if there is none."""


class DatasetStore(Protocol):
    """Evaluation datasets and their records."""

    def create_dataset(
        self, name: str, *, experiment_ids: Sequence[str] = (), tags: Mapping[str, str] | None = None
    ) -> EvaluationDataset:
        """Make an empty dataset, seen in these experiments. Names need not be unique; ids are."""

    def get_dataset(self, dataset_id: str) -> EvaluationDataset:
        """A dataset without its records."""

    def delete_dataset(self, dataset_id: str) -> None:
        """Delete a dataset with its records. No error if there is none."""

    def search_datasets(
        self,
        *,
        experiment_ids: Sequence[str] = (),
        filter_string: str = "",
        order_by: Sequence[str] = (),
        max_results: int = 1000,
        page_token: str | None = None,
    ) -> Page[EvaluationDataset]:
        """Datasets that match, of these experiments if some are named; newest first unless ordered otherwise."""

    def set_dataset_tags(self, dataset_id: str, tags: Mapping[str, str | None]) -> None:
        """Set or replace tags; one whose value is None stays as it is."""

    def delete_dataset_tag(self, dataset_id: str, key: str) -> None:
        """Remove a tag; no error if it is not set, or there is no such dataset."""

    def add_dataset_to_experiments(self, dataset_id: str, experiment_ids: Sequence[str]) -> EvaluationDataset:
        """Let a dataset be seen in more experiments."""

    def remove_dataset_from_experiments(self, dataset_id: str, experiment_ids: Sequence[str]) -> EvaluationDataset:
        """Let a dataset no longer be seen in these experiments; no error for those that it is not seen in."""

    def upsert_records(self, dataset_id: str, records: Sequence[NewRecord]) -> Upserted:
        """Add records; one whose inputs are there already is merged into that one."""

    def get_records(
        self,
        dataset_id: str,
        *,
        version: int | None = None,
        max_results: int = 1000,
        page_token: str | None = None,
    ) -> Page[DatasetRecord]:
        """The records of a dataset, or of one of its versions, in the order in which they came."""

    def delete_records(self, dataset_id: str, record_ids: Sequence[str]) -> int:
        """Delete records of a dataset; how many there were. Versions keep those that they hold."""

    @property
    def keeps_dataset_versions(self) -> bool:
        """Whether states of datasets can be named; a server that speaks MLflow's protocol alone has none."""

    def name_version(self, dataset_id: str) -> DatasetVersion:
        """Make the present state of a dataset a version; the newest one if nothing has changed since."""

    def get_dataset_version(self, dataset_id: str, version: int) -> DatasetVersion:
        """One version. Raises NotFound, naming the newest."""

    def search_dataset_versions(
        self, dataset_id: str, *, digest: str = "", max_results: int = 1000, page_token: str | None = None
    ) -> Page[DatasetVersion]:
        """The versions of a dataset whose digest begins so, newest first."""


class Store(ExperimentStore, RunStore, LoggedModelStore, RegistryStore, TraceStore, DatasetStore, Protocol):
    """Everything that tracking and the registry keep."""

    @property
    def uri(self) -> str:
        """The store's tracking URI, without credentials."""

    def close(self) -> None:
        """Release connections; the store is not used afterwards."""
