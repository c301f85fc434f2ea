"""What this process gave to which key lately: outcomes belong to the arm that was given, though shares moved since."""

from __future__ import annotations

import threading
from collections import OrderedDict

from quire.domain.assignment import Assignment

_MOST = 100_000
_given: OrderedDict[tuple[str, str], Assignment] = OrderedDict()
_lock = threading.Lock()


def remember(trial_id: str, key: str, assignment: Assignment) -> bool:
    """Keep the first assignment of a key; whether it is new here."""
    with _lock:
        if (trial_id, key) in _given:
            return False
        _given[trial_id, key] = assignment
        if len(_given) > _MOST:
            _given.popitem(last=False)
        return True


def recall(trial_id: str, key: str) -> Assignment | None:
    """The first assignment of a key that this process knows of."""
    with _lock:
        return _given.get((trial_id, key))
