"""``quire doctor``: what is configured, what is missing, what to do about it. Never shows a secret."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

import msgspec
import typer

from quire.cli.output import Output, clean, styled

if TYPE_CHECKING:
    from rich.console import Console

Status = Literal["ok", "note", "problem"]
_MARKS: dict[Status, tuple[str, str]] = {
    "ok": ("ok", "green"),
    "note": ("note", "yellow"),
    "problem": ("PROBLEM", "bold red"),
}


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that was looked at. ``remedy`` says what to do, where something is to be done."""

    name: str
    status: Status
    detail: str
    remedy: str = ""


class Examination(msgspec.Struct, frozen=True, kw_only=True):
    """Every check; ``healthy`` unless one is a problem."""

    healthy: bool
    checks: list[Check]


def doctor(
    out: Output,
    online: Annotated[
        bool, typer.Option("--online", help="Also ask the service for its list of models (costs nothing).")
    ] = False,
) -> None:
    """Say what is configured and what is missing; exit code 1 if something does not work."""
    from quire.cli import checks

    found = checks.examine(online=online)
    examination = Examination(healthy=all(check.status != "problem" for check in found), checks=found)
    out.emit(examination, lambda console: _show(console, examination))
    if not examination.healthy:
        raise typer.Exit(1)


def _show(console: Console, examination: Examination) -> None:
    width = max(len(check.name) for check in examination.checks)
    for check in examination.checks:
        mark, style = _MARKS[check.status]
        line = styled(f"{mark:<8}", style) + styled(f"{check.name:<{width}}  ", "bold") + styled(clean(check.detail))
        console.print(line, soft_wrap=True)
        if check.remedy:
            console.print(styled(f"{'':<8}{'':<{width}}  -> {clean(check.remedy)}"), soft_wrap=True)
    console.print()
    count = sum(check.status == "problem" for check in examination.checks)
    if count:
        console.print(styled(f"{count} problem{'s' if count > 1 else ''} found.", "bold red"))
    else:
        console.print(styled("Everything that is configured works.", "green"))
