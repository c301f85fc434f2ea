"""What ``quire runs diff`` shows: only what differs between two runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from quire.cli.differences import print_change
from quire.cli.output import clean, heading, print_table, styled
from quire.cli.words import number, signed
from quire.domain.entities import Run
from quire.domain.rundiff import RunComparison, RunHead, TextRow, compare_runs
from quire.domain.textdiff import Piece, diff_text

if TYPE_CHECKING:
    from rich.console import Console


class TextChange(msgspec.Struct, frozen=True, kw_only=True):
    """A param or tag that differs; None where a run lacks it."""

    key: str
    old: str | None
    new: str | None
    pieces: list[Piece] | None


class MetricChange(msgspec.Struct, frozen=True, kw_only=True):
    """A metric that differs. ``better`` says whether the new run's value is, None if that cannot be told."""

    key: str
    old: float | None
    new: float | None
    delta: float | None
    better: bool | None


class RunDiff(msgspec.Struct, frozen=True, kw_only=True):
    """What differs between two runs."""

    old: RunHead
    new: RunHead
    params: list[TextChange]
    metrics: list[MetricChange]
    tags: list[TextChange]


def read(old: Run, new: Run) -> RunDiff:
    """What differs between two runs."""
    comparison = compare_runs([old, new])
    return RunDiff(
        old=comparison.runs[0],
        new=comparison.runs[1],
        params=[_text_change(row) for row in comparison.params if row.differs],
        metrics=_metric_changes(comparison),
        tags=[_text_change(row) for row in comparison.tags if row.differs],
    )


def _text_change(row: TextRow) -> TextChange:
    old, new = row.values
    pieces = diff_text(old, new) if old is not None and new is not None else None
    return TextChange(key=row.key, old=old, new=new, pieces=pieces)


def _metric_changes(comparison: RunComparison) -> list[MetricChange]:
    changes = []
    for row in comparison.metrics:
        if row.differs:
            old, new = row.values
            better = (1 in row.best) if row.best and old is not None and new is not None else None
            changes.append(MetricChange(key=row.key, old=old, new=new, delta=row.deltas[1], better=better))
    return changes


def show(console: Console, diff: RunDiff) -> None:
    """Print the differences."""
    console.print(f"old {diff.old.run_id}  {clean(diff.old.run_name)}", soft_wrap=True)
    console.print(f"new {diff.new.run_id}  {clean(diff.new.run_name)}", soft_wrap=True)
    if not (diff.params or diff.metrics or diff.tags):
        console.print("\nNothing differs in params, metrics and tags.")
        return
    _show_texts(console, "Params", diff.params)
    _show_metrics(console, diff.metrics)
    _show_texts(console, "Tags", diff.tags)


def _show_texts(console: Console, title: str, changes: list[TextChange]) -> None:
    if not changes:
        return
    heading(console, title)
    for change in changes:
        console.print("  ", end="")
        print_change(console, change.key, change.old, change.new)


def _show_metrics(console: Console, changes: list[MetricChange]) -> None:
    if not changes:
        return
    heading(console, "Metrics")
    styles = {True: "green", False: "red", None: ""}
    words = {True: "better", False: "worse", None: ""}
    rows = [
        (
            clean(change.key),
            number(change.old),
            number(change.new),
            styled(signed(change.delta), styles[change.better]),
            styled(words[change.better], styles[change.better]),
        )
        for change in changes
    ]
    columns = [("metric", "word"), ("old", "number"), ("new", "number"), ("change", "number"), ("", "id")]
    print_table(console, columns, rows)  # type: ignore[arg-type]
