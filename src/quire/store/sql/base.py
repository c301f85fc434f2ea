"""What the parts of the SQL store share: the database, the interned keys, the artifact root."""

from __future__ import annotations

import functools
from collections.abc import Callable
from types import FunctionType
from typing import Any

from quire.store.sql.database import Database
from quire.store.sql.keys import Keys

# What is no call to the database, or opens a block for several.
_NO_CALLS = ("transaction", "close", "after_fork")


class SqlPart:
    """Base of each part. ``root`` is the location under which new experiments keep artifacts.

    A public method of a part is one call: all or nothing, and run again as a whole when the database asks for that.
    """

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        for name, member in vars(cls).items():
            if isinstance(member, FunctionType) and not name.startswith("_") and name not in _NO_CALLS:
                setattr(cls, name, _as_call(member))

    def __init__(self, database: Database, keys: Keys, root: str) -> None:
        self._database = database
        self._keys = keys
        self._root = root


def _as_call(method: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(method)
    def call(self: SqlPart, *arguments: Any, **named: Any) -> Any:
        return self._database.again(functools.partial(method, self, *arguments, **named))

    return call
