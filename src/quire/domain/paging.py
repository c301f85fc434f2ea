"""Pages of results, and the opaque tokens that name the next one."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Any, Generic, TypeVar

import msgspec

from quire.domain.errors import InvalidInput

T = TypeVar("T")


class Page(list[T], Generic[T]):
    """A list of results with ``token``, the token of the page after it (None on the last)."""

    def __init__(self, items: Sequence[T] = (), token: str | None = None) -> None:
        super().__init__(items)
        self.token = token


def encode_token(position: Sequence[Any]) -> str:
    """An opaque page token for a position: the sort key of the last row of a page."""
    return base64.urlsafe_b64encode(msgspec.json.encode(list(position))).decode().rstrip("=")


def decode_token(token: str) -> list[Any]:
    """The position inside a page token; raises InvalidInput for one that Quire did not make."""
    try:
        raw = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
        return msgspec.json.decode(raw, type=list)
    except (ValueError, msgspec.MsgspecError) as error:
        raise InvalidInput(
            f"Invalid page token {token[:40]!r}. Pass the token of the previous page unchanged, "
            "or none for the first page."
        ) from error
