"""What ``quire prompts diff`` shows: only what differs between two versions of a prompt."""

from __future__ import annotations

from typing import TYPE_CHECKING

from quire.cli.differences import print_change, print_pieces, shown
from quire.cli.output import clean, heading, styled
from quire.cli.prompt_names import load, open_client, parse
from quire.domain.errors import NotFound
from quire.domain.packagediff import Change
from quire.domain.promptdiff import MessageChange, PromptDiff, diff_prompts, message_title, summary
from quire.domain.textdiff import Piece

if TYPE_CHECKING:
    from rich.console import Console

_STYLES = {"added": ("+", "green"), "removed": ("-", "red"), "changed": ("~", "yellow"), "moved": ("↕", "yellow")}


def read(old: str, new: str | None) -> PromptDiff:
    """Compare two versions; with one alone, the version before it and itself. Raises NotFound."""
    client = open_client()
    if new is not None:
        return diff_prompts(load(client, old), load(client, new))
    version = load(client, old)
    for number in range(version.version - 1, 0, -1):
        before = client.load_prompt(version.name, number, allow_missing=True)
        if before is not None:
            return diff_prompts(before, version)
    raise NotFound(f"{version.uri} has no version before it. Name two: quire prompts diff {parse(old).name}/1 OTHER")


def show(console: Console, diff: PromptDiff) -> None:
    """Print the differences."""
    console.print(styled(f"old {clean(diff.old)}"), soft_wrap=True)
    console.print(styled(f"new {clean(diff.new)}"), soft_wrap=True)
    console.print(styled(clean(summary(diff)), "bold"), soft_wrap=True)
    show_changes(console, diff)


def show_changes(console: Console, diff: PromptDiff) -> None:
    """Print what differs, without the names of the two sides."""
    for message in diff.messages:
        _show_message(console, message)
    if diff.variables_added or diff.variables_removed:
        heading(console, "variables")
        for names, mark, style in ((diff.variables_removed, "-", "red"), (diff.variables_added, "+", "green")):
            for name in names:
                console.print(styled(f"{mark} {clean(name)}", style))
    if diff.settings:
        heading(console, "settings")
        for change in diff.settings:
            _show_change(console, change)
    if diff.commit_message:
        heading(console, "commit message")
        print_change(console, "message", diff.commit_message.old, diff.commit_message.new)


def _show_message(console: Console, change: MessageChange) -> None:
    heading(console, f"{_STYLES[change.kind][0]} {clean(message_title(change))}")
    if change.message is not None and change.kind in ("added", "removed"):
        text = shown({key: value for key, value in change.message.items() if key != "role"})
        content = change.message.get("content")
        plain = isinstance(content, str) and change.message.keys() <= {"role", "content"}
        print_pieces(console, [Piece(change.kind, content if plain else text)], indent="  ")  # type: ignore[arg-type]
    for item in change.changes:
        if item.path == "content" and item.pieces is not None:
            print_pieces(console, item.pieces, indent="  ")
        else:
            _show_change(console, item)


def _show_change(console: Console, change: Change) -> None:
    mark, style = _STYLES[change.kind]
    console.print(styled(f"{mark} ", f"bold {style}"), end="")
    print_change(console, change.path, change.old, change.new)
