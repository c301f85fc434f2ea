"""Promotions as rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from quire.cli.output import print_table
from quire.cli.words import age
from quire.domain.ids import now_ms
from quire.domain.promotions import Promotion

if TYPE_CHECKING:
    from rich.console import Console


def show(console: Console, found: Sequence[Promotion]) -> None:
    """Print promotions, one a line."""
    if not found:
        console.print("No promotions are recorded.")
        return
    now = now_ms()
    columns = [("when", "word"), ("alias", "word"), ("from", "id"), ("to", "id"), ("how", "word"), ("by", "word")]
    rows = [
        [age(one.at, now), one.alias, one.old or "-", one.new or "-", _how(one), one.by, one.reason] for one in found
    ]
    print_table(console, [*columns, ("reason", "text")], rows)  # type: ignore[list-item]


def _how(one: Promotion) -> str:
    if one.kind == "rollback":
        return "rolled back"
    return "forced" if one.forced else "on evidence" if one.checks else "first"
