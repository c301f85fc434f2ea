"""What every request needs of the server: its settings, the live table, the keys, and who wants to know."""

from __future__ import annotations

import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

import msgspec

from quire.serving.following import Following
from quire.serving.keys import Keys
from quire.serving.live import Live
from quire.serving.request import Done, Observer
from quire.serving.settings import ServeSettings

_logger = logging.getLogger("quire.serving")


class RefusalObserver(Protocol):
    """Told of a request that was refused before it was known what it asks: path, status, OpenAI's code."""

    def __call__(self, path: str, status: int, code: str, /) -> None:
        """Take note."""


class Context(msgspec.Struct, kw_only=True):
    """One server process. ``observers`` are told of each request that ended, in order; ``loading`` reads models.

    ``uri`` and ``registry_uri`` are those of the stores.
    """

    settings: ServeSettings
    uri: str
    registry_uri: str
    live: Live
    following: Following
    keys: Keys
    loading: ThreadPoolExecutor
    observers: list[Observer]
    refusals: list[RefusalObserver]

    def tell(self, done: Done) -> None:
        """Tell the observers."""
        for observer in self.observers:
            _told(observer, done)

    def tell_refusal(self, path: str, status: int, code: str) -> None:
        """Tell those who count refusals."""
        for observer in self.refusals:
            _told(observer, path, status, code)


def _told(observer: Callable[..., object], *what: object) -> None:
    try:
        observer(*what)
    except Exception:
        _logger.warning("What observes requests failed", exc_info=True)
