"""How often a login may fail: a few times in a row, then one more each so many seconds.

Counted in each server process by itself: with N processes an attacker has N times as many tries, which the cost of
checking a password makes up for.
"""

from __future__ import annotations

import math
import time
from collections import OrderedDict
from collections.abc import Callable
from ipaddress import IPv6Address, ip_address

from quire.server.errors import HttpError

_REMEMBERED = 20_000
Key = tuple[str, ...]


class Throttle:
    """Failures by address and user, and by address."""

    def __init__(
        self, failures: int, pause: float, address_factor: int, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._pair = _Buckets(failures, pause, clock)
        self._address = _Buckets(failures * address_factor, pause / address_factor, clock)

    def check(self, address: str, username: str | None) -> None:
        """Raise HttpError 429, saying when to come back, if too many logins failed. A token has no user name."""
        place = network(address)
        wait = self._address.wait((place,))
        if username is not None:
            wait = max(wait, self._pair.wait((place, username)))
        if wait > 0:
            seconds = math.ceil(wait)
            raise HttpError(
                429,
                "REQUEST_LIMIT_EXCEEDED",
                f"Too many logins failed. Try again in {seconds} s, with the right user name and password.",
                [(b"retry-after", b"%d" % seconds)],
            )

    def tried(self, address: str, username: str) -> None:
        """Count a login of a user before it is checked, so that guesses made at once are counted each."""
        self._pair.spend((network(address), username))

    def failed(self, address: str) -> None:
        """Count a failure of an address."""
        self._address.spend((network(address),))

    def succeeded(self, address: str, username: str) -> None:
        """Forget the logins of a user at an address; failures of the address stay."""
        self._pair.forget((network(address), username))


class _Buckets:
    """One token bucket for each key: ``size`` at once, one more each ``pause`` seconds."""

    def __init__(self, size: int, pause: float, clock: Callable[[], float]) -> None:
        self._size, self._pause, self._clock = size, pause, clock
        # When each bucket is full again: all that its state is.
        self._full: OrderedDict[Key, float] = OrderedDict()

    def wait(self, key: Key) -> float:
        """Seconds until one more may be spent; 0 for now."""
        missing = (self._full.get(key, 0.0) - self._clock()) / self._pause
        return max(0.0, (missing - self._size + 1) * self._pause)

    def spend(self, key: Key) -> None:
        now = self._clock()
        self._full[key] = max(self._full.get(key, 0.0), now) + self._pause
        self._full.move_to_end(key)
        if len(self._full) > _REMEMBERED:
            self._full.popitem(last=False)

    def forget(self, key: Key) -> None:
        self._full.pop(key, None)


def network(address: str) -> str:
    """What one client can choose its address from: an IPv4 address, the /64 of an IPv6 one."""
    try:
        found = ip_address(address)
    except ValueError:
        return address
    if not isinstance(found, IPv6Address):
        return str(found)
    mapped = found.ipv4_mapped
    return str(mapped) if mapped else found.exploded[:19]
