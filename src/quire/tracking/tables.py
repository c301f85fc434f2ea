"""Tables as columns of plain values: read from dictionaries and dataframes, written in MLflow's JSON form."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from quire.domain.errors import InvalidInput, MissingExtra, QuireError

if TYPE_CHECKING:
    import pandas as pd

Columns = dict[str, list[Any]]
"""Column name to values; all columns are equally long."""

_NOTHING = {"NaTType", "NAType"}
_MISSING_PANDAS = (
    "{what} gives a pandas dataframe, and pandas is not installed. Install it: pip install 'quire[pandas]'."
)


def columns_of(data: object) -> Columns:
    """The columns of a dictionary (of lists, or of single values: one row), a list of dictionaries or a dataframe.

    Raises InvalidInput for anything else and for columns of different lengths.
    """
    if isinstance(data, Mapping):
        return _from_mapping(data)
    if isinstance(data, Sequence) and not isinstance(data, str | bytes):
        return _from_rows(data)
    if hasattr(data, "columns") or hasattr(data, "column_names"):
        return _from_frame(data)
    raise InvalidInput(
        f"A table must be a dictionary of columns, a list of rows or a dataframe, not {type(data).__name__}."
    )


def row_count(columns: Columns) -> int:
    """How many rows the columns have."""
    return len(next(iter(columns.values()), []))


def appended(first: Columns, second: Columns) -> Columns:
    """The rows of both; where a column is missing its values are None."""
    lengths = row_count(first), row_count(second)
    names = [*first, *(name for name in second if name not in first)]
    return {name: [*first.get(name, [None] * lengths[0]), *second.get(name, [None] * lengths[1])] for name in names}


def to_split_json(columns: Columns) -> bytes:
    """``{"columns": [names], "data": [rows]}``, as MLflow stores tables. Raises InvalidInput, naming the column."""
    rows = [list(row) for row in zip(*columns.values(), strict=True)]
    try:
        return msgspec.json.encode({"columns": list(columns), "data": rows}, enc_hook=_plain)
    except (TypeError, ValueError):
        raise _unwritable(columns) from None


def from_split_json(data: bytes, name: str) -> Columns:
    """The columns of :func:`to_split_json`. Raises InvalidInput for a file that is no such table."""
    try:
        table = msgspec.json.decode(data, type=_Split)
    except msgspec.MsgspecError as error:
        raise InvalidInput(f"The artifact {name!r} is not a table that log_table wrote: {error}.") from None
    names = [str(column) for column in table.columns]
    return {column: [row[place] for row in table.data] for place, column in enumerate(names)}


def to_parquet(columns: Columns) -> bytes:
    """The table as a Parquet file. MissingExtra if pyarrow is not installed."""
    pyarrow, parquet = _arrow()
    sink = pyarrow.BufferOutputStream()
    parquet.write_table(pyarrow.table(columns), sink)
    return bytes(sink.getvalue().to_pybytes())


def from_parquet(data: bytes) -> Columns:
    """The columns of a Parquet file. MissingExtra if pyarrow is not installed."""
    pyarrow, parquet = _arrow()
    columns: Columns = parquet.read_table(pyarrow.BufferReader(data)).to_pydict()
    return columns


def to_bytes(columns: Columns, name: str) -> bytes:
    """The file that the name's ending asks for."""
    return to_parquet(columns) if name.endswith(".parquet") else to_split_json(columns)


def from_bytes(data: bytes, name: str) -> Columns:
    """The columns of a file written by :func:`to_bytes`."""
    return from_parquet(data) if name.endswith(".parquet") else from_split_json(data, name)


def checked_table_name(name: str | Path) -> str:
    """The name of a table's file. Raises InvalidInput unless it ends in .json or .parquet."""
    if str(name).endswith((".json", ".parquet")):
        return str(name)
    raise InvalidInput(f"A table is stored as .json or .parquet; the name {str(name)!r} ends in neither.")


def to_pandas(columns: Mapping[str, Any], what: str) -> pd.DataFrame:
    """A pandas dataframe of the columns. MissingExtra if pandas is not installed."""
    try:
        import pandas as pd
    except ImportError:
        raise MissingExtra(_MISSING_PANDAS.format(what=what)) from None
    return pd.DataFrame(dict(columns))


class _Split(msgspec.Struct):
    columns: list[Any]
    data: list[list[Any]]


def _from_mapping(data: Mapping[Any, Any]) -> Columns:
    values = {str(name): value for name, value in data.items()}
    if not any(_is_column(value) for value in values.values()):
        return {name: [value] for name, value in values.items()}
    columns = {name: list(value) if _is_column(value) else None for name, value in values.items()}
    lengths = {name: len(column) for name, column in columns.items() if column is not None}
    if len(set(lengths.values())) > 1:
        raise InvalidInput(f"The columns of the table have different lengths: {lengths}. Make them equally long.")
    length = next(iter(lengths.values()))
    return {name: column if column is not None else [values[name]] * length for name, column in columns.items()}


def _is_column(value: object) -> bool:
    if isinstance(value, str | bytes | Mapping):
        return False
    return isinstance(value, Sequence) or hasattr(value, "tolist") or hasattr(value, "to_list")


def _from_rows(rows: Sequence[Any]) -> Columns:
    if not all(isinstance(row, Mapping) for row in rows):
        raise InvalidInput("A table given as a list must be a list of dictionaries, one a row.")
    names = list(dict.fromkeys(str(name) for row in rows for name in row))
    return {name: [row.get(name) for row in rows] for name in names}


def _from_frame(frame: Any) -> Columns:
    import narwhals as nw

    try:
        native = nw.from_native(frame, eager_only=True)
    except TypeError as error:
        raise InvalidInput(f"{type(frame).__name__} is not a dataframe that can be read: {error}") from None
    return {str(name): _without_missing(native[name].to_list()) for name in native.columns}


def _without_missing(column: list[Any]) -> list[Any]:
    """The values with pandas' words for nothing, other than NaN, as None."""
    if not any(kind.__name__ in _NOTHING for kind in set(map(type, column))):
        return column
    return [None if type(value).__name__ in _NOTHING else value for value in column]


def _plain(value: Any) -> Any:
    if hasattr(value, "tolist"):
        return value.tolist()
    if hasattr(value, "isoformat"):
        return value.isoformat()
    raise TypeError(type(value).__name__)


def _unwritable(columns: Columns) -> QuireError:
    for name, column in columns.items():
        for row, value in enumerate(column):
            try:
                msgspec.json.encode(value, enc_hook=_plain)
            except (TypeError, ValueError):
                return InvalidInput(
                    f"Column {name!r} of the table holds {type(value).__name__} in row {row}, which JSON cannot write. "
                    "Convert it to text or numbers first."
                )
    return InvalidInput("The table cannot be written as JSON.")


def _arrow() -> tuple[Any, Any]:
    try:
        import pyarrow  # type: ignore[import-untyped]
        import pyarrow.parquet  # type: ignore[import-untyped]
    except ImportError:
        raise MissingExtra("Parquet tables need pyarrow. Install it (pip install pyarrow), or use .json.") from None
    return pyarrow, pyarrow.parquet


def is_missing(value: object) -> bool:
    """Whether a value stands for nothing: None or NaN."""
    return value is None or (isinstance(value, float) and math.isnan(value))
