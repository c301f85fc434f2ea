"""What changed in a store since a time, found along indexes: beside :class:`~quire.store.base.Store`.

Quire's SQL stores tell it; what is behind a server is asked of that server (``GET /api/quire/v1/changes``).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from quire.domain.changes import AliasMoved, FailedTrace, RunsChanged, Spent
from quire.domain.errors import InvalidState


class ChangeStore(Protocol):
    """Looks at what was begun from ``since`` (included) to ``until`` (not), in these experiments."""

    def runs_changed(self, experiment_ids: Sequence[str], since: int, until: int, most: int) -> RunsChanged:
        """Runs that were started; at most so many lines of each kind."""

    def spent(self, experiment_ids: Sequence[str], since: int, until: int, bucket_ms: int) -> list[Spent]:
        """What traces used in each ``bucket_ms`` from ``since`` on that had any, oldest first."""

    def failed_traces(self, experiment_ids: Sequence[str], since: int, until: int, most: int) -> list[FailedTrace]:
        """The newest traces that failed."""

    def aliases_moved(self, since: int, until: int) -> list[AliasMoved]:
        """Moves of aliases that were recorded, of prompts and registered models, newest first."""

    def open_runs_tagged(self, experiment_ids: Sequence[str], key: str, most: int) -> list[str]:
        """Ids of runs that have a tag of that key and have not ended, newest first."""

    def holds_anything(self) -> bool:
        """Whether there is any run, trace or registered model."""


def changes_of(store: object) -> ChangeStore:
    """The changes of a store. Raises InvalidState for one that tells none."""
    changes: ChangeStore | None = getattr(store, "changes", None)
    if changes is None:
        raise InvalidState(f"{getattr(store, 'uri', store)} does not tell what changed. Ask the server behind it.")
    return changes
