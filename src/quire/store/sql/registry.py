"""Registered models in SQL: names, their tags and aliases."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from quire.domain.entities import Tag
from quire.domain.errors import AlreadyExists, InvalidInput
from quire.domain.filters import REGISTERED_MODELS, Comparison, parse_filter, parse_order_by
from quire.domain.ids import now_ms
from quire.domain.names import (
    check_alias,
    check_page_size,
    check_registered_name,
    check_tags,
    check_text,
    check_version,
)
from quire.domain.paging import Page
from quire.domain.redaction import redact
from quire.domain.registry import Alias, ModelVersion, RegisteredModel, alias_elsewhere
from quire.store.sql import tables
from quire.store.sql.listing import Condition, Listing, condition, tag_condition
from quire.store.sql.prompts import is_about_prompts, prompt_condition
from quire.store.sql.session import Session
from quire.store.sql.statement import Statement
from quire.store.sql.tags import Tags
from quire.store.sql.versions import SqlVersions

MAX_PAGE = 1000

_ADD = Statement(
    """INSERT INTO registered_models (name, creation_timestamp, last_updated_timestamp, description, last_version)
    VALUES (:name, :created, :updated, :description, 0) RETURNING id"""
)
_RENAME = Statement("UPDATE registered_models SET name = :name, last_updated_timestamp = :now WHERE id = :id")
_RENAME_VERSIONS = Statement(
    "UPDATE model_versions SET last_updated_timestamp = :now WHERE registered_model_id = :id",
)
_DESCRIBE = Statement(
    "UPDATE registered_models SET description = :description, last_updated_timestamp = :now WHERE id = :id"
)
_DELETE = Statement("DELETE FROM registered_models WHERE id = :id")
_ALIASES = Statement(
    """SELECT registered_model_id, alias, version FROM aliases WHERE registered_model_id = ANY(:ids)
    ORDER BY alias"""
)
_SET_ALIAS = Statement(
    """INSERT INTO aliases (registered_model_id, alias, version) VALUES (:id, :alias, :version)
    ON CONFLICT (registered_model_id, alias) DO UPDATE SET version = excluded.version"""
)
_ADD_ALIAS = Statement(
    """INSERT INTO aliases (registered_model_id, alias, version) VALUES (:id, :alias, :version)
    ON CONFLICT (registered_model_id, alias) DO NOTHING"""
)
_MOVE_ALIAS = Statement(
    """UPDATE aliases SET version = :version
    WHERE registered_model_id = :id AND alias = :alias AND version = :expected"""
)
_REMOVE_EXPECTED = Statement(
    "DELETE FROM aliases WHERE registered_model_id = :id AND alias = :alias AND version = :expected"
)
_DELETE_ALIAS = Statement("DELETE FROM aliases WHERE registered_model_id = :id AND alias = :alias")
_tags = Tags[int](tables.registered_model_tags)


class SqlRegistry(SqlVersions):
    """The part of a store that keeps registered models."""

    def create_registered_model(self, name: str, *, description: str = "", tags: Sequence[Tag] = ()) -> RegisteredModel:
        """Take a name. AlreadyExists if it is taken."""
        check_registered_name(name)
        check_tags(tags, "registered model")
        text = redact(check_text(description or "", "The description"))
        now = now_ms()
        with self._database.write() as session:
            self._refuse_taken_name(session, name)
            row = session.row(_ADD, (name, now, now, text))
            assert row is not None
            _tags.set(session, row[0], tags)
            return self._registered(session, name)

    def _refuse_taken_name(self, session: Session, name: str) -> None:
        if self._find_registered(session, name) is not None:
            raise AlreadyExists(
                f"A registered model named {name!r} exists already. Add a version to it, or choose another name."
            )

    def _registered(self, session: Session, name: str) -> RegisteredModel:
        return self._entities(session, [self._registered_row(session, name)])[0]

    def get_registered_model(self, name: str) -> RegisteredModel:
        """The registered model with its latest versions, tags and aliases."""
        with self._database.read() as session:
            return self._registered(session, name)

    def rename_registered_model(self, name: str, new_name: str) -> RegisteredModel:
        """Give it another name; its versions and aliases follow."""
        check_registered_name(new_name)
        with self._database.write() as session:
            row = self._registered_row(session, name)
            if new_name != name:
                self._refuse_taken_name(session, new_name)
            now = now_ms()
            session.run(_RENAME, (new_name, now, row[0]))
            session.run(_RENAME_VERSIONS, (now, row[0]))
            return self._registered(session, new_name)

    def update_registered_model(self, name: str, *, description: str) -> RegisteredModel:
        """Replace its description."""
        text = redact(check_text(description or "", "The description"))
        with self._database.write() as session:
            session.run(_DESCRIBE, (text, now_ms(), self._registered_row(session, name)[0]))
            return self._registered(session, name)

    def delete_registered_model(self, name: str) -> None:
        """Delete the name with all its versions."""
        with self._database.write() as session:
            session.run(_DELETE, (self._registered_row(session, name)[0],))

    def set_registered_model_tag(self, name: str, tag: Tag) -> None:
        """Set or replace a tag."""
        check_tags([tag], "registered model")
        with self._database.write() as session:
            _tags.set(session, self._registered_row(session, name)[0], [tag])

    def delete_registered_model_tag(self, name: str, key: str) -> None:
        """Remove a tag; no error if it is not set."""
        with self._database.write() as session:
            _tags.delete(session, self._registered_row(session, name)[0], key)

    def set_alias(self, name: str, alias: str, version: str) -> None:
        """Point an alias at a version, moving it if it exists."""
        check_alias(alias)
        with self._database.write() as session:
            row = self._version_row(session, name, version)
            session.run(_SET_ALIAS, (row[0], alias, row[1]))

    def delete_alias(self, name: str, alias: str) -> None:
        """Remove an alias; no error if it is not set."""
        with self._database.write() as session:
            session.run(_DELETE_ALIAS, (self._registered_row(session, name)[0], alias))

    def move_alias(self, name: str, alias: str, version: str | None, *, expected: str | None, tag: Tag) -> None:
        """Move an alias from the version where it is expected, and set a tag of the model, both or neither."""
        check_alias(alias)
        check_tags([tag], "registered model")
        known = None if expected is None else check_version(expected)
        with self._database.write() as session:
            model = self._registered_row(session, name)[0]
            number = None if version is None else self._version_row(session, name, version)[1]
            if not _moved(session, model, alias, known, number):
                found = self._registered(session, name).aliases.get(alias)
                raise alias_elsewhere(name, alias, expected, found)
            _tags.set(session, model, [tag])

    def get_model_version_by_alias(self, name: str, alias: str) -> ModelVersion:
        """The version that an alias points at; ``latest`` is the newest. InvalidInput if there is no such alias."""
        with self._database.read() as session:
            row = self._registered_row(session, name)
            if str(alias).lower() == "latest":
                return self._newest_version(session, row)
            aliases = {found: version for _, found, version in session.rows_of(_ALIASES, [row[0]])}
            if alias not in aliases:
                known = ", ".join(aliases) or "none"
                raise InvalidInput(f"The registered model {name!r} has no alias {alias!r}. Its aliases: {known}.")
            return self._versions(session, [self._version_row(session, name, str(aliases[alias]))])[0]

    def search_registered_models(
        self,
        *,
        filter_string: str = "",
        order_by: Sequence[str] = (),
        max_results: int = 100,
        page_token: str | None = None,
    ) -> Page[RegisteredModel]:
        """Registered models that match, by name unless ordered otherwise; prompts only if the filter asks for them."""
        check_page_size(max_results, MAX_PAGE)
        table = tables.registered_models
        listing = Listing(table, "registered models", [filter_string, list(order_by)])
        for wanted in _conditions(parse_filter(filter_string, REGISTERED_MODELS), table.c.id):
            listing.where(wanted)
        for order in parse_order_by(order_by, REGISTERED_MODELS):
            listing.order(table.c[order.key], ascending=order.ascending)
        listing.tie(table.c.name, ascending=True)
        with self._database.read() as session:
            rows = listing.page(session, max_results, page_token)
            return Page(self._entities(session, rows), rows.token)

    def _entities(self, session: Session, rows: Sequence[tuple[Any, ...]]) -> list[RegisteredModel]:
        ids = [row[0] for row in rows]
        tags = _tags.read(session, ids)
        aliases: dict[int, list[Alias]] = defaultdict(list)
        for owner, alias, version in session.rows_of(_ALIASES, ids):
            aliases[owner].append(Alias(alias=alias, version=str(version)))
        latest = self._latest_of_each_stage(session, ids)
        return [
            RegisteredModel(
                name=row[1],
                creation_timestamp=row[2],
                last_updated_timestamp=row[3],
                description=row[4],
                latest_versions=latest.get(row[0], []),
                tag_list=tags[row[0]],
                alias_list=aliases[row[0]],
            )
            for row in rows
        ]


def _conditions(items: Sequence[Comparison], parent: sa.ColumnElement[int]) -> list[Condition]:
    prompts = [item for item in items if is_about_prompts(item)]
    rest = [item for item in items if item not in prompts]
    return [prompt_condition(prompts, parent), *(_registered_condition(item, parent) for item in rest)]


def _registered_condition(item: Comparison, parent: sa.ColumnElement[int]) -> Condition:
    if item.kind == "tag":
        return tag_condition(tables.registered_model_tags, parent, item)
    return condition(tables.registered_models.c[item.key], item)


def _moved(session: Session, model: int, alias: str, old: int | None, new: int | None) -> bool:
    """Move an alias if it is where it is expected; None for no version."""
    if new is None:
        return old is not None and session.run(_REMOVE_EXPECTED, (model, alias, old)) == 1
    if old is None:
        return session.run(_ADD_ALIAS, (model, alias, new)) == 1
    return session.run(_MOVE_ALIAS, (new, model, alias, old)) == 1
