"""Gathering a model's lineage from a store: its experiment, its run, what it is registered as."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

from quire.bundle.content import (
    ORIGIN_TAG,
    DatasetUse,
    HistoryPoint,
    Lineage,
    ModelLineage,
    Registration,
    RunLineage,
)
from quire.domain.entities import Run
from quire.domain.errors import NotFound
from quire.domain.registry import LoggedModel, ModelVersion
from quire.registry import ResolvedModel
from quire.store.base import Store


def gather_lineage(
    store: Store, registry: Store, resolved: ResolvedModel, folder: Path, *, with_run: bool = True
) -> Lineage:
    """What the store knows of a model; what it does not know is left out.

    Without ``with_run`` so is all that is its experiment's: the run, and the logged model's params and tags.
    """
    model = _logged_model(store, resolved.model_id)
    if not with_run:
        return Lineage(
            experiment_name=None,
            experiment_tags=[],
            run=None,
            model=_without_details(_model_lineage(model, resolved, folder)),
            registrations=[_registration(registry, version) for version in _versions(registry, resolved)],
        )
    run = _run(store, resolved.run_id or (model.source_run_id if model else None))
    experiment_id = run.info.experiment_id if run else model.experiment_id if model else None
    experiment = store.get_experiment(experiment_id) if experiment_id is not None else None
    return Lineage(
        experiment_name=experiment.name if experiment else None,
        experiment_tags=experiment.tag_list if experiment else [],
        run=_run_lineage(store, run, model) if run else None,
        model=_model_lineage(model, resolved, folder),
        registrations=[_registration(registry, version) for version in _versions(registry, resolved)],
    )


def _without_details(model: ModelLineage) -> ModelLineage:
    origin = [tag for tag in model.tags if tag.key == ORIGIN_TAG]
    return ModelLineage(model_id=model.model_id, name=model.name, model_type=model.model_type, params=[], tags=origin)


def origin_of(lineage: Lineage, folder: Path, files: list[str]) -> str:
    """The name that stays with a model wherever it is moved: its first logged id, else a digest of its files."""
    for tag in lineage.model.tags:
        if tag.key == ORIGIN_TAG:
            return tag.value
    if lineage.model.model_id:
        return lineage.model.model_id
    digest = hashlib.sha256()
    for path in files:
        content = hashlib.sha256((folder / path).read_bytes()).hexdigest()
        digest.update(f"{path}\0{content}\n".encode())
    return f"sha256:{digest.hexdigest()}"


def _logged_model(store: Store, model_id: str | None) -> LoggedModel | None:
    try:
        return store.get_logged_model(model_id) if model_id else None
    except NotFound:
        return None


def _run(store: Store, run_id: str | None) -> Run | None:
    try:
        return store.get_run(run_id) if run_id else None
    except NotFound:
        return None


def _run_lineage(store: Store, run: Run, model: LoggedModel | None) -> RunLineage:
    model_id = model.model_id if model else None
    keys = sorted(run.data.metrics)
    return RunLineage(
        run_id=run.info.run_id,
        run_name=run.info.run_name,
        user_id=run.info.user_id,
        status=run.info.status,
        start_time=run.info.start_time,
        end_time=run.info.end_time,
        params=run.data.param_list,
        tags=run.data.tag_list,
        metrics=[point for key in keys for point in _history(store, run.info.run_id, key, model_id)],
        datasets=[DatasetUse.of(use) for use in run.inputs.dataset_inputs],
    )


def _history(store: Store, run_id: str, key: str, model_id: str | None) -> Iterator[HistoryPoint]:
    token: str | None = None
    while True:
        page = store.get_metric_history(run_id, key, page_token=token)
        for metric in page:
            yield HistoryPoint.of(metric, model_id)
        token = page.token
        if token is None:
            return


def _model_lineage(model: LoggedModel | None, resolved: ResolvedModel, folder: Path) -> ModelLineage:
    if model is None:
        return ModelLineage(model_id=None, name=resolved.name or folder.name, model_type=None, params=[], tags=[])
    return ModelLineage(
        model_id=model.model_id,
        name=model.name,
        model_type=model.model_type,
        params=model.data.param_list,
        tags=model.info.tag_list,
    )


def _versions(registry: Store, resolved: ResolvedModel) -> list[ModelVersion]:
    """The version that the URI names, or every version of the same logged model."""
    if resolved.name and resolved.version:
        return [registry.get_model_version(resolved.name, resolved.version)]
    if resolved.model_id is None or resolved.run_id is None:
        return []
    found = registry.search_model_versions(filter_string=f"run_id = '{resolved.run_id}'")
    return [version for version in found if version.model_id == resolved.model_id]


def _registration(registry: Store, version: ModelVersion) -> Registration:
    registered = registry.get_registered_model(version.name)
    return Registration(
        name=version.name,
        model_description=registered.description,
        model_tags=registered.tag_list,
        version=version.version,
        description=version.description,
        tags=version.tag_list,
        aliases=sorted(alias for alias, pointed in registered.aliases.items() if pointed == version.version),
    )
