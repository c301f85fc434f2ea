"""Turning what a caller gives into arrays, or saying what is wrong with it."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import TYPE_CHECKING, Any

from quire.domain.errors import InvalidInput

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array = NDArray[np.float64]


def as_values(values: Sequence[float], name: str = "values") -> Array:
    """The values as a 1-D array. Raises InvalidInput for none, other shapes, text, NaN and infinities."""
    array = _as_numbers(values, name)
    if array.ndim != 1:
        raise InvalidInput(f"{name} must be a flat list of numbers, not {array.ndim}-dimensional.")
    if array.size == 0:
        raise InvalidInput(f"{name} is empty; statistics need at least one row.")
    check_finite(array, name)
    return array


def as_pair(first: Sequence[float], second: Sequence[float], names: tuple[str, str]) -> tuple[Array, Array]:
    """Two arrays of one length, row by row of the same records. Raises InvalidInput as :func:`as_values` does."""
    left, right = as_values(first, names[0]), as_values(second, names[1])
    if left.size != right.size:
        raise InvalidInput(
            f"{names[0]} has {left.size} values and {names[1]} has {right.size}; "
            "pair them by record and leave out records that either lacks."
        )
    return left, right


def as_matrix(matrix: Any, name: str = "matrix") -> Array:
    """Rows × repeats as a 2-D array in which NaN is a missing repeat."""
    array = _as_numbers(matrix, name)
    if array.ndim != 2:
        raise InvalidInput(f"{name} must have two dimensions, rows × repeats, not {array.ndim}.")
    return array


def check_finite(array: Array, name: str) -> None:
    """Raises InvalidInput with the place of the first value that is NaN or infinite."""
    import numpy as np

    bad = np.flatnonzero(~np.isfinite(array))
    if bad.size:
        raise InvalidInput(
            f"{name}[{bad[0]}] is {array[bad[0]]} ({bad.size} such values); leave out rows without a score."
        )


def check_share(value: float, name: str) -> None:
    """Raises InvalidInput unless the value lies strictly between 0 and 1."""
    if not 0 < value < 1:
        raise InvalidInput(f"{name} is {value}; expected a number between 0 and 1, such as 0.95.")


def check_resamples(resamples: int) -> None:
    """Raises InvalidInput for fewer resamples than an interval can be read from."""
    if resamples < 99:
        raise InvalidInput(f"resamples is {resamples}; expected at least 99 (9999 is the default).")


def check_choice(value: str, allowed: Sequence[str], name: str) -> None:
    """Raises InvalidInput naming the choices."""
    if value not in allowed:
        raise InvalidInput(f"Unknown {name} {value!r}; expected one of {', '.join(map(repr, allowed))}.")


def as_clusters(clusters: Sequence[Hashable], n: int) -> NDArray[np.intp]:
    """For each row the number of its cluster, counted from 0 in order of first appearance."""
    import numpy as np

    found = list(clusters)
    if len(found) != n:
        raise InvalidInput(f"clusters names {len(found)} rows and there are {n} values; give each row its cluster.")
    numbers: dict[Hashable, int] = {}
    codes = np.array([numbers.setdefault(name, len(numbers)) for name in found], dtype=np.intp)
    if len(numbers) < 2:
        raise InvalidInput(
            "All rows are of one cluster, which says nothing about others; statistics by cluster need at least two."
        )
    return codes


def _as_numbers(values: Any, name: str) -> Array:
    import numpy as np

    try:
        array = np.asarray(values)
    except ValueError as error:
        raise InvalidInput(f"{name} must be a list of numbers: {error}.") from error
    if array.dtype.kind not in "biuf":
        raise InvalidInput(f"{name} must hold numbers only, not text or None; leave out rows without a score.")
    return array.astype(np.float64)
