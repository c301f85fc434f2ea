"""``quire experiments``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import typer

from quire.cli.command import command
from quire.cli.output import Output, clean, print_table

if TYPE_CHECKING:
    from rich.console import Console


class ExperimentView(msgspec.Struct, frozen=True, kw_only=True):
    """One experiment, as ``--json`` prints it."""

    experiment_id: str
    name: str
    lifecycle_stage: str
    creation_time: int | None
    last_update_time: int | None
    artifact_location: str
    tags: dict[str, str]


def add_to(group: typer.Typer) -> None:
    """Register the commands."""
    command(group, "list")(list_experiments)


def list_experiments(out: Output) -> None:
    """List the experiments, newest first."""
    from quire.cli.lookup import all_experiments, open_existing_store
    from quire.cli.words import age
    from quire.domain.ids import now_ms

    found = [
        ExperimentView(
            experiment_id=item.experiment_id,
            name=item.name,
            lifecycle_stage=item.lifecycle_stage,
            creation_time=item.creation_time,
            last_update_time=item.last_update_time,
            artifact_location=item.artifact_location,
            tags=item.tags,
        )
        for item in all_experiments(open_existing_store())
    ]
    now = now_ms()

    def show(console: Console) -> None:
        rows = [(item.experiment_id, clean(item.name), age(item.creation_time, now)) for item in found]
        print_table(console, [("id", "id"), ("name", "word"), ("created", "id")], rows)

    out.emit({"experiments": found}, show)
