"""What ``quire models diff`` shows: only what differs between two models."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from quire.cli.differences import print_change
from quire.cli.model_page import load, model_of
from quire.cli.output import clean, styled
from quire.domain.packagediff import Change, diff_packages
from quire.domain.redaction import redact

if TYPE_CHECKING:
    from rich.console import Console

_STYLES = {"added": ("+", "green"), "removed": ("-", "red"), "changed": ("~", "yellow")}


class Side(msgspec.Struct, frozen=True, kw_only=True):
    """One of the two models."""

    uri: str
    model: str
    task: str
    summary: str


class ModelDiff(msgspec.Struct, frozen=True, kw_only=True):
    """What differs between two models."""

    old: Side
    new: Side
    changes: list[Change]


def read(old_uri: str, new_uri: str) -> ModelDiff:
    """Compare two models. Raises NotFound or MalformedModel."""
    old, new = load(old_uri).package, load(new_uri).package
    sides = [
        Side(uri=redact(uri), model=package.model, task=package.task, summary=model_of(package))
        for uri, package in ((old_uri, old), (new_uri, new))
    ]
    return ModelDiff(old=sides[0], new=sides[1], changes=diff_packages(old, new))


def show(console: Console, diff: ModelDiff) -> None:
    """Print the differences."""
    console.print(styled(f"old {clean(diff.old.uri)}  ({clean(diff.old.summary)})"), soft_wrap=True)
    console.print(styled(f"new {clean(diff.new.uri)}  ({clean(diff.new.summary)})"), soft_wrap=True)
    if not diff.changes:
        console.print("\nNothing differs in template, parameters, policy and signature.")
    console.print()
    for change in diff.changes:
        mark, style = _STYLES[change.kind]
        console.print(styled(f"{mark} ", f"bold {style}"), end="")
        print_change(console, change.path, change.old, change.new)
