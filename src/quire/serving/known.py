"""The tokens that callers show, as the store knows them: read once, then kept current by a thread of its own.

A request waits for the store only with a token that was not shown here lately. While the store is away, tokens that
were known before hold as they were known last.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import msgspec

from quire.domain.errors import QuireError
from quire.serving.accounts import Account
from quire.serving.books import Books
from quire.serving.errors import Refused
from quire.store.access import AccessStore, Login

log = logging.getLogger("quire.serving")

STALE_S = 2.0
"""Seconds after which what is known of a token is read again before it counts; two rounds of the thread."""
_IDLE_S = 60.0
_LOOKUP_S = 2.0
_MOST_KNOWN = 10_000
_MOST_UNKNOWN = 10_000
_MOST_LOOKUPS = 64


class Known(msgspec.Struct):
    """A token that was shown: whose it is (None: nobody's any more), when that was read and when it was shown (s)."""

    login: Login | None
    account: Account
    read_at: float
    shown_at: float


class KnownTokens:
    """Finds tokens by the hash of their secret. Used in one event loop; :meth:`start` begins the thread."""

    def __init__(
        self,
        access: AccessStore,
        books: Books,
        *,
        every_s: float = 1.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._access, self._books, self._every, self._clock = access, books, every_s, clock
        self._known: OrderedDict[str, Known] = OrderedDict()
        self._unknown: OrderedDict[str, float] = OrderedDict()
        self._lookups: dict[str, asyncio.Future[Known | None]] = {}
        self._lookers = ThreadPoolExecutor(2, "quire-tokens")
        self._current_at = clock()
        self._away = ""
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def away(self) -> str:
        """Why the store cannot be asked; empty while it answers."""
        return self._away

    def start(self) -> None:
        """Begin to follow the store."""
        self._thread = threading.Thread(target=self._follow, name="quire-token-table", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End the thread."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(10)
        self._lookers.shutdown(wait=False, cancel_futures=True)

    async def find(self, token_hash: str) -> Known | None:
        """What is known of a token; None for one that nobody has. Raises Refused (503) where that cannot be known."""
        now, known = self._clock(), self._known.get(token_hash)
        if known is not None and (now - known.read_at <= STALE_S or self._is_behind(now)):
            known.shown_at = now
            return known
        if known is None and now - self._unknown.get(token_hash, -STALE_S) < STALE_S:
            return None
        return await self._look_up(token_hash, known)

    def _is_behind(self, now: float) -> bool:
        """Whether the thread gets no answers, so that nobody else would get one soon."""
        return bool(self._away) or (self._thread is not None and now - self._current_at > STALE_S + self._every)

    async def _look_up(self, token_hash: str, known: Known | None) -> Known | None:
        """Ask the store; where that takes too long or fails, what was known before counts."""
        try:
            found = await asyncio.wait_for(asyncio.shield(self._lookup(token_hash)), _LOOKUP_S)
        except Exception as error:
            if known is not None:
                return known
            if isinstance(error, Refused):
                raise
            if not isinstance(error, QuireError | TimeoutError):
                log.error("A token could not be looked up", exc_info=error)
            raise _unreachable() from None
        if found is None:
            self._forget(token_hash)
        return found

    def _lookup(self, token_hash: str) -> asyncio.Future[Known | None]:
        """The answer of the store, which those who ask for the same meanwhile wait for too."""
        running = self._lookups.get(token_hash)
        if running is None:
            if len(self._lookups) >= _MOST_LOOKUPS:
                raise _unreachable()
            work = partial(self._read_one, token_hash)
            running = asyncio.get_running_loop().run_in_executor(self._lookers, work)
            self._lookups[token_hash] = running
            running.add_done_callback(lambda _: self._lookups.pop(token_hash, None))
            running.add_done_callback(lambda done: done.cancelled() or done.exception())
        return running

    def _read_one(self, token_hash: str) -> Known | None:
        now = self._clock()
        login = self._access.find_token(token_hash)
        if login is None or login.token is None:
            return None
        account = self._books.account(login.token.token_id, login.token.scope.allowance)
        known = self._known[token_hash] = Known(login, account, now, now)
        while len(self._known) > _MOST_KNOWN:
            self._known.popitem(last=False)
        return known

    def _forget(self, token_hash: str) -> None:
        self._known.pop(token_hash, None)
        self._unknown[token_hash] = self._clock()
        if len(self._unknown) > _MOST_UNKNOWN:
            self._unknown.popitem(last=False)

    # -- the thread --------------------------------------------------------------------------------

    def _follow(self) -> None:
        while not self._stop.wait(self._every):
            self.refresh()

    def refresh(self) -> None:
        """Read anew what is known of the tokens that were shown lately. What fails is done at the next time."""
        try:
            self._read_known()
        except Exception as error:
            if not self._away:
                log.warning("Tokens hold as they were known last, because the store is away: %s", error)
            self._away = str(error) or type(error).__name__
            return
        if self._away:
            log.warning("The store of tokens is back.")
        self._away, self._current_at = "", self._clock()

    def _read_known(self) -> None:
        now = self._clock()
        current = [key for key, known in list(self._known.items()) if now - known.shown_at < _IDLE_S]
        if not current:
            return
        found = self._access.find_tokens(current)
        for key in current:
            known = self._known.get(key)
            if known is not None:
                known.login, known.read_at = found.get(key), now
                if known.login is not None and known.login.token is not None:
                    known.account.allow(known.login.token.scope.allowance)


def _unreachable() -> Refused:
    return Refused(
        "The token cannot be checked now, because the store of tokens is away. Ask again in a moment.",
        status=503,
        kind="server_error",
        code="store_unavailable",
        retry_after_s=2.0,
    )
