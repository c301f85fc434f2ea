"""The import of an MLflow database: what is read, in which order it is put, and how it is checked."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from quire.domain.entities import Experiment, Run
from quire.domain.errors import InvalidInput, QuireError
from quire.importing import models, runs, traces
from quire.importing.checking import Check
from quire.importing.database import DEFAULT_WORKSPACE, MlflowDatabase
from quire.importing.places import Places
from quire.importing.report import Report
from quire.importing.rest import left_out
from quire.store.base import Store

if TYPE_CHECKING:
    from collections.abc import Iterator

    from quire.store.sql import SqlStore

Progress = Callable[[str, int, int], None]
"""Told what is being brought, how many are done, how many there are."""


def import_mlflow(
    uri: str,
    store: Store,
    *,
    artifacts: Path | None = None,
    artifact_root: str,
    workspace: str = DEFAULT_WORKSPACE,
    dry_run: bool = False,
    progress: Progress | None = None,
) -> Report:
    """Bring an MLflow database (SQLite or PostgreSQL, of MLflow 2.22 to 3) into a store; ids and times are kept.

    ``artifacts`` is MLflow's artifact folder, whose files are copied under ``artifact_root``; without it, artifacts
    stay where they are. What is in the store already is passed over, so that an import that was interrupted is run
    again. Afterwards counts are compared and a sample is read back. A dry run does all of it in one transaction, but
    for the files, and undoes it. Raises InvalidInput for a source that is none, or naming
    the thing that cannot be kept; AlreadyExists for an id or a name that is another's here.
    """
    from quire.store.sql import SqlStore

    if not isinstance(store, SqlStore):
        raise InvalidInput(
            f"The store {store.uri} is not a database. Import where its database is: --tracking-uri sqlite:///quire.db "
            "or postgresql://host/database."
        )
    source = MlflowDatabase(uri, workspace)
    try:
        places = Places(artifacts, artifact_root)
        return _Import(source, store, places, dry_run=dry_run, progress=progress or _silent).run()
    finally:
        source.close()


def _silent(_kind: str, _done: int, _of: int) -> None:
    return


class _Undo(Exception):
    """Undoes what a dry run wrote."""


class _Import:
    """One import. Each step adds to the report."""

    def __init__(
        self, source: MlflowDatabase, store: SqlStore, places: Places, *, dry_run: bool, progress: Progress
    ) -> None:
        self._source, self._store, self._places = source, store, places
        self._dry_run, self._tell = dry_run, progress
        self._report = Report(source=source.uri, target=store.uri, dry_run=dry_run)
        self._check = Check(store)
        self._experiments: dict[str, Experiment] = {}
        self._places_of: dict[str, str] = {}

    def run(self) -> Report:
        """Everything, in the order in which one thing needs another."""
        if self._dry_run:
            with suppress(_Undo), self._store.transaction():
                self._put_all()
                raise _Undo
        else:
            self._put_all()
            self._copy_artifacts()
        self._report.left_out = left_out(self._source, self._places)
        return self._report

    def _put_all(self) -> None:
        self._put_experiments()
        self._put_runs()
        self._put_logged_models()
        self._put_registered_models()
        self._put_traces()
        self._put_datasets()
        self._delete_experiments()
        self._report.problems += self._check.problems()
        self._report.checked = self._check.checked

    def _put_experiments(self) -> None:
        count = self._report.count("experiments")
        for experiment in runs.experiments(self._source):
            number = experiment.experiment_id
            moved = msgspec.structs.replace(
                experiment,
                artifact_location=self._places.moved(experiment.artifact_location, number, copied=False),
            )
            self._experiments[number] = moved
            count.found += 1
            with _naming(f"The experiment {number} {experiment.name!r}"):
                self._counted("experiments", self._store.bulk.put_experiment(moved))
        self._tell("experiments", count.found, count.found)

    def _put_runs(self) -> None:
        total, count = runs.count_runs(self._source), self._report.count("runs")
        for batch in runs.runs(self._source):
            known = self._store.bulk.run_counts([item.run.info.run_id for item in batch])
            for slice_ in _slices(batch, 50):
                with self._store.transaction():
                    for item in slice_:
                        self._put_run(item, known)
            count.found += len(batch)
            self._tell("runs", count.found, total)

    def _put_run(self, item: runs.SourceRun, known: dict[str, tuple[str, int, int, int]]) -> None:
        run = self._moved(item.run)
        here = known.get(run.info.run_id)
        there = (run.info.status, item.metric_values, len(run.data.param_list), len(run.data.tag_list))
        for kind, found in zip(("metric values", "params", "tags"), there[1:], strict=True):
            self._report.count(kind).found += found
        self._check.run(run, item)
        if here == there:
            self._counted("runs", here is None)
            return
        with _naming(f"The run {run.info.run_id} of experiment {run.info.experiment_id}"):
            values = runs.history(self._source, run.info.run_id)
            self._counted("runs", self._store.bulk.put_run(run, values, deleted_time=item.deleted_time))

    def _moved(self, run: Run) -> Run:
        info = run.info
        uri = self._places.moved(info.artifact_uri, info.experiment_id, info.run_id, "artifacts")
        self._places_of[info.run_id] = info.artifact_uri
        return msgspec.structs.replace(run, info=msgspec.structs.replace(info, artifact_uri=uri))

    def _put_logged_models(self) -> None:
        found = models.logged_models(self._source)
        for done, item in enumerate(found, 1):
            info = item.model.info
            uri = self._places.moved(info.artifact_uri, info.experiment_id, "models", info.model_id, "artifacts")
            self._places_of[info.model_id] = info.artifact_uri
            model = msgspec.structs.replace(item.model, info=msgspec.structs.replace(info, artifact_uri=uri))
            self._report.count("logged models").found += 1
            self._check.logged_model(model, deleted=item.deleted)
            with _naming(f"The logged model {info.model_id} {info.name!r}"):
                self._counted("logged models", self._store.bulk.put_logged_model(model, deleted=item.deleted))
            self._tell("logged models", done, len(found))

    def _put_registered_models(self) -> None:
        found = models.registered_models(self._source)
        for done, item in enumerate(found, 1):
            versions = [
                msgspec.structs.replace(
                    version,
                    source=self._places.moved_within(version.source, self._places_of.get(version.run_id)),
                )
                for version in item.versions
            ]
            self._report.count("registered models").found += 1
            self._report.count("model versions").found += len(versions)
            self._check.registered_model(item.model, versions)
            with _naming(f"The registered model {item.model.name!r}"):
                self._counted(
                    "registered models",
                    self._store.bulk.put_registered_model(item.model, versions, last=item.last),
                )
            self._tell("registered models", done, len(found))

    def _put_traces(self) -> None:
        total = traces.count_traces(self._source)
        for batch in traces.traces(self._source, self._places):
            known = {info.trace_id for info in self._store.get_trace_infos([item.info.trace_id for item in batch])}
            with self._store.transaction():
                for item in batch:
                    self._put_trace(item, present=item.info.trace_id in known)
            self._tell("traces", self._report.count("traces").found, total)

    def _put_trace(self, item: traces.SourceTrace, *, present: bool) -> None:
        info = item.info
        self._report.count("traces").found += 1
        self._report.count("spans").found += len(item.spans)
        self._report.count("assessments").found += len(info.assessments)
        self._check.trace(item)
        if present:
            self._counted("traces", not present)
            return
        with _naming(f"The trace {info.trace_id} of experiment {info.experiment_id}"):
            self._store.bulk.set_deleted(info.experiment_id, deleted=False)
            self._store.start_trace(info)
            if item.spans:
                self._store.log_spans(info.experiment_id, item.spans)
            for run in item.run_ids:
                self._store.link_traces_to_run([info.trace_id], run)
            self._counted("traces", True)

    def _put_datasets(self) -> None:
        for dataset, records in traces.datasets(self._source):
            self._report.count("evaluation datasets").found += 1
            self._report.count("records").found += len(records)
            self._check.dataset(dataset, records)
            with _naming(f"The evaluation dataset {dataset.dataset_id} {dataset.name!r}"):
                self._counted("evaluation datasets", self._store.bulk.put_dataset(dataset, records))

    def _delete_experiments(self) -> None:
        for number, experiment in self._experiments.items():
            if experiment.lifecycle_stage == "deleted":
                self._store.bulk.set_deleted(number, deleted=True)

    def _copy_artifacts(self) -> None:
        files, problems = self._places.copy(lambda done, of: self._tell("artifact files", done, of))
        self._report.files = files
        self._report.problems += problems

    def _counted(self, kind: str, new: bool) -> None:
        count = self._report.count(kind)
        count.added += new
        count.present += not new


@contextmanager
def _naming(what: str) -> Iterator[None]:
    """Errors inside name the thing that could not be brought."""
    try:
        yield
    except QuireError as error:
        raise type(error)(
            f"{what} cannot be imported: {error.message} What came before it is stored; import again once it is mended."
        ) from error


def _slices(items: list[runs.SourceRun], size: int) -> Iterable[list[runs.SourceRun]]:
    return (items[start : start + size] for start in range(0, len(items), size))
