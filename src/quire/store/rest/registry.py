"""Registered models and their versions over MLflow's REST protocol."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import msgspec

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
from quire.domain.redaction import redact
from quire.domain.registry import ModelVersion, RegisteredModel, Stage
from quire.store.rest.base import Nothing, clean_tags
from quire.store.rest.logged_models import RestLoggedModels

MAX_PAGE = 1000
MAX_VERSIONS_PAGE = 200_000
_MAX_SOURCE = 2048
Entity = TypeVar("Entity", RegisteredModel, ModelVersion)
_STAGES: tuple[Stage, ...] = ("None", "Staging", "Production", "Archived")


class _Model(msgspec.Struct):
    registered_model: RegisteredModel


class _Models(msgspec.Struct):
    registered_models: list[RegisteredModel] = []
    next_page_token: str | None = None


class _Version(msgspec.Struct):
    model_version: ModelVersion


class _Versions(msgspec.Struct):
    model_versions: list[ModelVersion] = []
    next_page_token: str | None = None


class RestRegistry(RestLoggedModels):
    """The part of a store that keeps registered models and versions."""

    def create_registered_model(self, name: str, *, description: str = "", tags: Sequence[Tag] = ()) -> RegisteredModel:
        """Take a name. AlreadyExists if it is taken."""
        check_registered_name(name)
        check_tags(tags, "registered model")
        fields = {"name": name, "description": _text(description) or None, "tags": clean_tags(tags)}
        look = f"Look with get_registered_model({name!r})."
        return _model(self._post("/registered-models/create", _Model, fields, repeatable=False, look=look))

    def get_registered_model(self, name: str) -> RegisteredModel:
        """The registered model with its latest versions, tags and aliases."""
        check_registered_name(name)
        return _model(self._get("/registered-models/get", _Model, {"name": name}))

    def rename_registered_model(self, name: str, new_name: str) -> RegisteredModel:
        """Give it another name; its versions and aliases follow."""
        check_registered_name(name)
        check_registered_name(new_name)
        fields = {"name": name, "new_name": new_name}
        look = f"Look with get_registered_model({new_name!r})."
        return _model(self._post("/registered-models/rename", _Model, fields, repeatable=False, look=look))

    def update_registered_model(self, name: str, *, description: str) -> RegisteredModel:
        """Replace its description."""
        check_registered_name(name)
        fields = {"name": name, "description": _text(description)}
        return _model(self._send("PATCH", "/registered-models/update", _Model, fields))

    def delete_registered_model(self, name: str) -> None:
        """Delete the name with all its versions."""
        check_registered_name(name)
        look = f"Look with get_registered_model({name!r})."
        self._send("DELETE", "/registered-models/delete", Nothing, {"name": name}, repeatable=False, look=look)

    def set_registered_model_tag(self, name: str, tag: Tag) -> None:
        """Set or replace a tag."""
        check_registered_name(name)
        check_tags([tag], "registered model")
        fields = {"name": name, "key": tag.key, "value": redact(tag.value)}
        self._post("/registered-models/set-tag", Nothing, fields)

    def delete_registered_model_tag(self, name: str, key: str) -> None:
        """Remove a tag; no error if it is not set."""
        check_registered_name(name)
        self._send("DELETE", "/registered-models/delete-tag", Nothing, {"name": name, "key": key})

    def search_registered_models(
        self,
        *,
        filter_string: str = "",
        order_by: Sequence[str] = (),
        max_results: int = 100,
        page_token: str | None = None,
    ) -> Page[RegisteredModel]:
        """Registered models that match, by name unless ordered otherwise; prompts only if the filter asks for them."""
        fields = _search(filter_string, order_by, check_page_size(max_results, MAX_PAGE), page_token)
        found = self._get("/registered-models/search", _Models, fields)
        return Page([_in_order(model) for model in found.registered_models], found.next_page_token or None)

    def set_alias(self, name: str, alias: str, version: str) -> None:
        """Point an alias at a version, moving it if it exists."""
        check_registered_name(name)
        check_alias(alias)
        fields = {"name": name, "alias": alias, "version": _version(version)}
        self._post("/registered-models/alias", Nothing, fields)

    def delete_alias(self, name: str, alias: str) -> None:
        """Remove an alias; no error if it is not set."""
        check_registered_name(name)
        self._send("DELETE", "/registered-models/alias", Nothing, {"name": name, "alias": alias})

    def get_model_version_by_alias(self, name: str, alias: str) -> ModelVersion:
        """The version that an alias points at; ``latest`` is the newest. InvalidInput if there is no such alias."""
        check_registered_name(name)
        return _in_order(self._get("/registered-models/alias", _Version, {"name": name, "alias": alias}).model_version)

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
        fields = {
            "name": name,
            "source": place,
            "run_id": run_id or None,
            "model_id": model_id or None,
            "description": _text(description) or None,
            "run_link": run_link or None,
            "tags": clean_tags(tags),
        }
        look = f"Look with get_latest_versions({name!r}) before you add another."
        made = self._post("/model-versions/create", _Version, fields, repeatable=False, look=look)
        return _in_order(made.model_version)

    def get_model_version(self, name: str, version: str) -> ModelVersion:
        """One version with its tags and aliases."""
        check_registered_name(name)
        fields = {"name": name, "version": _version(version)}
        return _in_order(self._get("/model-versions/get", _Version, fields).model_version)

    def update_model_version(self, name: str, version: str, *, description: str) -> ModelVersion:
        """Replace its description."""
        check_registered_name(name)
        fields = {"name": name, "version": _version(version), "description": _text(description)}
        return _in_order(self._send("PATCH", "/model-versions/update", _Version, fields).model_version)

    def transition_stage(
        self, name: str, version: str, stage: Stage, *, archive_existing_versions: bool = False
    ) -> ModelVersion:
        """Move a version to a stage (MLflow's older way; aliases are the newer)."""
        check_registered_name(name)
        fields = {
            "name": name,
            "version": _version(version),
            "stage": _stage(stage),
            "archive_existing_versions": archive_existing_versions,
        }
        return _in_order(self._post("/model-versions/transition-stage", _Version, fields).model_version)

    def delete_model_version(self, name: str, version: str) -> None:
        """Delete a version and the aliases that point at it; its number is not used again."""
        check_registered_name(name)
        fields = {"name": name, "version": _version(version)}
        self._send("DELETE", "/model-versions/delete", Nothing, fields, repeatable=False)

    def set_model_version_tag(self, name: str, version: str, tag: Tag) -> None:
        """Set or replace a tag."""
        check_registered_name(name)
        check_tags([tag], "model version")
        fields = {"name": name, "version": _version(version), "key": tag.key, "value": redact(tag.value)}
        self._post("/model-versions/set-tag", Nothing, fields)

    def delete_model_version_tag(self, name: str, version: str, key: str) -> None:
        """Remove a tag; no error if it is not set."""
        check_registered_name(name)
        fields = {"name": name, "version": _version(version), "key": key}
        self._send("DELETE", "/model-versions/delete-tag", Nothing, fields)

    def get_latest_versions(self, name: str, stages: Sequence[Stage] = ()) -> list[ModelVersion]:
        """The newest version of each stage (of all stages unless some are named), newest first."""
        check_registered_name(name)
        fields = {"name": name, "stages": [_stage(stage) for stage in stages] or None}
        found = self._post("/registered-models/get-latest-versions", _Versions, fields)
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
        fields = _search(filter_string, order_by, check_page_size(max_results, MAX_VERSIONS_PAGE), page_token)
        found = self._get("/model-versions/search", _Versions, fields)
        return Page([_in_order(version) for version in found.model_versions], found.next_page_token or None)


def _search(filter_string: str, order_by: Sequence[str], max_results: int, token: str | None) -> dict[str, object]:
    return {
        "filter": filter_string or None,
        "order_by": list(order_by),
        "max_results": max_results,
        "page_token": token,
    }


def _text(description: str) -> str:
    return redact(check_text(description or "", "The description"))


def _version(version: str) -> str:
    return str(check_version(version))


def _stage(stage: object) -> Stage:
    for known in _STAGES:
        if str(stage).lower() == known.lower():
            return known
    raise InvalidInput(f"Invalid stage {stage!r}; expected one of {', '.join(_STAGES)}.")


def _model(found: _Model) -> RegisteredModel:
    return _in_order(found.registered_model)


def _in_order(entity: Entity) -> Entity:
    """The entity with its lists in one order, whichever the server has."""
    entity.tag_list.sort(key=lambda tag: tag.key)
    if isinstance(entity, RegisteredModel):
        entity.alias_list.sort(key=lambda alias: alias.alias)
        entity.latest_versions.sort(key=lambda version: int(version.version), reverse=True)
    else:
        entity.aliases.sort()
    return entity
