"""The page of ``quire runs show``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from quire.cli.output import clean, heading, one_line, print_pairs, print_table
from quire.cli.runs_table import RunView
from quire.cli.words import duration, moment, number, size
from quire.domain.entities import FileInfo, Run
from quire.domain.errors import QuireError
from quire.domain.rundiff import SYSTEM_TAG_PREFIXES
from quire.store.base import Store

if TYPE_CHECKING:
    from rich.console import Console

_MOST_FILES = 500
_LONGEST_TAG = 200


class DatasetView(msgspec.Struct, frozen=True, kw_only=True):
    """A dataset that the run read."""

    name: str
    digest: str
    source_type: str
    tags: dict[str, str]


class ModelView(msgspec.Struct, frozen=True, kw_only=True):
    """A model that the run made."""

    model_id: str
    name: str | None
    uri: str


class MetricView(msgspec.Struct, frozen=True, kw_only=True):
    """The latest value of a metric."""

    key: str
    value: float
    step: int
    timestamp: int


class RunPage(msgspec.Struct, frozen=True, kw_only=True):
    """All of one run. ``artifacts`` is None if they were not asked for or cannot be listed, for the reason given."""

    run: RunView
    experiment_name: str
    metrics: list[MetricView]
    datasets: list[DatasetView]
    models: list[ModelView]
    artifacts: list[FileInfo] | None = None
    artifacts_complete: bool = True
    artifacts_error: str | None = None


def read(store: Store, run: Run, *, with_artifacts: bool) -> RunPage:
    """Gather the page of a run."""
    page = RunPage(
        run=RunView.of(run),
        experiment_name=store.get_experiment(run.info.experiment_id).name,
        metrics=[
            MetricView(key=item.key, value=item.value, step=item.step, timestamp=item.timestamp)
            for item in sorted(run.data.metric_list, key=lambda item: item.key)
        ],
        datasets=[
            DatasetView(
                name=use.dataset.name, digest=use.dataset.digest, source_type=use.dataset.source_type, tags=use.tags
            )
            for use in run.inputs.dataset_inputs
        ],
        models=[_model(store, output.model_id) for output in run.outputs.model_outputs],
    )
    return _with_artifacts(page, run.info.artifact_uri) if with_artifacts else page


def _model(store: Store, model_id: str) -> ModelView:
    try:
        name: str | None = store.get_logged_model(model_id).name
    except QuireError:
        name = None
    return ModelView(model_id=model_id, name=name, uri=f"models:/{model_id}")


def _with_artifacts(page: RunPage, uri: str) -> RunPage:
    from quire.artifacts import open_artifacts

    found: list[FileInfo] = []
    try:
        for entry in open_artifacts(uri).walk():
            if len(found) == _MOST_FILES:
                return msgspec.structs.replace(page, artifacts=found, artifacts_complete=False)
            found.append(entry)
    except QuireError as error:
        return msgspec.structs.replace(page, artifacts_error=error.message)
    return msgspec.structs.replace(page, artifacts=found)


def show(console: Console, page: RunPage) -> None:
    """Print the page; a part without content is left out."""
    _show_head(console, page)
    _section(console, "Params", [(clean(key), clean(value)) for key, value in sorted(page.run.params.items())])
    _show_metrics(console, page.metrics)
    own = [(key, value) for key, value in sorted(page.run.tags.items()) if not key.startswith(SYSTEM_TAG_PREFIXES)]
    _section(console, "Tags", [(clean(key), one_line(value, _LONGEST_TAG)) for key, value in own])
    _section(console, "Datasets", [(clean(item.name), f"{item.digest}  {_context(item)}") for item in page.datasets])
    _section(console, "Models", [(clean(item.name or "-"), item.uri) for item in page.models])
    _show_artifacts(console, page)


def _show_head(console: Console, page: RunPage) -> None:
    run = page.run
    took = None if run.end_time is None else run.end_time - run.start_time
    rows = [
        ("run", run.run_id),
        ("name", clean(run.run_name)),
        ("experiment", f"{clean(page.experiment_name)} ({run.experiment_id})"),
        ("status", run.status.lower() + (", deleted" if run.lifecycle_stage == "deleted" else "")),
        ("started", moment(run.start_time)),
        ("took", duration(took)),
        ("user", clean(run.user_id) or "-"),
        ("artifacts", clean(run.artifact_uri)),
    ]
    print_pairs(console, rows)


def _section(console: Console, title: str, rows: list[tuple[str, str]]) -> None:
    if rows:
        heading(console, title)
        print_pairs(console, rows)


def _show_metrics(console: Console, metrics: list[MetricView]) -> None:
    if not metrics:
        return
    heading(console, "Metrics")
    rows = [(clean(item.key), number(item.value), str(item.step) if item.step else "") for item in metrics]
    print_table(console, [("metric", "word"), ("latest", "number"), ("step", "number")], rows)


def _context(item: DatasetView) -> str:
    return clean(item.tags.get("mlflow.data.context", ""))


def _show_artifacts(console: Console, page: RunPage) -> None:
    if page.artifacts_error is not None:
        heading(console, "Artifacts")
        console.print(f"cannot be listed: {clean(page.artifacts_error)}")
        return
    _section(console, "Artifacts", [(size(item.file_size), clean(item.path)) for item in page.artifacts or []])
    if not page.artifacts_complete:
        console.print(f"… only the first {_MOST_FILES} files are listed")
