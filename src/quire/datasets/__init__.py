"""Named datasets, versioned by their content; and files, dataframes and traces read as datasets, in a stream.

``create``, ``merge``, ``load``, ``search``, ``versions`` and ``delete`` speak to the current store; ``open`` reads what
no store keeps. MLflow's functions are in :mod:`quire.genai.datasets`.
"""

from __future__ import annotations

from collections.abc import Mapping

from quire.datasets.dataset import Dataset
from quire.datasets.diffing import ChangedRecord, DatasetDiff, diff
from quire.datasets.exporting import export
from quire.datasets.finding import load, open, search, versions
from quire.datasets.making import create, delete, merge
from quire.datasets.record import Record
from quire.domain.datasets import DatasetVersion

__all__ = [
    "ChangedRecord",
    "Dataset",
    "DatasetDiff",
    "DatasetVersion",
    "Record",
    "create",
    "delete",
    "diff",
    "export",
    "load",
    "merge",
    "open",
    "search",
    "split",
    "versions",
]


def split(dataset: Dataset | str, shares: Mapping[str, float], *, seed: int = 0) -> dict[str, Dataset]:
    """Divide a dataset, or the one of a name, at random: ``split(data, {"dev": 0.5, "test": 0.5})["dev"]``.

    Which split a record is in follows from a hash of the seed and its group, or its id if it has none: the same on
    every machine and whatever other records there are, and records of a group stay together. Shares are expectations:
    of n groups, about ``share * n`` fall into a split. Raises InvalidInput unless they add up to 1.
    """
    return (load(dataset) if isinstance(dataset, str) else dataset).split(shares, seed=seed)
