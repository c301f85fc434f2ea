"""What every part of the client rests on: the stores it speaks to."""

from __future__ import annotations

from pathlib import Path

from quire.store.base import Store
from quire.store.current import absolute_uri, get_registry_uri, get_tracking_uri, open_uri
from quire.tracking import origin


class ClientBase:
    """Holds the URIs of the stores; the stores themselves are opened once a process."""

    def __init__(self, tracking_uri: str | Path | None = None, registry_uri: str | Path | None = None) -> None:
        """Speak to these stores; by default to the current ones, as they are now.

        A ``tracking_uri`` without a ``registry_uri`` keeps registered models in the same store.
        """
        self._tracking_uri = str(tracking_uri) if tracking_uri else get_tracking_uri()
        self._store_uri = absolute_uri(self._tracking_uri)
        chosen = str(registry_uri) if registry_uri else (self._tracking_uri if tracking_uri else get_registry_uri())
        self._registry_uri = absolute_uri(chosen)

    @property
    def tracking_uri(self) -> str:
        """The URI of the store of experiments and runs."""
        return self._tracking_uri

    @property
    def store(self) -> Store:
        """The store of experiments, runs and logged models."""
        return open_uri(self._store_uri)

    @property
    def registry_store(self) -> Store:
        """The store of registered models and their versions."""
        return open_uri(self._registry_uri)

    def _user(self) -> str:
        """In whose name things are made."""
        return origin.user()
