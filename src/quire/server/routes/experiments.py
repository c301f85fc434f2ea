"""Experiments: ``/api/2.0/mlflow/experiments/…``."""

from __future__ import annotations

from quire.domain.entities import Experiment, Tag
from quire.domain.errors import InvalidInput, NotFound
from quire.server.calls import Calls
from quire.server.checks import check_location
from quire.server.context import Context
from quire.store.rest.wire.common import Empty
from quire.store.rest.wire.experiments import (
    CreateExperiment,
    CreateExperimentResponse,
    DatasetSummary,
    DeleteExperiment,
    DeleteExperimentTag,
    GetExperiment,
    GetExperimentByName,
    GetExperimentResponse,
    RestoreExperiment,
    SearchDatasets,
    SearchDatasetsResponse,
    SearchExperiments,
    SearchExperimentsResponse,
    SetExperimentTag,
    UpdateExperiment,
)

MOST_EXPERIMENTS = 20
DEFAULT_PAGE = 1000
_CONTEXT_TAG = "mlflow.data.context"

calls = Calls("2.0", "mlflow", tag="Experiments", preview=True)


@calls.write("POST", "experiments/create")
def create_experiment(context: Context, request: CreateExperiment) -> CreateExperimentResponse:
    """Create an experiment and answer its id."""
    location = request.artifact_location or None
    if location is not None:
        check_location(location)
    created = context.store.create_experiment(request.name, artifact_location=location, tags=request.tags)
    return CreateExperimentResponse(experiment_id=created)


@calls.read("GET", "experiments/get", reads="point")
def get_experiment(context: Context, request: GetExperiment) -> GetExperimentResponse:
    """The experiment of an id, deleted or not."""
    return GetExperimentResponse(experiment=context.store.get_experiment(request.experiment_id))


@calls.read("GET", "experiments/get-by-name", reads="point")
def get_experiment_by_name(context: Context, request: GetExperimentByName) -> GetExperimentResponse:
    """The experiment of a name, deleted or not."""
    found = context.store.get_experiment_by_name(request.experiment_name)
    if found is None:
        raise NotFound(f"Could not find experiment with name {request.experiment_name!r}.")
    return GetExperimentResponse(experiment=found)


@calls.read("POST", "experiments/search")
def search_experiments(context: Context, request: SearchExperiments) -> SearchExperimentsResponse:
    """A page of the experiments that match a filter."""
    return _search(context, request)


@calls.read("GET", "experiments/search", "experiments/list")
def search_experiments_by_query(context: Context, request: SearchExperiments) -> SearchExperimentsResponse:
    """A page of the experiments that match a filter."""
    return _search(context, request)


def _search(context: Context, request: SearchExperiments) -> SearchExperimentsResponse:
    page = context.store.search_experiments(
        filter_string=request.filter,
        view=request.view_type,
        order_by=request.order_by,
        max_results=DEFAULT_PAGE if request.max_results is None else request.max_results,
        page_token=request.page_token or None,
    )
    return SearchExperimentsResponse(experiments=page.to_list(), next_page_token=page.token)


@calls.write("POST", "experiments/update")
def update_experiment(context: Context, request: UpdateExperiment) -> Empty:
    """Give an experiment another name."""
    context.store.rename_experiment(request.experiment_id, request.new_name)
    return Empty()


@calls.write("POST", "experiments/delete")
def delete_experiment(context: Context, request: DeleteExperiment) -> Empty:
    """Mark an experiment as deleted, with its runs."""
    context.store.delete_experiment(request.experiment_id)
    return Empty()


@calls.write("POST", "experiments/restore")
def restore_experiment(context: Context, request: RestoreExperiment) -> Empty:
    """Undo the deletion of an experiment."""
    context.store.restore_experiment(request.experiment_id)
    return Empty()


@calls.write("POST", "experiments/set-experiment-tag")
def set_experiment_tag(context: Context, request: SetExperimentTag) -> Empty:
    """Set or replace a tag of an experiment."""
    context.store.set_experiment_tag(request.experiment_id, Tag(request.key, request.value))
    return Empty()


@calls.write("POST", "experiments/delete-experiment-tag")
def delete_experiment_tag(context: Context, request: DeleteExperimentTag) -> Empty:
    """Remove a tag of an experiment."""
    context.store.delete_experiment_tag(request.experiment_id, request.key)
    return Empty()


@calls.read("POST", "experiments/search-datasets")
def search_run_datasets(context: Context, request: SearchDatasets) -> SearchDatasetsResponse:
    """Which datasets the runs of some experiments read, newest runs first; of each experiment's last 1,000 runs."""
    if not 1 <= len(request.experiment_ids) <= MOST_EXPERIMENTS:
        raise InvalidInput(
            f"experiment_ids names {len(request.experiment_ids)} experiments; name 1 to {MOST_EXPERIMENTS}."
        )
    found: dict[DatasetSummary, None] = {}
    for experiment_id in request.experiment_ids:
        found.update(dict.fromkeys(_datasets(context, context.store.get_experiment(experiment_id))))
    return SearchDatasetsResponse(dataset_summaries=list(found))


def _datasets(context: Context, experiment: Experiment) -> list[DatasetSummary]:
    return [
        DatasetSummary(
            experiment_id=experiment.experiment_id,
            name=given.dataset.name,
            digest=given.dataset.digest,
            context=given.tags.get(_CONTEXT_TAG),
        )
        for run in context.store.search_runs([experiment.experiment_id], max_results=1000)
        for given in run.inputs.dataset_inputs
    ]
