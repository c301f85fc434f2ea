"""Putting a model's files into the tracking store, as a logged model of the active run."""

from __future__ import annotations

from typing import Any

from quire import tracking
from quire.artifacts import open_artifacts
from quire.domain.entities import Metric, ModelOutput, Run
from quire.domain.prompt_uris import parse_prompt_uri, version_uri
from quire.domain.registry import LoggedModel
from quire.domain.uris import is_local
from quire.models.folder import local_path
from quire.models.info import ModelInfo
from quire.models.mlmodel import Model
from quire.models.write import Bundle, identified, save_bundle, store_bundle
from quire.tracking.context import innermost


def log_bundle(
    made: Bundle,
    *,
    name: str | None,
    params: dict[str, Any] | None,
    tags: dict[str, Any] | None,
    model_type: str | None,
    step: int,
    model_id: str | None,
) -> ModelInfo:
    """Reserve a logged model, write the files to its place and say that it is ready.

    If the files cannot be written, its status becomes FAILED and the error is raised.
    """
    run = _active_run()
    if model_id is None:
        noted = {**(params or {}), **(run.data.params if run else {})}
        logged = tracking.initialize_logged_model(name, tags=_texts(tags), params=_texts(noted), model_type=model_type)
    else:
        logged = tracking.get_logged_model(model_id)
    try:
        model = _write(made, logged, run.info.run_id if run else None)
        if run is not None:
            _note_in_run(run, logged, step)
    except BaseException:
        tracking.finalize_logged_model(logged.model_id, "FAILED")
        raise
    return ModelInfo(model, logged=tracking.finalize_logged_model(logged.model_id, "READY"))


def pinned_uri(uri: str) -> str:
    """The URI of a version of a prompt, with the number in place of an alias. Raises InvalidInput or NotFound."""
    parsed = parse_prompt_uri(uri)
    return uri if parsed.alias is None else version_uri(*tracking.Client().parse_prompt_uri(uri))


def link_prompts(info: ModelInfo, uris: list[str]) -> None:
    """Say of a logged model, and of the run that logged it, which versions of prompts it is made of."""
    entry = innermost()
    client = tracking.Client(entry.uri if entry else None)
    for uri in uris:
        parsed = parse_prompt_uri(uri)
        client.note_prompt(parsed.name, str(parsed.version), run_id=info.run_id, model_id=info.model_id)


def _active_run() -> Run | None:
    """The active run with what was logged to it so far."""
    active = tracking.active_run()
    return tracking.get_run(active.info.run_id) if active else None


def _write(made: Bundle, logged: LoggedModel, run_id: str | None) -> Model:
    location = logged.artifact_location
    whole = identified(
        made, model_id=logged.model_id, model_uuid=logged.model_id, run_id=run_id, artifact_path=location
    )
    if is_local(location):
        save_bundle(whole, local_path(location))
    else:
        store_bundle(whole, open_artifacts(location))
    return whole.model


def _note_in_run(run: Run, logged: LoggedModel, step: int) -> None:
    """Note the model among what the run made, and the run's metrics of that step among the model's."""
    tracking.log_outputs([ModelOutput(model_id=logged.model_id, step=step)])
    if run.data.metric_list:
        entry = innermost()
        client = tracking.Client(entry.uri if entry else None)
        metrics = [
            Metric(metric.key, metric.value, metric.timestamp, metric.step, model_id=logged.model_id)
            for key in run.data.metrics
            for metric in client.get_metric_history(run.info.run_id, key)
            if metric.step == step and metric.model_id is None
        ]
        client.log_batch(run.info.run_id, metrics=metrics)


def _texts(values: dict[str, Any] | None) -> dict[str, str] | None:
    return {key: str(value) for key, value in values.items()} if values else None
