"""A dataset without a name: the records of a file, a dataframe or a list, read anew each time."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import Any

from quire.datasets.checking import checked_records
from quire.datasets.columns import Columns
from quire.datasets.dataset import Dataset
from quire.datasets.record import Record
from quire.datasets.rows import is_one_pass, placed_records
from quire.domain.errors import InvalidInput
from quire.store.base import Store


class OpenedDataset(Dataset):
    """Records of data that no store keeps. What can be read only once is held in memory."""

    def __init__(self, data: Any, columns: Columns, *, check_schema: bool, store: Callable[[], Store]) -> None:
        self._data: Any = list(data) if is_one_pass(data) else data
        self._columns, self._check, self._store = columns, check_schema, store
        if isinstance(data, str | os.PathLike):
            self.name = os.path.basename(os.fspath(data))
        self._refuse_if_empty()

    def _refuse_if_empty(self) -> None:
        for _ in self:
            return
        what = f"The file {os.fspath(self._data)!r}" if self.name else "The data"
        raise InvalidInput(f"{what} has no records; expected at least one.")

    def __iter__(self) -> Iterator[Record]:
        return checked_records(placed_records(self._data, self._columns, self._store), check_schema=self._check)

    @property
    def source(self) -> dict[str, Any]:
        """The file's path, if it is one."""
        return {"uri": os.path.abspath(os.fspath(self._data))} if self.name else {}
