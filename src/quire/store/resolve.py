"""From a model URI to the place of the model's files, as the stores know it."""

from __future__ import annotations

import msgspec

from quire.domain.entities import Run
from quire.domain.errors import InvalidInput, NotFound
from quire.domain.paths import checked_path
from quire.domain.registry import LoggedModel, ModelVersion, RegisteredModel
from quire.domain.uris import (
    LocationUri,
    LoggedModelUri,
    ModelUri,
    RegisteredModelUri,
    RunUri,
    join_uri,
    parse_model_uri,
)
from quire.store.base import Store

_LONGEST_CHAIN = 16


class ResolvedModel(msgspec.Struct, frozen=True, kw_only=True):
    """What a model URI names: ``location`` is the artifact URI of the directory, the rest what is known of it."""

    location: str
    model_id: str | None = None
    run_id: str | None = None
    name: str | None = None
    version: str | None = None
    model_version: ModelVersion | None = None

    def registered(self) -> ModelVersion:
        """The registered version. Raises InvalidInput if the URI named none."""
        if self.model_version is None:
            raise InvalidInput(f"{self.location!r} is not a registered model version.")
        return self.model_version


def locate(store: Store, registry: Store, uri: str) -> str:
    """The artifact URI that a model URI names."""
    return resolve(store, registry, parse_model_uri(uri)).location


def resolve(store: Store, registry: Store, uri: ModelUri, *, depth: int = 0) -> ResolvedModel:
    """What a model URI names. NotFound lists the versions or aliases that do exist."""
    match uri:
        case LocationUri():
            return ResolvedModel(location=uri.uri)
        case LoggedModelUri():
            return _logged(store.get_logged_model(uri.model_id))
        case RunUri():
            return _in_run(store, uri)
        case RegisteredModelUri():
            return _registered(store, registry, uri, depth)


def _logged(model: LoggedModel) -> ResolvedModel:
    return ResolvedModel(
        location=model.artifact_location, model_id=model.model_id, run_id=model.source_run_id or None, name=model.name
    )


def _in_run(store: Store, uri: RunUri) -> ResolvedModel:
    """A model that the run logged under that name (the newest one), else the folder among the run's artifacts."""
    path = checked_path(uri.path.rstrip("/"), root=True)
    run = store.get_run(uri.run_id)
    name, _, below = path.partition("/")
    if name and (model := _logged_by(store, run, name)):
        found = _logged(model)
        return msgspec.structs.replace(found, location=join_uri(found.location, below), run_id=uri.run_id)
    return ResolvedModel(location=join_uri(run.info.artifact_uri, path), run_id=uri.run_id)


def _logged_by(store: Store, run: Run, name: str) -> LoggedModel | None:
    """The newest model of that name that came from the run, complete ones first; else one that it says it made."""
    if "'" not in name:
        models = store.search_logged_models(
            [run.info.experiment_id],
            filter_string=f"name = '{name}' AND source_run_id = '{run.info.run_id}'",
        )
        if models:
            return next((model for model in models if model.status == "READY"), models[0])
    outputs = sorted(run.outputs.model_outputs, key=lambda output: output.step, reverse=True)
    made = (_find(store, output.model_id) for output in outputs)
    return next((model for model in made if model and model.name == name), None)


def _find(store: Store, model_id: str) -> LoggedModel | None:
    try:
        return store.get_logged_model(model_id)
    except NotFound:
        return None


def _registered(store: Store, registry: Store, uri: RegisteredModelUri, depth: int) -> ResolvedModel:
    version = find_version(registry, uri)
    if depth > _LONGEST_CHAIN:
        raise InvalidInput(f"models:/{version.name}/{version.version} points at itself through other versions.")
    source = parse_model_uri(version.source)
    behind = resolve(store, registry, source, depth=depth + 1)
    return ResolvedModel(
        location=behind.location,
        model_id=version.model_id or behind.model_id,
        run_id=version.run_id or behind.run_id,
        name=version.name,
        version=version.version,
        model_version=version,
    )


def find_version(registry: Store, uri: RegisteredModelUri) -> ModelVersion:
    """The registered version that a URI names; NotFound says what exists instead."""
    try:
        if uri.version is not None:
            return registry.get_model_version(uri.name, uri.version)
        if uri.alias is not None:
            return registry.get_model_version_by_alias(uri.name, uri.alias)
    except (NotFound, InvalidInput) as error:  # an alias that is not set is InvalidInput in MLflow's protocol
        raise _missing(registry, uri) from error
    stages = registry.get_latest_versions(uri.name)
    if uri.latest:
        found = max(stages, key=lambda version: int(version.version), default=None)
    else:
        found = next((each for each in stages if each.current_stage.lower() == str(uri.stage).lower()), None)
    if found is None:
        raise _missing(registry, uri)
    return found


def _missing(registry: Store, uri: RegisteredModelUri) -> NotFound:
    model = registry.get_registered_model(uri.name)  # a name that is not there is its own NotFound
    wanted = (
        f"version {uri.version}"
        if uri.version
        else f"alias {uri.alias!r}"
        if uri.alias
        else "version"
        if uri.latest
        else f"version in stage {uri.stage!r}"
    )
    return NotFound(f"The registered model {uri.name!r} has no {wanted}. {_what_exists(registry, model)}")


def _what_exists(registry: Store, model: RegisteredModel) -> str:
    quoted = model.name.replace("'", "''")
    versions = registry.search_model_versions(filter_string=f"name = '{quoted}'", max_results=50)
    numbers = sorted((int(version.version) for version in versions), reverse=True)
    if not numbers:
        return "It has no versions yet: register one with quire.register_model."
    aliases = ", ".join(f"@{alias} = {version}" for alias, version in sorted(model.aliases.items())) or "none"
    return f"Its versions: {', '.join(map(str, numbers))}. Its aliases: {aliases}."
