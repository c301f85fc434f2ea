"""Model versions: ``/api/2.0/mlflow/model-versions/…``."""

from __future__ import annotations

from quire.domain.entities import Tag
from quire.server.calls import Calls
from quire.server.checks import check_source, checked_stage
from quire.server.context import Context
from quire.store.resolve import locate
from quire.store.rest.wire.common import Empty
from quire.store.rest.wire.model_versions import (
    CreateModelVersion,
    DeleteModelVersionTag,
    GetModelVersionDownloadUriResponse,
    ModelVersionResponse,
    OfModelVersion,
    SearchModelVersions,
    SearchModelVersionsResponse,
    SetModelVersionTag,
    TransitionModelVersionStage,
    UpdateModelVersion,
)

calls = Calls("2.0", "mlflow", tag="Model versions", preview=True)


@calls.write("POST", "model-versions/create")
def create_model_version(context: Context, request: CreateModelVersion) -> ModelVersionResponse:
    """Add the next version of a registered model."""
    check_source(context, request)
    version = context.registry.create_model_version(
        request.name,
        request.source,
        run_id=request.run_id or None,
        model_id=request.model_id or None,
        description=request.description,
        run_link=request.run_link,
        tags=request.tags,
    )
    return ModelVersionResponse(model_version=version)


@calls.read("GET", "model-versions/get", reads="point")
def get_model_version(context: Context, request: OfModelVersion) -> ModelVersionResponse:
    """One version with its tags and aliases."""
    return ModelVersionResponse(model_version=context.registry.get_model_version(request.name, request.version))


@calls.read("GET", "model-versions/get-download-uri", reads="point")
def get_model_version_download_uri(context: Context, request: OfModelVersion) -> GetModelVersionDownloadUriResponse:
    """Where the files of a version are."""
    version = context.registry.get_model_version(request.name, request.version)
    return GetModelVersionDownloadUriResponse(artifact_uri=locate(context.store, context.registry, version.source))


@calls.write("PATCH", "model-versions/update")
def update_model_version(context: Context, request: UpdateModelVersion) -> ModelVersionResponse:
    """Replace the description of a version."""
    version = context.registry.update_model_version(request.name, request.version, description=request.description)
    return ModelVersionResponse(model_version=version)


@calls.write("POST", "model-versions/transition-stage")
def transition_stage(context: Context, request: TransitionModelVersionStage) -> ModelVersionResponse:
    """Move a version to a stage."""
    version = context.registry.transition_stage(
        request.name,
        request.version,
        checked_stage(request.stage),
        archive_existing_versions=request.archive_existing_versions,
    )
    return ModelVersionResponse(model_version=version)


@calls.write("DELETE", "model-versions/delete")
def delete_model_version(context: Context, request: OfModelVersion) -> Empty:
    """Delete a version and the aliases that point at it."""
    context.registry.delete_model_version(request.name, request.version)
    return Empty()


@calls.read("GET", "model-versions/search")
def search_model_versions(context: Context, request: SearchModelVersions) -> SearchModelVersionsResponse:
    """A page of the versions that match a filter."""
    page = context.registry.search_model_versions(
        filter_string=request.filter,
        order_by=request.order_by,
        max_results=request.max_results,
        page_token=request.page_token or None,
    )
    return SearchModelVersionsResponse(model_versions=page.to_list(), next_page_token=page.token)


@calls.write("POST", "model-versions/set-tag")
def set_model_version_tag(context: Context, request: SetModelVersionTag) -> Empty:
    """Set or replace a tag of a version."""
    context.registry.set_model_version_tag(request.name, request.version, Tag(request.key, request.value))
    return Empty()


@calls.write("DELETE", "model-versions/delete-tag")
def delete_model_version_tag(context: Context, request: DeleteModelVersionTag) -> Empty:
    """Remove a tag of a version."""
    context.registry.delete_model_version_tag(request.name, request.version, request.key)
    return Empty()
