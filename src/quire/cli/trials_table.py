"""Trials as rows, and the report of one on the width of a terminal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from quire.cli.output import clean, one_line, print_table
from quire.cli.words import age
from quire.domain.ids import now_ms
from quire.domain.trials import Trial

if TYPE_CHECKING:
    from rich.console import Console

    from quire.trials import TrialReport

_NARROWEST = 100


def show(console: Console, found: Sequence[Trial]) -> None:
    """Print trials, one a line."""
    if not found:
        console.print("There are no trials.")
        return
    now = now_ms()
    columns = [("trial", "id"), ("on", "id"), ("state", "id"), ("age", "id"), ("decides", "word"), ("arms", "text")]
    rows = [
        [
            one.trial_id,
            one.spec.subject + (f" ({one.spec.namespace})" if one.spec.namespace else ""),
            one.state,
            age(one.creation_time, now),
            one.spec.stopping.metric,
            ", ".join(arm.name for arm in one.arms),
            _outcome(one),
        ]
        for one in found
    ]
    print_table(console, [*columns, ("outcome", "text")], rows)  # type: ignore[list-item]


def _outcome(trial: Trial) -> str:
    if trial.decision is None:
        return ""
    winner = f"{trial.decision.winner} " if trial.decision.winner else ""
    return one_line(f"{winner}{trial.decision.kind}: {trial.decision.said}" if trial.decision.said else winner)


def show_report(console: Console, report: TrialReport) -> None:
    """Print a report: as wide as the terminal, elsewhere as it prints."""
    if console.is_terminal and console.width >= _NARROWEST:
        console.print(report)
        return
    console.file.write(f"{clean(str(report))}\n")
