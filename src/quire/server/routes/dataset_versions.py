"""Versions of evaluation datasets, which MLflow does not have: ``/api/quire/v1/datasets/{dataset_id}/versions/…``."""

from __future__ import annotations

from quire.server.calls import Calls
from quire.server.context import Context
from quire.store.rest.wire.dataset_versions import (
    GetVersionRecords,
    OfVersion,
    SearchVersions,
    VersionResponse,
    VersionsResponse,
)
from quire.store.rest.wire.datasets import OfDataset, RecordsResponse, records_text

calls = Calls("quire", "v1", tag="Evaluation datasets")
_VERSIONS = "/api/quire/v1/datasets/{dataset_id}/versions"


@calls.write("POST", _VERSIONS)
def name_dataset_version(context: Context, request: OfDataset) -> VersionResponse:
    """Make the present state of a dataset a version; the newest one if nothing has changed since."""
    return VersionResponse(version=context.store.name_version(request.dataset_id))


@calls.read("GET", _VERSIONS)
def search_dataset_versions(context: Context, request: SearchVersions) -> VersionsResponse:
    """A page of the versions of a dataset whose digest begins so, newest first."""
    page = context.store.search_dataset_versions(
        request.dataset_id,
        digest=request.digest,
        max_results=request.max_results or 1000,
        page_token=request.page_token or None,
    )
    return VersionsResponse(versions=page.to_list(), next_page_token=page.token)


@calls.read("GET", f"{_VERSIONS}/{{version}}", reads="point")
def get_dataset_version(context: Context, request: OfVersion) -> VersionResponse:
    """One version of a dataset."""
    return VersionResponse(version=context.store.get_dataset_version(request.dataset_id, request.version))


@calls.read("GET", f"{_VERSIONS}/{{version}}/records")
def get_dataset_version_records(context: Context, request: GetVersionRecords) -> RecordsResponse:
    """A page of the records that a version of a dataset holds."""
    page = context.store.get_records(
        request.dataset_id,
        version=request.version,
        max_results=request.max_results or 1000,
        page_token=request.page_token or None,
    )
    return RecordsResponse(records=records_text(page.to_list()), next_page_token=page.token)
