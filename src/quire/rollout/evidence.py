"""Evidence: the evaluations that scored a version of a model, and the scores that they hold."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import msgspec

from quire.domain.entities import Run
from quire.domain.errors import NotFound
from quire.evaluate.evaluation import Evaluation, load_evaluation
from quire.evaluate.runs import MODEL
from quire.tracking.client import Client
from quire.tracking.origin import PARENT

if TYPE_CHECKING:
    from quire.evaluate.table import VariantTable


_MOST_LOOKED_AT = 200


class Found(msgspec.Struct, frozen=True):
    """A version of a registered model."""

    name: str
    version: str

    def __str__(self) -> str:
        return f"models:/{self.name}/{self.version}"


class Scoring(msgspec.Struct, frozen=True):
    """The run of an evaluation that has ended, and which versions of a model it scored, by number."""

    run: Run
    versions: list[str]


def find_evidence(*versions: Found, client: Client | None = None) -> str:
    """The run of the newest evaluation that has ended and scored all of these versions. Raises NotFound."""
    client = client or Client()
    experiments = [experiment.experiment_id for experiment in client.search_experiments()]
    parents = [[run.data.tags[PARENT] for run in _scored(client, version, experiments)] for version in versions]
    for parent in parents[0]:
        if all(parent in others for others in parents[1:]):
            return parent
    raise NotFound(
        f"No stored evaluation scored {' and '.join(map(str, versions))} together. Evaluate both on the same data, or "
        "give evidence=[…] of several evaluations."
    )


def scorings(client: Client, name: str, versions: Sequence[str], experiments: Sequence[str]) -> list[Scoring]:
    """The evaluations in these experiments that scored any of these versions of a model, newest first."""
    found: dict[str, tuple[Run, list[str]]] = {}
    for version in versions:
        for child in _scored(client, Found(name, version), experiments):
            parent = child.data.tags[PARENT]
            if parent not in found:
                found[parent] = client.get_run(parent), []
            run, scored = found[parent]
            # Whose runs are of two experiments is none that Quire made.
            if run.info.experiment_id == child.info.experiment_id and version not in scored:
                scored.append(version)
    made = [Scoring(run, scored) for run, scored in found.values() if scored]
    return sorted(made, key=lambda one: one.run.info.start_time, reverse=True)


def _scored(client: Client, version: Found, experiments: Sequence[str]) -> list[Run]:
    """The runs of variants that are this version, newest first."""
    if not experiments:
        return []
    quoted = str(version).replace("'", "''")
    condition = f"tags.`{MODEL}` = '{quoted}' and attributes.status = 'FINISHED'"
    runs = client.search_runs(list(experiments), condition, max_results=_MOST_LOOKED_AT)
    return [run for run in runs if PARENT in run.data.tags]


class Evidence:
    """Evaluations, given or loaded by the ids of their runs. Raises NotFound for a run that is none."""

    def __init__(self, given: Iterable[str | Evaluation]) -> None:
        self._evaluations = [load_evaluation(one) if isinstance(one, str) else one for one in given]

    @property
    def run_ids(self) -> list[str]:
        """Their runs."""
        return [evaluation.run_id for evaluation in self._evaluations]

    def of(self, wanted: Found | str) -> VariantTable:
        """The scores of a version, or of the variant of a name. NotFound lists what was scored."""
        for evaluation in self._evaluations:
            for name, described in evaluation.described.items():
                is_it = (
                    name == wanted
                    if isinstance(wanted, str)
                    else (described.registered_name, described.registered_version) == (wanted.name, wanted.version)
                )
                if is_it:
                    return evaluation.table(name)
        scored = [
            f"{name} (models:/{found.registered_name}/{found.registered_version})" if found.registered_name else name
            for evaluation in self._evaluations
            for name, found in evaluation.described.items()
        ]
        raise NotFound(
            f"The evidence has no scores of {wanted}; it scored {', '.join(scored) or 'nothing'}. Evaluate both "
            "versions on the same data."
        )
