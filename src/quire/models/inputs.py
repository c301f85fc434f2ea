"""Input data in any form that a user has it in, as rows: mappings from column to value, or bare values.

=============================================  =====================================================
given                                          rows
=============================================  =====================================================
text                                           one
a mapping of values                            one
a mapping of lists (or arrays, series)         one for each position
a list or tuple of mappings or texts           one for each
a dataframe or table (pandas, polars, Arrow)   one for each; columns that are not read are left out
a series, a one-dimensional array              one for each
a generator or other iterable                  one for each, read as they are needed
an async iterable                              the same, for apredict
=============================================  =====================================================

Dataframes are read in slices, column by column, so that a large one costs no copy of itself.
"""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator, Iterable, Iterator, Mapping, Sequence, Sized
from itertools import chain
from typing import Any

from quire.domain.errors import SchemaError
from quire.domain.rows import Row
from quire.models.frames import as_frame, as_series, is_array, is_arrow_array

_SLICE = 8192
Rows = Iterable[Row]


def sync_rows(data: Any, columns: Sequence[str]) -> tuple[Rows, int | None]:
    """The rows of ``data`` and how many they are, None where that is not known yet.

    ``columns`` are those that the model reads where they exist. Raises SchemaError for data that has no rows or is
    of a kind that cannot be read.
    """
    if isinstance(data, AsyncIterable):
        raise SchemaError("The input is an async iterable, which only apredict and apredict_iter can read.")
    rows, total = _rows(data, columns)
    if total == 0:
        raise SchemaError(
            f"The input, {_kind(data)}, has no rows; expected at least one. Check the filter or join that made it."
        )
    return rows, total


async def async_rows(data: Any, columns: Sequence[str]) -> AsyncIterator[Row]:
    """The rows of ``data``, async iterables included."""
    if isinstance(data, AsyncIterable):
        async for row in data:
            yield row
        return
    rows, _total = sync_rows(data, columns)
    for row in rows:
        yield row


def _rows(data: Any, columns: Sequence[str]) -> tuple[Rows, int | None]:
    if isinstance(data, str):
        return [data], 1
    if isinstance(data, Mapping):
        return _mapping_rows(data)
    if isinstance(data, list | tuple):
        return data, len(data)
    if is_array(data):
        return _array_rows(data)
    if is_arrow_array(data):
        return data.to_pylist(), len(data)
    frame = as_frame(data)
    if frame is not None:
        return _frame_rows(frame, columns), len(frame)
    series = as_series(data)
    if series is not None:
        return _slices(series), len(series)
    if isinstance(data, Iterable) and not isinstance(data, bytes | bytearray):
        return data, len(data) if isinstance(data, Sized) else None
    raise SchemaError(
        f"The input is {_kind(data)}; expected text, a mapping, a list of either, a dataframe (pandas, polars or "
        "Arrow), or an iterable of rows."
    )


def _mapping_rows(data: Mapping[str, Any]) -> tuple[Rows, int | None]:
    """One row, or the rows of columns given as lists."""
    values = list(data.values())
    if not values or not all(_is_column(value) for value in values):
        return [data], 1
    lengths = {name: len(value) for name, value in data.items()}
    if len(set(lengths.values())) > 1:
        raise SchemaError(f"The input's columns differ in length: {lengths}.")
    names = list(data)
    count = next(iter(lengths.values()))
    return (dict(zip(names, row, strict=True)) for row in zip(*map(_items, values), strict=True)), count


def _is_column(value: Any) -> bool:
    return isinstance(value, list | tuple) or is_array(value) or is_arrow_array(value) or as_series(value) is not None


def _items(column: Any) -> Iterable[Any]:
    if isinstance(column, list | tuple):
        return column
    return _array_rows(column)[0] if is_array(column) else _rows(column, ())[0]


def _array_rows(array: Any) -> tuple[Rows, int]:
    if array.ndim == 2 and array.shape[1] == 1:
        array = array[:, 0]
    if array.ndim != 1:
        raise SchemaError(
            f"The input is an array of shape {tuple(array.shape)}; expected one dimension, a value for each row. "
            "Give several columns as a dataframe or a list of mappings."
        )
    return array.tolist(), len(array)


def _frame_rows(frame: Any, columns: Sequence[str]) -> Iterator[Row]:
    """The rows of a dataframe: of the columns that are read if they are all there, else of all (to name them)."""
    names = [name for name in columns if name in frame.columns]
    if len(names) < len(columns) or not names:
        names = frame.columns[:1] if len(columns) <= 1 else frame.columns
    selected = frame.select(names)
    for start in range(0, len(selected), _SLICE):
        part = selected[start : start + _SLICE]
        values = [part[name].to_list() for name in names]
        yield from (dict(zip(names, row, strict=True)) for row in zip(*values, strict=True))


def _slices(series: Any) -> Iterator[Any]:
    return chain.from_iterable(series[start : start + _SLICE].to_list() for start in range(0, len(series), _SLICE))


def _kind(data: Any) -> str:
    if data is None:
        return "None"
    return f"of type {type(data).__name__}"
