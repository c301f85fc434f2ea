"""Registered models, their versions and aliases, by name."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, get_args

from quire.domain.errors import AlreadyExists, InvalidInput
from quire.domain.paging import Page
from quire.domain.prompt_tags import IS_PROMPT
from quire.domain.registry import ModelVersion, RegisteredModel, Stage
from quire.domain.uris import LocationUri, LoggedModelUri, RegisteredModelUri, is_local, parse_model_uri
from quire.store.resolve import resolve
from quire.tracking import values
from quire.tracking.client.base import ClientBase

STAGES: tuple[Stage, ...] = get_args(Stage)


class RegistryCalls(ClientBase):
    """What a client does with the registry."""

    def create_registered_model(
        self,
        name: str,
        tags: dict[str, Any] | None = None,
        description: str | None = None,
        deployment_job_id: str | None = None,
    ) -> RegisteredModel:
        """Take a name for a model. AlreadyExists if it is taken."""
        return self.registry_store.create_registered_model(name, description=description or "", tags=values.tags(tags))

    def get_registered_model(self, name: str) -> RegisteredModel:
        """The registered model with its latest versions, tags and aliases."""
        return self.registry_store.get_registered_model(name)

    def rename_registered_model(self, name: str, new_name: str) -> RegisteredModel:
        """Give it another name; its versions and aliases follow."""
        return self.registry_store.rename_registered_model(name, new_name)

    def update_registered_model(
        self, name: str, description: str | None = None, deployment_job_id: str | None = None
    ) -> RegisteredModel:
        """Replace its description."""
        if description is None:
            return self.registry_store.get_registered_model(name)
        return self.registry_store.update_registered_model(name, description=description)

    def delete_registered_model(self, name: str) -> None:
        """Delete the name with all its versions."""
        self.registry_store.delete_registered_model(name)

    def set_registered_model_tag(self, name: str, key: str, value: Any) -> None:
        """Set or replace a tag."""
        self.registry_store.set_registered_model_tag(name, values.tag(key, value))

    def delete_registered_model_tag(self, name: str, key: str) -> None:
        """Remove a tag."""
        self.registry_store.delete_registered_model_tag(name, key)

    def search_registered_models(
        self,
        filter_string: str | None = None,
        max_results: int = 100,
        order_by: Sequence[str] | None = None,
        page_token: str | None = None,
    ) -> Page[RegisteredModel]:
        """One page of the registered models that match."""
        return self.registry_store.search_registered_models(
            filter_string=filter_string or "", order_by=order_by or (), max_results=max_results, page_token=page_token
        )

    def set_registered_model_alias(self, name: str, alias: str, version: str | int) -> None:
        """Point an alias at a version, moving it if it exists."""
        self.registry_store.set_alias(name, alias, str(version))

    def delete_registered_model_alias(self, name: str, alias: str) -> None:
        """Remove an alias."""
        self.registry_store.delete_alias(name, alias)

    def get_model_version_by_alias(self, name: str, alias: str) -> ModelVersion:
        """The version that an alias points at; NotFound lists the aliases that exist."""
        return resolve(self.store, self.registry_store, RegisteredModelUri(name, alias=alias)).registered()

    def create_model_version(
        self,
        name: str,
        source: str,
        run_id: str | None = None,
        tags: dict[str, Any] | None = None,
        run_link: str | None = None,
        description: str | None = None,
        await_creation_for: int = 300,
        model_id: str | None = None,
    ) -> ModelVersion:
        """Add the next version of a registered model, whose files are at ``source``.

        ``source`` is a URI of files, ``models:/m-…`` or ``runs:/…``. ``await_creation_for`` has no effect: a version
        is ready when this returns.
        """
        lasting, logged = self._lasting_source(source)
        return self.registry_store.create_model_version(
            name,
            lasting,
            run_id=run_id,
            model_id=model_id or logged,
            description=description or "",
            run_link=run_link or "",
            tags=values.tags(tags),
        )

    def copy_model_version(self, src_model_uri: str, dst_name: str) -> ModelVersion:
        """Add a registered version under another name; the name is taken if it is free."""
        parsed = parse_model_uri(src_model_uri)
        if not isinstance(parsed, RegisteredModelUri):
            raise InvalidInput(
                f"{src_model_uri!r} names no registered version; expected models:/NAME/VERSION or @ALIAS."
            )
        version = resolve(self.store, self.registry_store, parsed).registered()
        ensure_registered(self, dst_name)
        return self.registry_store.create_model_version(
            dst_name,
            f"models:/{version.name}/{version.version}",
            run_id=version.run_id or None,
            model_id=version.model_id,
            description=version.description,
            run_link=version.run_link,
            tags=version.tag_list,
        )

    def get_model_version(self, name: str, version: str | int) -> ModelVersion:
        """One version with its tags and aliases."""
        return self.registry_store.get_model_version(name, str(version))

    def get_model_version_download_uri(self, name: str, version: str | int) -> str:
        """The artifact URI of a version's files."""
        uri = RegisteredModelUri(name, version=str(version))
        return resolve(self.store, self.registry_store, uri).location

    def get_model_version_stages(self, name: str, version: str | int) -> list[str]:
        """The stages that a version can be in."""
        return list(STAGES)

    def update_model_version(self, name: str, version: str | int, description: str | None = None) -> ModelVersion:
        """Replace a version's description."""
        return self.registry_store.update_model_version(name, str(version), description=description or "")

    def transition_model_version_stage(
        self, name: str, version: str | int, stage: str, archive_existing_versions: bool = False
    ) -> ModelVersion:
        """Move a version to a stage. Aliases say the same with names of your own."""
        return self.registry_store.transition_stage(
            name, str(version), checked_stage(stage), archive_existing_versions=archive_existing_versions
        )

    def delete_model_version(self, name: str, version: str | int) -> None:
        """Delete a version and the aliases that point at it; its number is not used again."""
        self.registry_store.delete_model_version(name, str(version))

    def set_model_version_tag(
        self,
        name: str,
        version: str | int | None = None,
        key: str | None = None,
        value: Any = None,
        stage: str | None = None,
    ) -> None:
        """Set or replace a tag of a version, or of the newest one in ``stage``."""
        tag = values.tag(key, value)
        self.registry_store.set_model_version_tag(name, self._version(name, version, stage), tag)

    def delete_model_version_tag(
        self, name: str, version: str | int | None = None, key: str | None = None, stage: str | None = None
    ) -> None:
        """Remove a tag of a version, or of the newest one in ``stage``."""
        self.registry_store.delete_model_version_tag(
            name, self._version(name, version, stage), values.checked_key("tag", key)
        )

    def get_latest_versions(self, name: str, stages: Sequence[str] | None = None) -> list[ModelVersion]:
        """The newest version in each stage."""
        return self.registry_store.get_latest_versions(name, [checked_stage(stage) for stage in stages or ()])

    def search_model_versions(
        self,
        filter_string: str | None = None,
        max_results: int = 10_000,
        order_by: Sequence[str] | None = None,
        page_token: str | None = None,
    ) -> Page[ModelVersion]:
        """One page of the versions that match."""
        return self.registry_store.search_model_versions(
            filter_string=filter_string or "", order_by=order_by or (), max_results=max_results, page_token=page_token
        )

    def _lasting_source(self, source: str) -> tuple[str, str | None]:
        """A source that means the same for every reader, and the logged model it names, if any."""
        parsed = parse_model_uri(source)
        match parsed:
            case LoggedModelUri():
                return source, parsed.model_id
            case LocationUri():
                return (str(Path(source).absolute()) if is_local(source) and ":" not in source else source), None
            case RegisteredModelUri():
                return source, resolve(self.store, self.registry_store, parsed).model_id
        found = resolve(self.store, self.registry_store, parsed)
        if found.model_id and self.store.get_logged_model(found.model_id).artifact_location == found.location:
            return f"models:/{found.model_id}", found.model_id
        return found.location, None

    def _version(self, name: str, version: str | int | None, stage: str | None) -> str:
        if (version is None) == (stage is None):
            raise InvalidInput("Name the model version either by `version` or by `stage`: exactly one of them.")
        if version is not None:
            return str(version)
        return resolve(self.store, self.registry_store, RegisteredModelUri(name, stage=stage)).registered().version


def checked_stage(stage: str) -> Stage:
    """A stage in its right spelling. Raises InvalidInput for a word that is none."""
    found = next((known for known in STAGES if known.lower() == str(stage).lower()), None)
    if found is None:
        raise InvalidInput(f"The stage {stage!r} does not exist. Expected one of {', '.join(STAGES)}; or use an alias.")
    return found


def ensure_registered(client: RegistryCalls, name: str) -> None:
    """Take a name in the registry if it is free. InvalidInput if it is that of a prompt."""
    try:
        client.create_registered_model(name)
    except AlreadyExists:
        if client.get_registered_model(name).tags.get(IS_PROMPT) == "true":
            raise InvalidInput(
                f"{name!r} is the name of a prompt. A model and a prompt cannot share a name; choose another."
            ) from None
