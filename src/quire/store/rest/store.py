"""The store behind a tracking server: Quire's or MLflow's."""

from __future__ import annotations

from quire.store.rest.alias_moves import RestAliasMoves
from quire.store.rest.client import client_of


class RestStore(RestAliasMoves):
    """Everything that tracking and the registry keep, over MLflow's REST protocol.

    What can be checked without the server is checked before a call is made, with the same messages as in the SQL
    store; credentials are removed from texts before they leave the machine. Opening makes no call.
    """

    def __init__(self, uri: str) -> None:
        super().__init__(client_of(uri))
        self.closed = False

    @property
    def uri(self) -> str:
        """The tracking URI, without credentials."""
        return self._client.url

    def close(self) -> None:
        """Release connections; the store is not used afterwards."""
        self.closed = True
        self._client.close()
