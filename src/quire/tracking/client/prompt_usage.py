"""What used a version of a prompt, found in the store by the links that were made when it was loaded."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from quire.domain.entities import Run
from quire.domain.errors import NotFound
from quire.domain.names import check_page_size
from quire.domain.paging import Page
from quire.domain.prompt_links import PromptUsage, link_filter, linked_prompts
from quire.domain.prompt_uris import version_uri
from quire.domain.registry import LoggedModel
from quire.domain.span_names import MODEL_ID
from quire.domain.traces import PromptVersionRef, TraceInfo
from quire.store.base import Store
from quire.tracking.origin import PARENT

MOST = 100_000
RUN_TYPE, EVALUATION = "mlflow.runType", "genai_evaluate"
_PAGE = 1000
_FEW = 50
"""What MLflow's server gives of logged models and traces at once, at most; and of how many models traces are sought."""
Found = TypeVar("Found")


def usage_of(
    store: Store, link: PromptVersionRef, most: int, may_read: Callable[[str], bool] = lambda _experiment_id: True
) -> PromptUsage:
    """Which runs, evaluations, logged models and traces used a version; ``most`` of each at most, newest first.

    Only experiments are looked at whose ids ``may_read`` allows.
    """
    check_page_size(most, MOST)
    experiments = [experiment_id for experiment_id in _experiments(store) if may_read(experiment_id)]
    if not experiments:
        uri = version_uri(link.name, link.version)
        return PromptUsage(uri=uri, runs=[], evaluations=[], models=[], traces=[], complete=True)
    runs, all_runs = _runs(store, link, experiments, most)
    models, all_models = _models(store, link, experiments, most)
    traces, all_traces = _traces(store, link, [model.model_id for model in models], experiments, most)
    return PromptUsage(
        uri=version_uri(link.name, link.version),
        runs=runs,
        evaluations=[run for run in _evaluations(store, runs) if may_read(run.info.experiment_id)],
        models=models,
        traces=traces,
        complete=all_runs and all_models and all_traces,
    )


def _experiments(store: Store) -> list[str]:
    found, _ = _collect(
        lambda token: store.search_experiments(max_results=_PAGE, page_token=token), lambda _found: True, MOST
    )
    return [experiment.experiment_id for experiment in found]


def _runs(store: Store, link: PromptVersionRef, experiments: list[str], most: int) -> tuple[list[Run], bool]:
    wanted = link_filter(link.name)
    return _collect(
        lambda token: store.search_runs(experiments, filter_string=wanted, max_results=_PAGE, page_token=token),
        lambda run: link in linked_prompts(run.data.tags),
        most,
    )


def _models(store: Store, link: PromptVersionRef, experiments: list[str], most: int) -> tuple[list[LoggedModel], bool]:
    wanted = link_filter(link.name)
    return _collect(
        lambda token: store.search_logged_models(experiments, filter_string=wanted, max_results=_FEW, page_token=token),
        lambda model: link in linked_prompts(model.tags),
        most,
    )


def _traces(
    store: Store, link: PromptVersionRef, models: list[str], experiments: list[str], most: int
) -> tuple[list[TraceInfo], bool]:
    """Traces that loaded the version, and those of models that are made of it."""
    wanted = [f"prompt = '{link.name}/{link.version}'"]
    wanted += [f"request_metadata.`{MODEL_ID}` = '{model_id}'" for model_id in models[:_FEW]]
    found: dict[str, TraceInfo] = {}
    complete = len(models) <= _FEW
    for condition in wanted:
        traces, all_of_them = _traces_with(store, condition, experiments, most)
        found.update({trace.trace_id: trace for trace in traces})
        complete = complete and all_of_them
    newest = sorted(found.values(), key=lambda trace: trace.timestamp_ms, reverse=True)
    return newest[:most], complete and len(newest) <= most


def _traces_with(store: Store, condition: str, experiments: list[str], most: int) -> tuple[list[TraceInfo], bool]:
    return _collect(
        lambda token: store.search_traces(experiments, filter_string=condition, max_results=_FEW, page_token=token),
        lambda _trace: True,
        most,
    )


def _evaluations(store: Store, runs: list[Run]) -> list[Run]:
    """Of runs and their parents those that evaluate, each once."""
    known = {run.info.run_id: run for run in runs}
    parents = {run_id for run in runs if (run_id := run.data.tags.get(PARENT)) and run_id not in known}
    others = [run for run_id in sorted(parents) if (run := _run(store, run_id)) is not None]
    return [run for run in (*runs, *others) if run.data.tags.get(RUN_TYPE) == EVALUATION]


def _run(store: Store, run_id: str) -> Run | None:
    try:
        return store.get_run(run_id)
    except NotFound:
        return None


def _collect(
    page_of: Callable[[str | None], Page[Found]], wanted: Callable[[Found], bool], most: int
) -> tuple[list[Found], bool]:
    """Of the pages that ``page_of`` a token gives, the items wanted, ``most`` at most; and whether these are all."""
    found: list[Found] = []
    token: str | None = None
    while True:
        page = page_of(token)
        found += [item for item in page if wanted(item)]
        token = page.token
        if len(found) > most:
            return found[:most], False
        if not token:
            return found, True
