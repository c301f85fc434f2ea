"""Who listens for changes, and how what changed reaches them.

Calls of this process are told of as they are answered (:mod:`quire.server.topics`). What others write to the same
database (scripts, other servers, other processes of this one) is looked for once a second, and only while somebody
listens: one look for all who do. Listeners hold the topics that they were not sent yet, so what waits is bounded by
the number of topics. Used in one event loop.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from itertools import chain

from quire.server.tables import EVERY_TOPIC, topics_of_tables
from quire.server.work import Work
from quire.store.watching import EVERYTHING, Watch, watch_of

POLL_SECONDS = 1.0
DOUBT_SECONDS = 10.0
"""How long what somebody else may have written to SQLite, while this process wrote too, is kept from listeners."""
_logger = logging.getLogger("quire.server.live")


class Listener:
    """One who listens."""

    def __init__(self) -> None:
        self._topics: set[str] = set()
        self._told = asyncio.Event()
        self._over = asyncio.Event()

    @property
    def over(self) -> bool:
        """Whether there is nobody to send anything to."""
        return self._over.is_set()

    def tell(self, topics: Iterable[str]) -> None:
        """Note that these changed."""
        self._topics.update(topics)
        self._told.set()

    def end(self) -> None:
        """Wait for nothing more."""
        self._over.set()
        self._told.set()

    async def changes(self, patience: float) -> list[str]:
        """The topics that changed, as soon as one does; none after so many seconds, or when it is over."""
        with suppress(TimeoutError):
            async with asyncio.timeout(patience):
                await self._told.wait()
        found = sorted(self._topics)
        self._topics.clear()
        if not self.over:
            self._told.clear()
        return [EVERY_TOPIC] if EVERY_TOPIC in found else found

    async def pause(self, seconds: float) -> None:
        """Wait so long, or until it is over."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._over.wait()


class Live:
    """The listeners of one server process, and the watch on its databases."""

    def __init__(self, work: Work, stores: Sequence[object]) -> None:
        self._work, self._stores = work, stores
        self._listeners: set[Listener] = set()
        self._polling: asyncio.Task[None] | None = None
        self._ended = False

    def join(self) -> Listener:
        """Begin to listen; ``leave`` ends it. When the server ends, or has, the listener is over."""
        listener = Listener()
        if self._ended:
            listener.end()
            return listener
        self._listeners.add(listener)
        if self._polling is None:
            self._polling = asyncio.ensure_future(self._poll())
        return listener

    def leave(self, listener: Listener) -> None:
        """Listen no more. When nobody does, nothing is looked at."""
        self._listeners.discard(listener)
        if not self._listeners and self._polling is not None:
            self._polling.cancel()
            self._polling = None

    def tell(self, topics: Iterable[str]) -> None:
        """Tell everybody that these changed."""
        for listener in self._listeners:
            listener.tell(topics)

    def end(self) -> None:
        """The server ends: so do all who listen."""
        self._ended = True
        for listener in list(self._listeners):
            listener.end()

    async def _poll(self) -> None:
        watches = [watch for store in self._stores if (watch := watch_of(store)) is not None]
        thread = ThreadPoolExecutor(1, "quire-watch")
        try:
            await _Poll(self, watches, thread, self._work).run()
        finally:
            for watch in watches:
                thread.submit(watch.close)
            thread.shutdown(wait=False)


class _Poll:
    """The looks at the databases, for as long as somebody listens."""

    def __init__(self, live: Live, watches: list[Watch], thread: ThreadPoolExecutor, work: Work) -> None:
        self._live, self._watches, self._thread, self._work = live, watches, thread, work
        self._seen = work.writes_begun
        self._doubted: float | None = None

    async def run(self) -> None:
        """Look once a second."""
        while self._watches:
            writing = self._work.writes_begun != self._work.writes_ended
            try:
                tables = await asyncio.get_running_loop().run_in_executor(self._thread, self._look)
            except Exception as error:
                _logger.debug("The database cannot be looked at just now: %s", error)
            else:
                self._tell(tables, writing)
            await asyncio.sleep(POLL_SECONDS)

    def _look(self) -> set[str]:
        return set(chain.from_iterable(watch.changed() for watch in self._watches))

    def _tell(self, tables: set[str], writing: bool) -> None:
        """Tell what changed. What SQLite says may be this process's own doing, which was told already."""
        own = writing or self._work.writes_begun != self._seen
        self._seen = self._work.writes_begun
        now = asyncio.get_running_loop().time()
        if EVERYTHING in tables and own:
            tables.discard(EVERYTHING)
            self._doubted = self._doubted or now
        if self._doubted is not None and now - self._doubted >= DOUBT_SECONDS:
            tables.add(EVERYTHING)
        if EVERYTHING in tables:
            self._doubted = None
        topics = topics_of_tables(tables)
        if topics:
            self._live.tell(topics)
