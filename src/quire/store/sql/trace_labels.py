"""What traces are found by: their tags, their metadata, the runs and the prompt versions that they are linked to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from quire.domain.traces import COST as COST_OF_TRACE
from quire.domain.traces import FINALIZED, SIZE_STATS, SOURCE_RUN, TOKEN_USAGE, json_object
from quire.store.sql.keys import Keys
from quire.store.sql.session import Session
from quire.store.sql.statement import Statement
from quire.store.sql.texts import split

TAG, METADATA, RUN, PROMPT = range(4)
# Labels whose kind says all have no key.
NO_KEY = 0
# Metadata that nobody looks for by value, and that would make most of the index: it is looked up in the details.
UNINDEXED = frozenset(
    {
        FINALIZED,
        SIZE_STATS,
        TOKEN_USAGE,
        COST_OF_TRACE,
        "mlflow.trace.sizeBytes",
        "mlflow.trace_schema.version",
        "mlflow.traceInputs",
        "mlflow.traceOutputs",
        "mlflow.source.name",
        "mlflow.source.type",
        "mlflow.source.git.branch",
        "mlflow.source.git.commit",
        "mlflow.source.git.repoURL",
        "mlflow.user",
    }
)

_ADD = Statement(
    """INSERT INTO trace_labels (trace_id, kind, key_id, head, rest, experiment_id, timestamp_ms)
    VALUES (:trace, :kind, :key, :head, :rest, :experiment, :timestamp) ON CONFLICT DO NOTHING"""
)
_DELETE_KEY = Statement("DELETE FROM trace_labels WHERE trace_id = :trace AND kind = :kind AND key_id = :key")
_MOVE = Statement(
    "UPDATE trace_labels SET experiment_id = :experiment, timestamp_ms = :timestamp WHERE trace_id = :trace"
)


class Place(msgspec.Struct, frozen=True):
    """What the labels of a trace repeat of it: its row number, its experiment, its time."""

    trace: int
    experiment: int
    timestamp: int


def label_rows(
    session: Session, keys: Keys, place: Place, tags: Mapping[str, str], metadata: Mapping[str, str]
) -> list[tuple[Any, ...]]:
    """The rows that make a trace found by these tags and metadata, and by the run that made it."""
    searched = {key: value for key, value in metadata.items() if key not in UNINDEXED}
    numbers = keys.obtain(session, [*tags, *searched])
    rows = [_row(place, TAG, numbers[key], value) for key, value in tags.items()]
    rows += [_row(place, METADATA, numbers[key], value) for key, value in searched.items()]
    run = metadata.get(SOURCE_RUN)
    if run:
        rows.append(_row(place, RUN, NO_KEY, run))
    return rows


def linked_rows(place: Place, kind: int, targets: Iterable[str]) -> list[tuple[Any, ...]]:
    """The rows that link a trace to runs (RUN) or prompt versions (PROMPT, as ``name/version``)."""
    return [_row(place, kind, NO_KEY, target) for target in targets]


def _row(place: Place, kind: int, key: int, value: str) -> tuple[Any, ...]:
    return (place.trace, kind, key, *split(value), place.experiment, place.timestamp)


def add_labels(session: Session, rows: list[tuple[Any, ...]]) -> None:
    """Store rows; those that are there already stay."""
    session.insert(_ADD, rows)


def replace_labels(
    session: Session,
    keys: Keys,
    place: Place,
    tags: Mapping[str, str],
    metadata: Mapping[str, str],
    *,
    before: tuple[Mapping[str, str], Mapping[str, str]],
) -> None:
    """Make a trace found by these tags and metadata, where they differ from those before."""
    changed = [
        {key: value for key, value in now.items() if was.get(key) != value}
        for now, was in zip((tags, metadata), before, strict=True)
    ]
    for kind, items, was in zip((TAG, METADATA), changed, before, strict=True):
        for key in items:
            if key in was and (kind == TAG or key not in UNINDEXED):
                remove_label(session, keys, place.trace, kind, key)
    add_labels(session, label_rows(session, keys, place, *changed))


def remove_label(session: Session, keys: Keys, trace: int, kind: int, key: str) -> None:
    """Make a trace no longer found by a tag or piece of metadata."""
    session.run(_DELETE_KEY, (trace, kind, keys.find(session, key)))


def move_labels(session: Session, place: Place) -> None:
    """Follow a trace to another experiment or time."""
    session.run(_MOVE, (place.experiment, place.timestamp, place.trace))


def prompt_names(text: str | None) -> list[str]:
    """The prompt versions in a trace's tag, as ``name/version``."""
    if not text or not text.startswith("["):
        return []
    found = json_object(f'{{"items": {text}}}').get("items")
    items = [item for item in found if isinstance(item, dict)] if isinstance(found, list) else []
    return [f"{item['name']}/{item['version']}" for item in items if "name" in item and "version" in item]
