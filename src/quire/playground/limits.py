"""What a server lets its playground use: whether at all, how many answers at once, how many dollars a day.

``QUIRE_PLAYGROUND=0`` turns it off; ``QUIRE_PLAYGROUND_AT_ONCE`` (8) bounds each server process,
``QUIRE_PLAYGROUND_JOBS`` (1) the evaluations at once on a machine, ``QUIRE_PLAYGROUND_MAX_USD`` all processes that
share a store. A day is one of UTC; what an answer cost is known once it has ended, so the last ones may go beyond.
"""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Protocol

from quire.domain.errors import ErrorCode, InvalidInput, InvalidState, QuireError

AT_ONCE = 8
JOBS = 1
_OFF = ("0", "false", "no", "off")


class TooMany(QuireError):
    """A limit of the server is reached."""

    error_code: ErrorCode = "REQUEST_LIMIT_EXCEEDED"


def _today() -> str:
    return datetime.now(UTC).date().isoformat()


class Ledger(Protocol):
    """What processes that share a limit have spent."""

    def by_others(self, day: str) -> float:
        """US dollars that other processes have spent on a day."""

    def note(self, day: str, usd: float) -> None:
        """Write down what this process has spent on a day."""


class Limits:
    """The limits of one process, and what is used of them. Safe to share between threads.

    With a ``ledger`` the money is that of all processes that share it: ``refresh`` reads it before something is spent,
    ``publish`` writes it afterwards. Both wait for the store, and do nothing without a limit.
    """

    def __init__(
        self,
        *,
        enabled: bool = True,
        at_once: int = AT_ONCE,
        jobs: int = JOBS,
        max_usd: float | None = None,
        today: Callable[[], str] = _today,
        ledger: Ledger | None = None,
    ) -> None:
        self._ledger = ledger
        self._others = 0.0
        self.enabled, self.at_once, self.jobs, self.max_usd = enabled, at_once, jobs, max_usd
        self._today = today
        self._lock = threading.Lock()
        self._under_way = 0
        self._day = ""
        self._spent = 0.0

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] | None = None, ledger: Ledger | None = None) -> Limits:
        """The limits that the environment gives. Raises InvalidInput for one that is no number."""
        given = os.environ if environ is None else environ
        return cls(
            enabled=given.get("QUIRE_PLAYGROUND", "").strip().lower() not in _OFF,
            at_once=int(_number(given, "QUIRE_PLAYGROUND_AT_ONCE", AT_ONCE) or AT_ONCE),
            jobs=int(_number(given, "QUIRE_PLAYGROUND_JOBS", JOBS) or JOBS),
            max_usd=_number(given, "QUIRE_PLAYGROUND_MAX_USD", None),
            ledger=ledger,
        )

    def refresh(self) -> None:
        """Read what other processes have spent today."""
        if self._ledger is not None and self.max_usd is not None:
            day = self._today()
            others = self._ledger.by_others(day)
            with self._lock:
                self._renew()
                if day == self._day:
                    self._others = others

    def publish(self) -> None:
        """Write down what this process has spent today."""
        if self._ledger is not None and self.max_usd is not None:
            with self._lock:
                self._renew()
                day, spent = self._day, self._spent
            self._ledger.note(day, spent)

    def require_enabled(self) -> None:
        """Raise InvalidState if the playground is turned off."""
        if not self.enabled:
            raise InvalidState("The playground of this server is turned off (QUIRE_PLAYGROUND=0).")

    @contextlib.contextmanager
    def room(self) -> Iterator[None]:
        """Room for one answer. Raises TooMany if there is none, or the day's money is spent."""
        self.require_enabled()
        with self._lock:
            self._require_money()
            if self._under_way >= self.at_once:
                raise TooMany(
                    f"{self._under_way} answers are on their way, which is as many as this server allows at once "
                    "(QUIRE_PLAYGROUND_AT_ONCE). Try again when one has ended."
                )
            self._under_way += 1
        try:
            yield
        finally:
            with self._lock:
                self._under_way -= 1

    def spend(self, usd: float | None) -> None:
        """Count what an answer has cost."""
        with self._lock:
            self._renew()
            self._spent += usd or 0.0

    @property
    def left_usd(self) -> float | None:
        """What may still be spent today; None without a limit."""
        with self._lock:
            self._renew()
            return None if self.max_usd is None else max(0.0, self.max_usd - self._spent - self._others)

    def _require_money(self) -> None:
        self._renew()
        spent = self._spent + self._others
        if self.max_usd is not None and spent >= self.max_usd:
            raise TooMany(
                f"This server's playground has spent ${spent:.4f} today, and may spend ${self.max_usd:g} a day "
                "(QUIRE_PLAYGROUND_MAX_USD). Try again tomorrow, or ask who runs the server."
            )

    def _renew(self) -> None:
        day = self._today()
        if day != self._day:
            self._day, self._spent, self._others = day, 0.0, 0.0


def _number(given: Mapping[str, str], name: str, default: float | None) -> float | None:
    text = given.get(name, "").strip()
    if not text:
        return default
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 < value < float("inf"):
        raise InvalidInput(f"{name} is {text!r}; expected a number above 0.")
    return value
