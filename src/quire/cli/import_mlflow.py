"""``quire import-mlflow``: what an MLflow database and its artifact folder hold, brought into the store."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from quire.cli.output import Output, clean, print_table, styled

if TYPE_CHECKING:
    from rich.console import Console

    from quire.importing import Report

IN_MEMORY = "sqlite://"
PROXY_ROOT = "mlflow-artifacts:/"
_SECONDS_BETWEEN = 1.0


def import_mlflow(
    out: Output,
    uri: Annotated[
        str,
        typer.Argument(
            metavar="URI",
            help="MLflow's backend store: sqlite:///mlflow.db or postgresql://user:password@host/database.",
            show_default=False,
        ),
    ],
    artifacts: Annotated[
        Path | None,
        typer.Option(
            "--artifacts",
            metavar="FOLDER",
            help="MLflow's artifact folder, to be copied; without it artifacts stay where they are.",
            show_default=False,
        ),
    ] = None,
    destination: Annotated[
        str | None,
        typer.Option(
            "--artifacts-destination",
            metavar="PLACE",
            help="Where quire server will keep artifacts: they are copied there, and reached through the server.",
            show_default=False,
        ),
    ] = None,
    workspace: Annotated[str, typer.Option("--workspace", help="The workspace of MLflow to import.")] = "default",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Read and count everything, and write nothing.")] = False,
) -> None:
    """Bring experiments, runs, models, traces and datasets of MLflow here, ids and times kept.

    What is here already is kept: an import that was interrupted is simply run again. MLflow should not write
    meanwhile. Exit code 1 if something that was brought cannot be found again.
    """
    from quire.importing import import_mlflow as run
    from quire.store.current import get_artifact_root, get_tracking_uri
    from quire.store.opening import artifact_root_of, open_store

    target = get_tracking_uri()
    root = artifact_root_of(target, destination or get_artifact_root())
    new_experiments_in = PROXY_ROOT if destination else root
    report = run(
        uri,
        open_store(IN_MEMORY if dry_run and _is_new(target) else target, artifact_root=new_experiments_in),
        artifacts=artifacts,
        artifact_root=root,
        served=destination is not None,
        workspace=workspace,
        dry_run=dry_run,
        progress=_progress(),
    )
    out.emit(report, lambda console: _show(console, report))
    if report.problems:
        raise typer.Exit(1)


def _is_new(target: str) -> bool:
    """Whether opening a store would make its tables."""
    from quire.domain.uris import store_kind
    from quire.store.opening import parse_sqlite
    from quire.store.sql.schema import revision
    from quire.store.sql.upkeep import opened

    kind = store_kind(target)
    if kind == "sqlite":
        path = parse_sqlite(target).path
        return path is None or not path.is_file()
    if kind != "postgresql":
        return False
    with opened(target) as database, database.read() as session:
        return revision(session) is None


def _progress() -> Callable[[str, int, int], None] | None:
    """Tells a person at a terminal, on standard error, how far the import is."""
    if not sys.stderr.isatty():
        return None
    last = [0.0]

    def tell(kind: str, done: int, of: int) -> None:
        now = time.monotonic()
        if now - last[0] >= _SECONDS_BETWEEN or done == of:
            last[0] = now
            end = "\n" if done == of else ""
            print(f"\r\x1b[K{done:,} of {of:,} {kind}", end=end, file=sys.stderr, flush=True)

    return tell


def _show(console: Console, report: Report) -> None:
    console.print(styled(f"{clean(report.source)} -> {clean(report.target)}", "bold"), soft_wrap=True)
    rows = [
        (
            count.kind,
            f"{count.found:,}",
            f"{count.added:,}" if count.added else "",
            f"{count.present:,}" if count.present else "",
        )
        for count in report.counts
    ]
    added = "would be added" if report.dry_run else "added"
    print_table(console, [("", "word"), ("there", "number"), (added, "number"), ("here already", "number")], rows)
    if report.files.copied or report.files.present:
        files, copied = report.files, "would be copied" if report.dry_run else "copied"
        console.print(
            f"{files.copied:,} artifact files {copied} ({files.size / 1e6:,.1f} MB), {files.present:,} here already"
        )
    for text in report.left_out:
        console.print(styled(f"Left out: {clean(text)}.", "yellow"), soft_wrap=True)
    for text in report.problems:
        console.print(styled(f"WRONG: {clean(text)}.", "bold red"), soft_wrap=True)
    if not report.problems and not report.dry_run:
        console.print(styled(f"All counts agree; {report.checked:,} things were read back and compared.", "green"))
