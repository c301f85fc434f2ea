"""Making datasets from what holds data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from quire.data.dataset import Dataset
from quire.domain.errors import InvalidInput, NotFound
from quire.tracking.origin import origin_tags
from quire.tracking.tables import columns_of

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    import polars as pl

Source = str | Path | None
_SOURCE_TYPES = {"http": "http", "https": "http", "s3": "s3", "s3a": "s3", "gs": "gs", "az": "az", "abfss": "abfss"}


def from_pandas(
    df: pd.DataFrame,
    source: Source = None,
    targets: str | None = None,
    name: str | None = None,
    digest: str | None = None,
    predictions: str | None = None,
) -> Dataset:
    """A dataset of a pandas dataframe; without ``source`` it comes from the code that runs."""
    return _dataset(df, source, targets, name, digest, predictions)


def from_polars(
    df: pl.DataFrame,
    source: Source = None,
    targets: str | None = None,
    name: str | None = None,
    digest: str | None = None,
    predictions: str | None = None,
) -> Dataset:
    """A dataset of a polars dataframe."""
    return _dataset(df, source, targets, name, digest, predictions)


def from_dict(
    data: Mapping[str, Any] | Sequence[Mapping[str, Any]],
    source: Source = None,
    targets: str | None = None,
    name: str | None = None,
    digest: str | None = None,
    predictions: str | None = None,
) -> Dataset:
    """A dataset of a dictionary of columns, or of a list of dictionaries, one a row."""
    return _dataset(data, source, targets, name, digest, predictions)


def from_numpy(
    features: np.ndarray[Any, Any],
    source: Source = None,
    targets: np.ndarray[Any, Any] | None = None,
    name: str | None = None,
    digest: str | None = None,
) -> Dataset:
    """A dataset of an array, one column of ``features`` (and one of ``targets``) for each row of the first axis."""
    columns = {"features": features} if targets is None else {"features": features, "targets": targets}
    return _dataset(
        {key: list(value) for key, value in columns.items()}, source, None, name, digest, None, native=features
    )


def from_jsonl(
    path: str | Path,
    source: Source = None,
    targets: str | None = None,
    name: str | None = None,
    digest: str | None = None,
    predictions: str | None = None,
) -> Dataset:
    """A dataset of a file with one JSON object a line, which is also its source unless another is given.

    NotFound if there is no such file; InvalidInput, naming the line, if it is malformed.
    """
    rows = list(_read_lines(Path(path)))
    return _dataset(rows, source or path, targets, name or Path(path).stem, digest, predictions)


def _read_lines(path: Path) -> Any:
    try:
        lines = path.read_bytes().splitlines()
    except FileNotFoundError:
        raise NotFound(f"There is no file {str(path)!r}.") from None
    for number, line in enumerate(lines, 1):
        if line.strip():
            try:
                yield msgspec.json.decode(line, type=dict[str, Any])
            except msgspec.MsgspecError as error:
                raise InvalidInput(f"Line {number} of {str(path)!r} is not a JSON object: {error}.") from None


def _dataset(
    data: Any,
    source: Source,
    targets: str | None,
    name: str | None,
    digest: str | None,
    predictions: str | None,
    native: Any = None,
) -> Dataset:
    where, kind = _source(source)
    return Dataset(
        columns_of(data),
        where,
        kind,
        native=data if native is None else native,
        name=name,
        digest=digest,
        targets=targets,
        predictions=predictions,
    )


def _source(source: Source) -> tuple[dict[str, Any], str]:
    """The source as MLflow writes it, and its type."""
    if source is None:
        return {"tags": origin_tags()}, "code"
    text = str(source)
    kind = _SOURCE_TYPES.get(text.partition("://")[0].lower(), "local") if "://" in text else "local"
    return {"url" if kind == "http" else "uri": text}, kind
