"""One dataset: its columns, and the description of it that is stored."""

from __future__ import annotations

import hashlib
import json
from functools import cached_property
from typing import Any

import msgspec

from quire.data.columns import column_schema, plain_value
from quire.domain import entities
from quire.domain.errors import InvalidInput
from quire.domain.schema import ColSpec, Schema
from quire.tracking.tables import Columns, row_count

_DIGEST_LENGTH = 16
_ROWS_AT_ONCE = 10_000


class Dataset:
    """Data with a name and a place that it came from.

    ``digest`` is that of the column names and all values, whichever library held them; it changes with any of them.
    """

    def __init__(
        self,
        columns: Columns,
        source: dict[str, Any],
        source_type: str,
        *,
        native: Any = None,
        name: str | None = None,
        digest: str | None = None,
        targets: str | None = None,
        predictions: str | None = None,
    ) -> None:
        """``source`` is kept as JSON; ``native`` is the object that the columns came from."""
        for role, column in (("targets", targets), ("predictions", predictions)):
            if column is not None and column not in columns:
                raise InvalidInput(
                    f"`{role}` names the column {column!r}; the data has {', '.join(columns) or 'none'}."
                )
        self.columns = columns
        self.source = source
        self.source_type = source_type
        self.df = native
        self.name = name or "dataset"
        self.targets = targets
        self.predictions = predictions
        self._digest = digest

    @cached_property
    def digest(self) -> str:
        """16 hexadecimal digits that name the content, unless another digest was given."""
        return self._digest or content_digest(self.columns)

    @property
    def profile(self) -> dict[str, int]:
        """How many rows and values there are."""
        rows = row_count(self.columns)
        return {"num_rows": rows, "num_elements": rows * len(self.columns)}

    @cached_property
    def schema(self) -> Schema:
        """The type of each column, under MLflow's names."""
        return Schema([ColSpec(*column_schema(name, values)) for name, values in self.columns.items()])

    def to_entity(self) -> entities.Dataset:
        """The description that a store keeps."""
        return entities.Dataset(
            name=self.name,
            digest=self.digest,
            source_type=self.source_type,
            source=json.dumps(self.source),
            schema=json.dumps({"mlflow_colspec": self.schema.to_dict()}),
            profile=json.dumps(self.profile),
        )

    def to_dict(self) -> dict[str, str]:
        """The description as texts."""
        fields: dict[str, str] = msgspec.to_builtins(self.to_entity())
        return fields

    def __repr__(self) -> str:
        return f"Dataset(name={self.name!r}, digest={self.digest!r}, source_type={self.source_type!r})"


def content_digest(columns: Columns) -> str:
    """SHA-256 of the columns' names and values as JSON, cut to 16 hexadecimal digits."""
    state = hashlib.sha256(msgspec.json.encode(list(columns)))
    values = list(columns.values())
    for start in range(0, row_count(columns), _ROWS_AT_ONCE):
        part = [column[start : start + _ROWS_AT_ONCE] for column in values]
        state.update(msgspec.json.encode(part, enc_hook=plain_value))
    return state.hexdigest()[:_DIGEST_LENGTH]


def get_source(dataset: Dataset | entities.Dataset | entities.DatasetInput) -> dict[str, Any]:
    """Where a dataset came from."""
    if isinstance(dataset, Dataset):
        return dataset.source
    described = dataset.dataset if isinstance(dataset, entities.DatasetInput) else dataset
    source: dict[str, Any] = json.loads(described.source)
    return source
