"""Where the calls of a server run: small writes in the event loop, large ones in one thread, reads in a few.

SQLite has one writer at a time, and a commit costs about as much for many changes as for one. So small writes that
arrive in one moment share a transaction, in the event loop itself (:mod:`quire.server.brief`); what is larger, or would
have to wait for another program, goes to the writing thread, which takes all that wait, each undone alone if it fails.
All are answered once they are durable. Reads of one thing by its id take less than the threads that fight over them
would: one thread takes those that wait, does them in one view of the store, and wakes the event loop once. Searches
take turns in threads of their own (:mod:`quire.server.relay`), so that nobody waits behind them.

A store without that limit (PostgreSQL) waits for the network instead: there writers run in threads of their own, one
transaction each, and of the threads that read few at a time, since more would only take the interpreter from one
another.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Protocol, TypeVar, cast

from quire.server.brief import Brief
from quire.server.lines import Call, Line
from quire.server.relay import Relay

T = TypeVar("T")
# Calls done at once: of writers as many as a commit is worth, of readers few enough that the first waits little for
# the last.
MOST_WRITTEN = 64
MOST_LOOKED_AT = 16
# Searches where there is one writer: SQLite runs in this process, and threads that search take the interpreter from one
# another at each row. So one searches at a time; one that takes longer than this (seconds) stops no others.
LONG_SEARCH = 0.05
# Reads at once where the database is beyond a network: one computes while the other waits.
READS_AT_ONCE = 2
LAST_PATIENCE = 5.0


class Together(Protocol):
    """A store that does several calls at the cost of one. Outcomes have the ``value`` of a call or its ``error``."""

    def together(self, calls: Sequence[Call]) -> list[Any]:
        """Run calls in order and make them durable with one commit."""

    def together_now(self, calls: Sequence[Call]) -> list[Any] | None:
        """The same, for a caller that cannot wait: None, and nothing done, if somebody else writes."""

    def looked_at_together(self, calls: Sequence[Call]) -> list[Any]:
        """Run calls that read, in order and in one view."""


class Work:
    """The threads of one server process. Used in one event loop."""

    def __init__(self, one_writer: Together | None, *, reading_threads: int, artifact_threads: int) -> None:
        self._writers = ThreadPoolExecutor(reading_threads, "quire-write")
        self._files = ThreadPoolExecutor(artifact_threads, "quire-files")
        self.writes_begun = self.writes_ended = 0
        batons = READS_AT_ONCE if one_writer is None else 1
        self._searches = Relay("quire-search", reading_threads, LONG_SEARCH, batons)
        self._looker: Line | Relay
        self._writer = self._brief = None
        if one_writer is None:
            self._looker = Relay("quire-look", reading_threads, LONG_SEARCH, batons)
        else:
            self._looker = Line("quire-look", one_writer.looked_at_together, MOST_LOOKED_AT)
            self._writer = Line("quire-write", one_writer.together, MOST_WRITTEN)
            self._brief = Brief(one_writer.together_now, self._writer, MOST_WRITTEN)

    async def read(self, function: Callable[[], T]) -> T:
        """Run a function that reads the store, and may take its time."""
        return cast(T, await self._searches.run(function))

    async def look(self, function: Callable[[], T]) -> T:
        """Run a function that reads little: what an id or a name finds."""
        return cast(T, await self._looker.run(function))

    async def write(self, function: Callable[[], T]) -> T:
        """Run a function that writes to the store; it is durable when this returns."""
        self.writes_begun += 1
        try:
            if self._writer is None:
                return await self._write_alone(function)
            return cast(T, await self._writer.run(function))
        finally:
            self.writes_ended += 1

    async def _write_alone(self, function: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._writers, function)

    async def write_little(self, function: Callable[[], T]) -> T:
        """Run a function that writes a few rows to the store; they are durable when this returns."""
        self.writes_begun += 1
        try:
            if self._brief is None:
                return await self._write_alone(function)
            return cast(T, await self._brief.run(function))
        finally:
            self.writes_ended += 1

    async def files(self, function: Callable[[], T]) -> T:
        """Run a function that reads or writes artifacts."""
        return await asyncio.get_running_loop().run_in_executor(self._files, function)

    async def write_files(self, function: Callable[[], T]) -> T:
        """Run a function that writes artifacts, and perhaps to the store besides."""
        self.writes_begun += 1
        try:
            return await self.files(function)
        finally:
            self.writes_ended += 1

    @property
    def counts(self) -> tuple[int, int, int]:
        """Of the one writer: the calls done, the transactions they took, the calls that wait now."""
        if self._writer is None or self._brief is None:
            return (0, 0, 0)
        line, brief = self._writer, self._brief
        return line.calls + brief.calls, line.turns + brief.turns, line.length

    def close(self, patience: float = LAST_PATIENCE) -> None:
        """Finish what was begun, and end the threads.

        A call in line that takes longer than ``patience`` seconds is left alone, as one that waits for a lock on the
        database: nobody was told that it was stored, nobody waits for its answer any more.
        """
        for line in (self._writer, self._looker, self._searches):
            if line is not None:
                line.close(patience)
        self._writers.shutdown(wait=True)
        self._files.shutdown(wait=True, cancel_futures=True)
