"""Experiments, by id."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from quire.domain.entities import Experiment
from quire.domain.errors import NotFound
from quire.domain.paging import Page
from quire.tracking.client.base import ClientBase
from quire.tracking.values import tag, tags, view_type


class ExperimentCalls(ClientBase):
    """What a client does with experiments."""

    def create_experiment(
        self, name: str, artifact_location: str | Path | None = None, tags: dict[str, Any] | None = None
    ) -> str:
        """Create an experiment and return its id. AlreadyExists if the name is taken, deleted or not."""
        return self.store.create_experiment(
            name, artifact_location=str(artifact_location) if artifact_location else None, tags=_tags(tags)
        )

    def get_experiment(self, experiment_id: str) -> Experiment:
        """The experiment of that id, deleted or not; NotFound if there is none."""
        return self.store.get_experiment(str(experiment_id))

    def get_experiment_by_name(self, name: str) -> Experiment | None:
        """The experiment of that name, deleted or not; None if there is none."""
        return self.store.get_experiment_by_name(name)

    def rename_experiment(self, experiment_id: str, new_name: str) -> None:
        """Give an active experiment another name."""
        self.store.rename_experiment(str(experiment_id), new_name)

    def delete_experiment(self, experiment_id: str) -> None:
        """Mark an experiment and its runs as deleted."""
        self.store.delete_experiment(str(experiment_id))

    def restore_experiment(self, experiment_id: str) -> None:
        """Undo :meth:`delete_experiment`."""
        self.store.restore_experiment(str(experiment_id))

    def set_experiment_tag(self, experiment_id: str, key: str, value: Any) -> None:
        """Set or replace a tag."""
        self.store.set_experiment_tag(str(experiment_id), tag(key, value))

    def delete_experiment_tag(self, experiment_id: str, key: str) -> None:
        """Remove a tag; NotFound if it is not set."""
        self.store.delete_experiment_tag(str(experiment_id), key)

    def search_experiments(
        self,
        view_type: int | str = "ACTIVE_ONLY",
        max_results: int | None = 1000,
        filter_string: str | None = None,
        order_by: Sequence[str] | None = None,
        page_token: str | None = None,
    ) -> Page[Experiment]:
        """One page of the experiments that match; ``token`` of the page asks for the next one."""
        return self.store.search_experiments(
            filter_string=filter_string or "",
            view=_view(view_type),
            order_by=order_by or (),
            max_results=max_results or 1000,
            page_token=page_token,
        )

    def _experiment_named(self, name: str) -> Experiment:
        found = self.store.get_experiment_by_name(name)
        if found is None:
            raise NotFound(f"There is no experiment named {name!r}. quire.search_experiments() lists those that exist.")
        return found


_tags = tags
_view = view_type
