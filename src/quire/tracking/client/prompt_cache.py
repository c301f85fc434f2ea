"""Prompts that were loaded a moment ago, for those who ask for a time to live (``cache_ttl_seconds``)."""

from __future__ import annotations

import os
import time
from collections import OrderedDict
from threading import Lock

from quire.domain.errors import InvalidInput
from quire.domain.prompt_uris import PromptUri
from quire.domain.prompts import PromptVersion

MOST = 1024
ALIAS_VARIABLES = ("QUIRE_ALIAS_PROMPT_CACHE_TTL_SECONDS", "MLFLOW_ALIAS_PROMPT_CACHE_TTL_SECONDS")
VERSION_VARIABLES = ("QUIRE_VERSION_PROMPT_CACHE_TTL_SECONDS", "MLFLOW_VERSION_PROMPT_CACHE_TTL_SECONDS")
_kept: OrderedDict[tuple[str, PromptUri], tuple[PromptVersion, float]] = OrderedDict()
_lock = Lock()


def seconds_to_live(uri: PromptUri, given: float | None) -> float:
    """How long a loaded prompt may be used again: as given, else as the environment says, else not at all."""
    if given is None:
        names = ALIAS_VARIABLES if uri.alias else VERSION_VARIABLES
        text = next((os.environ[name] for name in names if os.environ.get(name)), "0")
    else:
        text = str(given)
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not seconds >= 0:
        raise InvalidInput(f"`cache_ttl_seconds` is {text[:40]!r}; expected seconds, 0 or more.")
    return seconds


def cached(store: str, uri: PromptUri) -> PromptVersion | None:
    """A prompt that was kept and whose time is not over."""
    with _lock:
        found = _kept.get((store, uri))
        if found is None or time.monotonic() > found[1]:
            return None
        _kept.move_to_end((store, uri))
        return found[0]


def keep(store: str, uri: PromptUri, prompt: PromptVersion, seconds: float) -> None:
    """Keep a prompt for so many seconds; of too many the one used longest ago goes."""
    with _lock:
        _kept[store, uri] = (prompt, time.monotonic() + seconds)
        _kept.move_to_end((store, uri))
        if len(_kept) > MOST:
            _kept.popitem(last=False)


def forget(store: str, name: str) -> None:
    """Keep nothing of a prompt any longer: this process has changed it."""
    with _lock:
        for key in [key for key in _kept if key[0] == store and key[1].name == name]:
            del _kept[key]
