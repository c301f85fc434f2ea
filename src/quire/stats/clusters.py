"""Rows that come in groups: sums by cluster, and the standard error that allows for them."""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from typing import TYPE_CHECKING

from quire.stats.checks import as_clusters, as_values

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array = NDArray[np.float64]


def cluster_standard_error(values: Sequence[float], clusters: Sequence[Hashable]) -> float:
    """The standard error of the mean when rows of a cluster resemble one another, in the units of the values.

    Rows that share a document, a user or a conversation are not as many independent witnesses as there are rows; the
    usual standard error is then too small. Assumes that clusters are independent of one another, and that there are
    many (thirty, say): with few, use the interval of ``mean_interval``. Source: K.-Y. Liang and S. L. Zeger,
    "Longitudinal data analysis using generalized linear models", Biometrika 73 (1986), for a mean, times G / (G − 1)
    for G clusters. Raises InvalidInput for fewer than two clusters, NaN, or lengths that differ.
    """
    array = as_values(values)
    sums = cluster_sums(array - array.mean(), as_clusters(clusters, array.size))
    count = sums.size
    variance = float((sums**2).sum()) * count / (count - 1) / array.size**2
    return math.sqrt(variance)


def cluster_sums(values: Array, codes: NDArray[np.intp]) -> Array:
    """The sum of the values of each cluster, in order of the clusters' numbers."""
    import numpy as np

    return np.bincount(codes, weights=values).astype(np.float64)


def cluster_sizes(codes: NDArray[np.intp]) -> Array:
    """How many rows each cluster has."""
    import numpy as np

    return np.bincount(codes).astype(np.float64)
