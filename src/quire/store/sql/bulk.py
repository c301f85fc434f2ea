"""Experiments put into a store as they were elsewhere, with ids and times, and artifact places that moved.

What is there already is kept, whoever wrote it; only what is missing is added. So an import that was interrupted, or
whose source went on, is run again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal, TypeVar

import msgspec

from quire.domain.entities import Experiment
from quire.domain.errors import AlreadyExists
from quire.domain.redaction import redact
from quire.store.sql.base import SqlPart
from quire.store.sql.session import Session
from quire.store.sql.statement import Statement

_EXPERIMENT = Statement("SELECT id, name FROM experiments WHERE id = :id")
_EXPERIMENT_NAMED = Statement("SELECT id, name FROM experiments WHERE name = :name")
_IN_USE = Statement("SELECT 1 FROM runs WHERE experiment_id = :id LIMIT 1")
_ADD_EXPERIMENT = Statement(
    """INSERT INTO experiments (id, name, artifact_location, creation_time, last_update_time, deleted)
    VALUES (:id, :name, :location, :created, :updated, :deleted)"""
)
_REPLACE_EXPERIMENT = Statement(
    """UPDATE experiments SET name = :name, artifact_location = :location, creation_time = :created,
    last_update_time = :updated, deleted = :deleted WHERE id = :id"""
)
_ADD_EXPERIMENT_TAG = Statement(
    """INSERT INTO experiment_tags (experiment_id, key, value) VALUES (:id, :key, :value)
    ON CONFLICT DO NOTHING"""
)
_SET_DELETED = Statement("UPDATE experiments SET deleted = :deleted WHERE id = :id AND deleted <> :other")

T = TypeVar("T")
Kind = Literal["experiment", "run", "logged model", "model version"]
_MOVE: dict[Kind, Statement] = {
    "experiment": Statement(
        "UPDATE experiments SET artifact_location = :new WHERE id = :id AND artifact_location = :old"
    ),
    "run": Statement("UPDATE runs SET artifact_uri = :new WHERE run_id = :run AND artifact_uri = :old"),
    "logged model": Statement(
        "UPDATE logged_models SET artifact_location = :new WHERE model_id = :model AND artifact_location = :old"
    ),
    "model version": Statement(
        """UPDATE model_versions SET source = :new WHERE registered_model_id =
        (SELECT id FROM registered_models WHERE name = :name) AND version = :version AND source = :old"""
    ),
}


class Moved(msgspec.Struct, frozen=True):
    """Artifacts of a thing that are elsewhere now. ``key`` is its id; of a version its model's name and its number."""

    key: tuple[str | int, ...]
    old: str
    new: str


class SqlBulk(SqlPart):
    """Puts experiments into a store as they were elsewhere."""

    def as_one(self, call: Callable[[], T]) -> T:
        """What ``call`` gives; all that it stores is durable when this returns. It may be run more than once."""
        with self._database.write():
            return call()

    def put_experiment(self, experiment: Experiment) -> bool:
        """Add an experiment under its id; whether it is new.

        One of the same id and name is the same one. The ``Default`` of a store in which it holds no run gives way.
        AlreadyExists if the id or the name is another's.
        """
        number, name = int(experiment.experiment_id), experiment.name
        times = (experiment.creation_time or 0, experiment.last_update_time or 0)
        values = (name, experiment.artifact_location, *times, int(experiment.lifecycle_stage == "deleted"))
        with self._database.write() as session:
            session.take_turns("experiments")
            found = session.row(_EXPERIMENT, (number,)) or session.row(_EXPERIMENT_NAMED, (name,))
            if found is None:
                session.run(_ADD_EXPERIMENT, (number, *values))
            elif tuple(found) != (number, name):
                self._give_way(session, found, number, values)
            tags = [(number, tag.key, redact(tag.value)) for tag in experiment.tag_list]
            session.insert(_ADD_EXPERIMENT_TAG, sorted(tags))
        return found is None

    def _give_way(self, session: Session, found: Sequence[Any], number: int, values: tuple[str | int, ...]) -> None:
        named = session.row(_EXPERIMENT_NAMED, (values[0],))
        if found[0] == 0 and number == 0 and named is None and session.row(_IN_USE, (0,)) is None:
            session.run(_REPLACE_EXPERIMENT, (*values, 0))
            return
        raise AlreadyExists(
            f"The experiment {number} {values[0]!r} cannot keep its id and name: the store has the experiment "
            f"{found[0]} {found[1]!r}. Import into a new database, such as --tracking-uri sqlite:///imported.db."
        )

    def set_deleted(self, experiment_id: str, *, deleted: bool) -> bool:
        """Say whether an experiment is deleted, its runs left as they are; whether that is a change."""
        with self._database.write() as session:
            return session.run(_SET_DELETED, (int(deleted), int(experiment_id), int(deleted))) > 0

    def move_places(self, kind: Kind, moved: Sequence[Moved]) -> None:
        """Let things refer to the new places of their artifacts, but those that name another place than the old."""
        with self._database.write() as session:
            for item in moved:
                session.run(_MOVE[kind], (item.new, *item.key, item.old))
