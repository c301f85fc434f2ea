"""The page of ``quire models show NAME``: the versions of a registered model."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from quire.cli.lookup import all_pages, open_existing_registry
from quire.cli.models_table import alias_list
from quire.cli.output import ColumnKind, clean, heading, one_line, print_table, styled
from quire.cli.words import age, moment
from quire.domain.ids import now_ms
from quire.domain.registry import ModelVersion

if TYPE_CHECKING:
    from rich.console import Console

_COLUMNS: list[tuple[str, ColumnKind]] = [
    ("v", "number"),
    ("aliases", "text"),
    ("age", "id"),
    ("run", "id"),
    ("uri", "id"),
    ("description", "word"),
]


class VersionView(msgspec.Struct, frozen=True, kw_only=True):
    """A version, as ``--json`` prints it; times in milliseconds."""

    version: str
    aliases: list[str]
    stage: str
    description: str
    creation_timestamp: int
    user_id: str
    run_id: str | None
    model_id: str | None
    source: str
    status: str
    tags: dict[str, str]

    @classmethod
    def of(cls, version: ModelVersion) -> VersionView:
        """The view of a version."""
        return cls(
            version=version.version,
            aliases=sorted(version.aliases),
            stage=version.current_stage,
            description=version.description,
            creation_timestamp=version.creation_timestamp,
            user_id=version.user_id,
            run_id=version.run_id or None,
            model_id=version.model_id,
            source=version.source,
            status=version.status,
            tags=version.tags,
        )


class RegisteredPage(msgspec.Struct, frozen=True, kw_only=True):
    """A registered model with its versions, the newest first."""

    name: str
    description: str
    creation_timestamp: int
    last_updated_timestamp: int
    aliases: dict[str, str]
    tags: dict[str, str]
    versions: list[VersionView]


def read(name: str) -> RegisteredPage:
    """Gather the page. Raises NotFound."""
    registry = open_existing_registry()
    model = registry.get_registered_model(name)
    quote = '"' if "'" in name else "'"
    filter_string = f"name = {quote}{name}{quote}"
    versions = all_pages(lambda token: registry.search_model_versions(filter_string=filter_string, page_token=token))
    return RegisteredPage(
        name=model.name,
        description=model.description,
        creation_timestamp=model.creation_timestamp,
        last_updated_timestamp=model.last_updated_timestamp,
        aliases=model.aliases,
        tags=model.tags,
        versions=sorted((VersionView.of(item) for item in versions), key=lambda item: -int(item.version)),
    )


def show(console: Console, page: RegisteredPage) -> None:
    """Print the page."""
    console.print(styled(clean(page.name), "bold"))
    if page.description:
        console.print(styled(clean(page.description)))
    console.print(styled(f"created {moment(page.creation_timestamp)}; aliases: {alias_list(page.aliases)}", "dim"))
    for key, value in sorted(page.tags.items()):
        console.print(styled(f"{clean(key)}: {one_line(value)}", "dim"))
    heading(console, "Versions")
    now = now_ms()
    rows = [
        (
            item.version,
            clean(", ".join(item.aliases)) or "-",
            age(item.creation_timestamp, now),
            (item.run_id or "-")[:8],
            f"models:/{clean(page.name)}/{item.version}",
            one_line(item.description, 60),
        )
        for item in page.versions
    ]
    print_table(console, _COLUMNS, rows)
