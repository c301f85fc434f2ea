"""Versions of evaluation datasets over Quire's own API; MLflow's protocol has none."""

from __future__ import annotations

from typing import Any

from quire.domain import protojson
from quire.domain.datasets import DatasetRecord, DatasetVersion
from quire.domain.names import check_page_size
from quire.domain.paging import Page
from quire.domain.protojson import Message
from quire.store.rest.base import encode
from quire.store.rest.client import Call
from quire.store.rest.datasets import MAX_PAGE, RestDatasets, dataset_path
from quire.store.rest.wire.dataset_versions import (
    GetVersionRecords,
    OfVersion,
    SearchVersions,
    VersionResponse,
    VersionsResponse,
)
from quire.store.rest.wire.datasets import OfDataset, RecordsResponse, read_records

_API = "/api/quire/v1"


class RestDatasetVersions(RestDatasets):
    """The part of a store that keeps versions of datasets."""

    @property
    def keeps_dataset_versions(self) -> bool:
        """Whether the server is Quire's."""
        return self.speaks_quire()

    def name_version(self, dataset_id: str) -> DatasetVersion:
        """Make the present state of a dataset a version; the newest one if nothing has changed since."""
        self._require_quire("keep versions of datasets")
        message = OfDataset(dataset_id=dataset_id)
        call = Call(method="POST", path=_versions(dataset_id), body=encode(message))
        return self._client.decode(call, VersionResponse).version

    def get_dataset_version(self, dataset_id: str, version: int) -> DatasetVersion:
        """One version. Raises NotFound, naming the newest."""
        path = f"{_versions(dataset_id)}/{version}"
        answer: VersionResponse = self._look(path, OfVersion(dataset_id=dataset_id, version=version), VersionResponse)
        return answer.version

    def search_dataset_versions(
        self, dataset_id: str, *, digest: str = "", max_results: int = 1000, page_token: str | None = None
    ) -> Page[DatasetVersion]:
        """The versions of a dataset whose digest begins so, newest first."""
        check_page_size(max_results, MAX_PAGE)
        message = SearchVersions(dataset_id=dataset_id, digest=digest, max_results=max_results, page_token=page_token)
        page = self._look(_versions(dataset_id), message, VersionsResponse)
        return Page(page.versions, page.next_page_token or None)

    def get_records(
        self,
        dataset_id: str,
        *,
        version: int | None = None,
        max_results: int = 1000,
        page_token: str | None = None,
    ) -> Page[DatasetRecord]:
        """The records of a dataset, or of one of its versions, in the order in which they came."""
        if version is None:
            return super().get_records(dataset_id, max_results=max_results, page_token=page_token)
        check_page_size(max_results, MAX_PAGE)
        message = GetVersionRecords(
            dataset_id=dataset_id, version=version, max_results=max_results, page_token=page_token
        )
        page = self._look(f"{_versions(dataset_id)}/{version}/records", message, RecordsResponse)
        return Page(read_records(page.records), page.next_page_token or None)

    def _look(self, path: str, message: Message, kind: type[Any]) -> Any:
        self._require_quire("keep versions of datasets")
        return self._client.decode(Call(method="GET", path=path, query=protojson.encode_query(message)), kind)


def _versions(dataset_id: object) -> str:
    return f"{_API}{dataset_path(dataset_id)}/versions"
