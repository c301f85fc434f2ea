"""Pages of results, and the opaque tokens that name the next one."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from typing import Any, Generic, TypeVar

import msgspec

from quire.domain.errors import InvalidInput

T = TypeVar("T")

_DIGEST_BYTES = 6


class Page(list[T], Generic[T]):
    """A list of results with ``token``, the token of the page after it (None on the last)."""

    def __init__(self, items: Sequence[T] = (), token: str | None = None) -> None:
        super().__init__(items)
        self.token = token

    def to_list(self) -> list[T]:
        """The results as a plain list."""
        return list(self)


def encode_token(position: Sequence[Any], query: Sequence[Any] = ()) -> str:
    """An opaque page token for a position: the sort key of the last row of a page.

    ``query`` is everything that decides which rows there are and in which order; the token holds its digest.
    """
    raw = _digest(query) + msgspec.msgpack.encode(list(position))
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def decode_token(token: str, query: Sequence[Any] = ()) -> list[Any]:
    """The position inside a page token.

    Raises InvalidInput for a token that Quire did not make, or made for another query.
    """
    try:
        raw = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
        position: list[Any] = msgspec.msgpack.decode(raw[_DIGEST_BYTES:], type=list)
    except (ValueError, TypeError, msgspec.MsgspecError) as error:
        raise InvalidInput(
            f"Invalid page token {str(token)[:40]!r}. Pass the token of the previous page unchanged, "
            "or none for the first page."
        ) from error
    if raw[:_DIGEST_BYTES] != _digest(query):
        raise InvalidInput(
            f"The page token {token[:40]!r} belongs to another search. Ask for every page with the filter, the order "
            "and the scope of the first; to search anew, pass no token."
        )
    return position


def _digest(query: Sequence[Any]) -> bytes:
    return hashlib.blake2b(msgspec.msgpack.encode(list(query)), digest_size=_DIGEST_BYTES).digest()
