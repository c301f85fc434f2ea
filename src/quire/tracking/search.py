"""Searching runs and logged models across pages, as lists or dataframes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, overload

from quire.domain.entities import Run
from quire.domain.errors import InvalidInput
from quire.domain.registry import LoggedModel
from quire.tracking.client import Client
from quire.tracking.experiments import collect, current_experiment_id, search_experiments
from quire.tracking.frames import checked_format, models_frame, runs_frame

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl

MOST_RUNS = 100_000


@overload
def search_runs(
    experiment_ids: Sequence[str] | None = None,
    filter_string: str = "",
    run_view_type: int | str = "ACTIVE_ONLY",
    max_results: int = MOST_RUNS,
    order_by: Sequence[str] | None = None,
    output_format: Literal["pandas"] = "pandas",
    search_all_experiments: bool = False,
    experiment_names: Sequence[str] | None = None,
) -> pd.DataFrame: ...


@overload
def search_runs(
    experiment_ids: Sequence[str] | None = None,
    filter_string: str = "",
    run_view_type: int | str = "ACTIVE_ONLY",
    max_results: int = MOST_RUNS,
    order_by: Sequence[str] | None = None,
    *,
    output_format: Literal["list"],
    search_all_experiments: bool = False,
    experiment_names: Sequence[str] | None = None,
) -> list[Run]: ...


@overload
def search_runs(
    experiment_ids: Sequence[str] | None = None,
    filter_string: str = "",
    run_view_type: int | str = "ACTIVE_ONLY",
    max_results: int = MOST_RUNS,
    order_by: Sequence[str] | None = None,
    *,
    output_format: Literal["polars"],
    search_all_experiments: bool = False,
    experiment_names: Sequence[str] | None = None,
) -> pl.DataFrame: ...


def search_runs(
    experiment_ids: Sequence[str] | None = None,
    filter_string: str = "",
    run_view_type: int | str = "ACTIVE_ONLY",
    max_results: int = MOST_RUNS,
    order_by: Sequence[str] | None = None,
    output_format: Literal["pandas", "list", "polars"] = "pandas",
    search_all_experiments: bool = False,
    experiment_names: Sequence[str] | None = None,
) -> Any:
    """Runs that match, of the active experiment or of those named by id or by name.

    The filter is MLflow's, such as ``"metrics.accuracy > 0.9 and params.model = 'gpt-4o'"``; ``order_by`` takes texts
    such as ``"metrics.accuracy DESC"``; newest start first by default. A dataframe has the columns ``run_id``,
    ``experiment_id``, ``status``, ``artifact_uri``, ``start_time``, ``end_time``, ``metrics.*``, ``params.*`` and
    ``tags.*``. Names that do not exist are left out.

    Raises InvalidInput for a malformed filter; MissingExtra if the dataframe library is not installed.
    """
    checked_format(output_format, ("pandas", "list", "polars"))
    ids = _experiments_to_search(experiment_ids, experiment_names, search_all_experiments)
    client = Client()
    runs: list[Run] = []
    if ids:
        runs = collect(
            lambda size, token: client.search_runs(ids, filter_string, run_view_type, size, order_by, token),
            max_results,
        )
    return runs if output_format == "list" else runs_frame(runs, output_format)


def search_logged_models(
    experiment_ids: Sequence[str] | None = None,
    filter_string: str | None = None,
    datasets: Sequence[Mapping[str, str]] | None = None,
    max_results: int | None = None,
    order_by: Sequence[Mapping[str, Any] | str] | None = None,
    output_format: Literal["pandas", "list"] = "pandas",
) -> Any:
    """Logged models that match, of the active experiment or of those given, as a dataframe or a list."""
    checked_format(output_format, ("pandas", "list"))
    client = Client()
    ids = list(experiment_ids or [current_experiment_id()])
    models: list[LoggedModel] = collect(
        lambda size, token: client.search_logged_models(ids, filter_string, datasets, size, order_by, token),
        max_results,
        size=100,
    )
    return models if output_format == "list" else models_frame(models)


def _experiments_to_search(ids: Sequence[str] | None, names: Sequence[str] | None, everywhere: bool) -> list[str]:
    if ids and names:
        raise InvalidInput("Name experiments either by `experiment_ids` or by `experiment_names`, not both.")
    if names:
        client = Client()
        found = [client.get_experiment_by_name(name) for name in names]
        return [experiment.experiment_id for experiment in found if experiment]
    if ids:
        return [str(ids)] if isinstance(ids, str | int) else [str(each) for each in ids]
    if everywhere:
        return [experiment.experiment_id for experiment in search_experiments()]
    return [current_experiment_id()]
