"""``quire prompts``: list, show, log, diff, blame, rollback, register, alias, pull, push."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from quire.cli.command import command
from quire.cli.output import Output, clean, styled

PromptArgument = Annotated[str, typer.Argument(metavar="PROMPT", help="NAME (the newest), NAME/VERSION or NAME@ALIAS.")]
NameArgument = Annotated[str, typer.Argument(metavar="NAME", help="The prompt.")]
ReasonOption = Annotated[str, typer.Option("--reason", "-r", metavar="TEXT", help="Why; kept with the move.")]
FolderArgument = Annotated[Path, typer.Argument(metavar="FOLDER", help="The folder of prompt files.")]
NamesArgument = Annotated[list[str] | None, typer.Argument(metavar="NAME...", help="Only these prompts.")]
DryRunOption = Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and do nothing.")]
DiffOption = Annotated[bool, typer.Option("--diff", help="Show what differs of every prompt, not of conflicts alone.")]


def add_to(group: typer.Typer) -> None:
    """Register the commands."""
    command(group, "list")(list_prompts)
    command(group, "show")(show)
    command(group, "log")(log)
    command(group, "diff")(diff)
    command(group, "blame")(blame)
    command(group, "register")(register)
    command(group, "rollback")(rollback)
    command(group, "pull")(pull)
    command(group, "push")(push)
    alias = typer.Typer(help="Point aliases at versions.", no_args_is_help=True, rich_markup_mode=None)
    command(alias, "set")(set_alias)
    command(alias, "delete")(delete_alias)
    command(alias, "log")(alias_log)
    group.add_typer(alias, name="alias")


def list_prompts(
    out: Output,
    filter_string: Annotated[str, typer.Option("--filter", "-f", help="Such as \"name LIKE 'jok%'\".")] = "",
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, max=1000, help="At most so many.")] = 100,
) -> None:
    """List the prompts with their newest versions and aliases."""
    from quire.cli import prompts_table

    prompts, more = prompts_table.read(filter_string, limit)
    out.emit({"prompts": prompts, "more": more}, lambda console: prompts_table.show(console, prompts, more=more))


def show(out: Output, prompt: PromptArgument) -> None:
    """Show a version: template, variables, model and all else."""
    from quire.cli import prompt_page

    page = prompt_page.read(prompt)
    out.emit(page, lambda console: prompt_page.show(console, page))


def log(
    out: Output,
    name: NameArgument,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, max=10_000, help="At most so many versions.")] = 50,
    aliases: Annotated[bool, typer.Option("--aliases", help="Also show what became of the aliases.")] = False,
) -> None:
    """List the versions of a prompt, newest first."""
    from quire.cli import prompts_table

    found = prompts_table.read_log(name, limit)
    out.emit(found, lambda console: prompts_table.show_log(console, found, moves=aliases))


def diff(
    out: Output,
    old: PromptArgument,
    new: Annotated[
        str | None,
        typer.Argument(
            metavar="[PROMPT]", help="The other one. Without it: the version before, and this.", show_default=False
        ),
    ] = None,
    html: Annotated[
        Path | None, typer.Option("--html", metavar="FILE", help="Write it as an HTML fragment instead.")
    ] = None,
) -> None:
    """Show what differs between two versions.

    Messages by words, variables, model, response format, parameters, versions of parts, tags.
    """
    from quire.cli import prompt_diff

    difference = prompt_diff.read(old, new)
    if html is None:
        out.emit(difference, lambda console: prompt_diff.show(console, difference))
        return
    html.write_text(difference.to_html(), encoding="utf-8")
    out.emit({"file": str(html)}, lambda console: console.print(styled(clean(str(html))), soft_wrap=True))


def blame(out: Output, prompt: PromptArgument) -> None:
    """Show which version brought each line."""
    from quire.cli import prompt_blame

    blamed = prompt_blame.read(prompt)
    out.emit(blamed, lambda console: prompt_blame.show(console, blamed))


def register(
    out: Output,
    name: NameArgument,
    file: Annotated[
        Path,
        typer.Option(
            "--file", "-i", metavar="FILE", help="A .prompt file, .json messages, or text; - for standard input."
        ),
    ],
    message: Annotated[str, typer.Option("--message", "-m", metavar="TEXT", help="Why the version is made.")],
    alias: Annotated[
        list[str] | None, typer.Option("--alias", help="Point it at the version; may be repeated.")
    ] = None,
) -> None:
    """Register the next version of a prompt."""
    from quire.cli import prompt_page, prompt_register

    version = prompt_register.register(name, file, message, alias or [])
    page = prompt_page.page_of(version)
    out.emit(page, lambda console: console.print(styled(clean(f"{page.uri} is registered")), soft_wrap=True))


def rollback(
    out: Output,
    prompt: Annotated[str, typer.Argument(metavar="NAME@ALIAS", help="The alias, such as joker@champion.")],
    reason: ReasonOption = "",
) -> None:
    """Move an alias back to the version before.

    Once more goes one move further back. What is done is recorded, and can be taken back.
    """
    from quire.cli.prompt_names import open_client, parse_alias

    name, alias = parse_alias(prompt)
    event = open_client().rollback_prompt_alias(name, alias, reason=reason)
    was = f"was version {event.old}" if event.old is not None else "was gone"
    undo = f"quire prompts alias {'delete' if event.old is None else 'set'} {name} {alias} {event.old or ''}".rstrip()
    text = f"prompts:/{name}@{alias} is version {event.new} again ({was})\nTo take this back: {undo}"
    out.emit(
        {"name": name, "event": event, "undo": undo}, lambda console: console.print(styled(clean(text)), soft_wrap=True)
    )


def set_alias(
    out: Output,
    name: NameArgument,
    alias: Annotated[str, typer.Argument(help="Such as champion.")],
    version: Annotated[int, typer.Argument(min=1, help="The version's number.")],
    reason: ReasonOption = "",
) -> None:
    """Point an alias at a version, moving it if it exists."""
    from quire.cli.prompt_names import open_client

    client = open_client()
    prompt = client.get_prompt(name)
    before = prompt.aliases.get(alias) if prompt else None
    client.set_prompt_alias(name, alias, version, reason=reason)
    moved = f" (was version {before})" if before not in (None, version) else ""
    text = f"prompts:/{name}@{alias} is now version {version}{moved}"
    data = {"name": name, "alias": alias, "version": version, "previous_version": before}
    out.emit(data, lambda console: console.print(styled(clean(text)), soft_wrap=True))


def delete_alias(
    out: Output,
    name: NameArgument,
    alias: Annotated[str, typer.Argument(help="Such as champion.")],
    reason: ReasonOption = "",
) -> None:
    """Remove an alias; the version stays. `rollback` brings it back."""
    from quire.cli.prompt_names import open_client

    client = open_client()
    prompt = client.get_prompt(name)
    before = prompt.aliases.get(alias) if prompt else None
    client.delete_prompt_alias(name, alias, reason=reason)
    data = {"name": name, "alias": alias, "previous_version": before}
    text = f"prompts:/{name}@{alias} is removed (was version {before})"
    out.emit(data, lambda console: console.print(styled(clean(text)), soft_wrap=True))


def alias_log(out: Output, prompt: Annotated[str, typer.Argument(metavar="NAME[@ALIAS]", help="The prompt.")]) -> None:
    """List what became of the aliases of a prompt, newest first: who, when, why."""
    from quire.cli import prompts_table
    from quire.cli.prompt_names import open_client, parse_alias

    name, alias = parse_alias(prompt) if "@" in prompt else (prompt, None)
    events = open_client().prompt_alias_history(name, alias)
    out.emit({"alias_events": events}, lambda console: prompts_table.show_events(console, events))


def pull(
    out: Output,
    folder: FolderArgument = Path("prompts"),
    names: NamesArgument = None,
    force: Annotated[bool, typer.Option("--force", help="Where both changed, let the registry win.")] = False,
    dry_run: DryRunOption = False,
    with_diffs: DiffOption = False,
) -> None:
    """Write what is new in the registry to a folder of prompt files. Exit code 1 if there is a conflict."""
    from quire.cli import prompt_sync
    from quire.cli.lookup import require_existing_store
    from quire.prompts.folder import pull as pull_folder

    require_existing_store()
    report = pull_folder(folder, names=names or None, force=force, dry_run=dry_run)
    out.emit(report, lambda console: prompt_sync.show(console, report, with_diffs=with_diffs))
    if report.refused:
        raise typer.Exit(1)


def push(
    out: Output,
    folder: FolderArgument = Path("prompts"),
    names: NamesArgument = None,
    message: Annotated[
        str | None,
        typer.Option("--message", "-m", metavar="TEXT", help="Why the prompts were changed.", show_default=False),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Where both changed, let the file win.")] = False,
    dry_run: DryRunOption = False,
    with_diffs: DiffOption = False,
) -> None:
    """Register what changed in a folder of prompt files. Exit code 1 if there is a conflict."""
    from quire.cli import prompt_sync
    from quire.domain.errors import NotFound
    from quire.prompts.folder import push as push_folder

    if not folder.is_dir():
        raise NotFound(f"There is no folder {str(folder)!r}. `quire prompts pull {folder}` makes it.")
    report = push_folder(folder, message=message, names=names or None, force=force, dry_run=dry_run)
    out.emit(report, lambda console: prompt_sync.show(console, report, with_diffs=with_diffs))
    if report.refused:
        raise typer.Exit(1)
