"""Whether what was brought is there: counts of all of it, and a sample read back and compared."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Sequence
from typing import TypeVar

from quire.domain.datasets import DatasetRecord, EvaluationDataset
from quire.domain.entities import Run
from quire.domain.errors import QuireError
from quire.domain.redaction import redact
from quire.domain.registry import LoggedModel, ModelVersion
from quire.importing.models import SourceModel, SourceRegistered
from quire.importing.runs import SourceRun
from quire.importing.traces import SourceTrace
from quire.store.sql import SqlStore

T = TypeVar("T")
_EVERY, _FIRST = 20, 25
"""One thing in so many is read back; of the first of each kind, all."""
_MAX_RECORDS = 50_000


class Check:
    """Looks at what was just put into the store, so that nothing of it is remembered; ``problems`` says what differs.

    Of what was here before, things may have changed since; it is only expected to have all that it should.
    """

    def __init__(self, store: SqlStore) -> None:
        self._store = store
        self._seen: Counter[str] = Counter()
        self.problems: list[str] = []
        self.checked = 0

    def _sampled(self, kind: str) -> bool:
        self._seen[kind] += 1
        return self._seen[kind] <= _FIRST or self._seen[kind] % _EVERY == 0

    def _note(self, problem: str) -> None:
        self.checked += 1
        if problem:
            self.problems.append(problem)

    def runs(self, batch: Sequence[SourceRun], known: Collection[str]) -> None:
        """Count what runs have, and read some; ``known`` are those that were here before."""
        here = self._store.bulk.run_counts([item.run.info.run_id for item in batch])
        for item in batch:
            key = item.run.info.run_id
            if key not in here:
                self.problems.append(f"the run {key} is not here")
            elif here[key].fewer_than(item.counts):
                self.problems.append(f"the run {key} has {item.counts.shown} there and {here[key].shown} here")
            elif self._sampled("runs"):
                self._note(self._check_run(item.run, new=key not in known))

    def logged_models(self, batch: Sequence[SourceModel]) -> None:
        """Read some logged models, but those that were deleted."""
        for item in batch:
            if not item.deleted and self._sampled("logged models"):
                self._note(self._check_model(item.model))

    def registered_model(self, item: SourceRegistered) -> None:
        """Read a registered model with its versions."""
        self._note(self._check_registered(item))

    def traces(self, batch: Sequence[SourceTrace]) -> None:
        """Read some traces with their spans."""
        for item in batch:
            if self._sampled("traces"):
                self._note(self._check_trace(item))

    def dataset(self, dataset: EvaluationDataset, records: Sequence[DatasetRecord]) -> None:
        """Read an evaluation dataset."""
        self._note(self._check_dataset(dataset.dataset_id, len(records)))

    def _check_run(self, run: Run, *, new: bool) -> str:
        key = run.info.run_id
        here = _read(lambda: self._store.get_run(key))
        if isinstance(here, QuireError):
            return f"the run {key} cannot be read: {here}"
        found = _parts(here)
        for part, want in _parts(run).items():
            have = found[part]
            differing = [name for name in want if name not in have or (new and have[name] != want[name])]
            if differing:
                return f"the run {key} has other {part} here: {', '.join(sorted(differing)[:5])}"
        return ""

    def _check_model(self, model: LoggedModel) -> str:
        here = _read(lambda: self._store.get_logged_model(model.model_id))
        if isinstance(here, QuireError):
            return f"the logged model {model.model_id} cannot be read: {here}"
        missing = [key for key in (*model.params, *model.tags) if key not in here.params and key not in here.tags]
        if here.experiment_id == model.experiment_id and not missing:
            return ""
        return f"the logged model {model.model_id} differs here: {', '.join(missing) or here.experiment_id}"

    def _check_registered(self, item: SourceRegistered) -> str:
        name = item.model.name
        here = _read(lambda: self._store.get_registered_model(name))
        if isinstance(here, QuireError):
            return f"the registered model {name!r} cannot be read: {here}"
        for version in item.versions:
            problem = self._check_version(version)
            if problem:
                return problem
        there = {version.version for version in item.versions}
        missing = [a.alias for a in item.model.alias_list if a.version in there and a.alias not in here.aliases]
        return f"the registered model {name!r} lacks the aliases {', '.join(missing)}" if missing else ""

    def _check_version(self, version: ModelVersion) -> str:
        found = _read(lambda: self._store.get_model_version(version.name, version.version))
        if isinstance(found, ModelVersion) and found.run_id == version.run_id:
            return ""
        return f"version {version.version} of the registered model {version.name!r} differs here: {found}"

    def _check_trace(self, item: SourceTrace) -> str:
        found = self._store.get_traces([item.info.trace_id])
        missing = item.missing_in(found[0] if found else None)
        return f"the trace {item.info.trace_id} {missing}" if missing else ""

    def _check_dataset(self, key: str, count: int) -> str:
        here = _read(lambda: self._store.get_records(key, max_results=_MAX_RECORDS))
        if isinstance(here, QuireError):
            return f"the evaluation dataset {key} cannot be read: {here}"
        wanted = min(count, _MAX_RECORDS)
        return "" if len(here) >= wanted else f"the evaluation dataset {key} has {len(here)} of {count} records"


def _parts(run: Run) -> dict[str, dict[str, str]]:
    """What is compared of a run, as text."""
    models = [item.model_id for item in run.inputs.model_inputs] + [item.model_id for item in run.outputs.model_outputs]
    return {
        "metrics": {metric.key: repr(float(metric.value)) for metric in run.data.metric_list},
        "params": {key: redact(value) for key, value in run.data.params.items()},
        "tags": {key: redact(value) for key, value in run.data.tags.items()},
        "datasets": {item.dataset.name: item.dataset.digest for item in run.inputs.dataset_inputs},
        "models": dict.fromkeys(models, ""),
    }


def _read(call: Callable[[], T]) -> T | QuireError:
    try:
        return call()
    except QuireError as error:
        return error
