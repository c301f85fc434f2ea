"""The tables of ``quire prompts list`` and ``log``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from quire.cli import models_table
from quire.cli.models_table import RegisteredView
from quire.cli.output import ColumnKind, heading, one_line, print_table, styled
from quire.cli.prompt_names import open_client, parse
from quire.cli.words import moment
from quire.domain.alias_events import AliasEvent
from quire.domain.prompt_tags import own_tags, prompt_filter

if TYPE_CHECKING:
    from rich.console import Console

_LOG: list[tuple[str, ColumnKind]] = [
    ("version", "number"),
    ("aliases", "text"),
    ("author", "word"),
    ("made", "id"),
    ("message", "text"),
]
_MOVES: list[tuple[str, ColumnKind]] = [
    ("when", "id"),
    ("alias", "word"),
    ("from", "number"),
    ("to", "number"),
    ("what", "word"),
    ("by", "word"),
    ("reason", "text"),
]


class LoggedVersion(msgspec.Struct, frozen=True, kw_only=True):
    """A version in the log of a prompt; the time in ms."""

    version: int
    aliases: list[str]
    author: str | None
    creation_timestamp: int
    message: str | None


class PromptLog(msgspec.Struct, frozen=True, kw_only=True):
    """The versions of a prompt, newest first, and what became of its aliases, oldest first."""

    name: str
    versions: list[LoggedVersion]
    more: bool
    alias_events: list[AliasEvent]


def read(filter_string: str, limit: int) -> tuple[list[RegisteredView], bool]:
    """At most ``limit`` prompts, and whether there are more."""
    prompts, more = models_table.read(prompt_filter(filter_string), limit)
    return [msgspec.structs.replace(item, tags=own_tags(item.tags)) for item in prompts], more


def show(console: Console, prompts: list[RegisteredView], *, more: bool) -> None:
    """Print the table of prompts."""
    if not prompts:
        console.print("No prompts match.")
        return
    models_table.show(console, prompts, more=more)


def read_log(text: str, limit: int) -> PromptLog:
    """The newest ``limit`` versions of a prompt. Raises NotFound."""
    client = open_client()
    name = parse(text).name
    page = client.search_prompt_versions(name, limit)
    versions = [
        LoggedVersion(
            version=item.version,
            aliases=sorted(item.aliases),
            author=item.user_id,
            creation_timestamp=item.creation_timestamp,
            message=item.commit_message,
        )
        for item in page
    ]
    events = client.prompt_alias_history(name)
    return PromptLog(name=name, versions=versions, more=page.token is not None, alias_events=events)


def show_log(console: Console, log: PromptLog, *, moves: bool) -> None:
    """Print the table of versions, and that of the aliases' moves if it is wanted."""
    rows = [
        (
            item.version,
            ", ".join(f"@{alias}" for alias in item.aliases) or None,
            item.author,
            moment(item.creation_timestamp),
            one_line(item.message or "-"),
        )
        for item in log.versions
    ]
    print_table(console, _LOG, rows)
    if log.more:
        console.print(styled(f"{len(log.versions)} shown, there are more: --limit {len(log.versions) * 5}", "dim"))
    if moves:
        heading(console, "Aliases")
        show_events(console, log.alias_events)


def show_events(console: Console, events: list[AliasEvent]) -> None:
    """Print the moves of aliases, newest first."""
    if not events:
        console.print("No move of an alias is recorded.")
        return
    rows = [
        (moment(item.at), f"@{item.alias}", item.old, item.new, item.kind, item.by, one_line(item.reason or "-"))
        for item in reversed(events)
    ]
    print_table(console, _MOVES, rows)
