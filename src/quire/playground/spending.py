"""What all processes of a server have spent in the playground today, kept as tags of the playground's experiment.

Each process writes its own sum under a key of its own, so none overwrites another's and no two need a lock; what was
spent is the sum over all. Sums of other days are removed.
"""

from __future__ import annotations

import contextlib
import logging
import math
import os

from quire.domain.entities import Experiment, Tag
from quire.domain.errors import NotFound, QuireError
from quire.playground.messages import EXPERIMENT
from quire.store.base import Store

_PREFIX = "quire.playground.spent."
log = logging.getLogger("quire.server")


class Spending:
    """The sums in a store. A store that fails is told in the log: each process then counts its own alone."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._process = os.urandom(8).hex()

    def by_others(self, day: str) -> float:
        """US dollars that other processes have spent on a day; those too that have ended since."""
        try:
            found = self._store.get_experiment_by_name(EXPERIMENT)
        except QuireError as error:
            log.error("What the playground has spent could not be read: %s", error)
            return 0.0
        own, today = self._key(day), f"{_PREFIX}{day}."
        tags = {} if found is None else found.tags
        return math.fsum(_dollars(text) for key, text in tags.items() if key.startswith(today) and key != own)

    def note(self, day: str, usd: float) -> None:
        """Write down what this process has spent on a day."""
        try:
            place = self._experiment()
            self._store.set_experiment_tag(place.experiment_id, Tag(self._key(day), repr(usd)))
            for key in place.tags:
                if key.startswith(_PREFIX) and not key.startswith(f"{_PREFIX}{day}."):
                    with contextlib.suppress(NotFound):
                        self._store.delete_experiment_tag(place.experiment_id, key)
        except QuireError as error:
            log.error("What the playground has spent could not be written down: %s", error)

    def _key(self, day: str) -> str:
        return f"{_PREFIX}{day}.{self._process}"

    def _experiment(self) -> Experiment:
        found = self._store.get_experiment_by_name(EXPERIMENT)
        return found or self._store.get_experiment(self._store.create_experiment(EXPERIMENT))


def _dollars(text: str) -> float:
    with contextlib.suppress(ValueError):
        value = float(text)
        if 0 <= value < math.inf:
            return value
    return 0.0
