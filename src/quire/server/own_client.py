"""The client of a server's own stores, so that what people do in Python is done for those who ask the server.

Functions that take a client work with it as with any other, but for one thing: files are read and written in the
places that the server may reach, wherever a stored location points to.
"""

from __future__ import annotations

from quire.artifacts.base import ArtifactStore
from quire.server.auth.asking import asked_by
from quire.server.context import Context
from quire.tracking.client.over_stores import StoreClient


class OwnClient(StoreClient):
    """A client of the stores of this process, in the name of who asks."""

    def __init__(self, context: Context) -> None:
        super().__init__(context.store, context.registry, asked_by())
        self._places = context.places

    def artifacts_at(self, uri: str) -> ArtifactStore:
        """The files at a stored location. PermissionDenied if it lies where this server may not go."""
        return self._places.open(uri)
