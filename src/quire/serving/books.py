"""The accounts of all tokens that asked this server, and the thread that adds them up with other servers' in the store.

What is not stored when a server is killed is at most a second of use. What the store cannot take now is kept and
handed over later; a store that took it and could not say so counts it twice, on the safe side of a limit.
"""

from __future__ import annotations

import logging
import threading
import time

from quire.domain.allowances import Allowance, Used
from quire.domain.ids import now_ms
from quire.serving.accounts import Account, day_of
from quire.store.access import AccessStore

log = logging.getLogger("quire.serving")

_IDLE_MS = 60_000
_NOTE_USE_MS = 60_000
_NOTHING = Used()
_MOST_SAID = 100


class Books:
    """Accounts by the id of their token. :meth:`start` begins the thread."""

    def __init__(self, access: AccessStore, *, every_s: float = 1.0) -> None:
        self._access, self._every = access, every_s
        self._accounts: dict[str, Account] = {}
        self._noted: dict[str, int] = {}
        self._without_price: set[str] = set()
        self._is_away = False
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin to exchange with the store."""
        self._thread = threading.Thread(target=self._run, name="quire-token-usage", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Store what was used, and end the thread."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(10)

    def account(self, token_id: str, allowance: Allowance) -> Account:
        """The account of a token, with what it used today anywhere. Reads the store where it is new here."""
        account = self._accounts.get(token_id)
        if account is None:
            today = day_of(time.time())
            used = self._access.token_usage(today, [token_id]).get(token_id, _NOTHING)
            account = self._accounts.setdefault(token_id, Account(allowance))
            account.learn(today, used)
        account.allow(allowance)
        return account

    def use(self, token_id: str, tokens: int, usd: float | None, model: str = "") -> None:
        """Count what an answer took; ``usd`` is None where its model has no known price."""
        account = self._accounts.get(token_id)
        if account is None:
            return
        account.use(tokens, usd or 0.0)
        if usd is None and tokens and account.limits_spending:
            self._say_without_price(model)

    def _say_without_price(self, model: str) -> None:
        if model not in self._without_price and len(self._without_price) < _MOST_SAID:
            self._without_price.add(model)
            log.warning(
                "The price of the model %r is not known, so what tokens spend on it is not counted. Limit them by "
                "--tokens-per-minute.",
                model[:100],
            )

    def _run(self) -> None:
        while not self._stop.wait(self._every):
            self.exchange()
        self.exchange()

    def exchange(self) -> None:
        """Bring to the store what was used, and learn what others used. What fails is done at the next time."""
        try:
            self._exchange()
        except Exception as error:
            if not self._is_away:
                log.warning("What tokens use is kept here until the store takes it: %s", error)
            self._is_away = True
            return
        if self._is_away:
            log.warning("The store takes what tokens use again.")
        self._is_away = False

    def _exchange(self) -> None:
        now = now_ms()
        by_day: dict[int, dict[str, Used]] = {}
        for token_id, account in list(self._accounts.items()):
            day, new = account.take_new()
            if new != _NOTHING or (account.is_limited and now - account.asked_ms < _IDLE_MS):
                by_day.setdefault(day, {})[token_id] = new
        for day, used in by_day.items():
            self._exchange_day(day, used)
        self._note_uses(now)

    def _exchange_day(self, day: int, used: dict[str, Used]) -> None:
        new = {token_id: one for token_id, one in used.items() if one != _NOTHING}
        try:
            totals = self._access.add_token_usage(day, new) if new else {}
        except Exception:
            for token_id, one in new.items():
                self._accounts[token_id].give_back(one)
            raise
        quiet = [token_id for token_id in used if token_id not in totals]
        if quiet:
            totals.update(self._access.token_usage(day, quiet))
        for token_id, total in totals.items():
            self._accounts[token_id].learn(day, total, used[token_id])

    def _note_uses(self, now: int) -> None:
        """Have the time of use stored, once a minute."""
        times = {
            token_id: account.asked_ms
            for token_id, account in list(self._accounts.items())
            if account.asked_ms - self._noted.get(token_id, 0) >= _NOTE_USE_MS
        }
        if times:
            self._access.mark_used(times)
            self._noted.update(times)
