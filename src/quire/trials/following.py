"""The trials on a subject as they were a moment ago: looked up once a second, however often they are asked for."""

from __future__ import annotations

import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Sequence

import msgspec

from quire.domain.errors import Unavailable
from quire.domain.trials import Trial
from quire.store.base import Store
from quire.store.serving import serving_of

FRESH_S = 1.0
_MOST = 1024
log = logging.getLogger("quire")


class _Known(msgspec.Struct):
    trials: list[Trial]
    at: float


_known: OrderedDict[tuple[str, str], _Known] = OrderedDict()
_lock = threading.Lock()


def trials_on(store: Store, subject: str) -> list[Trial]:
    """The trials under way on a subject, as they were at most a second ago; while the store is away, as known last.

    Raises Unavailable for a store that is away and was never asked, InvalidState for one that keeps no trials.
    """
    place, now = (store.uri, subject), time.monotonic()
    with _lock:
        known = _known.get(place)
    if known is not None and now - known.at < FRESH_S:
        return known.trials
    try:
        found = serving_of(store).list_trials(subject=subject, states=("running", "paused", "deciding"))
    except Unavailable as error:
        if known is None:
            raise
        log.warning("The trials on %s are those known last. %s", subject, error.message)
        found = known.trials
    with _lock:
        _known[place] = _Known(found, now)
        _known.move_to_end(place)
        if len(_known) > _MOST:
            _known.popitem(last=False)
    return found


def forget() -> None:
    """Look every subject up anew."""
    with _lock:
        _known.clear()


def trial_for(trials: Sequence[Trial], namespace: str | None) -> Trial | None:
    """The trial that a request of a namespace takes part in: its own, else the one for everybody."""
    of = {trial.spec.namespace: trial for trial in reversed(trials)}
    return of.get(namespace or None) or of.get(None)
