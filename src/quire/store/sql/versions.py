"""Model versions in SQL: numbered from 1, a number never used twice."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from quire.domain.entities import Tag
from quire.domain.errors import InvalidInput, NotFound
from quire.domain.filters import MODEL_VERSIONS, Comparison, parse_filter, parse_order_by
from quire.domain.ids import now_ms
from quire.domain.names import check_page_size, check_registered_name, check_tags, check_text, check_version
from quire.domain.paging import Page
from quire.domain.prompt_tags import IMMUTABLE
from quire.domain.redaction import redact
from quire.domain.registry import ModelVersion, Stage
from quire.domain.uris import LoggedModelUri, RegisteredModelUri, parse_model_uri
from quire.store.sql import tables
from quire.store.sql.listing import Condition, Listing, condition
from quire.store.sql.logged_models import SqlLoggedModels
from quire.store.sql.prompts import is_about_prompts, prompt_condition, refuse_change
from quire.store.sql.session import Session
from quire.store.sql.statement import Statement
from quire.store.sql.tags import Tags

STAGES: tuple[Stage, ...] = ("None", "Staging", "Production", "Archived")
MAX_PAGE = 200_000
_MAX_SOURCE = 2048

_COLUMNS = (
    "registered_model_id, version, registered_models.name, model_versions.creation_timestamp, "
    "model_versions.last_updated_timestamp, user_id, current_stage, model_versions.description, source, run_id, "
    "run_link, model_id"
)
_JOINED = "model_versions JOIN registered_models ON registered_models.id = model_versions.registered_model_id"
_REGISTERED = Statement(
    """SELECT id, name, creation_timestamp, last_updated_timestamp, description, last_version
    FROM registered_models WHERE name = :name"""
)
_REGISTERED_TO_CHANGE = Statement("$find FOR NO KEY UPDATE", find=_REGISTERED.sql)
_FIND = Statement(
    "SELECT $columns FROM $joined WHERE registered_models.name = :name AND version = :version",
    columns=_COLUMNS,
    joined=_JOINED,
)
_NEWEST_OF_EACH_STAGE = Statement(
    """SELECT $columns FROM $joined WHERE (registered_model_id, version) IN
    (SELECT registered_model_id, max(version) FROM model_versions WHERE registered_model_id = ANY(:ids)
    GROUP BY registered_model_id, current_stage) ORDER BY version DESC""",
    columns=_COLUMNS,
    joined=_JOINED,
)
_NEXT = Statement(
    """UPDATE registered_models SET last_version = last_version + 1, last_updated_timestamp = :now WHERE id = :id
    RETURNING last_version"""
)
_ADD = Statement(
    """INSERT INTO model_versions (registered_model_id, version, creation_timestamp, last_updated_timestamp, user_id,
    current_stage, description, source, run_id, run_link, model_id)
    VALUES (:model, :version, :created, :updated, '', 'None', :description, :source, :run_id, :run_link, :model_id)"""
)
_TOUCH = Statement("UPDATE registered_models SET last_updated_timestamp = :now WHERE id = :id")
_DESCRIBE = Statement(
    """UPDATE model_versions SET description = :description, last_updated_timestamp = :now
    WHERE registered_model_id = :model AND version = :version"""
)
_ARCHIVE = Statement(
    """UPDATE model_versions SET current_stage = 'Archived', last_updated_timestamp = :now
    WHERE registered_model_id = :model AND version <> :version AND current_stage = :stage"""
)
_MOVE = Statement(
    """UPDATE model_versions SET current_stage = :stage, last_updated_timestamp = :now
    WHERE registered_model_id = :model AND version = :version"""
)
_DELETE = Statement("DELETE FROM model_versions WHERE registered_model_id = :model AND version = :version")
_ALIASES = Statement(
    """SELECT registered_model_id, version, alias FROM aliases WHERE (registered_model_id, version) = ANY(:pairs)
    ORDER BY alias"""
)
_tags = Tags[tuple[int, int]](tables.model_version_tags)


class SqlVersions(SqlLoggedModels):
    """The part of a store that keeps model versions."""

    def _find_registered(self, session: Session, name: str) -> tuple[Any, ...] | None:
        return session.row(_REGISTERED, (name,))

    def _registered_row(self, session: Session, name: str, find: Statement = _REGISTERED) -> tuple[Any, ...]:
        check_registered_name(name)
        row = session.row(find, (name,))
        if row is None:
            raise NotFound(
                f"No registered model is named {name!r}. Create it with create_registered_model, or list the names "
                "with search_registered_models."
            )
        return row

    def _version_row(self, session: Session, name: str, version: str) -> tuple[Any, ...]:
        check_registered_name(name)
        row = session.row(_FIND, (name, check_version(version)))
        if row is None:
            self._registered_row(session, name)
            raise NotFound(
                f"The registered model {name!r} has no version {version}. List its versions with "
                f"search_model_versions(filter_string=\"name = '{name}'\")."
            )
        return row

    def create_model_version(
        self,
        name: str,
        source: str,
        *,
        run_id: str | None = None,
        model_id: str | None = None,
        description: str = "",
        run_link: str = "",
        tags: Sequence[Tag] = (),
    ) -> ModelVersion:
        """Add the next version, numbered from 1.

        A source ``models:/m-…`` or ``models:/name/1`` names the logged model and the run, unless they are given.
        NotFound if there is no such model or version.
        """
        check_registered_name(name)
        check_tags(tags, "model version")
        place = redact(check_text(source, "The source of a model version", _MAX_SOURCE))
        if not place:
            raise InvalidInput("A model version needs a source: the URI of the model's directory.")
        text = redact(check_text(description or "", "The description"))
        link = redact(check_text(run_link or "", "run_link", _MAX_SOURCE))
        for identifier, what in ((run_id, "run_id"), (model_id, "model_id")):
            check_text(identifier or "", what, _MAX_SOURCE)
        now = now_ms()
        with self._database.write() as session:
            row = self._registered_row(session, name, _REGISTERED_TO_CHANGE)
            model, run = self._lineage(session, place, model_id, run_id)
            number = session.row(_NEXT, (now, row[0]))
            assert number is not None
            session.run(_ADD, (row[0], number[0], now, now, text, place, run, link, model))
            _tags.set(session, (row[0], number[0]), tags)
            return self._version(session, name, str(number[0]))

    def _lineage(
        self, session: Session, source: str, model_id: str | None, run_id: str | None
    ) -> tuple[str | None, str]:
        if source.startswith("models:/"):
            named = parse_model_uri(source)
            if isinstance(named, LoggedModelUri):
                model_id = model_id or named.model_id
            elif isinstance(named, RegisteredModelUri) and named.version:
                row = self._version_row(session, named.name, named.version)
                run_id, model_id = run_id or row[9], model_id or row[11]
        if model_id and not run_id:
            run_id = self._model_row(session, model_id)[9]
        return model_id, run_id or ""

    def _version(self, session: Session, name: str, version: str) -> ModelVersion:
        return self._versions(session, [self._version_row(session, name, version)])[0]

    def get_model_version(self, name: str, version: str) -> ModelVersion:
        """One version with its tags and aliases."""
        with self._database.read() as session:
            return self._version(session, name, version)

    def update_model_version(self, name: str, version: str, *, description: str) -> ModelVersion:
        """Replace its description."""
        text = redact(check_text(description or "", "The description"))
        with self._database.write() as session:
            row = self._version_row(session, name, version)
            session.run(_DESCRIBE, (text, now_ms(), row[0], row[1]))
            return self._version(session, name, version)

    def transition_stage(
        self, name: str, version: str, stage: Stage, *, archive_existing_versions: bool = False
    ) -> ModelVersion:
        """Move a version to a stage (MLflow's older way; aliases are the newer)."""
        target = _canonical_stage(stage)
        if archive_existing_versions and target not in ("Staging", "Production"):
            raise InvalidInput(
                f"archive_existing_versions goes with the stages Staging and Production only; got {target!r}."
            )
        now = now_ms()
        with self._database.write() as session:
            row = self._version_row(session, name, version)
            if archive_existing_versions:
                session.run(_ARCHIVE, (now, row[0], row[1], target))
            session.run(_MOVE, (target, now, row[0], row[1]))
            session.run(_TOUCH, (now, row[0]))
            return self._version(session, name, version)

    def delete_model_version(self, name: str, version: str) -> None:
        """Delete a version and the aliases that point at it; its number is not used again."""
        with self._database.write() as session:
            row = self._version_row(session, name, version)
            session.run(_DELETE, (row[0], row[1]))
            session.run(_TOUCH, (now_ms(), row[0]))

    def set_model_version_tag(self, name: str, version: str, tag: Tag) -> None:
        """Set or replace a tag."""
        check_tags([tag], "model version")
        with self._database.write() as session:
            row = self._version_row(session, name, version)
            self._refuse_change(session, row, tag.key, redact(tag.value))
            _tags.set(session, (row[0], row[1]), [tag])

    def delete_model_version_tag(self, name: str, version: str, key: str) -> None:
        """Remove a tag; no error if it is not set."""
        with self._database.write() as session:
            row = self._version_row(session, name, version)
            self._refuse_change(session, row, key, None)
            _tags.delete(session, (row[0], row[1]), key)

    def _refuse_change(self, session: Session, row: Sequence[Any], key: str, value: str | None) -> None:
        if key in IMMUTABLE:
            owner = (row[0], row[1])
            refuse_change({tag.key: tag.value for tag in _tags.read(session, [owner])[owner]}, key, value)

    def get_latest_versions(self, name: str, stages: Sequence[Stage] = ()) -> list[ModelVersion]:
        """The newest version of each stage (of all stages unless some are named)."""
        wanted = {_canonical_stage(stage) for stage in stages} or set(STAGES)
        with self._database.read() as session:
            row = self._registered_row(session, name)
            latest = self._latest_of_each_stage(session, [row[0]]).get(row[0], [])
        return [version for version in latest if version.current_stage in wanted]

    def _newest_version(self, session: Session, row: Sequence[Any]) -> ModelVersion:
        newest = self._latest_of_each_stage(session, [row[0]]).get(row[0])
        if not newest:
            raise NotFound(f"The registered model {row[1]!r} has no versions yet.")
        return newest[0]

    def _latest_of_each_stage(self, session: Session, ids: Sequence[int]) -> dict[int, list[ModelVersion]]:
        """The newest version of each stage of these models, newest first."""
        rows = session.rows_of(_NEWEST_OF_EACH_STAGE, ids)
        found: dict[int, list[ModelVersion]] = defaultdict(list)
        for row, version in zip(rows, self._versions(session, rows), strict=True):
            found[row[0]].append(version)
        return found

    def search_model_versions(
        self,
        *,
        filter_string: str = "",
        order_by: Sequence[str] = (),
        max_results: int = 10_000,
        page_token: str | None = None,
    ) -> Page[ModelVersion]:
        """Versions that match; newest update first unless ordered otherwise."""
        check_page_size(max_results, MAX_PAGE)
        versions, models = tables.model_versions, tables.registered_models
        columns: list[sa.ColumnElement[Any]] = [sa.literal_column(name.strip()) for name in _COLUMNS.split(",")]
        listing = Listing(columns, "model versions", [filter_string, list(order_by)])
        listing.where(versions.c.registered_model_id == models.c.id)
        for wanted in _conditions(parse_filter(filter_string, MODEL_VERSIONS)):
            listing.where(wanted)
        orders = parse_order_by(order_by, MODEL_VERSIONS)
        for order in orders:
            listing.order(_ORDERED[order.key], ascending=order.ascending)
        if not orders:
            listing.order(versions.c.last_updated_timestamp, ascending=False)
        listing.tie(models.c.name, ascending=True)
        listing.tie(versions.c.version, ascending=False)
        with self._database.read() as session:
            rows = listing.page(session, max_results, page_token)
            return Page(self._versions(session, rows), rows.token)

    def _versions(self, session: Session, rows: Sequence[Sequence[Any]]) -> list[ModelVersion]:
        wanted = [(row[0], row[1]) for row in rows]
        tags = _tags.read(session, wanted)
        aliases: dict[tuple[int, int], list[str]] = defaultdict(list)
        for model, version, alias in session.rows_of(_ALIASES, wanted):
            aliases[model, version].append(alias)
        return [_entity(row, tags[row[0], row[1]], aliases[row[0], row[1]]) for row in rows]


_ORDERED: dict[str, sa.ColumnElement[Any]] = {
    "name": tables.registered_models.c.name,
    "version_number": tables.model_versions.c.version,
    "creation_timestamp": tables.model_versions.c.creation_timestamp,
    "last_updated_timestamp": tables.model_versions.c.last_updated_timestamp,
}
_FILTERED: dict[str, sa.ColumnElement[Any]] = {
    "name": tables.registered_models.c.name,
    "version_number": tables.model_versions.c.version,
    "run_id": tables.model_versions.c.run_id,
    "source_path": tables.model_versions.c.source,
}


def _conditions(items: Sequence[Comparison]) -> list[Condition]:
    prompts = [item for item in items if is_about_prompts(item)]
    rest = [item for item in items if item not in prompts]
    return [
        prompt_condition(prompts, tables.registered_models.c.id),
        *(_tagged(item) if item.kind == "tag" else condition(_FILTERED[item.key], item) for item in rest),
    ]


def _tagged(item: Comparison) -> Condition:
    versions, tagged = tables.model_versions, tables.model_version_tags
    return sa.exists().where(
        tagged.c.registered_model_id == versions.c.registered_model_id,
        tagged.c.version == versions.c.version,
        tagged.c.key == item.key,
        condition(tagged.c.value, item),
    )


def _canonical_stage(stage: object) -> Stage:
    for known in STAGES:
        if str(stage).lower() == known.lower():
            return known
    raise InvalidInput(f"Invalid stage {stage!r}; expected one of {', '.join(STAGES)}.")


def _entity(row: Sequence[Any], tags: list[Tag], aliases: list[str]) -> ModelVersion:
    return ModelVersion(
        version=str(row[1]),
        name=row[2],
        creation_timestamp=row[3],
        last_updated_timestamp=row[4],
        user_id=row[5],
        current_stage=row[6],
        description=row[7],
        source=row[8],
        run_id=row[9],
        run_link=row[10],
        model_id=row[11],
        tag_list=tags,
        aliases=aliases,
    )
