"""Importing a bundle into the current tracking store: once, however often it is asked for."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

import msgspec

from quire.artifacts import open_artifacts
from quire.bundle.archive import Bundle
from quire.bundle.content import (
    ORIGIN_TAG,
    SOURCE_RUN_TAG,
    SOURCE_VERSION_TAG,
    Lineage,
    Registration,
    RunLineage,
)
from quire.bundle.mlmodel import readdress
from quire.domain.entities import DatasetInput, Experiment, ModelOutput, Tag
from quire.domain.errors import AlreadyExists, InvalidState, NotFound
from quire.domain.ids import is_model_id
from quire.domain.registry import LoggedModel, ModelVersion
from quire.store.base import Store
from quire.store.current import current_registry_store, current_store

T = TypeVar("T")
_BATCH = 500
_UNFINISHED_TAG = "quire.bundle.importing"
DEFAULT_EXPERIMENT = "imported"
"""Where a model without an experiment of its own is put."""


class ImportedVersion(msgspec.Struct, frozen=True, kw_only=True):
    """A version in this store. ``aliases_kept`` already point at another version here and were left there."""

    name: str
    version: str
    already_there: bool
    aliases_set: list[str]
    aliases_kept: list[str]


class Imported(msgspec.Struct, frozen=True, kw_only=True):
    """What the import came to: the model in this store, and whether it was here before."""

    model_uri: str
    model_id: str
    already_there: bool
    experiment_name: str
    experiment_id: str
    run_id: str | None
    origin: str
    versions: list[ImportedVersion]


def import_model(path: str | Path, *, name: str | None = None, experiment: str | None = None) -> Imported:
    """Import a bundle: its model, the run that made it, its registered versions and aliases.

    ``name`` registers it under another name than it had; ``experiment`` puts it into another experiment. A model
    that was imported before is found again and only what is missing is added. Raises BundleError for a file that
    is damaged or dangerous, before anything is written to the store.
    """
    store, registry = current_store(), current_registry_store()
    with Bundle(path) as bundle, tempfile.TemporaryDirectory(prefix="quire-import-") as scratch:
        folder = Path(scratch)
        bundle.unpack(folder)
        lineage, origin = bundle.lineage, bundle.manifest.origin
        place = _experiment(store, experiment or lineage.experiment_name or DEFAULT_EXPERIMENT, lineage)
        found = _find(store, origin, place.experiment_id)
        model = found or _Importer(store, place, lineage, origin).bring(folder)
    experiment_here = store.get_experiment(model.experiment_id)
    return Imported(
        model_uri=model.model_uri,
        model_id=model.model_id,
        already_there=found is not None,
        experiment_name=experiment_here.name,
        experiment_id=experiment_here.experiment_id,
        run_id=model.source_run_id,
        origin=origin,
        versions=[_register(registry, model, wanted) for wanted in _wanted(lineage, name)],
    )


def _experiment(store: Store, name: str, lineage: Lineage) -> Experiment:
    found = store.get_experiment_by_name(name)
    if found is None:
        try:
            return store.get_experiment(store.create_experiment(name, tags=lineage.experiment_tags))
        except AlreadyExists:
            found = store.get_experiment_by_name(name)
            assert found is not None
    if found.lifecycle_stage == "deleted":
        raise InvalidState(
            f"The model belongs to the experiment {name!r}, which is deleted in this store. Restore it, or name "
            "another experiment (--experiment NAME)."
        )
    return found


def _find(store: Store, origin: str, experiment_id: str) -> LoggedModel | None:
    """The model of that origin in this store, if it is here and complete."""
    if is_model_id(origin):
        try:
            model = store.get_logged_model(origin)
        except NotFound:
            pass
        else:
            return model if model.status == "READY" else None
    copies = _copies(store, origin, experiment_id)
    return next((model for model in copies if model.status == "READY"), None)


def _copies(store: Store, origin: str, experiment_id: str) -> list[LoggedModel]:
    return list(store.search_logged_models([experiment_id], filter_string=f"tags.`{ORIGIN_TAG}` = '{origin}'"))


class _Importer:
    """Brings a model that is not in the store yet."""

    def __init__(self, store: Store, experiment: Experiment, lineage: Lineage, origin: str) -> None:
        self._store = store
        self._experiment_id = experiment.experiment_id
        self._lineage = lineage
        self._origin = origin

    def bring(self, folder: Path) -> LoggedModel:
        """Write the run and the model; the model becomes READY, and so visible to a second import, at the end."""
        self._remove_leftovers()
        run = self._lineage.run
        known = self._known_run(run) if run else None
        run_id = known or (self._create_run(run) if run else None)
        model = self._create_model(run_id)
        readdress(folder / "MLmodel", model.model_id, run_id, model.artifact_location)
        open_artifacts(model.artifact_location).put_folder(folder)
        if run_id is not None:
            self._store.log_outputs(run_id, [ModelOutput(model_id=model.model_id)])
        if run is not None and run_id is not None and known is None:
            self._fill_run(run_id, run, model.model_id)
        return self._store.finalize_logged_model(model.model_id, "READY")

    def _remove_leftovers(self) -> None:
        """What an import that was killed half-way left behind."""
        for model in _copies(self._store, self._origin, self._experiment_id):
            self._store.delete_logged_model(model.model_id)
        if self._lineage.run is not None:
            for run_id in self._runs_tagged(_UNFINISHED_TAG, self._lineage.run.run_id):
                self._store.delete_run(run_id)

    def _known_run(self, run: RunLineage) -> str | None:
        """The run in this store that an earlier import made of the same run, for another model of it."""
        return next(iter(self._runs_tagged(SOURCE_RUN_TAG, run.run_id)), None)

    def _runs_tagged(self, key: str, run_id: str) -> list[str]:
        found = self._store.search_runs([self._experiment_id], filter_string=f"tags.`{key}` = '{run_id}'")
        return [run.info.run_id for run in found]

    def _create_run(self, run: RunLineage) -> str:
        own = (SOURCE_RUN_TAG, _UNFINISHED_TAG)
        tags = [Tag(_UNFINISHED_TAG, run.run_id), *(tag for tag in run.tags if tag.key not in own)]
        created = self._store.create_run(
            self._experiment_id,
            run_name=run.run_name,
            user_id=run.user_id,
            start_time=run.start_time,
            tags=tags,
        )
        return created.info.run_id

    def _create_model(self, run_id: str | None) -> LoggedModel:
        model = self._lineage.model
        return self._store.create_logged_model(
            self._experiment_id,
            name=model.name,
            source_run_id=run_id,
            model_type=model.model_type,
            params=model.params,
            tags=[Tag(ORIGIN_TAG, self._origin), *(tag for tag in model.tags if tag.key != ORIGIN_TAG)],
        )

    def _fill_run(self, run_id: str, run: RunLineage, model_id: str) -> None:
        store = self._store
        for params in _batches(run.params, 100):
            store.log_batch(run_id, params=params)
        for points in _batches(run.metrics, _BATCH):
            store.log_batch(run_id, metrics=[point.metric(model_id) for point in points])
        if run.datasets:
            uses = [DatasetInput(dataset=use.dataset, tag_list=use.tags) for use in run.datasets]
            store.log_inputs(run_id, datasets=uses)
        store.update_run(run_id, status=run.status, end_time=run.end_time)
        store.log_batch(run_id, tags=[Tag(SOURCE_RUN_TAG, run.run_id)])
        store.delete_tag(run_id, _UNFINISHED_TAG)


def _batches(items: Sequence[T], size: int) -> list[Sequence[T]]:
    return [items[start : start + size] for start in range(0, len(items), size)]


def _wanted(lineage: Lineage, name: str | None) -> list[Registration]:
    """The registrations to make: as they were, or one under the name that was asked for."""
    if name is None:
        return lineage.registrations
    if lineage.registrations:
        return [msgspec.structs.replace(lineage.registrations[0], name=name)]
    blank = Registration(
        name=name, model_description="", model_tags=[], version="", description="", tags=[], aliases=[]
    )
    return [blank]


def _register(registry: Store, model: LoggedModel, wanted: Registration) -> ImportedVersion:
    with contextlib.suppress(AlreadyExists):
        registry.create_registered_model(wanted.name, description=wanted.model_description, tags=wanted.model_tags)
    version, there = _version(registry, model, wanted)
    aliases = registry.get_registered_model(wanted.name).aliases
    fresh = [alias for alias in wanted.aliases if alias not in aliases]
    for alias in fresh:
        registry.set_alias(wanted.name, alias, version.version)
    kept = [alias for alias in wanted.aliases if aliases.get(alias, version.version) != version.version]
    return ImportedVersion(
        name=wanted.name, version=version.version, already_there=there, aliases_set=fresh, aliases_kept=kept
    )


def _version(registry: Store, model: LoggedModel, wanted: Registration) -> tuple[ModelVersion, bool]:
    for version in _versions_of(registry, wanted.name):
        if version.model_id == model.model_id:
            return version, True
    source = [Tag(SOURCE_VERSION_TAG, f"{wanted.name}/{wanted.version}")] if wanted.version else []
    created = registry.create_model_version(
        wanted.name,
        model.model_uri,
        run_id=model.source_run_id,
        model_id=model.model_id,
        description=wanted.description,
        tags=[*source, *(tag for tag in wanted.tags if tag.key != SOURCE_VERSION_TAG)],
    )
    return created, False


def _versions_of(registry: Store, name: str) -> list[ModelVersion]:
    quote = '"' if "'" in name else "'"
    found: list[ModelVersion] = []
    token: str | None = None
    while True:
        page = registry.search_model_versions(filter_string=f"name = {quote}{name}{quote}", page_token=token)
        found += page
        token = page.token
        if token is None:
            return found
