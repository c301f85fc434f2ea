"""Registered models and aliases: ``/api/2.0/mlflow/registered-models/…``."""

from __future__ import annotations

from quire.domain.entities import Tag
from quire.server.calls import Calls
from quire.server.checks import checked_stage
from quire.server.context import Context
from quire.store.rest.wire.common import Empty
from quire.store.rest.wire.model_versions import ModelVersionResponse
from quire.store.rest.wire.registered_models import (
    CreateRegisteredModel,
    DeleteRegisteredModelTag,
    GetLatestVersions,
    GetLatestVersionsResponse,
    MoveAlias,
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

calls = Calls("2.0", "mlflow", tag="Registered models", preview=True)


@calls.write("POST", "registered-models/create")
def create_registered_model(context: Context, request: CreateRegisteredModel) -> RegisteredModelResponse:
    """Take a name under which versions are kept."""
    model = context.registry.create_registered_model(request.name, description=request.description, tags=request.tags)
    return RegisteredModelResponse(registered_model=model)


@calls.read("GET", "registered-models/get", reads="point")
def get_registered_model(context: Context, request: OfRegisteredModel) -> RegisteredModelResponse:
    """A registered model with its latest versions, tags and aliases."""
    return RegisteredModelResponse(registered_model=context.registry.get_registered_model(request.name))


@calls.write("POST", "registered-models/rename")
def rename_registered_model(context: Context, request: RenameRegisteredModel) -> RegisteredModelResponse:
    """Give a registered model another name."""
    model = context.registry.rename_registered_model(request.name, request.new_name)
    return RegisteredModelResponse(registered_model=model)


@calls.write("PATCH", "registered-models/update")
def update_registered_model(context: Context, request: UpdateRegisteredModel) -> RegisteredModelResponse:
    """Replace the description of a registered model."""
    model = context.registry.update_registered_model(request.name, description=request.description)
    return RegisteredModelResponse(registered_model=model)


@calls.write("DELETE", "registered-models/delete")
def delete_registered_model(context: Context, request: OfRegisteredModel) -> Empty:
    """Delete a registered model with all its versions."""
    context.registry.delete_registered_model(request.name)
    return Empty()


@calls.read("GET", "registered-models/search")
def search_registered_models(context: Context, request: SearchRegisteredModels) -> SearchRegisteredModelsResponse:
    """A page of the registered models that match a filter."""
    page = context.registry.search_registered_models(
        filter_string=request.filter,
        order_by=request.order_by,
        max_results=request.max_results,
        page_token=request.page_token or None,
    )
    return SearchRegisteredModelsResponse(registered_models=page.to_list(), next_page_token=page.token)


@calls.read("POST", "registered-models/get-latest-versions")
def get_latest_versions(context: Context, request: GetLatestVersions) -> GetLatestVersionsResponse:
    """The newest version of each stage, or of some."""
    return _latest(context, request)


@calls.read("GET", "registered-models/get-latest-versions")
def get_latest_versions_by_query(context: Context, request: GetLatestVersions) -> GetLatestVersionsResponse:
    """The newest version of each stage, or of some."""
    return _latest(context, request)


def _latest(context: Context, request: GetLatestVersions) -> GetLatestVersionsResponse:
    stages = [checked_stage(stage) for stage in request.stages]
    return GetLatestVersionsResponse(model_versions=context.registry.get_latest_versions(request.name, stages))


@calls.write("POST", "registered-models/set-tag")
def set_registered_model_tag(context: Context, request: SetRegisteredModelTag) -> Empty:
    """Set or replace a tag of a registered model."""
    context.registry.set_registered_model_tag(request.name, Tag(request.key, request.value))
    return Empty()


@calls.write("DELETE", "registered-models/delete-tag")
def delete_registered_model_tag(context: Context, request: DeleteRegisteredModelTag) -> Empty:
    """Remove a tag of a registered model."""
    context.registry.delete_registered_model_tag(request.name, request.key)
    return Empty()


@calls.write("POST", "registered-models/alias")
def set_alias(context: Context, request: SetAlias) -> Empty:
    """Point an alias at a version."""
    context.registry.set_alias(request.name, request.alias, request.version)
    return Empty()


@calls.write("DELETE", "registered-models/alias")
def delete_alias(context: Context, request: OfAlias) -> Empty:
    """Remove an alias."""
    context.registry.delete_alias(request.name, request.alias)
    return Empty()


@calls.write("POST", "/api/quire/v1/registered-models/move-alias")
def move_alias(context: Context, request: MoveAlias) -> Empty:
    """Move an alias from the version where it is expected and set a tag, both or neither; else 400 INVALID_STATE."""
    context.registry.move_alias(
        request.name,
        request.alias,
        request.version,
        expected=request.expected,
        tag=Tag(request.key, request.value),
    )
    return Empty()


@calls.read("GET", "registered-models/alias", reads="point")
def get_model_version_by_alias(context: Context, request: OfAlias) -> ModelVersionResponse:
    """The version that an alias points at."""
    version = context.registry.get_model_version_by_alias(request.name, request.alias)
    return ModelVersionResponse(model_version=version)
