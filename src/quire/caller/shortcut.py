"""Whether requests must pass the OpenAI SDK: while something watches its clients, none may take the short way."""

from __future__ import annotations

_watchers: set[object] = set()


def close(watcher: object) -> None:
    """Send every request through the SDK from now on."""
    _watchers.add(watcher)


def open_again(watcher: object) -> None:
    """This watcher needs it no more."""
    _watchers.discard(watcher)


def is_open() -> bool:
    """Whether a request may be sent without the SDK."""
    return not _watchers
