"""Calls to a tracking server: repeated where that is safe, with failures as Quire's errors.

What happens when a call fails:

- no connection could be opened: the server saw nothing, so any call is tried again;
- 429, or 503 with ``Retry-After``: the server says that it did nothing, so any call is tried again, after that time;
- the connection broke, or a gateway answered 502, 503 or 504: the call may have been done. One whose repetition
  changes nothing (reading, setting a tag, logging) is tried again. One that makes something is not: the error says
  that it may have happened and how to look.

All tries together take at most ``patience`` seconds beyond the answers' own time.
"""

from __future__ import annotations

import email.utils
import random
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from contextvars import ContextVar
from functools import lru_cache
from typing import TypeVar
from urllib.parse import quote, urlencode

import msgspec

from quire._version import __version__
from quire.domain.errors import QuireError, Unavailable
from quire.store.rest.connection import Answer, Body, NotSent, Pool, Response, Unanswered
from quire.store.rest.failures import failure, not_the_protocol
from quire.store.rest.settings import authorization, parse_address, seconds, workspace

T = TypeVar("T")
Query = Sequence[tuple[str, str]]

KNOWN_PATIENCE = 30.0
"""Seconds that a server which has answered before is waited for, while it restarts, say."""
FIRST_PATIENCE = 3.0
"""Seconds that a server which never answered is waited for: the address may be wrong."""
_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 3.0
_GATEWAY = (502, 503, 504)
_patience: ContextVar[float | None] = ContextVar("quire_http_patience", default=None)


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """One call. ``repeatable``: doing it twice leaves the same as doing it once, so it may be tried again.

    ``look`` says how to find out whether a call that is not repeatable happened.
    """

    method: str
    path: str
    query: Query = ()
    body: Body = None
    headers: Mapping[str, str] = {}
    repeatable: bool = True
    look: str = "Look before you repeat it."

    @property
    def target(self) -> str:
        """Path and query as the request line has them."""
        return f"{self.path}?{urlencode(self.query, quote_via=quote)}" if self.query else self.path

    @property
    def name(self) -> str:
        """The call in an error's words."""
        return f"{self.method} {self.path}"


class RestClient:
    """Speaks to one server. Safe to use from many threads and after a fork."""

    def __init__(self, uri: str, *, anonymous: bool = False) -> None:
        """``anonymous`` calls carry no credentials, whatever the environment holds."""
        self.address, self._login = parse_address(uri)
        self._anonymous = anonymous
        self._pool = Pool(self.address)
        self._answered = False

    @property
    def url(self) -> str:
        """The server's address, without credentials."""
        return self.address.url

    def close(self) -> None:
        """Close what is open."""
        self._pool.close()

    def call(self, call: Call) -> Answer:
        """Make a call and return the answer of success. Raises the error that any other answer means."""
        tries = _Tries(self, call)
        while True:
            try:
                answer = self._pool.send(
                    call.method, self._target(call), self._headers(call), call.body, once=not call.repeatable
                )
            except (NotSent, Unanswered) as error:
                tries.failed(error)
                continue
            self._answered = True
            if answer.status < 300:
                return answer
            tries.refused(answer)

    def decode(self, call: Call, kind: type[T]) -> T:
        """Make a call and read its answer as ``kind``."""
        answer = self.call(call)
        return self.read(answer, call, kind)

    def read(self, answer: Answer, call: Call, kind: type[T]) -> T:
        """The body of an answer as ``kind``; 64-bit integers and special floats may be text, as in protobuf's JSON."""
        try:
            return msgspec.json.decode(answer.body, type=kind, strict=False)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise not_the_protocol(answer, call.name, self.url, str(error)) from None

    @contextmanager
    def stream(self, call: Call) -> Iterator[Response]:
        """Make a call that reads, and read its answer inside of the block. A broken answer raises Unanswered."""
        tries = _Tries(self, call)
        while True:
            with ExitStack() as stack:
                asked = self._pool.exchange(call.method, self._target(call), self._headers(call), call.body)
                try:
                    response = stack.enter_context(asked)
                except (NotSent, Unanswered) as error:
                    tries.failed(error)
                    continue
                self._answered = True
                if response.status < 300:
                    yield response
                    return
                answer = Answer(response.status, response.headers, response.read())
            tries.refused(answer)

    def patience(self) -> float:
        """Seconds that failures are waited out: ``QUIRE_HTTP_PATIENCE``, else by whether the server ever answered."""
        chosen = _patience.get()
        if chosen is not None:
            return chosen
        return seconds("HTTP_PATIENCE", KNOWN_PATIENCE if self._answered else FIRST_PATIENCE)

    def _target(self, call: Call) -> str:
        return self.address.prefix + call.target

    def _headers(self, call: Call) -> dict[str, str]:
        headers = {"User-Agent": f"quire/{__version__}", "Accept": "*/*", **call.headers}
        if isinstance(call.body, bytes) and "Content-Type" not in headers:
            headers["Content-Type"] = "application/json"
        if self._anonymous:
            return headers
        if login := authorization(self._login):
            headers["Authorization"] = login
        if named := workspace():
            headers["X-MLFLOW-WORKSPACE"] = quote(named)
        return headers


@contextmanager
def waiting_at_most(patience: float) -> Iterator[None]:
    """Wait failures out for so many seconds inside of the block, whatever the environment says."""
    token = _patience.set(patience)
    try:
        yield
    finally:
        _patience.reset(token)


@lru_cache(maxsize=64)
def client_of(uri: str, *, anonymous: bool = False) -> RestClient:
    """The one client of this process for an address."""
    return RestClient(uri, anonymous=anonymous)


class _Tries:
    """The tries of one call: decides after each failure whether to wait for another, and raises if not."""

    def __init__(self, client: RestClient, call: Call) -> None:
        self._client = client
        self._call = call
        self._count = 0
        self._begun: float | None = None

    def failed(self, error: NotSent | Unanswered) -> None:
        """The call got no answer."""
        never_sent = isinstance(error, NotSent)
        if not (never_sent or self._call.repeatable):
            raise self._perhaps(error) from error
        if not self._wait(None):
            raise self._away(error) from error

    def refused(self, answer: Answer) -> None:
        """The call got an answer that is not success."""
        after = _retry_after(answer)
        untouched = answer.status == 429 or (answer.status == 503 and after is not None)
        again = untouched or (answer.status in _GATEWAY and self._call.repeatable)
        if not (again and self._wait(after)):
            raise failure(answer, self._call.name, self._client.url)

    def _wait(self, after: float | None) -> bool:
        """Pause before the next try; False if patience does not last so long, or the body cannot be sent twice."""
        if not (self._call.body is None or isinstance(self._call.body, bytes)):
            self._call.body.seek(0)
        now = time.monotonic()
        self._begun = now if self._begun is None else self._begun
        pause = min(_LONGEST_PAUSE, _FIRST_PAUSE * 2**self._count) * random.uniform(0.5, 1.0)  # noqa: S311
        pause = max(pause, after or 0.0)
        self._count += 1
        if now - self._begun + pause > self._client.patience():
            return False
        time.sleep(pause)
        return True

    def _away(self, error: Exception) -> QuireError:
        return Unavailable(
            f"The tracking server {self._client.url} cannot be reached: {error} ({self._call.name}). Check that it "
            "runs and that the tracking URI is right."
        )

    def _perhaps(self, error: Exception) -> QuireError:
        return Unavailable(
            f"The tracking server {self._client.url} was sent {self._call.name} and did not answer: {error}. It may "
            f"or may not have been done, so it was not tried again. {self._call.look}"
        )


def _retry_after(answer: Answer) -> float | None:
    """Seconds that the server asks to wait: a number, or a date as HTTP has them."""
    text = answer.headers.get("retry-after", "").strip()
    if not text:
        return None
    if text.replace(".", "", 1).isdecimal():
        return float(text)
    try:
        date = email.utils.parsedate_to_datetime(text)
    except ValueError:
        return None
    return max(0.0, date.timestamp() - time.time())
