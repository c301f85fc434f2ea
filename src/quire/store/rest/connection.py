"""Connections to a server, kept open between calls.

``http.client`` answers a small call in half the time of the libraries above it (docs/decisions/0120). A pool is
safe to use from many threads at once: a connection belongs to one call at a time. After a fork the child begins
with none. Redirects are never followed here.
"""

from __future__ import annotations

import http.client
import os
import select
import ssl
import time
import weakref
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import lru_cache
from typing import Protocol

import msgspec

from quire.domain.errors import InvalidInput
from quire.store.rest.proxies import proxy_for
from quire.store.rest.settings import CONNECT_TIMEOUT, Address, Security, read_timeout, security

MAX_IDLE = 32
"""Connections that are kept open for later calls."""
MAX_AGE = 60.0
"""Seconds that an unused connection is kept."""
YOUNG = 1.0
"""Seconds after which a call that must not be repeated takes a new connection rather than an unused one."""
_BLOCK = 256 * 1024


class Source(Protocol):
    """A file to be sent."""

    def read(self, count: int = -1, /) -> bytes:
        """The next bytes."""

    def seek(self, place: int, /) -> int:
        """Begin again, for another try."""


Body = bytes | Source | None
Headers = Mapping[str, str]


class NotSent(Exception):
    """No connection could be opened: the server has seen nothing of the call."""


class Unanswered(Exception):
    """The call was sent, in part at least, and no whole answer came: it may or may not have been done."""


class Answer(msgspec.Struct, frozen=True):
    """What a server answered. Names of headers are in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes


class Response:
    """An answer whose body is still to be read."""

    def __init__(self, raw: http.client.HTTPResponse) -> None:
        self._raw = raw
        self.status = raw.status
        self.headers = {name.lower(): value for name, value in raw.getheaders()}

    def read(self, count: int | None = None) -> bytes:
        """The next ``count`` bytes, or all that is left; empty at the end. Raises Unanswered if it breaks off."""
        try:
            data = self._raw.read(count)
        except (OSError, http.client.HTTPException) as error:
            raise Unanswered(_described(error)) from error
        if count and not data and self._raw.length:
            raise Unanswered("the answer broke off")
        return data

    @property
    def reusable(self) -> bool:
        """Whether the connection can carry another call."""
        return self._raw.isclosed() and not self._raw.will_close


class Pool:
    """Connections to one server."""

    def __init__(self, address: Address) -> None:
        self._address = address
        self._idle: deque[_Link] = deque()
        _pools.add(self)

    def send(self, method: str, target: str, headers: Headers, body: Body = None, *, once: bool = False) -> Answer:
        """Make one call. Raises NotSent or Unanswered.

        ``once`` says that the call must not happen twice: it is not given a connection that the server might be
        closing at this moment. A file as ``body`` is read as it is sent; ``headers`` hold its Content-Length.
        """
        with self.exchange(method, target, headers, body, once=once) as response:
            return Answer(response.status, response.headers, response.read())

    @contextmanager
    def exchange(
        self, method: str, target: str, headers: Headers, body: Body = None, *, once: bool = False
    ) -> Iterator[Response]:
        """Make one call and read its answer inside of the block, piece by piece. Raises NotSent or Unanswered."""
        secured = security() if self._address.scheme == "https" else Security()
        link = self._take(secured, YOUNG if once else MAX_AGE) or _open(self._address, secured)
        try:
            response = link.exchange(method, target, headers, body)
            yield response
        except BaseException:
            link.connection.close()
            raise
        if response.reusable:
            self._put_back(link)
        else:
            link.connection.close()

    def close(self) -> None:
        """Close what is open."""
        while self._idle:
            with suppress(IndexError):
                self._idle.pop().connection.close()

    def forget(self) -> None:
        """In the child of a fork: the connections are the parent's."""
        self._idle = deque()

    def _take(self, secured: Security, max_age: float) -> _Link | None:
        """The connection used last, if it is still open and young enough; others are closed on the way."""
        while True:
            try:
                link = self._idle.pop()
            except IndexError:
                return None
            unused = time.monotonic() - link.used
            fresh = max_age > YOUNG > unused  # a mistake costs nothing: the call may be tried again
            if link.security == secured and unused < max_age and (fresh or _is_quiet(link.connection)):
                return link
            link.connection.close()

    def _put_back(self, link: _Link) -> None:
        link.used = time.monotonic()
        self._idle.append(link)
        while len(self._idle) > MAX_IDLE:
            with suppress(IndexError):
                self._idle.popleft().connection.close()


class _Link:
    """An open connection, and what a proxy on the way wants to be told."""

    def __init__(self, connection: http.client.HTTPConnection, secured: Security) -> None:
        self.connection = connection
        self.security = secured
        self.used = 0.0
        self.before_target = ""
        self.headers: Headers = {}

    def exchange(self, method: str, target: str, headers: Headers, body: Body) -> Response:
        connection = self.connection
        try:
            connection.request(method, self.before_target + target, body, {**headers, **self.headers})
        except (OSError, http.client.HTTPException) as error:
            if body is None or not isinstance(error, (BrokenPipeError, ConnectionResetError)):
                raise Unanswered(_described(error)) from error
            # The server may have answered before it had read everything, to refuse it.
        try:
            return Response(connection.getresponse())
        except (OSError, http.client.HTTPException) as error:
            raise Unanswered(_described(error)) from error


def _open(address: Address, secured: Security) -> _Link:
    link = _link(address, secured)
    try:
        link.connection.connect()
    except (OSError, http.client.HTTPException) as error:
        link.connection.close()
        raise NotSent(_described(error)) from error
    link.connection.sock.settimeout(read_timeout())
    return link


def _link(address: Address, secured: Security) -> _Link:
    proxy = proxy_for(address)
    host, port = (proxy.host, proxy.port) if proxy else (address.host, address.port)
    login = {"Proxy-Authorization": proxy.authorization} if proxy and proxy.authorization else {}
    if address.scheme == "https":
        context = _tls(secured, os.getpid())
        tls = http.client.HTTPSConnection(host, port, timeout=CONNECT_TIMEOUT, blocksize=_BLOCK, context=context)
        if proxy:
            tls.set_tunnel(address.host, address.port, headers=login)
        return _Link(tls, secured)
    link = _Link(http.client.HTTPConnection(host, port, timeout=CONNECT_TIMEOUT, blocksize=_BLOCK), secured)
    if proxy:
        link.before_target = f"http://{address.netloc}"
        link.headers = {"Host": address.netloc, **login}
    return link


@lru_cache(maxsize=16)
def _tls(secured: Security, _pid: int) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=secured.authorities)
        if secured.certificate:
            context.load_cert_chain(secured.certificate)
    except (OSError, ssl.SSLError) as error:
        raise InvalidInput(
            f"The certificates named by MLFLOW_TRACKING_SERVER_CERT_PATH ({secured.authorities!r}) or "
            f"MLFLOW_TRACKING_CLIENT_CERT_PATH ({secured.certificate!r}) cannot be read: {error}."
        ) from None
    if secured.insecure:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    elif not secured.authorities:
        _trust_certifi(context)
    return context


def _trust_certifi(context: ssl.SSLContext) -> None:
    """On a machine without certificates of its own, trust those of ``certifi`` where it is installed."""
    paths = ssl.get_default_verify_paths()
    if paths.cafile or paths.capath:
        return
    with suppress(ImportError):
        import certifi

        context.load_verify_locations(certifi.where())


def _is_quiet(connection: http.client.HTTPConnection) -> bool:
    """Whether an unused connection is still open: one that the server closed has its end to be read."""
    if connection.sock is None:
        return False
    try:
        if not hasattr(select, "poll"):
            return not select.select([connection.sock], [], [], 0)[0]
        poll = select.poll()
        poll.register(connection.sock, select.POLLIN)
        return not poll.poll(0)
    except (OSError, ValueError):
        return False


def _described(error: BaseException) -> str:
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(error, http.client.RemoteDisconnected):
        return "the server closed the connection"
    return str(error) or type(error).__name__


_pools: weakref.WeakSet[Pool] = weakref.WeakSet()


def _after_fork() -> None:
    for pool in list(_pools):
        pool.forget()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
