"""Review queues that are open in this process: their items are read once, and anew when some were added."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock
from typing import TYPE_CHECKING

from quire.server.context import Context

if TYPE_CHECKING:
    from quire.review import Progress, Queue
    from quire.server.own_client import OwnClient

_EXTRA = "reviews"
_MOST_OPEN = 32
_FRESH_S = 5.0
"""For which what others have answered meanwhile, through other servers, need not be counted anew."""
_PATIENCE = 50
"""Nor for this many times what counting takes: with thousands of items that is a second."""


class OpenQueue:
    """A queue with a lock: its calls change what it remembers."""

    def __init__(self, queue: Queue, files: list[str]) -> None:
        self.queue = queue
        self.files = files
        self.lock = Lock()
        self._counted, self._fresh_for = time.monotonic(), _FRESH_S

    def progress(self) -> Progress:
        """How far it is, counted anew if that was long ago."""
        began = time.monotonic()
        if began - self._counted <= self._fresh_for:
            return self.queue.progress()
        self.queue.recount()
        found = self.queue.progress()
        self._counted = time.monotonic()
        self._fresh_for = max(_FRESH_S, _PATIENCE * (self._counted - began))
        return found


class OpenQueues:
    """The open queues, the longest unused closed."""

    def __init__(self) -> None:
        self._open: OrderedDict[str, OpenQueue] = OrderedDict()
        self._lock = Lock()

    def get(self, client: OwnClient, run_id: str) -> OpenQueue:
        """The queue of a run, as it is defined now."""
        from quire.review import open_queue
        from quire.review.storing import item_files

        now = open_queue(run_id, client)
        files = item_files(client, run_id)
        with self._lock:
            known = self._open.get(run_id)
            if known is None or known.files != files:
                known = self._open[run_id] = OpenQueue(now, files)
            known.queue.definition = now.definition
            self._open.move_to_end(run_id)
            while len(self._open) > _MOST_OPEN:
                self._open.popitem(last=False)
            return known


@contextmanager
def opened(context: Context, queue_id: str) -> Iterator[OpenQueue]:
    """A queue for the time of a call, which nobody else uses in this process meanwhile."""
    from quire.server.own_client import OwnClient

    queues: OpenQueues = context.extras.setdefault(_EXTRA, OpenQueues())
    found = queues.get(OwnClient(context), queue_id)
    with found.lock:
        yield found
