"""Whether what was brought is there: counts of everything, and a sample read back and compared."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from quire.domain.datasets import DatasetRecord, EvaluationDataset
from quire.domain.entities import Run
from quire.domain.errors import QuireError
from quire.domain.redaction import redact
from quire.domain.registry import LoggedModel, ModelVersion, RegisteredModel
from quire.importing.runs import SourceRun
from quire.importing.traces import SourceTrace

if TYPE_CHECKING:
    from quire.store.sql import SqlStore

_EVERY = 20
"""One thing in so many is kept to be read back; of the first of each kind, all."""
_FIRST = 25
_COUNTED_AT_ONCE = 500


class Check:
    """Remembers what was to be brought; afterwards says what is not there."""

    def __init__(self, store: SqlStore) -> None:
        self._store = store
        self._counts: dict[str, tuple[int, int, int]] = {}
        self._runs: list[Run] = []
        self._models: list[LoggedModel] = []
        self._registered: list[tuple[RegisteredModel, list[ModelVersion]]] = []
        self._traces: list[SourceTrace] = []
        self._datasets: list[tuple[EvaluationDataset, int]] = []
        self._seen: dict[str, int] = {}
        self.checked = 0

    def _sampled(self, kind: str) -> bool:
        seen = self._seen[kind] = self._seen.get(kind, 0) + 1
        return seen <= _FIRST or seen % _EVERY == 0

    def run(self, run: Run, item: SourceRun) -> None:
        """Expect a run."""
        self._counts[run.info.run_id] = (item.metric_values, len(run.data.param_list), len(run.data.tag_list))
        if self._sampled("runs"):
            self._runs.append(run)

    def logged_model(self, model: LoggedModel, *, deleted: bool) -> None:
        """Expect a logged model, unless it was deleted."""
        if not deleted and self._sampled("models"):
            self._models.append(model)

    def registered_model(self, model: RegisteredModel, versions: list[ModelVersion]) -> None:
        """Expect a registered model with its versions."""
        self._registered.append((model, versions))

    def trace(self, item: SourceTrace) -> None:
        """Expect a trace with its spans."""
        if self._sampled("traces"):
            self._traces.append(item)

    def dataset(self, dataset: EvaluationDataset, records: Sequence[DatasetRecord]) -> None:
        """Expect an evaluation dataset with so many records."""
        self._datasets.append((dataset, len(records)))

    def problems(self) -> list[str]:
        """What is missing or differs."""
        found = self._check_counts()
        for checks in (
            [self._check_run(run) for run in self._runs],
            [self._check_model(model) for model in self._models],
            [self._check_registered(*item) for item in self._registered],
            [self._check_trace(item) for item in self._traces],
            [self._check_dataset(*item) for item in self._datasets],
        ):
            self.checked += len(checks)
            found += [problem for problem in checks if problem]
        return found

    def _check_counts(self) -> list[str]:
        found, ids = [], list(self._counts)
        for start in range(0, len(ids), _COUNTED_AT_ONCE):
            wanted = ids[start : start + _COUNTED_AT_ONCE]
            here = self._store.bulk.run_counts(wanted)
            for run in wanted:
                got = here[run][1:] if run in here else (-1, -1, -1)
                if any(have < want for have, want in zip(got, self._counts[run], strict=True)):
                    found.append(
                        f"the run {run} has {self._counts[run]} metric values, params and tags there and {got} here"
                    )
        return found

    def _check_run(self, run: Run) -> str:
        here = self._read(lambda: self._store.get_run(run.info.run_id))
        if not isinstance(here, Run):
            return f"the run {run.info.run_id} cannot be read: {here}"
        for part, want, have in (
            (
                "metrics",
                {m.key: repr(m.value) for m in run.data.metric_list},
                {m.key: repr(m.value) for m in here.data.metric_list},
            ),
            ("params", _hidden(run.data.params), here.data.params),
            ("tags", _hidden(run.data.tags), here.data.tags),
            (
                "inputs",
                {item.dataset.name: "" for item in run.inputs.dataset_inputs},
                {item.dataset.name: "" for item in here.inputs.dataset_inputs},
            ),
            (
                "outputs",
                {item.model_id: "" for item in run.outputs.model_outputs},
                {item.model_id: "" for item in here.outputs.model_outputs},
            ),
        ):
            differing = [key for key in want if key not in have or (have[key] != want[key] and run.info.end_time)]
            if differing:
                return f"the run {run.info.run_id} has other {part} here: {', '.join(sorted(differing)[:5])}"
        return ""

    def _check_model(self, model: LoggedModel) -> str:
        here = self._read(lambda: self._store.get_logged_model(model.model_id))
        if not isinstance(here, LoggedModel):
            return f"the logged model {model.model_id} cannot be read: {here}"
        same = (here.name, here.experiment_id) == (model.name, model.experiment_id)
        missing = [key for key in (*model.params, *model.tags) if key not in {**here.params, **here.tags}]
        return "" if same and not missing else f"the logged model {model.model_id} differs here: {', '.join(missing)}"

    def _check_registered(self, model: RegisteredModel, versions: list[ModelVersion]) -> str:
        here = self._read(lambda: self._store.get_registered_model(model.name))
        if not isinstance(here, RegisteredModel):
            return f"the registered model {model.name!r} cannot be read: {here}"
        for version in versions:
            found = self._read(lambda version=version: self._store.get_model_version(model.name, version.version))
            if not isinstance(found, ModelVersion) or (found.source, found.run_id) != (
                redact(version.source),
                version.run_id,
            ):
                return f"version {version.version} of the registered model {model.name!r} differs here: {found}"
        missing = [item.alias for item in model.alias_list if item.alias not in here.aliases]
        return f"the registered model {model.name!r} lacks the aliases {', '.join(missing)}" if missing else ""

    def _check_trace(self, item: SourceTrace) -> str:
        key = item.info.trace_id
        here = self._store.get_traces([key])
        if not here:
            return f"the trace {key} is not here"
        if len(here[0].spans) < len(item.spans):
            return f"the trace {key} has {len(item.spans)} spans there and {len(here[0].spans)} here"
        missing = {a.assessment_id for a in item.info.assessments} - {a.assessment_id for a in here[0].info.assessments}
        return f"the trace {key} lacks the assessments {', '.join(sorted(missing))}" if missing else ""

    def _check_dataset(self, dataset: EvaluationDataset, records: int) -> str:
        key = dataset.dataset_id
        here = self._read(lambda: self._store.get_records(key, max_results=50_000))
        if isinstance(here, QuireError):
            return f"the evaluation dataset {key} cannot be read: {here}"
        return (
            ""
            if len(here) >= min(records, 50_000)
            else f"the evaluation dataset {key} has {len(here)} of {records} records"
        )

    @staticmethod
    def _read(call: Any) -> Any:
        try:
            return call()
        except QuireError as error:
            return error


def _hidden(values: dict[str, str]) -> dict[str, str]:
    return {key: redact(value) for key, value in values.items()}
