"""Whether what was brought is there: counts of everything, and a sample read back and compared."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from quire.domain.datasets import DatasetRecord, EvaluationDataset
from quire.domain.entities import Run
from quire.domain.errors import QuireError
from quire.domain.redaction import redact
from quire.domain.registry import LoggedModel, ModelVersion, RegisteredModel
from quire.importing.runs import SourceRun
from quire.importing.traces import SourceTrace
from quire.store.sql import SqlStore
from quire.store.sql.bulk_runs import RunCounts

T = TypeVar("T")
_EVERY, _FIRST = 20, 25
"""One thing in so many is kept to be read back; of the first of each kind, all."""
_COUNTED_AT_ONCE = 500
_MAX_RECORDS = 50_000


class Check:
    """Remembers what was to be brought; afterwards says what is not there.

    Of what was here before, things may have changed since; it is only expected to have all that it should.
    """

    def __init__(self, store: SqlStore) -> None:
        self._store = store
        self._counts: dict[str, RunCounts] = {}
        self._seen: Counter[str] = Counter()
        self._checks: list[Callable[[], str]] = []

    @property
    def checked(self) -> int:
        """How many things are read back."""
        return len(self._checks)

    def _sample(self, kind: str, check: Callable[[], str]) -> None:
        self._seen[kind] += 1
        if self._seen[kind] <= _FIRST or self._seen[kind] % _EVERY == 0:
            self._checks.append(check)

    def run(self, item: SourceRun, *, new: bool) -> None:
        """Expect a run."""
        self._counts[item.run.info.run_id] = item.counts
        self._sample("runs", lambda: self._check_run(item.run, new=new))

    def logged_model(self, model: LoggedModel) -> None:
        """Expect a logged model that was not deleted."""
        self._sample("logged models", lambda: self._check_model(model))

    def registered_model(self, model: RegisteredModel, versions: Sequence[ModelVersion]) -> None:
        """Expect a registered model with its versions."""
        self._checks.append(lambda: self._check_registered(model, versions))

    def trace(self, item: SourceTrace) -> None:
        """Expect a trace with its spans."""
        self._sample("traces", lambda: self._check_trace(item))

    def dataset(self, dataset: EvaluationDataset, records: Sequence[DatasetRecord]) -> None:
        """Expect an evaluation dataset with so many records."""
        key, count = dataset.dataset_id, len(records)
        self._checks.append(lambda: self._check_dataset(key, count))

    def problems(self) -> list[str]:
        """What is missing or differs."""
        return [*self._check_counts(), *(problem for check in self._checks if (problem := check()))]

    def _check_counts(self) -> Iterator[str]:
        ids = list(self._counts)
        for start in range(0, len(ids), _COUNTED_AT_ONCE):
            here = self._store.bulk.run_counts(ids[start : start + _COUNTED_AT_ONCE])
            for run in ids[start : start + _COUNTED_AT_ONCE]:
                wanted = self._counts[run]
                if run not in here:
                    yield f"the run {run} is not here"
                elif here[run].fewer_than(wanted):
                    yield f"the run {run} has {wanted.shown} there and {here[run].shown} here"

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

    def _check_registered(self, model: RegisteredModel, versions: Sequence[ModelVersion]) -> str:
        here = _read(lambda: self._store.get_registered_model(model.name))
        if isinstance(here, QuireError):
            return f"the registered model {model.name!r} cannot be read: {here}"
        for version in versions:
            problem = self._check_version(version)
            if problem:
                return problem
        there = {version.version for version in versions}
        missing = [a.alias for a in model.alias_list if a.version in there and a.alias not in here.aliases]
        return f"the registered model {model.name!r} lacks the aliases {', '.join(missing)}" if missing else ""

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
