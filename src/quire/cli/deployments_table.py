"""Deployments as rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from quire.cli.output import ColumnKind, clean, print_table
from quire.cli.words import age
from quire.domain.endpoints import Deployment
from quire.domain.ids import now_ms

if TYPE_CHECKING:
    from rich.console import Console

_COLUMNS: list[tuple[str, ColumnKind]] = [
    ("id", "id"),
    ("kind", "id"),
    ("name", "word"),
    ("endpoints", "text"),
    ("when", "id"),
    ("by", "word"),
    ("target", "text"),
]


def show(console: Console, found: Sequence[Deployment]) -> None:
    """Print deployments, one a line."""
    if not found:
        console.print("No deployments are recorded.")
        return
    now = now_ms()
    rows = [
        [
            one.deployment_id,
            clean(one.kind),
            clean(one.name),
            clean(", ".join(one.endpoints)),
            age(one.creation_time, now),
            clean(one.created_by),
            clean(one.target),
        ]
        for one in found
    ]
    print_table(console, _COLUMNS, rows)
