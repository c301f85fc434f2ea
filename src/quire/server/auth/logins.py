"""From the credentials of a request to who asks.

What is known of a user is read from the database again after a second, so that a change made on any server counts
on every one. A password that was checked is remembered as a keyed hash, beside the stored hash that it fitted; while
that one is still stored, checking it again costs no scrypt.
"""

from __future__ import annotations

import asyncio
import base64
import hmac
import logging
import os
import time
from collections import OrderedDict
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, TypeVar, cast

import msgspec

from quire.domain.access import EVERYTHING, Identity
from quire.domain.credentials import MAX_PASSWORD, hash_password, hash_token, is_token, verify_password, waste_time
from quire.domain.ids import now_ms
from quire.server.auth.settings import AuthSettings
from quire.server.auth.throttle import Throttle
from quire.server.errors import HttpError
from quire.server.work import Work
from quire.store.access import AccessStore, Login

_logger = logging.getLogger("quire.server.auth")
_CHALLENGES = [
    (b"www-authenticate", b'Basic realm="quire", charset="UTF-8"'),
    (b"www-authenticate", b'Bearer realm="quire"'),
]
_REMEMBERED = 10_000
_MOST_WAITING = 64
_NOTE_USE_MS = 60_000
T = TypeVar("T")


class _Known(msgspec.Struct):
    login: Login | None
    read_at: float


class _Verified(msgspec.Struct, frozen=True):
    stored: str
    mac: bytes
    at: float


class Logins:
    """Lets people and programs in. Used in one event loop."""

    def __init__(
        self,
        access: AccessStore,
        work: Work,
        settings: AuthSettings,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._access, self._work, self._settings, self._clock = access, work, settings, clock
        self._throttle = Throttle(settings.failures, settings.failure_pause, settings.address_factor, clock)
        self._slow = ThreadPoolExecutor(2, "quire-scrypt")
        self._waiting = 0
        self._secret = os.urandom(32)
        self._known: OrderedDict[tuple[str, str], _Known] = OrderedDict()
        self._verified: OrderedDict[str, _Verified] = OrderedDict()
        self._running: dict[Any, asyncio.Task[Any]] = {}
        self._noted: dict[str, int] = {}
        self._tasks: set[asyncio.Task[Any]] = set()

    async def identify(self, authorization: str, session: str, address: str) -> Identity:
        """Who shows this ``Authorization`` header, or the session of this cookie.

        Raises HttpError 401 for credentials that are missing or refused, 429 when too many were refused.
        """
        scheme, _, value = authorization.partition(" ")
        kind = scheme.lower()
        if kind == "basic":
            username, password = _basic(value)
            return await self._by_password(username, password, address)
        if kind == "bearer":
            return await self._by_token(value.strip(), address, "token")
        if authorization:
            raise _refused(
                "The Authorization header is neither Basic nor Bearer. Send a user name and password, or a token."
            )
        if session:
            return await self._by_token(session, address, "session")
        raise _refused(
            "This server wants to know who asks. Set MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, or "
            "MLFLOW_TRACKING_TOKEN (or their QUIRE_ twins)."
        )

    async def renew(self, identity: Identity) -> Identity:
        """The same, as the database has it now. Raises HttpError 401 if they are gone."""
        login = await self._once(("user", identity.name, "anew"), lambda: self._read("user", identity.name))
        if login is None:
            raise _refused("The user is known here no more.")
        return msgspec.structs.replace(identity, user=login.user, permissions=login.permissions)

    async def check_password(self, username: str, password: str, address: str) -> bool:
        """Whether a password is the user's. Raises HttpError 429 when too many were wrong."""
        login = await self._login("user", username)
        stored = login.password_hash if login else None
        mac = hmac.digest(self._secret, password.encode("utf-8", "surrogatepass"), "sha256")
        if stored is not None and self._is_remembered(username, stored, mac):
            return True
        if stored is not None and len(password) <= MAX_PASSWORD:
            work: Callable[[], bool] = partial(verify_password, password, stored)
        else:
            work = partial(_never, password[:MAX_PASSWORD])
        fits = await self._once(
            ("scrypt", username, stored, mac, address), lambda: self._counted(work, username, address)
        )
        if not fits or stored is None:
            return False
        _remember(self._verified, username, _Verified(stored, mac, self._clock()))
        return True

    async def _counted(self, work: Callable[[], bool], username: str, address: str) -> bool:
        """Whether a password fits, unless too many did not."""
        self._throttle.check(address, username)
        self._throttle.tried(address, username)
        if await self._stretch(work):
            self._throttle.succeeded(address, username)
            return True
        self._throttle.failed(address)
        _logger.warning("A login of %r from %s failed.", username[:100], address or "an unknown address")
        return False

    async def hash_password(self, password: str) -> str:
        """What to store of a password."""
        return await self._stretch(partial(hash_password, password))

    def forget(self) -> None:
        """Read what is known of users anew: this server has just changed it."""
        self._known.clear()

    async def _by_password(self, username: str, password: str, address: str) -> Identity:
        if not await self.check_password(username, password, address):
            raise _refused("The user name or the password is wrong.")
        login = await self._login("user", username)
        if login is None:
            raise _refused("The user name or the password is wrong.")
        return self._identity(login)

    async def _by_token(self, secret: str, address: str, kind: str) -> Identity:
        login = None
        if is_token(secret):
            login = await self._login("token", hash_token(secret))
        token = login.token if login else None
        if login is None or token is None or token.kind != kind:
            self._throttle.check(address, None)
            self._throttle.failed(address)
            _logger.warning("An unknown %s was shown from %s.", kind, address or "an unknown address")
            raise _refused("The token is not known here. Make one with `quire tokens create`.")
        if not token.is_valid(now_ms()):
            ended = "was revoked" if token.revocation_time is not None else "has expired"
            raise _refused(f"The token {token.token_id} {ended}. Make another with `quire tokens create`.")
        self._note_use(token.token_id)
        return self._identity(login)

    def _identity(self, login: Login) -> Identity:
        token = login.token
        return Identity(
            user=login.user,
            permissions=login.permissions,
            default=self._settings.default_permission,
            method=token.kind if token else "password",
            token_id=token.token_id if token and token.kind == "token" else None,
            scope=token.scope if token else EVERYTHING,
        )

    async def _login(self, kind: str, key: str) -> Login | None:
        """What the database has of a user or token, read at most so long ago as may be."""
        place = (kind, key)
        known = self._known.get(place)
        if known is not None and self._clock() - known.read_at < self._settings.refresh:
            return known.login
        return await self._once(place, lambda: self._read(kind, key))

    async def _read(self, kind: str, key: str) -> Login | None:
        read_at = self._clock()
        find = self._access.find_login if kind == "user" else self._access.find_token
        login = await self._work.look(partial(find, key))
        if login is None:
            self._known.pop((kind, key), None)
        else:
            _remember(self._known, (kind, key), _Known(login, read_at))
        return login

    def _is_remembered(self, username: str, stored: str, mac: bytes) -> bool:
        verified = self._verified.get(username)
        return (
            verified is not None
            and verified.stored == stored
            and self._clock() - verified.at < self._settings.verified
            and hmac.compare_digest(verified.mac, mac)
        )

    async def _once(self, key: Any, make: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """What ``make`` gives; those who ask for the same meanwhile wait for it."""
        task = self._running.get(key)
        if task is None:
            task = self._running[key] = asyncio.ensure_future(make())
            task.add_done_callback(lambda _: self._running.pop(key, None))
        return cast(T, await asyncio.shield(task))

    async def _stretch(self, work: Callable[[], T]) -> T:
        """Run what takes a core for a while, few at a time."""
        if self._waiting >= _MOST_WAITING:
            raise HttpError(
                503,
                "TEMPORARILY_UNAVAILABLE",
                "Too many logins wait to be checked. Try again in a moment.",
                [(b"retry-after", b"2")],
            )
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._slow, work)
        finally:
            self._waiting -= 1

    def _note_use(self, token_id: str) -> None:
        """Have the time of use stored, once a minute."""
        now = now_ms()
        if now - self._noted.get(token_id, 0) < _NOTE_USE_MS:
            return
        if len(self._noted) > _REMEMBERED:
            self._noted.clear()
        self._noted[token_id] = now
        task = asyncio.ensure_future(self._work.write(partial(self._access.mark_used, {token_id: now})))
        self._tasks.add(task)
        task.add_done_callback(self._noted_use)

    def _noted_use(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            _logger.warning("The last use of a token could not be noted: %s", task.exception())


def _never(password: str) -> bool:
    waste_time(password)
    return False


def _basic(value: str) -> tuple[str, str]:
    """The user name and password of a Basic login (RFC 7617)."""
    try:
        text = base64.b64decode(value.strip(), validate=True).decode()
    except ValueError:
        raise _refused("The Authorization header is not a Basic login: base64 of NAME:PASSWORD in UTF-8.") from None
    username, colon, password = text.partition(":")
    if not colon or not username:
        raise _refused("The Authorization header is not a Basic login: base64 of NAME:PASSWORD in UTF-8.") from None
    return username, password


def _remember(cache: OrderedDict[Any, Any], key: Any, value: Any) -> None:
    cache[key] = value
    cache.move_to_end(key)
    if len(cache) > _REMEMBERED:
        cache.popitem(last=False)


def _refused(message: str) -> HttpError:
    return HttpError(401, "UNAUTHENTICATED", message, list(_CHALLENGES))
