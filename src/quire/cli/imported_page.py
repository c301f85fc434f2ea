"""What ``quire models import`` says it did."""

from __future__ import annotations

from typing import TYPE_CHECKING

from quire.cli.output import clean

if TYPE_CHECKING:
    from rich.console import Console

    from quire.bundle import Imported, ImportedVersion


def show(console: Console, done: Imported) -> None:
    """Print it."""
    where = f"in the experiment {clean(repr(done.experiment_name))}"
    if done.already_there:
        console.print(f"Already here: {done.model_uri} {where}; nothing was copied.", soft_wrap=True)
    else:
        console.print(f"Imported {done.model_uri} {where}.", soft_wrap=True)
    if done.run_id:
        console.print(f"  made by run {done.run_id}", soft_wrap=True)
    for version in done.versions:
        _show_version(console, version)


def _show_version(console: Console, version: ImportedVersion) -> None:
    name = clean(version.name)
    state = "was registered already" if version.already_there else "registered"
    console.print(f"  {state} as models:/{name}/{version.version}", soft_wrap=True)
    for alias in version.aliases_set:
        console.print(f"  alias {clean(alias)} -> version {version.version}", soft_wrap=True)
    for alias in version.aliases_kept:
        console.print(
            f"  alias {clean(alias)} points at another version here and was left there; to move it: "
            f"quire models alias set {name} {clean(alias)} {version.version}",
            soft_wrap=True,
        )
