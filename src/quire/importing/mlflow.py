"""The import of an MLflow database: what is read, in which order it is put, and how it is checked."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path

from quire.domain.errors import InvalidInput, QuireError
from quire.importing import models, runs, traces
from quire.importing.checking import Check
from quire.importing.database import DEFAULT_WORKSPACE, MlflowDatabase
from quire.importing.places import Places
from quire.importing.report import Report
from quire.importing.rest import left_out
from quire.store.base import Store
from quire.store.sql import SqlStore
from quire.store.sql.bulk_runs import NewRun
from quire.store.sql.failures import Again

Progress = Callable[[str, int, int], None]
"""Told what is being brought, how many are done, how many there are."""


def import_mlflow(
    uri: str,
    store: Store,
    *,
    artifacts: Path | None = None,
    artifact_root: str,
    served: bool = False,
    workspace: str = DEFAULT_WORKSPACE,
    dry_run: bool = False,
    progress: Progress | None = None,
) -> Report:
    """Bring an MLflow database (SQLite or PostgreSQL, of MLflow 2 or 3) into a store; ids and times are kept.

    ``artifacts`` is MLflow's artifact folder, whose files are copied under ``artifact_root``; what refers to them names
    them there, or by ``mlflow-artifacts:`` if a server is to give them out (``served``). Without it, artifacts stay
    where they are. What is in the store already is kept, so that an import that was interrupted is run again.
    Afterwards counts are compared and a sample is read back. A dry run does all of it in one transaction, but for
    the files, and undoes it. Raises InvalidInput for a source that is none, or naming the thing that cannot be kept;
    AlreadyExists for an id or a name that is another's here.
    """
    if not isinstance(store, SqlStore):
        raise InvalidInput(
            f"The store {store.uri} is not a database. Import where its database is: --tracking-uri sqlite:///quire.db "
            "or postgresql://host/database."
        )
    source = MlflowDatabase(uri, workspace)
    try:
        places = Places(artifacts, artifact_root, served=served)
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
        self._lost_spans = 0

    def run(self) -> Report:
        """Everything, in the order in which one thing needs another."""
        if self._dry_run:
            with suppress(_Undo), self._store.transaction():
                self._put_all()
                raise _Undo
        else:
            self._put_all()
        self._move_artifacts()
        return self._report

    def _put_all(self) -> None:
        self._put_experiments()
        self._put_runs()
        self._put_logged_models()
        self._put_registered_models()
        self._put_traces()
        self._put_datasets()
        self._report.problems += self._check.problems
        self._report.checked = self._check.checked
        self._report.left_out = left_out(self._source, self._places)
        if self._lost_spans:
            self._report.left_out.append(
                f"the spans of {self._lost_spans:,} traces, which are in files that were not found: import again with "
                "--artifacts FOLDER"
            )

    def _put_experiments(self) -> None:
        found = runs.experiments(self._source)
        for done, experiment in enumerate(found, 1):
            number = experiment.experiment_id
            self._places.move("experiment", (int(number),), experiment.artifact_location, number, copied=False)
            with _naming(f"The experiment {number} {experiment.name!r}"):
                self._count("experiments", 1, new=self._store.bulk.put_experiment(experiment))
            self._tell("experiments", done, len(found))

    def _put_runs(self) -> None:
        total, done = runs.count_runs(self._source), 0
        for batch in runs.runs(self._source):
            known = self._store.bulk.run_counts([item.run.info.run_id for item in batch])
            for item in batch:
                self._look_at_run(item, known=item.run.info.run_id in known)
            lacking = [item for item in batch if known.get(item.run.info.run_id) != item.counts]
            for group in runs.with_history(self._source, lacking):
                self._put_group(group)
            self._check.runs(batch, known)
            done += len(batch)
            self._tell("runs", done, total)

    def _look_at_run(self, item: runs.SourceRun, *, known: bool) -> None:
        info = item.run.info
        self._places.move("run", (info.run_id,), info.artifact_uri, info.experiment_id, info.run_id, "artifacts")
        self._count("runs", 1, new=not known)
        has = item.counts
        for kind, count in (("metric values", has.metric_values), ("params", has.params), ("tags", has.tags)):
            self._report.count(kind).found += count

    def _put_group(self, group: Sequence[NewRun]) -> None:
        """Put runs at once; if that fails, one by one, to name the one that cannot be put."""
        try:
            self._store.bulk.put_runs(group)
        except Again:
            raise
        except QuireError:
            for item in group:
                info = item.run.info
                with _naming(f"The run {info.run_id} of experiment {info.experiment_id}"):
                    self._store.bulk.put_runs([item])

    def _put_logged_models(self) -> None:
        total, done = models.count_logged_models(self._source), 0
        for batch in models.logged_models(self._source):
            for item in batch:
                info = item.model.info
                parts = (info.experiment_id, "models", info.model_id, "artifacts")
                self._places.move("logged model", (info.model_id,), info.artifact_uri, *parts)
            new = self._store.bulk.as_one(partial(self._put_models, batch))
            self._check.logged_models(batch)
            self._count("logged models", len(batch), new=new)
            done += len(batch)
            self._tell("logged models", done, total)

    def _put_models(self, batch: Sequence[models.SourceModel]) -> int:
        new = 0
        for item in batch:
            with _naming(f"The logged model {item.model.model_id} {item.model.name!r}"):
                new += self._store.bulk.put_logged_model(item.model, deleted=item.deleted)
        return new

    def _put_registered_models(self) -> None:
        found = models.registered_models(self._source)
        for done, item in enumerate(found, 1):
            name = item.model.name
            with _naming(f"The registered model {name!r}"):
                new = self._store.bulk.put_registered_model(item.model, item.versions, last=item.last)
            for version in item.versions:
                self._places.move_within("model version", (name, int(version.version)), version.source)
            self._check.registered_model(item)
            self._count("registered models", 1, new=new)
            self._report.count("model versions").found += len(item.versions)
            self._tell("registered models", done, len(found))

    def _put_traces(self) -> None:
        total, done = traces.count_traces(self._source), 0
        for batch in traces.traces(self._source, self._places):
            known = {trace.info.trace_id: trace for trace in self._store.get_traces([t.info.trace_id for t in batch])}
            lacking = [item for item in batch if item.missing_in(known.get(item.info.trace_id))]
            self._store.bulk.as_one(partial(self._put_some_traces, lacking))
            self._check.traces(batch)
            self._count("traces", len(batch), new=len(batch) - len(known))
            for item in batch:
                self._lost_spans += item.lost_spans
                self._report.count("spans").found += len(item.spans)
                self._report.count("assessments").found += len(item.info.assessments)
            done += len(batch)
            self._tell("traces", done, total)

    def _put_some_traces(self, batch: Sequence[traces.SourceTrace]) -> None:
        """Put traces, in experiments that are deleted too."""
        experiments = sorted({item.info.experiment_id for item in batch})
        deleted = [number for number in experiments if self._store.bulk.set_deleted(number, deleted=False)]
        for item in batch:
            with _naming(f"The trace {item.info.trace_id} of experiment {item.info.experiment_id}"):
                self._put_trace(item)
        for number in deleted:
            self._store.bulk.set_deleted(number, deleted=True)

    def _put_trace(self, item: traces.SourceTrace) -> None:
        self._store.start_trace(item.info)
        if item.spans:
            self._store.log_spans(item.info.experiment_id, item.spans)
        for run in item.run_ids:
            self._store.link_traces_to_run([item.info.trace_id], run)

    def _put_datasets(self) -> None:
        for dataset, records in traces.datasets(self._source):
            with _naming(f"The evaluation dataset {dataset.dataset_id} {dataset.name!r}"):
                self._count("evaluation datasets", 1, new=self._store.bulk.put_dataset(dataset, records))
            self._check.dataset(dataset, records)
            self._report.count("records").found += len(records)

    def _move_artifacts(self) -> None:
        """Copy the files; only then refer to them at their new places."""
        told = partial(self._tell, "folders of artifacts")
        self._report.files, problems = self._places.copy(told, dry_run=self._dry_run)
        self._report.problems += problems
        if self._places.links:
            self._report.left_out.append(f"{self._places.links:,} symbolic links, which are not followed")
        if not self._dry_run:
            for kind, moved in self._places.references.items():
                for start in range(0, len(moved), _REFERENCES_AT_ONCE):
                    self._store.bulk.move_places(kind, moved[start : start + _REFERENCES_AT_ONCE])

    def _count(self, kind: str, found: int, *, new: int) -> None:
        count = self._report.count(kind)
        count.found += found
        count.added += new
        count.present += found - new


_REFERENCES_AT_ONCE = 1000


@contextmanager
def _naming(what: str) -> Iterator[None]:
    """Errors inside name the thing that could not be brought; a call that is to be run again is left alone."""
    try:
        yield
    except Again:
        raise
    except QuireError as error:
        raise type(error)(
            f"{what} cannot be imported: {error.message} What came before it is stored; import again once it is mended."
        ) from error
