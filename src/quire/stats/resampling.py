"""Drawing rows again: how often each row is drawn in each resample, in blocks that fit into the cache.

A resample of n rows is told by n counts that sum to n. Any sum over resampled rows is then a product of matrices, and
the same counts serve many samples at once, which is how the calibration runs thousands of evaluations in seconds.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

_BLOCK = 1 << 17
"""Cells of a block of counts: 1 MB of numbers, which a processor keeps close by."""


def resample_counts(n: int, resamples: int, seed: int) -> Iterator[Array]:
    """Blocks of counts, resamples × rows. One seed gives one series, however many samples it is used for."""
    import numpy as np

    rng = np.random.default_rng(seed)
    for size in _block_sizes(n, resamples):
        drawn = rng.integers(0, n, size=(size, n), dtype=np.uint32)
        cells = drawn + np.arange(size, dtype=np.int64)[:, None] * n
        yield np.bincount(cells.ravel(), minlength=size * n).reshape(size, n).astype(np.float64)


def grouped_counts(multiplicity: Array, resamples: int, seed: int) -> Iterator[Array]:
    """Blocks of counts, resamples × groups, where rows of a group are alike and ``multiplicity`` tells how many."""
    import numpy as np

    rng = np.random.default_rng(seed)
    n = int(multiplicity.sum())
    for size in _block_sizes(multiplicity.size, resamples):
        yield rng.multinomial(n, multiplicity / n, size=size).astype(np.float64)


def random_signs(n: int, resamples: int, seed: int) -> Iterator[Array]:
    """Blocks of coin flips, resamples × rows, each 0 or 1."""
    import numpy as np

    rng = np.random.default_rng(seed)
    for size in _block_sizes(n, resamples):
        bits = np.frombuffer(rng.bytes((size * n + 7) // 8), dtype=np.uint8)
        yield np.unpackbits(bits, count=size * n).reshape(size, n).astype(np.float64)


def all_signs(n: int) -> Array:
    """All 2ⁿ patterns of 0 and 1, patterns × rows."""
    import numpy as np

    patterns = np.arange(1 << n, dtype=np.int64)
    return ((patterns[:, None] >> np.arange(n)) & 1).astype(np.float64)


def _block_sizes(width: int, resamples: int) -> Iterator[int]:
    size = max(1, _BLOCK // width)
    for start in range(0, resamples, size):
        yield min(size, resamples - start)
