"""What ``quire prompts pull`` and ``push`` show: what was done, what was not, and both sides of each conflict."""

from __future__ import annotations

from typing import TYPE_CHECKING

from quire.cli.output import clean, styled
from quire.cli.prompt_diff import show_changes
from quire.cli.words import plural
from quire.domain.promptdiff import summary
from quire.prompts.folder import Outcome, SyncReport

if TYPE_CHECKING:
    from rich.console import Console

_DONE = {
    ("written", False): "written",
    ("written", True): "would be written",
    ("registered", False): "registered",
    ("registered", True): "would be registered",
}
_LEFT = {
    "changed here": "changed here; push it",
    "new here": "new here; push it",
    "changed there": "changed in the registry; pull it",
    "new there": "new in the registry; pull it",
    "gone here": "has no file any more; pull --force brings it back",
    "gone there": "is gone from the registry; the file stays; push --force registers it anew",
}


def show(console: Console, report: SyncReport, *, with_diffs: bool) -> None:
    """Print the report; conflicts with what differs, the rest with a line each."""
    for outcome in report.outcomes:
        style = "red" if outcome.action == "refused" else ""
        console.print(styled(clean(_line(report, outcome)), style), soft_wrap=True)
        if outcome.diff is not None and (outcome.action == "refused" or with_diffs):
            console.print(styled(f"  - {clean(outcome.diff.old)}", "red"), soft_wrap=True)
            console.print(styled(f"  + {clean(outcome.diff.new)}", "green"), soft_wrap=True)
            show_changes(console, outcome.diff)
            console.print()
    console.print(_sum(report))


def _line(report: SyncReport, outcome: Outcome) -> str:
    name = outcome.name
    if outcome.action == "refused":
        return f"{name}: {_refusal(report, outcome)}"
    if outcome.action == "left":
        return f"{name}: {_LEFT[outcome.standing]}"
    done = _DONE[(outcome.action, report.dry_run)]
    if outcome.action == "written":
        return f"{name}: version {outcome.version} {done} to {outcome.file}{_what(outcome)}"
    number = "" if report.dry_run else f" as version {outcome.version}"
    note = f" ({outcome.note})" if outcome.note else ""
    return f"{name}: {outcome.file} {done}{number}{_what(outcome)}{note}"


def _what(outcome: Outcome) -> str:
    return f": {summary(outcome.diff)}" if outcome.diff is not None else ""


def _refusal(report: SyncReport, outcome: Outcome) -> str:
    if outcome.note:
        return f"cannot be kept in a file: {outcome.note}"
    winner = "registry" if report.direction == "pull" else "file"
    if outcome.diff is None:
        return f"CONFLICT: deleted on one side and changed on the other; --force lets the {winner} win"
    return f"CONFLICT: {outcome.file} and the registry both changed; --force lets the {winner} win"


def _sum(report: SyncReport) -> str:
    done = sum(outcome.action in ("written", "registered") for outcome in report.outcomes)
    verb = "pulled" if report.direction == "pull" else "pushed"
    words = [f"{plural(done, 'prompt')} {'would be ' if report.dry_run else ''}{verb}", f"{report.in_step} in step"]
    left = sum(outcome.action == "left" for outcome in report.outcomes)
    refused = len(report.refused)
    words += [f"{left} left"] if left else []
    words += [f"{refused} refused"] if refused else []
    return ", ".join(words)
