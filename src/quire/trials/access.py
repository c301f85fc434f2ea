"""The stores that trials are kept in and act on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

import msgspec

from quire.store.base import Store
from quire.store.current import current_registry_store, current_store
from quire.store.serving import ServingStore, serving_of


class Places(msgspec.Struct, frozen=True):
    """Where trials and endpoints are kept, where models are logged, and where they are registered."""

    serving: ServingStore
    store: Store
    registry: Store


def places_of(store: Store, registry: Store | None = None) -> Places:
    """The places of a store; models are registered in it unless ``registry`` is another. InvalidState for MLflow's."""
    return Places(serving_of(store), store, store if registry is None else registry)


_acting: ContextVar[tuple[Places, str] | None] = ContextVar("quire.trials.acting", default=None)


@contextmanager
def acting(places: Places, by: str) -> Iterator[None]:
    """Have everything inside act on these places, for somebody of this name: what a server does for who asks it."""
    token = _acting.set((places, by))
    try:
        yield
    finally:
        _acting.reset(token)


def here() -> Places:
    """The places of the stores in use."""
    found = _acting.get()
    return found[0] if found is not None else places_of(current_store(), current_registry_store())


def actor() -> str:
    """The name of who acts: the user of this process, unless it acts for another."""
    found = _acting.get()
    if found is not None:
        return found[1]
    from quire.tracking import origin

    return origin.user()
