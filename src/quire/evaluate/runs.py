"""The runs of an evaluation: a parent, and below it a child for each variant."""

from __future__ import annotations

import contextlib
import contextvars
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from quire.artifacts import open_artifacts
from quire.domain.entities import Dataset, DatasetInput, Metric, ModelInput, Run, RunStatus, Tag
from quire.domain.errors import InvalidInput, NotFound
from quire.domain.evaluation_tags import ROLE, VARIANT
from quire.domain.ids import is_run_id, now_ms
from quire.domain.names import MAX_KEY
from quire.domain.prompt_links import linked_prompts
from quire.domain.registry import LoggedModel
from quire.domain.traces import PromptVersionRef
from quire.evaluate.spool import ROWS_FILE
from quire.evaluate.table import ScorerInfo
from quire.evaluate.variants import Described
from quire.tracking import context
from quire.tracking.client import Client
from quire.tracking.context import ActiveRun
from quire.tracking.inputs import DATASET_CONTEXT
from quire.tracking.origin import PARENT, origin_tags
from quire.tracking.runs import start_run

SETTINGS_FILE = "evaluation/evaluation.json"
MODEL = "quire.evaluation.model"
"""The version of a registered model that a variant is; evidence is found by it."""
RUN_TYPE = "mlflow.runType"
FORMAT = "quire-evaluation-1"
_MAX_PARAM = 500


class DatasetInfo(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is kept of the data: name and digest where they are known, how many records."""

    name: str
    digest: str | None = None
    version: str | None = None
    records: int = 0


class Settings(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What an evaluation was asked to do, as the parent run keeps it."""

    format: str = FORMAT
    dataset: DatasetInfo
    variants: list[Described]
    run_ids: dict[str, str] = msgspec.field(default_factory=dict)
    scorers: list[ScorerInfo]
    repeats: int = 1
    seed: int = 0
    params: dict[str, Any] = msgspec.field(default_factory=dict)
    max_cost_usd: float | None = None
    primary: list[str] = msgspec.field(default_factory=list)
    scorers_usd: dict[str, dict[str, float]] = msgspec.field(default_factory=dict)
    """What each scorer that asks a service has spent, by variant and scorer."""
    stopped: str | None = None


class Runs:
    """The runs while the evaluation goes on. Each child is active in a context of its own, ``context_of(name)``."""

    def __init__(self, parent: ActiveRun, uri: str) -> None:
        self.parent = parent
        self.uri = uri
        self.run_ids: dict[str, str] = {}
        self._client = Client(uri)
        self._contexts: dict[str, contextvars.Context] = {}

    def open(self, settings: Settings) -> Settings:
        """Start (or take up again) the child of every variant, and write down what is to be done."""
        for variant in settings.variants:
            known = settings.run_ids.get(variant.name)
            run = self._take_up(known) if known else self._child(variant)
            self.run_ids[variant.name] = run.info.run_id
            active = ActiveRun(info=run.info, data=run.data, inputs=run.inputs, outputs=run.outputs)
            self._contexts[variant.name] = contextvars.copy_context()
            self._contexts[variant.name].run(context.push, active, self.uri)
        complete = msgspec.structs.replace(settings, run_ids=dict(self.run_ids))
        self.write(complete)
        return complete

    def _child(self, variant: Described) -> Run:
        tags = {**origin_tags(), PARENT: self.parent.info.run_id, ROLE: "variant", VARIANT: variant.name}
        if variant.registered_name is not None:
            tags[MODEL] = f"models:/{variant.registered_name}/{variant.registered_version}"
        return self._client.create_run(self.parent.info.experiment_id, tags=tags, run_name=variant.name[:250])

    def _take_up(self, run_id: str) -> Run:
        self._client.update_run(run_id, status="RUNNING")
        return self._client.get_run(run_id)

    def context_of(self, variant: str) -> contextvars.Context:
        """A context in which the variant's run is the active one."""
        return self._contexts[variant]

    def write(self, settings: Settings) -> None:
        """Keep what the evaluation is, on the parent run."""
        encoded = msgspec.json.format(msgspec.json.encode(settings, enc_hook=str), indent=2)
        open_artifacts(self.parent.info.artifact_uri, self.uri).put_bytes(encoded, SETTINGS_FILE)

    def log_params(self, run_id: str, params: Mapping[str, Any]) -> None:
        """Log params that are set."""
        said = {key: str(value)[:_MAX_PARAM] for key, value in params.items() if value is not None}
        existing = self._client.get_run(run_id).data.params
        from quire.domain.entities import Param

        new = [Param(key, value) for key, value in said.items() if key not in existing]
        if new:
            self._client.log_batch(run_id, params=new, synchronous=True)

    def log_inputs(self, dataset: Dataset, variants: Sequence[Described]) -> None:
        """Note the dataset on all runs, and on each child its model and the prompts that it was made of."""
        read = DatasetInput(dataset=dataset, tag_list=[Tag(DATASET_CONTEXT, "evaluation")])
        self._client.log_inputs(self.parent.info.run_id, datasets=[read])
        for variant in variants:
            model = self.model_of(variant)
            models = [ModelInput(model_id=model.model_id)] if model is not None else []
            self._client.log_inputs(self.run_ids[variant.name], datasets=[read], models=models)
            for prompt in _prompts_of(variant, model):
                self._client.note_prompt(prompt.name, prompt.version, run_id=self.run_ids[variant.name])

    def model_of(self, variant: Described) -> LoggedModel | None:
        """The logged model that a variant is; None for one that this store does not know, such as a copied folder."""
        if variant.model_id is None:
            return None
        try:
            return self._client.get_logged_model(variant.model_id)
        except NotFound:
            return None

    def put_rows(self, variant: str, file: Path) -> None:
        """Keep a variant's rows with its run."""
        run = self._client.get_run(self.run_ids[variant])
        open_artifacts(run.info.artifact_uri, self.uri).put_file(file, ROWS_FILE)

    def log_metrics(self, run_id: str, metrics: Mapping[str, float], variant: Described | None = None) -> None:
        """Log numbers to a run, and to the model of the variant that it evaluated."""
        now = now_ms()
        model = None if variant is None else self.model_of(variant)
        model_id = None if model is None else model.model_id
        said = {_metric_key(key): value for key, value in metrics.items() if value == value}
        batch = [Metric(key, value, now, 0, model_id) for key, value in said.items()]
        self._client.log_batch(run_id, metrics=batch, synchronous=True)

    def close(self, status: RunStatus) -> None:
        """End the children."""
        for variant, inside in self._contexts.items():
            inside.run(context.end_with, self.run_ids[variant], status)
        self._contexts.clear()


def _prompts_of(variant: Described, model: LoggedModel | None) -> list[PromptVersionRef]:
    """The prompt versions that a variant uses: its own, or those that its model is made of."""
    if variant.prompt_version is not None:
        return [PromptVersionRef(*variant.prompt_version)]
    return [] if model is None else linked_prompts(model.tags)


def _metric_key(name: str) -> str:
    """The name of a score as metrics may be named: a scorer may make names of anything."""
    return re.sub(r"[^/\w.\- :]", "_", name)[:MAX_KEY]


@contextlib.contextmanager
def opened(
    run_id: str | None, experiment: str | None, run_name: str | None, tags: Mapping[str, Any] | None
) -> Iterator[Runs]:
    """The parent run, active inside of the block, with the runs of the evaluation; all end with it.

    FINISHED, or FAILED when the block raised, or KILLED when it was interrupted.
    """
    labels = {ROLE: "evaluation", RUN_TYPE: "genai_evaluate", **(tags or {})}
    experiment_id = None if experiment is None else _experiment_id(experiment)
    parent = start_run(run_id=run_id, experiment_id=experiment_id, run_name=run_name, nested=True, tags=labels)
    entry = context.innermost()
    assert entry is not None
    runs = Runs(parent, entry.uri)
    with parent:
        try:
            yield runs
        except Exception:
            runs.close("FAILED")
            raise
        except BaseException:
            runs.close("KILLED")
            raise
        else:
            runs.close("FINISHED")


def _experiment_id(name: str) -> str:
    client = Client()
    found = client.get_experiment_by_name(name)
    return found.experiment_id if found is not None else client.create_experiment(name)


def read_settings(run_id: str, client: Client | None = None) -> tuple[Run, Settings]:
    """The parent run of an evaluation, and what it was asked to do; ``run_id`` may also be that of a child.

    Raises NotFound for a run that belongs to no evaluation.
    """
    client = client or Client()
    if not is_run_id(run_id):
        raise InvalidInput(f"{run_id!r} is not the id of a run: expected 32 hexadecimal digits.")
    run = client.get_run(run_id)
    if run.data.tags.get(ROLE) == "variant" and PARENT in run.data.tags:
        run = client.get_run(run.data.tags[PARENT])
    if run.data.tags.get(ROLE) != "evaluation":
        raise NotFound(
            f"The run {run_id} is no evaluation. Evaluations are runs with the tag {ROLE} = 'evaluation': "
            f"quire.search_runs(filter_string=\"tags.`{ROLE}` = 'evaluation'\") lists them."
        )
    content = client.artifacts_at(run.info.artifact_uri).get_bytes(SETTINGS_FILE)
    try:
        return run, msgspec.json.decode(content, type=Settings)
    except msgspec.MsgspecError as error:
        raise InvalidInput(f"The evaluation {run_id} has a {SETTINGS_FILE} that cannot be read: {error}.") from None
