"""Experiments over MLflow's REST protocol."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

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
from quire.store.rest.base import Nothing, RestPart, clean_tags

MAX_PAGE = 50_000


class _Created(msgspec.Struct):
    experiment_id: str


class _Found(msgspec.Struct):
    experiment: Experiment


class _Listed(msgspec.Struct):
    experiments: list[Experiment] = []
    next_page_token: str | None = None


class RestExperiments(RestPart):
    """The part of a store that keeps experiments."""

    def create_experiment(self, name: str, *, artifact_location: str | None = None, tags: Sequence[Tag] = ()) -> str:
        """Create an experiment and return its id. AlreadyExists if the name is taken, deleted or not."""
        check_experiment_name(name)
        check_tags(tags, "experiment", MAX_EXPERIMENT_TAG)
        fields = {"name": name, "artifact_location": artifact_location or None, "tags": clean_tags(tags)}
        look = f"Look with get_experiment_by_name({name!r})."
        return self._post("/experiments/create", _Created, fields, repeatable=False, look=look).experiment_id

    def get_experiment(self, experiment_id: str) -> Experiment:
        """The experiment of that id, deleted or not."""
        check_experiment_id(experiment_id)
        return _sorted(self._get("/experiments/get", _Found, {"experiment_id": experiment_id}).experiment)

    def get_experiment_by_name(self, name: str) -> Experiment | None:
        """The experiment of that name, deleted or not; None if there is none."""
        try:
            return _sorted(self._get("/experiments/get-by-name", _Found, {"experiment_name": name}).experiment)
        except NotFound:
            return None

    def rename_experiment(self, experiment_id: str, name: str) -> None:
        """Give an active experiment another name."""
        check_experiment_name(name)
        check_experiment_id(experiment_id)
        self._post("/experiments/update", Nothing, {"experiment_id": experiment_id, "new_name": name})

    def delete_experiment(self, experiment_id: str) -> None:
        """Mark an experiment and its runs as deleted. NotFound if it is deleted already."""
        self._mark("delete", experiment_id)

    def restore_experiment(self, experiment_id: str) -> None:
        """Undo delete_experiment: the experiment and all its runs are active. NotFound if it is not deleted."""
        self._mark("restore", experiment_id)

    def _mark(self, change: str, experiment_id: str) -> None:
        check_experiment_id(experiment_id)
        look = f"Look at get_experiment({experiment_id!r}).lifecycle_stage."
        fields = {"experiment_id": experiment_id}
        self._post(f"/experiments/{change}", Nothing, fields, repeatable=False, look=look)

    def set_experiment_tag(self, experiment_id: str, tag: Tag) -> None:
        """Set or replace a tag."""
        check_tags([tag], "experiment", MAX_EXPERIMENT_TAG)
        check_experiment_id(experiment_id)
        fields = {"experiment_id": experiment_id, "key": tag.key, "value": redact(tag.value)}
        self._post("/experiments/set-experiment-tag", Nothing, fields)

    def delete_experiment_tag(self, experiment_id: str, key: str) -> None:
        """Remove a tag; NotFound if it is not set."""
        check_experiment_id(experiment_id)
        fields = {"experiment_id": experiment_id, "key": key}
        self._post("/experiments/delete-experiment-tag", Nothing, fields, repeatable=False)

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
        fields = {
            "filter": filter_string or None,
            "view_type": view,
            "order_by": list(order_by) or None,
            "max_results": max_results,
            "page_token": page_token,
        }
        found = self._post("/experiments/search", _Listed, fields)
        return Page([_sorted(experiment) for experiment in found.experiments], found.next_page_token or None)


def _sorted(experiment: Experiment) -> Experiment:
    experiment.tag_list.sort(key=lambda tag: tag.key)
    return experiment
