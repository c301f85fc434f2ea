"""``quire db``: the database of the tracking store, brought up to date, checked, backed up."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from quire.cli.command import command
from quire.cli.output import Output, clean, print_pairs, styled

if TYPE_CHECKING:
    from rich.console import Console

    from quire.store.sql.backup import Backup
    from quire.store.sql.upkeep import Condition, Upgrade


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    command(app, "upgrade")(upgrade)
    command(app, "check")(check)
    command(app, "backup")(backup)


def upgrade(out: Output) -> None:
    """Make the tables, or bring them up to date. Any command does so by itself; this one does only that."""
    from quire.store.current import get_artifact_root, get_tracking_uri
    from quire.store.opening import artifact_root_of
    from quire.store.sql import upkeep

    uri = get_tracking_uri()
    done = upkeep.upgrade(uri, artifact_root_of(uri, get_artifact_root()))
    out.emit(done, lambda console: _show_upgrade(console, done))


def _show_upgrade(console: Console, done: Upgrade) -> None:
    if not done.changed:
        said = f"is up to date (schema {done.after})"
    elif done.before is None:
        said = f"is new: its tables were made (schema {done.after})"
    else:
        said = f"was brought from schema {done.before} to {done.after}"
    console.print(styled(f"{clean(done.database)} {said}."), soft_wrap=True)


def check(out: Output) -> None:
    """Look at the tables and at what they hold, changing nothing; exit code 1 if something is wrong."""
    from quire.store.current import get_tracking_uri
    from quire.store.sql import upkeep

    condition = upkeep.check(get_tracking_uri())
    out.emit(condition, lambda console: _show_condition(console, condition))
    if not condition.right:
        raise typer.Exit(1)


def _show_condition(console: Console, condition: Condition) -> None:
    console.print(styled(clean(condition.database), "bold"), soft_wrap=True)
    width = max(len(finding.name) for finding in condition.findings)
    for finding in condition.findings:
        mark, style = ("ok", "green") if finding.right else ("WRONG", "bold red")
        line = styled(f"{mark:<7}", style) + styled(f"{finding.name:<{width}}  {clean(finding.detail)}")
        console.print(line, soft_wrap=True)
        if finding.remedy:
            console.print(styled(f"{'':<7}{'':<{width}}  -> {clean(finding.remedy)}"), soft_wrap=True)


def backup(
    out: Output,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Where the backup is put.", show_default=False)],
    force: Annotated[bool, typer.Option("--force", help="Replace the file if it exists.")] = False,
) -> None:
    """Copy the database into a file while it is in use. Artifacts are files, and are not in it."""
    from quire.store.current import get_tracking_uri
    from quire.store.sql.backup import backup as make

    done = make(get_tracking_uri(), file, replace=force)
    out.emit(done, lambda console: _show_backup(console, done))


def _show_backup(console: Console, done: Backup) -> None:
    print_pairs(
        console,
        [
            ("database", done.database),
            ("backup", done.file),
            ("size", f"{done.size / 1e6:,.1f} MB in {done.seconds:.1f} s"),
            ("restore", done.restore),
        ],
    )
