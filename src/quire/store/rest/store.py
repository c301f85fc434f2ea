"""The store behind a tracking server: Quire's or MLflow's."""

from __future__ import annotations

from quire.store.rest.alias_moves import RestAliasMoves
from quire.store.rest.client import client_of
from quire.store.rest.comments import RestComments
from quire.store.rest.serving import RestServing


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

    @property
    def serving(self) -> RestServing | None:
        """What serving keeps, if the server is Quire's; another keeps nothing of it. The server is asked once."""
        return RestServing(self._client) if self.speaks_quire() else None

    @property
    def comments(self) -> RestComments | None:
        """Comments, if the server is Quire's."""
        return RestComments(self._client) if self.speaks_quire() else None

    def close(self) -> None:
        """Release connections; the store is not used afterwards."""
        self.closed = True
        self._client.close()
