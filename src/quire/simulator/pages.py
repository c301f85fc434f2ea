"""Lists in OpenAI's form: a page after a given id, newest first unless asked otherwise. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from quire.simulator.errors import invalid

_DEFAULT_LIMIT = 20
_HIGHEST_LIMIT = 10_000


def page(objects: Mapping[str, Any], query: Mapping[str, str], *, default_order: str = "desc") -> dict[str, Any]:
    """A page of ``objects`` (by id, oldest first). Raises ApiError (400) for a wrong limit, order or id."""
    order = query.get("order", default_order)
    if order not in {"asc", "desc"}:
        raise invalid("order", f"Invalid value: '{order}'. Supported values are: 'asc' and 'desc'.")
    names = list(objects) if order == "asc" else list(objects)[::-1]
    after = query.get("after")
    if after is not None:
        if after not in objects:
            raise invalid("after", f"Invalid 'after': no object with id '{after}' is in the list.")
        names = names[names.index(after) + 1 :]
    limit = _limit(query)
    chosen = names[:limit]
    return {
        "object": "list",
        "data": [objects[name] for name in chosen],
        "first_id": chosen[0] if chosen else None,
        "last_id": chosen[-1] if chosen else None,
        "has_more": len(names) > limit,
    }


def _limit(query: Mapping[str, str]) -> int:
    text = query.get("limit", str(_DEFAULT_LIMIT))
    if not text.isdecimal() or not 1 <= int(text) <= _HIGHEST_LIMIT:
        raise invalid("limit", f"Invalid 'limit': expected a whole number from 1 to {_HIGHEST_LIMIT}, got '{text}'.")
    return int(text)
