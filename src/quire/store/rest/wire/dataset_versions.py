"""Messages about versions of evaluation datasets: ``/api/quire/v1/datasets/{dataset_id}/versions/…``."""

from __future__ import annotations

import msgspec

from quire.domain.datasets import DatasetVersion
from quire.domain.protojson import Int64, Message
from quire.store.rest.wire.datasets import OfDataset


class OfVersion(OfDataset, frozen=True, kw_only=True):
    """``GET versions/{version}``."""

    version: Int64


class VersionResponse(Message, frozen=True, kw_only=True):
    """A version."""

    version: DatasetVersion


class SearchVersions(OfDataset, frozen=True, kw_only=True):
    """``GET versions``; ``digest`` is how the digest begins."""

    digest: str = ""
    max_results: Int64 = 1000
    page_token: str | None = None


class VersionsResponse(Message, frozen=True, kw_only=True):
    """A page of versions, newest first."""

    versions: list[DatasetVersion] = msgspec.field(default_factory=list)
    next_page_token: str | None = None


class GetVersionRecords(OfVersion, frozen=True, kw_only=True):
    """``GET versions/{version}/records``."""

    max_results: Int64 = 1000
    page_token: str | None = None
