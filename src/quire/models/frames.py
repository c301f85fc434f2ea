"""Recognising dataframes, series and arrays of any library, without importing one that is not in use."""

from __future__ import annotations

import sys
from typing import Any


def as_frame(value: Any) -> Any:
    """``value`` as a narwhals DataFrame, or None if it is not a dataframe or table."""
    if _is_plain(value):
        return None
    import narwhals as nw

    frame: Any = nw.from_native(value, pass_through=True)
    if isinstance(frame, nw.LazyFrame):
        return frame.collect()
    return frame if isinstance(frame, nw.DataFrame) else None


def as_series(value: Any) -> Any:
    """``value`` as a narwhals Series, or None if it is not a column."""
    if _is_plain(value):
        return None
    import narwhals as nw

    series: Any = nw.from_native(value, pass_through=True, series_only=True)
    return series if isinstance(series, nw.Series) else None


def is_array(value: Any) -> bool:
    """Whether ``value`` is a NumPy array."""
    numpy = sys.modules.get("numpy")
    return numpy is not None and isinstance(value, numpy.ndarray)


def is_arrow_array(value: Any) -> bool:
    """Whether ``value`` is an Arrow array that is not part of a table."""
    arrow = sys.modules.get("pyarrow")
    return arrow is not None and isinstance(value, arrow.Array)


def _is_plain(value: Any) -> bool:
    return value is None or type(value).__module__ == "builtins"
