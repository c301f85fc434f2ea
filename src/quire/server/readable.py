"""What who asks may read and change, where no rule can tell because the call itself finds out what it is about."""

from __future__ import annotations

from quire.domain.access import Resource, Role
from quire.domain.entities import Experiment
from quire.server.auth.asking import current
from quire.server.context import Context


def readable_experiments(context: Context, wanted: list[str]) -> list[str]:
    """The experiments that who asks may read: of these, or of all where none is named."""
    if not wanted:
        wanted = [one.experiment_id for one in _all_experiments(context)]
    asking = current.get(None)
    if asking is None:
        return wanted
    return [one for one in wanted if asking.identity.reads(Resource("experiment", one))]


def _all_experiments(context: Context) -> list[Experiment]:
    found: list[Experiment] = []
    token: str | None = None
    while True:
        page = context.store.search_experiments(page_token=token)
        found += page
        token = page.token
        if not token:
            return found


def require(role: Role, experiment_id: str) -> None:
    """Raise PermissionDenied unless who asks has this role on an experiment that no rule of the call names."""
    asking = current.get(None)
    if asking is not None:
        asking.identity.require(role, Resource("experiment", experiment_id))
