"""What ``quire prompts blame`` shows: each line of a version beside the version that brought it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from quire.cli.output import clean, one_line, styled
from quire.cli.prompt_names import load, open_client
from quire.domain.promptblame import BlamedMessage
from quire.prompts.blaming import blame_version

if TYPE_CHECKING:
    from rich.console import Console


class BlamedVersion(msgspec.Struct, frozen=True, kw_only=True):
    """Who made a version, when (ms) and why."""

    author: str | None
    creation_timestamp: int
    message: str | None


class Blame(msgspec.Struct, frozen=True, kw_only=True):
    """The messages of a version with the versions of their lines, and what is known of those versions."""

    uri: str
    messages: list[BlamedMessage]
    versions: dict[str, BlamedVersion]


def read(text: str) -> Blame:
    """Blame the version that a person named. Versions that were deleted are passed over. Raises NotFound."""
    client = open_client()
    newest = load(client, text)
    blamed = blame_version(client, newest)
    return Blame(
        uri=newest.uri,
        messages=blamed.messages,
        versions={
            str(item.version): BlamedVersion(
                author=item.user_id, creation_timestamp=item.creation_timestamp, message=item.commit_message
            )
            for item in blamed.versions
        },
    )


def show(console: Console, blamed: Blame) -> None:
    """Print the lines, each after its version and author, then the versions' messages."""
    authors = {number: clean(item.author or "-") for number, item in blamed.versions.items()}
    width = max((len(number) for number in authors), default=1)
    wide = max((len(author) for author in authors.values()), default=1)
    for message in blamed.messages:
        if message.role:
            console.print(styled(_label(message.version, authors, width, wide), "dim"), end="")
            console.print(styled(f"=== {clean(message.role)} ===", "bold"), soft_wrap=True)
        for line in message.lines:
            console.print(styled(_label(line.version, authors, width, wide), "dim"), end="")
            console.print(styled(clean(line.text)), soft_wrap=True)
    console.print()
    for number, item in sorted(blamed.versions.items(), key=lambda pair: -int(pair[0])):
        console.print(styled(f"{number:>{width}}  {one_line(item.message or '-')}", "dim"), soft_wrap=True)


def _label(version: int, authors: dict[str, str], width: int, wide: int) -> str:
    return f"{version:>{width}}  {authors[str(version)]:<{wide}}  "
