"""Registered models and their versions over MLflow's REST protocol."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from quire.domain.entities import Tag
from quire.domain.errors import InvalidInput
from quire.domain.names import (
    check_alias,
    check_page_size,
    check_registered_name,
    check_tags,
    check_text,
    check_version,
)
from quire.domain.paging import Page
from quire.domain.protojson import Message
from quire.domain.redaction import redact
from quire.domain.registry import ModelVersion, RegisteredModel, Stage
from quire.domain.uris import LoggedModelUri, parse_model_uri
from quire.store.rest.base import clean_tags
from quire.store.rest.logged_models import RestLoggedModels
from quire.store.rest.wire.model_versions import (
    CreateModelVersion,
    DeleteModelVersionTag,
    ModelVersionResponse,
    OfModelVersion,
    SearchModelVersions,
    SearchModelVersionsResponse,
    SetModelVersionTag,
    TransitionModelVersionStage,
    UpdateModelVersion,
)
from quire.store.rest.wire.registered_models import (
    CreateRegisteredModel,
    DeleteRegisteredModelTag,
    GetLatestVersions,
    GetLatestVersionsResponse,
    OfAlias,
    OfRegisteredModel,
    RegisteredModelResponse,
    RenameRegisteredModel,
    SearchRegisteredModels,
    SearchRegisteredModelsResponse,
    SetAlias,
    SetRegisteredModelTag,
    UpdateRegisteredModel,
)

MAX_PAGE = 1000
MAX_VERSIONS_PAGE = 200_000
_MAX_SOURCE = 2048
Entity = TypeVar("Entity", RegisteredModel, ModelVersion)
_STAGES: tuple[Stage, ...] = ("None", "Staging", "Production", "Archived")


class RestRegistry(RestLoggedModels):
    """The part of a store that keeps registered models and versions."""

    def create_registered_model(self, name: str, *, description: str = "", tags: Sequence[Tag] = ()) -> RegisteredModel:
        """Take a name. AlreadyExists if it is taken."""
        check_registered_name(name)
        check_tags(tags, "registered model")
        message = CreateRegisteredModel(name=name, description=_text(description), tags=clean_tags(tags))
        return self._make("/registered-models/create", message, name)

    def get_registered_model(self, name: str) -> RegisteredModel:
        """The registered model with its latest versions, tags and aliases."""
        check_registered_name(name)
        found = self._get("/registered-models/get", OfRegisteredModel(name=name), RegisteredModelResponse)
        return _in_order(found.registered_model)

    def rename_registered_model(self, name: str, new_name: str) -> RegisteredModel:
        """Give it another name; its versions and aliases follow."""
        check_registered_name(name)
        check_registered_name(new_name)
        return self._make("/registered-models/rename", RenameRegisteredModel(name=name, new_name=new_name), new_name)

    def _make(self, path: str, message: Message, name: str) -> RegisteredModel:
        look = f"Look with get_registered_model({name!r})."
        made = self._ask("POST", path, message, RegisteredModelResponse, repeatable=False, look=look)
        return _in_order(made.registered_model)

    def update_registered_model(self, name: str, *, description: str) -> RegisteredModel:
        """Replace its description."""
        check_registered_name(name)
        message = UpdateRegisteredModel(name=name, description=_text(description))
        found = self._ask("PATCH", "/registered-models/update", message, RegisteredModelResponse)
        return _in_order(found.registered_model)

    def delete_registered_model(self, name: str) -> None:
        """Delete the name with all its versions."""
        check_registered_name(name)
        look = f"Look with get_registered_model({name!r})."
        message = OfRegisteredModel(name=name)
        self._tell("DELETE", "/registered-models/delete", message, repeatable=False, look=look)

    def set_registered_model_tag(self, name: str, tag: Tag) -> None:
        """Set or replace a tag."""
        check_registered_name(name)
        check_tags([tag], "registered model")
        message = SetRegisteredModelTag(name=name, key=tag.key, value=redact(tag.value))
        self._tell("POST", "/registered-models/set-tag", message)

    def delete_registered_model_tag(self, name: str, key: str) -> None:
        """Remove a tag; no error if it is not set."""
        check_registered_name(name)
        self._tell("DELETE", "/registered-models/delete-tag", DeleteRegisteredModelTag(name=name, key=key))

    def search_registered_models(
        self,
        *,
        filter_string: str = "",
        order_by: Sequence[str] = (),
        max_results: int = 100,
        page_token: str | None = None,
    ) -> Page[RegisteredModel]:
        """Registered models that match, by name unless ordered otherwise; prompts only if the filter asks for them."""
        check_page_size(max_results, MAX_PAGE)
        message = SearchRegisteredModels(
            filter=filter_string, order_by=list(order_by), max_results=max_results, page_token=page_token
        )
        found = self._get("/registered-models/search", message, SearchRegisteredModelsResponse)
        return Page([_in_order(model) for model in found.registered_models], found.next_page_token or None)

    def set_alias(self, name: str, alias: str, version: str) -> None:
        """Point an alias at a version, moving it if it exists."""
        check_registered_name(name)
        check_alias(alias)
        message = SetAlias(name=name, alias=alias, version=_version(version))
        self._tell("POST", "/registered-models/alias", message)

    def delete_alias(self, name: str, alias: str) -> None:
        """Remove an alias; no error if it is not set."""
        check_registered_name(name)
        self._tell("DELETE", "/registered-models/alias", OfAlias(name=name, alias=alias))

    def get_model_version_by_alias(self, name: str, alias: str) -> ModelVersion:
        """The version that an alias points at; ``latest`` is the newest. InvalidInput if there is no such alias."""
        check_registered_name(name)
        found = self._get("/registered-models/alias", OfAlias(name=name, alias=alias), ModelVersionResponse)
        return _in_order(found.model_version)

    def create_model_version(
        self,
        name: str,
        source: str,
        *,
        run_id: str | None = None,
        model_id: str | None = None,
        description: str = "",
        run_link: str = "",
        tags: Sequence[Tag] = (),
    ) -> ModelVersion:
        """Add the next version, numbered from 1."""
        check_registered_name(name)
        check_tags(tags, "model version")
        place = redact(check_text(source, "The source of a model version", _MAX_SOURCE))
        if not place:
            raise InvalidInput("A model version needs a source: the URI of the model's directory.")
        for identifier, what in ((run_id, "run_id"), (model_id, "model_id")):
            check_text(identifier or "", what, _MAX_SOURCE)
        message = CreateModelVersion(
            name=name,
            source=place,
            run_id=run_id or None,
            model_id=model_id or _model_in(place),
            description=_text(description),
            run_link=redact(check_text(run_link or "", "run_link", _MAX_SOURCE)),
            tags=clean_tags(tags),
        )
        look = f"Look with get_latest_versions({name!r}) before you add another."
        made = self._ask("POST", "/model-versions/create", message, ModelVersionResponse, repeatable=False, look=look)
        return _in_order(made.model_version)

    def get_model_version(self, name: str, version: str) -> ModelVersion:
        """One version with its tags and aliases."""
        check_registered_name(name)
        message = OfModelVersion(name=name, version=_version(version))
        return _in_order(self._get("/model-versions/get", message, ModelVersionResponse).model_version)

    def update_model_version(self, name: str, version: str, *, description: str) -> ModelVersion:
        """Replace its description."""
        check_registered_name(name)
        message = UpdateModelVersion(name=name, version=_version(version), description=_text(description))
        return _in_order(self._ask("PATCH", "/model-versions/update", message, ModelVersionResponse).model_version)

    def transition_stage(
        self, name: str, version: str, stage: Stage, *, archive_existing_versions: bool = False
    ) -> ModelVersion:
        """Move a version to a stage (MLflow's older way; aliases are the newer)."""
        check_registered_name(name)
        target = _stage(stage)
        if archive_existing_versions and target not in ("Staging", "Production"):
            raise InvalidInput(
                f"archive_existing_versions goes with the stages Staging and Production only; got {target!r}."
            )
        message = TransitionModelVersionStage(
            name=name,
            version=_version(version),
            stage=target,
            archive_existing_versions=archive_existing_versions,
        )
        moved = self._ask("POST", "/model-versions/transition-stage", message, ModelVersionResponse)
        return _in_order(moved.model_version)

    def delete_model_version(self, name: str, version: str) -> None:
        """Delete a version and the aliases that point at it; its number is not used again."""
        check_registered_name(name)
        message = OfModelVersion(name=name, version=_version(version))
        self._tell("DELETE", "/model-versions/delete", message, repeatable=False)

    def set_model_version_tag(self, name: str, version: str, tag: Tag) -> None:
        """Set or replace a tag."""
        check_registered_name(name)
        check_tags([tag], "model version")
        message = SetModelVersionTag(name=name, version=_version(version), key=tag.key, value=redact(tag.value))
        self._tell("POST", "/model-versions/set-tag", message)

    def delete_model_version_tag(self, name: str, version: str, key: str) -> None:
        """Remove a tag; no error if it is not set."""
        check_registered_name(name)
        message = DeleteModelVersionTag(name=name, version=_version(version), key=key)
        self._tell("DELETE", "/model-versions/delete-tag", message)

    def get_latest_versions(self, name: str, stages: Sequence[Stage] = ()) -> list[ModelVersion]:
        """The newest version of each stage (of all stages unless some are named), newest first."""
        check_registered_name(name)
        message = GetLatestVersions(name=name, stages=[_stage(stage) for stage in stages])
        found = self._ask("POST", "/registered-models/get-latest-versions", message, GetLatestVersionsResponse)
        versions = [_in_order(version) for version in found.model_versions]
        return sorted(versions, key=lambda version: int(version.version), reverse=True)

    def search_model_versions(
        self,
        *,
        filter_string: str = "",
        order_by: Sequence[str] = (),
        max_results: int = 10_000,
        page_token: str | None = None,
    ) -> Page[ModelVersion]:
        """Versions that match; newest update first unless ordered otherwise."""
        check_page_size(max_results, MAX_VERSIONS_PAGE)
        message = SearchModelVersions(
            filter=filter_string, order_by=list(order_by), max_results=max_results, page_token=page_token
        )
        found = self._get("/model-versions/search", message, SearchModelVersionsResponse)
        return Page([_in_order(version) for version in found.model_versions], found.next_page_token or None)


def _model_in(source: str) -> str | None:
    """The logged model that a source ``models:/m-…`` names, which MLflow's server does not look for."""
    if not source.startswith("models:/"):
        return None
    named = parse_model_uri(source)
    return named.model_id if isinstance(named, LoggedModelUri) else None


def _text(description: str) -> str:
    return redact(check_text(description or "", "The description"))


def _version(version: str) -> str:
    return str(check_version(version))


def _stage(stage: object) -> Stage:
    for known in _STAGES:
        if str(stage).lower() == known.lower():
            return known
    raise InvalidInput(f"Invalid stage {stage!r}; expected one of {', '.join(_STAGES)}.")


def _in_order(entity: Entity) -> Entity:
    """The entity with its lists in one order, whichever the server has."""
    entity.tag_list.sort(key=lambda tag: tag.key)
    if isinstance(entity, RegisteredModel):
        entity.alias_list.sort(key=lambda alias: alias.alias)
        entity.latest_versions.sort(key=lambda version: int(version.version), reverse=True)
    else:
        entity.aliases.sort()
    return entity
