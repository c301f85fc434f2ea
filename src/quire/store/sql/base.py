"""What the parts of the SQL store share: the database, the interned keys, the artifact root."""

from __future__ import annotations

from quire.store.sql.database import Database
from quire.store.sql.keys import Keys


class SqlPart:
    """Base of each part. ``root`` is the location under which new experiments keep artifacts."""

    def __init__(self, database: Database, keys: Keys, root: str) -> None:
        self._database = database
        self._keys = keys
        self._root = root
