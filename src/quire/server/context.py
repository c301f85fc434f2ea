"""What every call of a server is given: the store, the artifacts, the settings, and who runs what where."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from quire.server.live import Live
from quire.server.meter import Meter
from quire.server.proxy import Places
from quire.server.settings import Settings
from quire.server.work import Work
from quire.store.base import Store

T = TypeVar("T")


class Context:
    """The parts of one server process.

    ``registry`` keeps registered models and their versions, ``store`` all else. ``extras`` is for modules that need
    more, by name.
    """

    def __init__(self, settings: Settings, store: Store, registry: Store, places: Places, work: Work) -> None:
        self.settings = settings
        self.store = store
        self.registry = registry
        self.places = places
        self.work = work
        self.meter = Meter()
        self.live = Live(work, [store] if registry is store else [store, registry])
        self.extras: dict[str, Any] = {}

    async def run_read(self, function: Callable[[], T]) -> T:
        """Run a function that reads the store, in a thread; it may take its time."""
        return await self.work.read(function)

    async def run_look(self, function: Callable[[], T]) -> T:
        """Run a function that reads what an id or a name finds in the store, in a thread."""
        return await self.work.look(function)

    async def run_write(self, function: Callable[[], T]) -> T:
        """Run a function that writes to the store, in a thread; what it wrote is durable when this returns."""
        return await self.work.write(function)

    async def run_files(self, function: Callable[[], T]) -> T:
        """Run a function that reads or writes artifacts, in a thread."""
        return await self.work.files(function)
