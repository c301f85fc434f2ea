"""Experiments in SQL."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from quire.domain.entities import Experiment, Tag, ViewType
from quire.domain.errors import AlreadyExists, InvalidInput, InvalidState, NotFound
from quire.domain.filters import EXPERIMENTS, parse_filter, parse_order_by
from quire.domain.ids import now_ms
from quire.domain.names import (
    MAX_EXPERIMENT_TAG,
    check_experiment_id,
    check_experiment_name,
    check_page_size,
    check_tags,
    check_text,
    check_view,
)
from quire.domain.paging import Page
from quire.domain.uris import is_local, join_uri
from quire.store.sql import tables
from quire.store.sql.base import SqlPart
from quire.store.sql.listing import Listing, condition, tag_condition
from quire.store.sql.session import Session
from quire.store.sql.statement import Statement
from quire.store.sql.tags import Tags

_COLUMNS = "id, name, artifact_location, deleted, creation_time, last_update_time"
_BY_ID = Statement("SELECT $columns FROM experiments WHERE id = :id", columns=_COLUMNS)
# Adding to an experiment waits until nobody changes it; changing it waits for both.
_TO_ADD = Statement("$by_id FOR SHARE", by_id=_BY_ID.sql)
_TO_CHANGE = Statement("$by_id FOR NO KEY UPDATE", by_id=_BY_ID.sql)
_BY_NAME = Statement("SELECT $columns FROM experiments WHERE name = :name", columns=_COLUMNS)
_NEXT_ID = Statement("SELECT coalesce(max(id), 0) + 1 FROM experiments")
_ADD = Statement(
    "INSERT INTO experiments ($columns) VALUES (:id, :name, :location, 0, :created, :updated)", columns=_COLUMNS
)
_RENAME = Statement("UPDATE experiments SET name = :name, last_update_time = :now WHERE id = :id")
_MARK = Statement("UPDATE experiments SET deleted = :deleted, last_update_time = :now WHERE id = :id")
_DELETE_RUNS = Statement("UPDATE runs SET deleted_time = :now WHERE experiment_id = :id AND deleted_time IS NULL")
_RESTORE_RUNS = Statement("UPDATE runs SET deleted_time = NULL WHERE experiment_id = :id AND deleted_time IS NOT NULL")
_TOUCH = Statement("UPDATE experiments SET last_update_time = :now WHERE id = :id")
_tags = Tags[int](tables.experiment_tags)
MAX_PAGE = 50_000


class SqlExperiments(SqlPart):
    """The part of a store that keeps experiments."""

    def create_experiment(self, name: str, *, artifact_location: str | None = None, tags: Sequence[Tag] = ()) -> str:
        """Create an experiment and return its id. AlreadyExists if the name is taken, deleted or not."""
        check_experiment_name(name)
        check_tags(tags, "experiment", MAX_EXPERIMENT_TAG)
        location = _checked_location(artifact_location)
        with self._database.write() as session:
            session.take_turns("experiments")
            self._refuse_taken(session, name)
            number = self._next_id(session)
            now = now_ms()
            session.run(_ADD, (number, name, location or join_uri(self._root, str(number)), now, now))
            _tags.set(session, number, tags)
        return str(number)

    def _next_id(self, session: Session) -> int:
        row = session.row(_NEXT_ID)
        assert row is not None
        return int(row[0])

    def _refuse_taken(self, session: Session, name: str) -> None:
        row = session.row(_BY_NAME, (name,))
        if row is None:
            return
        if row[3]:
            raise AlreadyExists(
                f"An experiment named {name!r} exists and is deleted (id {row[0]}). Restore it with "
                f"restore_experiment({str(row[0])!r}), or choose another name."
            )
        raise AlreadyExists(
            f"An experiment named {name!r} exists already (id {row[0]}). Use it, or choose another name."
        )

    def get_experiment(self, experiment_id: str) -> Experiment:
        """The experiment of that id, deleted or not."""
        with self._database.read() as session:
            return _experiments(session, [self._experiment_row(session, experiment_id)])[0]

    def get_experiment_by_name(self, name: str) -> Experiment | None:
        """The experiment of that name, deleted or not; None if there is none."""
        with self._database.read() as session:
            row = session.row(_BY_NAME, (name,))
            return _experiments(session, [row])[0] if row else None

    def _experiment_row(self, session: Session, experiment_id: str, find: Statement = _BY_ID) -> tuple[Any, ...]:
        row = session.row(find, (check_experiment_id(experiment_id),))
        if row is None:
            raise NotFound(f"No experiment has the id {experiment_id!r}. List them with search_experiments.")
        return row

    def _active_experiment(self, session: Session, experiment_id: str, find: Statement = _TO_ADD) -> tuple[Any, ...]:
        row = self._experiment_row(session, experiment_id, find)
        if row[3]:
            raise InvalidInput(
                f"The experiment {row[1]!r} (id {row[0]}) is deleted, so nothing can be added or changed. Restore it "
                f"with restore_experiment({str(row[0])!r})."
            )
        return row

    def rename_experiment(self, experiment_id: str, name: str) -> None:
        """Give an active experiment another name."""
        check_experiment_name(name)
        with self._database.write() as session:
            row = self._experiment_row(session, experiment_id, _TO_CHANGE)
            if row[3]:
                raise InvalidState(
                    f"The experiment {row[1]!r} (id {row[0]}) is deleted and cannot be renamed. Restore it first."
                )
            if name != row[1]:
                self._refuse_taken(session, name)
            session.run(_RENAME, (name, now_ms(), row[0]))

    def delete_experiment(self, experiment_id: str) -> None:
        """Mark an experiment and its runs as deleted. NotFound if it is deleted already."""
        self._mark(experiment_id, deleted=True)

    def restore_experiment(self, experiment_id: str) -> None:
        """Undo delete_experiment: the experiment and all its runs are active. NotFound if it is not deleted."""
        self._mark(experiment_id, deleted=False)

    def _mark(self, experiment_id: str, *, deleted: bool) -> None:
        with self._database.write() as session:
            row = self._experiment_row(session, experiment_id, _TO_CHANGE)
            if bool(row[3]) == deleted:
                state = "deleted already" if deleted else "not deleted"
                raise NotFound(f"The experiment {row[1]!r} (id {row[0]}) is {state}.")
            now = now_ms()
            session.run(_MARK, (int(deleted), now, row[0]))
            if deleted:
                session.run(_DELETE_RUNS, (now, row[0]))
            else:
                session.run(_RESTORE_RUNS, (row[0],))

    def set_experiment_tag(self, experiment_id: str, tag: Tag) -> None:
        """Set or replace a tag."""
        check_tags([tag], "experiment", MAX_EXPERIMENT_TAG)
        with self._database.write() as session:
            row = self._active_experiment(session, experiment_id, _TO_CHANGE)
            _tags.set(session, row[0], [tag])
            session.run(_TOUCH, (now_ms(), row[0]))

    def delete_experiment_tag(self, experiment_id: str, key: str) -> None:
        """Remove a tag; NotFound if it is not set."""
        with self._database.write() as session:
            row = self._active_experiment(session, experiment_id, _TO_CHANGE)
            if not _tags.delete(session, row[0], key):
                raise NotFound(f"The experiment {row[1]!r} (id {row[0]}) has no tag {key!r}.")

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
        orders = parse_order_by(order_by, EXPERIMENTS)
        check_page_size(max_results, MAX_PAGE)
        check_view(view)
        table = tables.experiments
        listing = Listing(table, "experiments", [filter_string, view, list(order_by)])
        for item in parse_filter(filter_string, EXPERIMENTS):
            if item.kind == "tag":
                listing.where(tag_condition(tables.experiment_tags, table.c.id, item))
            elif item.key == "experiment_id":
                listing.where(_id_condition(item.op, item.value))
            else:
                listing.where(condition(table.c[item.key], item))
        if view != "ALL":
            listing.where(table.c.deleted == int(view == "DELETED_ONLY"))
        for order in orders:
            column = table.c.id if order.key == "experiment_id" else table.c[order.key]
            listing.order(column, ascending=order.ascending)
        if not orders:
            listing.order(table.c.creation_time, ascending=False)
        listing.tie(table.c.id, ascending=False)
        with self._database.read() as session:
            rows = listing.page(session, max_results, page_token)
            return Page(_experiments(session, rows), rows.token)


def _id_condition(op: str, value: object) -> sa.ColumnElement[bool]:
    column = tables.experiments.c.id
    if isinstance(value, tuple):
        numbers = [check_experiment_id(item) for item in value]
        return column.in_(numbers) if op == "IN" else column.not_in(numbers)
    number = check_experiment_id(value)
    return column == number if op == "=" else column != number


def _checked_location(location: str | None) -> str | None:
    if not location:
        return None
    check_text(location, "The artifact location", 2048)
    if location.startswith(("runs:", "models:")):
        raise InvalidInput(f"The artifact location {location!r} names a run or a model; expected a folder or a URI.")
    if is_local(location) and not location.startswith("file:"):
        return str(Path(location).expanduser().absolute())
    return location


def _experiments(session: Session, rows: Sequence[tuple[Any, ...]]) -> list[Experiment]:
    tags = _tags.read(session, [row[0] for row in rows])
    return [
        Experiment(
            experiment_id=str(row[0]),
            name=row[1],
            artifact_location=row[2],
            lifecycle_stage="deleted" if row[3] else "active",
            creation_time=row[4],
            last_update_time=row[5],
            tag_list=tags[row[0]],
        )
        for row in rows
    ]
