"""Keeping trials going: a thread that looks at those of the endpoints, of their shadows and of prompts.

Every server does so. Of two that see the same at the same moment the store takes one; whatever goes wrong is logged,
and the next round tries again.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from quire.domain.errors import QuireError, Unavailable
from quire.domain.ids import now_ms
from quire.domain.trials import Trial
from quire.rollout.live import Done, tick
from quire.store.base import Store
from quire.store.current import open_uri
from quire.store.serving import serving_of

EVERY_S = 3.0
log = logging.getLogger("quire.serving")


class Keeping:
    """Looks at the trials that are under way every few seconds, from :meth:`start` to :meth:`close`."""

    def __init__(
        self,
        uri: str,
        registry_uri: str | None = None,
        *,
        every_s: float = EVERY_S,
        told: Callable[[Done], object] = id,
    ) -> None:
        """``uri`` is that of the store, opened anew each round; ``told`` hears of each step that was made here."""
        self._uri = uri
        self._registry_uri = registry_uri or uri
        self._every_s = every_s
        self._told = told
        self._stop = threading.Event()
        self._away = False
        self._said: dict[str, str] = {}
        self._thread = threading.Thread(target=self._work, name="quire-trials", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def close(self, timeout: float = 5.0) -> None:
        """End after the step that is under way, waiting for it ``timeout`` seconds at most."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(timeout)

    def round(self) -> list[Done]:
        """Look once at each trial that is under way; what was done."""
        store, registry = open_uri(self._uri), open_uri(self._registry_uri)
        trials = serving_of(store).list_trials(states=("running", "deciding"))
        return [done for trial in trials if (done := self._looked_at(store, registry, trial)) is not None]

    def _looked_at(self, store: Store, registry: Store, trial: Trial) -> Done | None:
        try:
            done = tick(store, trial, now_ms(), registry=registry)
            if done is not None:
                self._told(done)
        except Unavailable:
            raise
        except QuireError as error:
            if self._said.get(trial.trial_id) != error.message:
                log.error("The trial %s could not be looked at: %s", trial.trial_id, error.message)
            self._said[trial.trial_id] = error.message
        except Exception:
            log.exception("The trial %s could not be looked at", trial.trial_id)
        else:
            self._said.pop(trial.trial_id, None)
            return done
        return None

    def _work(self) -> None:
        while not self._stop.wait(self._every_s):
            try:
                self.round()
            except QuireError as error:
                if not self._away:
                    log.warning("Trials wait until the store answers. %s", error.message)
                self._away = True
            except Exception:
                log.exception("Trials could not be looked at")
            else:
                self._away = False
