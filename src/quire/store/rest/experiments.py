"""Experiments over MLflow's REST protocol."""

from __future__ import annotations

from collections.abc import Sequence

from quire.domain.entities import Experiment, Tag, ViewType
from quire.domain.errors import NotFound
from quire.domain.names import (
    MAX_EXPERIMENT_TAG,
    check_experiment_id,
    check_experiment_name,
    check_page_size,
    check_tags,
    check_view,
)
from quire.domain.paging import Page
from quire.domain.redaction import redact
from quire.store.rest.base import RestPart, clean_tags
from quire.store.rest.wire.experiments import (
    CreateExperiment,
    CreateExperimentResponse,
    DeleteExperiment,
    DeleteExperimentTag,
    GetExperiment,
    GetExperimentByName,
    GetExperimentResponse,
    RestoreExperiment,
    SearchExperiments,
    SearchExperimentsResponse,
    SetExperimentTag,
    UpdateExperiment,
)

MAX_PAGE = 50_000


class RestExperiments(RestPart):
    """The part of a store that keeps experiments."""

    def create_experiment(self, name: str, *, artifact_location: str | None = None, tags: Sequence[Tag] = ()) -> str:
        """Create an experiment and return its id. AlreadyExists if the name is taken, deleted or not."""
        check_experiment_name(name)
        check_tags(tags, "experiment", MAX_EXPERIMENT_TAG)
        made = CreateExperiment(name=name, artifact_location=artifact_location or None, tags=clean_tags(tags))
        look = f"Look with get_experiment_by_name({name!r})."
        answer = self._ask("POST", "/experiments/create", made, CreateExperimentResponse, repeatable=False, look=look)
        return answer.experiment_id

    def get_experiment(self, experiment_id: str) -> Experiment:
        """The experiment of that id, deleted or not."""
        check_experiment_id(experiment_id)
        message = GetExperiment(experiment_id=experiment_id)
        return _sorted(self._get("/experiments/get", message, GetExperimentResponse).experiment)

    def get_experiment_by_name(self, name: str) -> Experiment | None:
        """The experiment of that name, deleted or not; None if there is none."""
        message = GetExperimentByName(experiment_name=name)
        try:
            return _sorted(self._get("/experiments/get-by-name", message, GetExperimentResponse).experiment)
        except NotFound:
            return None

    def rename_experiment(self, experiment_id: str, name: str) -> None:
        """Give an active experiment another name."""
        check_experiment_name(name)
        check_experiment_id(experiment_id)
        self._tell("POST", "/experiments/update", UpdateExperiment(experiment_id=experiment_id, new_name=name))

    def delete_experiment(self, experiment_id: str) -> None:
        """Mark an experiment and its runs as deleted. NotFound if it is deleted already."""
        check_experiment_id(experiment_id)
        message = DeleteExperiment(experiment_id=experiment_id)
        self._tell("POST", "/experiments/delete", message, repeatable=False, look=_look(experiment_id))

    def restore_experiment(self, experiment_id: str) -> None:
        """Undo delete_experiment: the experiment and all its runs are active. NotFound if it is not deleted."""
        check_experiment_id(experiment_id)
        message = RestoreExperiment(experiment_id=experiment_id)
        self._tell("POST", "/experiments/restore", message, repeatable=False, look=_look(experiment_id))

    def set_experiment_tag(self, experiment_id: str, tag: Tag) -> None:
        """Set or replace a tag."""
        check_tags([tag], "experiment", MAX_EXPERIMENT_TAG)
        check_experiment_id(experiment_id)
        message = SetExperimentTag(experiment_id=experiment_id, key=tag.key, value=redact(tag.value))
        self._tell("POST", "/experiments/set-experiment-tag", message)

    def delete_experiment_tag(self, experiment_id: str, key: str) -> None:
        """Remove a tag; NotFound if it is not set."""
        check_experiment_id(experiment_id)
        message = DeleteExperimentTag(experiment_id=experiment_id, key=key)
        self._tell("POST", "/experiments/delete-experiment-tag", message, repeatable=False)

    def search_experiments(
        self,
        *,
        filter_string: str = "",
        view: ViewType = "ACTIVE_ONLY",
        order_by: Sequence[str] = (),
        max_results: int = 1000,
        page_token: str | None = None,
    ) -> Page[Experiment]:
        """Experiments that match the filter; newest first unless ordered otherwise."""
        check_page_size(max_results, MAX_PAGE)
        check_view(view)
        message = SearchExperiments(
            filter=filter_string,
            view_type=view,
            order_by=list(order_by),
            max_results=max_results,
            page_token=page_token,
        )
        found = self._ask("POST", "/experiments/search", message, SearchExperimentsResponse)
        return Page([_sorted(experiment) for experiment in found.experiments], found.next_page_token or None)


def _sorted(experiment: Experiment) -> Experiment:
    experiment.tag_list.sort(key=lambda tag: tag.key)
    return experiment


def _look(experiment_id: str) -> str:
    return f"Look at get_experiment({experiment_id!r}).lifecycle_stage."
