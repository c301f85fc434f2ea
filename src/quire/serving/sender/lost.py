"""An attempt that brought no complete answer: how it was lost, and whether the answer had begun."""

from __future__ import annotations

from typing import Literal

import aiohttp

from quire.domain.redaction import redact
from quire.serving.sender.pipe import Garbled
from quire.serving.sender.pipes import Unreachable

LossKind = Literal[
    "unreachable", "silent", "slow", "closed", "stale", "broken", "garbled", "unreadable", "too_large", "unsigned"
]
"""How an attempt was lost.

``unreachable``: no connection came about. ``silent``: it did, and not a byte of an answer came in time. ``closed``: it
ended without a byte. ``stale``: the same, of a connection kept from an earlier request, which the other side was about
to close. ``slow`` and ``broken``: the answer began, and did not end in time or at all. ``garbled``: no HTTP.
``unreadable``: an answer that is no JSON. ``too_large``: more bytes than the endpoint allows. ``unsigned``: no token
could be had.
"""

SLOW: frozenset[LossKind] = frozenset({"silent", "slow"})
"""Losses to the clock: the caller is told 504."""
_SAID: dict[LossKind, str] = {
    "unreachable": "cannot be reached",
    "silent": "accepted the connection and sent nothing in time",
    "slow": "began its answer and did not end it in time",
    "closed": "closed the connection without an answer",
    "stale": "closed the connection without an answer",
    "broken": "broke off its answer",
    "garbled": "sent something that is not HTTP",
    "unreadable": "gave an answer that is not JSON",
    "too_large": "sent a larger answer than the endpoint allows (limits.max_response_bytes)",
    "unsigned": "cannot be asked: no token could be had",
}


_UNREACHABLE = (
    aiohttp.ClientConnectorError,
    aiohttp.ConnectionTimeoutError,
    aiohttp.ClientHttpProxyError,
    aiohttp.InvalidURL,
    Unreachable,
)


class Lost(Exception):
    """No complete answer came. ``began`` says that the upstream had begun one: it is not asked for a second."""

    def __init__(self, kind: LossKind, cause: object = "", *, began: bool = False) -> None:
        said = redact(str(cause))[:300]
        super().__init__(f"{_SAID[kind]} ({said})" if said else _SAID[kind])
        self.kind = kind
        self.began = began


def read_loss(error: BaseException, *, began: bool, kept: bool) -> Lost:
    """What an error of a connection means. ``kept`` says that the connection had served before."""
    return Lost(_kind(error, began=began, kept=kept), _cause(error), began=began)


def _kind(error: BaseException, *, began: bool, kept: bool) -> LossKind:
    if isinstance(error, _UNREACHABLE):
        return "unreachable"
    if isinstance(error, TimeoutError):
        return "slow" if began else "silent"
    if isinstance(error, aiohttp.ClientResponseError | Garbled):
        return "garbled"
    if began:
        return "broken"
    return "stale" if kept else "closed"


def _cause(error: BaseException) -> str:
    return str(error) or type(error).__name__
