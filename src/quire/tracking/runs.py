"""Starting, ending and finding runs."""

from __future__ import annotations

import os
from typing import Any

import msgspec

from quire.domain.entities import Run, RunStatus
from quire.domain.errors import InvalidInput, InvalidState
from quire.domain.run_names import random_name
from quire.store.base import Store
from quire.store.current import absolute_uri, get_tracking_uri, open_uri
from quire.tracking import context
from quire.tracking.client import Client
from quire.tracking.context import ActiveRun
from quire.tracking.experiments import current_experiment_id
from quire.tracking.origin import NOTE, PARENT, RUN_NAME, origin_tags, user
from quire.tracking.values import tags as to_tags

RUN_VARIABLES = ("QUIRE_RUN_ID", "MLFLOW_RUN_ID")
STATUSES: tuple[RunStatus, ...] = ("RUNNING", "SCHEDULED", "FINISHED", "FAILED", "KILLED")


def start_run(
    run_id: str | None = None,
    experiment_id: str | int | None = None,
    run_name: str | None = None,
    nested: bool = False,
    parent_run_id: str | None = None,
    tags: dict[str, Any] | None = None,
    description: str | None = None,
    log_system_metrics: bool | None = None,
) -> ActiveRun:
    """Start a run and make it the active one here: in this thread or asyncio task.

    With ``run_id`` (or ``QUIRE_RUN_ID`` or ``MLFLOW_RUN_ID`` in the environment, which is used up) that run is taken
    up again. With ``nested=True`` the run becomes a child of the active one; ``parent_run_id`` names another parent.
    ``log_system_metrics`` is accepted and has no effect. Use it as ``with start_run():``, or call :func:`end_run`.

    Raises InvalidState if a run is active and ``nested`` is false, or if the run, parent or experiment is deleted;
    NotFound for an unknown id.
    """
    entries = context.stack()
    if entries and not nested:
        raise InvalidState(
            f"The run {entries[-1].run_id} is active here already. End it first with quire.end_run() or by leaving its "
            "`with` block, or start this one inside of it with nested=True."
        )
    uri = entries[-1].uri if entries else absolute_uri(get_tracking_uri())
    store = open_uri(uri)
    taken_up = run_id or _take_from_environment()
    if taken_up:
        run = _resume(store, taken_up, run_name, _with_note(tags, description))
    else:
        parent = _parent(store, parent_run_id)
        chosen = str(experiment_id) if experiment_id is not None else current_experiment_id()
        run = _create(store, chosen, run_name, parent, _with_note(tags, description))
    active = ActiveRun(info=run.info, data=run.data, inputs=run.inputs, outputs=run.outputs)
    context.push(active, uri)
    return active


def end_run(status: RunStatus = "FINISHED") -> None:
    """End the active run, if there is one. Raises InvalidInput for a status that does not exist."""
    if status not in STATUSES:
        raise InvalidInput(f"The run status {status!r} does not exist. Expected one of {', '.join(STATUSES)}.")
    for variable in RUN_VARIABLES:
        os.environ.pop(variable, None)
    context.end_innermost(status)


def active_run() -> ActiveRun | None:
    """The run that is active in this thread or task; None if there is none."""
    entry = context.innermost()
    return entry.run if entry else None


def last_active_run() -> Run | None:
    """The active run, else the one that ended last, as it is stored now; None if this process had none."""
    entry = context.last_run()
    if entry is None:
        return None
    return entry.store.get_run(entry.run_id) if entry.ended else entry.run


def run_to_log_to() -> context.OpenRun:
    """The active run; one is started if there is none."""
    entry = context.innermost()
    if entry is None:
        start_run()
        entry = context.innermost()
    assert entry is not None
    return entry


def get_run(run_id: str) -> Run:
    """A run with its latest metrics, params, tags, inputs and outputs. NotFound for an unknown id."""
    return Client().get_run(run_id)


def get_parent_run(run_id: str) -> Run | None:
    """The run that a nested run was started in; None for a run without one."""
    return Client().get_parent_run(run_id)


def delete_run(run_id: str) -> None:
    """Mark a run as deleted."""
    Client().delete_run(run_id)


def restore_run(run_id: str) -> None:
    """Undo :func:`delete_run`."""
    Client().restore_run(run_id)


def _take_from_environment() -> str | None:
    for variable in RUN_VARIABLES:
        if run_id := os.environ.pop(variable, None):
            return run_id
    return None


def _resume(store: Store, run_id: str, run_name: str | None, tags: dict[str, Any]) -> Run:
    run = store.get_run(run_id)
    _expect_active(run, "taken up again")
    info = store.update_run(run_id, status="RUNNING", run_name=run_name)
    if tags:
        store.log_batch(run_id, tags=to_tags(tags))
        run = store.get_run(run_id)
    return msgspec.structs.replace(run, info=info)


def _create(store: Store, experiment_id: str, name: str | None, parent: str | None, tags: dict[str, Any]) -> Run:
    name = name or tags.get(RUN_NAME) or random_name()
    all_tags = {**origin_tags(), **tags, RUN_NAME: name, **({PARENT: parent} if parent else {})}
    return store.create_run(experiment_id, run_name=str(name), user_id=user(), tags=to_tags(all_tags))


def _parent(store: Store, parent_run_id: str | None) -> str | None:
    entry = context.innermost()
    if parent_run_id is None:
        return entry.run_id if entry else None
    if entry and entry.run_id != parent_run_id:
        raise InvalidState(
            f"The run {entry.run_id} is active here, and parent_run_id names another one, {parent_run_id}. End the "
            "active run first, or leave parent_run_id out to nest under the active one."
        )
    _expect_active(store.get_run(parent_run_id), "a parent")
    return parent_run_id


def _expect_active(run: Run, role: str) -> None:
    if run.info.lifecycle_stage != "active":
        raise InvalidState(
            f"The run {run.info.run_id} is deleted and cannot be {role}. Restore it with quire.restore_run, or start "
            "another one."
        )


def _with_note(tags: dict[str, Any] | None, description: str | None) -> dict[str, Any]:
    if not description:
        return dict(tags or {})
    if tags and NOTE in tags:
        raise InvalidInput(f"The description is given twice: as `description` and as the tag {NOTE!r}. Leave one out.")
    return {**(tags or {}), NOTE: description}
