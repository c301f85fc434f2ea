"""The table of ``quire runs compare``: one column a run, in blocks as wide as the console, the first run in each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from quire.cli.lookup import short_ids
from quire.cli.output import GAP, ColumnKind, clean, one_line, print_table, styled
from quire.cli.words import duration, number, signed
from quire.domain.rundiff import MetricRow, RunComparison, RunHead, TextRow

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

_LEAST_VALUE, _MOST_VALUE, _UNCUT = 18, 40, 1000
_LONGEST_KEY = 28
_TYPICAL_KEY = 20
BEST = "*"
"""Marks the best value, so that it is seen without colour too."""


def show(console: Console, comparison: RunComparison, *, differing: bool) -> None:
    """Print the comparison."""
    rows = _rows(comparison, _longest_value(console, len(comparison.runs)), differing=differing)
    columns = list(zip(*(cells for _key, cells in rows), strict=True))
    key_width = max(len(key.strip("\n")) for key, _cells in rows)
    widths = [max(len(cell) for cell in column) for column in columns]
    for position, block in enumerate(_blocks(widths, console.width - key_width - GAP)):
        if position:
            console.print()
        _show_block(console, rows, block)
    if any(row.best for row in comparison.metrics):
        console.print()
        legend = f"{BEST} best; in brackets: the distance from the first run"
        if any(row.lower_is_better for row in comparison.metrics):
            legend += "; (-): less is better"
        console.print(styled(legend, "dim"))


def _longest_value(console: Console, runs: int) -> int:
    """How long a text may be so that the runs stand side by side if that is possible at all."""
    if not console.is_terminal:
        return _UNCUT
    room = (console.width - _TYPICAL_KEY) // runs - GAP
    return min(max(room, _LEAST_VALUE), _MOST_VALUE)


Row = tuple[str, list[Any]]


def _rows(comparison: RunComparison, longest: int, *, differing: bool) -> list[Row]:
    ids = short_ids([head.run_id for head in comparison.runs])
    rows: list[Row] = [
        ("run", [styled(run_id, "bold") for run_id in ids]),
        ("name", [one_line(head.run_name, longest) for head in comparison.runs]),
        ("status", [head.status.lower() for head in comparison.runs]),
        ("took", [_took(head) for head in comparison.runs]),
    ]
    rows += _section("differing params", [row for row in comparison.params if row.differs], longest)
    if not differing:
        rows += _section("same params", [row for row in comparison.params if not row.differs], longest)
    if comparison.metrics:
        rows.append(_title("metrics", len(comparison.runs)))
        rows += [_metric_row(row) for row in comparison.metrics]
    rows += _section("differing tags", [row for row in comparison.tags if row.differs], longest)
    return rows


def _took(head: RunHead) -> str:
    return duration(None if head.end_time is None else head.end_time - head.start_time)


def _title(text: str, runs: int) -> Row:
    return f"\n{text}", [""] * runs


def _section(title: str, rows: Sequence[TextRow], longest: int) -> list[Row]:
    if not rows:
        return []
    width = len(rows[0].values)
    return [_title(title, width), *((_key(row.key), [_value(value, longest) for value in row.values]) for row in rows)]


def _key(key: str) -> str:
    return f"  {one_line(key, _LONGEST_KEY)}"


def _value(value: str | None, longest: int) -> str:
    return "-" if value is None else one_line(value, longest)


def _metric_row(row: MetricRow) -> Row:
    mark = " (-)" if row.lower_is_better else ""
    return f"{_key(row.key)}{mark}", [_metric_cell(row, index) for index in range(len(row.values))]


def _metric_cell(row: MetricRow, index: int) -> Text:
    best = index in row.best
    cell = styled(f"{number(row.values[index])}{BEST if best else ''}", "bold green" if best else "")
    delta = signed(row.deltas[index], digits=3)
    if delta:
        cell.append(f" ({delta})", style="dim")
    return cell


def _blocks(widths: Sequence[int], room: int) -> list[list[int]]:
    """Positions of runs, in blocks that fit; every block begins with the first run."""
    blocks: list[list[int]] = []
    block, used = [0], widths[0] + GAP
    for index in range(1, len(widths)):
        needed = widths[index] + GAP
        if len(block) > 1 and used + needed - GAP > room:
            blocks.append(block)
            block, used = [0], widths[0] + GAP
        block.append(index)
        used += needed
    return [*blocks, block]


def _show_block(console: Console, rows: Sequence[Row], block: Sequence[int]) -> None:
    columns: list[tuple[str, ColumnKind]] = [("", "id"), *(("", "id") for _ in block)]
    body = [(_styled_key(key), *(cells[index] for index in block)) for key, cells in rows]
    print_table(console, columns, body, header=False)


def _styled_key(key: str) -> Text:
    return styled(clean(key), "" if key.startswith("  ") else "bold" if key.startswith("\n") else "dim")
