"""The table of ``quire models list``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from quire.cli.lookup import open_existing_registry
from quire.cli.output import ColumnKind, clean, one_line, print_table, styled
from quire.cli.words import age
from quire.domain.ids import now_ms

if TYPE_CHECKING:
    from rich.console import Console

_COLUMNS: list[tuple[str, ColumnKind]] = [
    ("name", "id"),
    ("latest", "number"),
    ("aliases", "text"),
    ("updated", "id"),
    ("description", "word"),
]


class RegisteredView(msgspec.Struct, frozen=True, kw_only=True):
    """A registered model, as ``--json`` prints it; times in milliseconds."""

    name: str
    latest_version: str | None
    aliases: dict[str, str]
    description: str
    creation_timestamp: int
    last_updated_timestamp: int
    tags: dict[str, str]


def read(filter_string: str, limit: int) -> tuple[list[RegisteredView], bool]:
    """At most ``limit`` registered models, and whether there are more."""
    page = open_existing_registry().search_registered_models(filter_string=filter_string, max_results=limit)
    return [
        RegisteredView(
            name=item.name,
            latest_version=_latest([version.version for version in item.latest_versions]),
            aliases=item.aliases,
            description=item.description,
            creation_timestamp=item.creation_timestamp,
            last_updated_timestamp=item.last_updated_timestamp,
            tags=item.tags,
        )
        for item in page
    ], page.token is not None


def _latest(versions: list[str]) -> str | None:
    return max(versions, key=int, default=None)


def show(console: Console, models: list[RegisteredView], *, more: bool) -> None:
    """Print the table."""
    if not models:
        console.print("No registered models match.")
        return
    now = now_ms()
    rows = [
        (
            clean(item.name),
            item.latest_version,
            alias_list(item.aliases),
            age(item.last_updated_timestamp, now),
            one_line(item.description, 60),
        )
        for item in models
    ]
    print_table(console, _COLUMNS, rows)
    if more:
        console.print(styled(f"{len(models)} shown, there are more: --limit {len(models) * 5}", "dim"))


def alias_list(aliases: dict[str, str]) -> str:
    """``champion=3, challenger=4``."""
    return clean(", ".join(f"{alias}={version}" for alias, version in sorted(aliases.items()))) or "-"
