"""Describing the data that a run reads, so that ``log_input`` can record it: name, digest, source, schema, size."""

from __future__ import annotations

from quire.data.dataset import Dataset, get_source
from quire.data.make import from_dict, from_jsonl, from_numpy, from_pandas, from_polars

__all__ = ["Dataset", "from_dict", "from_jsonl", "from_numpy", "from_pandas", "from_polars", "get_source"]
