"""Runs and logged models as rows of a table, with MLflow's column names."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

from quire.domain.entities import Run
from quire.domain.errors import InvalidInput, MissingExtra
from quire.domain.registry import LoggedModel
from quire.tracking.tables import Columns, to_pandas

RUN_COLUMNS = ("run_id", "experiment_id", "status", "artifact_uri", "start_time", "end_time")
_TIMES = ("start_time", "end_time")


def run_columns(runs: Sequence[Run]) -> Columns:
    """The columns of a table of runs; times in milliseconds, a missing metric NaN, a missing param or tag None."""
    columns: Columns = {name: [getattr(run.info, name) for run in runs] for name in RUN_COLUMNS}
    columns |= _spread("metrics", [run.data.metrics for run in runs], math.nan)
    columns |= _spread("params", [run.data.params for run in runs], None)
    columns |= _spread("tags", [run.data.tags for run in runs], None)
    return columns


def runs_frame(runs: Sequence[Run], output_format: str) -> Any:
    """A pandas or polars dataframe of runs. MissingExtra if the library is not installed."""
    columns = run_columns(runs)
    if output_format == "polars":
        return _polars(columns)
    return _pandas(columns)


def models_frame(models: Iterable[LoggedModel]) -> Any:
    """A pandas dataframe of logged models, with MLflow's columns."""
    rows = [
        {
            "artifact_location": model.artifact_location,
            "creation_timestamp": model.creation_timestamp,
            "experiment_id": model.experiment_id,
            "last_updated_timestamp": model.last_updated_timestamp,
            "metrics": model.metrics,
            "model_id": model.model_id,
            "model_type": model.model_type,
            "name": model.name,
            "params": model.params,
            "source_run_id": model.source_run_id,
            "status": model.status,
            "status_message": None,
            "tags": model.tags,
        }
        for model in models
    ]
    names = list(rows[0]) if rows else []
    return to_pandas({name: [row[name] for row in rows] for name in names}, "search_logged_models")


def checked_format(output_format: str, allowed: Sequence[str]) -> str:
    """The output format. Raises InvalidInput for one that does not exist."""
    if output_format in allowed:
        return output_format
    raise InvalidInput(f"The output format {output_format!r} does not exist. Expected one of {', '.join(allowed)}.")


def _spread(prefix: str, mappings: Sequence[dict[str, Any]], missing: Any) -> Columns:
    keys = dict.fromkeys(key for mapping in mappings for key in mapping)
    return {f"{prefix}.{key}": [mapping.get(key, missing) for mapping in mappings] for key in keys}


def _pandas(columns: Columns) -> Any:
    frame = to_pandas(columns, "search_runs")
    import pandas as pd

    for name in _TIMES:
        frame[name] = pd.Series(pd.to_datetime(frame[name], unit="ms", utc=True)).astype("datetime64[us, UTC]")
    return frame


def _polars(columns: Columns) -> Any:
    try:
        import polars as pl
    except ImportError:
        raise MissingExtra(
            "output_format='polars' needs polars, which is not installed. Install it: pip install polars."
        ) from None
    times = [pl.col(name).cast(pl.Int64).cast(pl.Datetime("ms", "UTC")) for name in _TIMES]
    return pl.DataFrame(columns, strict=False).with_columns(times)
