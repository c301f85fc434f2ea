"""Evaluation datasets: a named set of records, each known by its inputs.

Shapes are those of MLflow's protocol. ``digest`` names the content: it is the same whenever the same records are
there, whatever the order in which they came, and changes with any of them.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from quire.domain.entities import Entity
from quire.domain.errors import InvalidInput
from quire.domain.names import MAX_TEXT, check_text
from quire.domain.protojson import written

MAX_NAME = 500
MAX_TAG_KEY = 255
MAX_RECORD = 16_777_215
USER_TAG = "mlflow.user"
SOURCE_TYPES = ("UNSPECIFIED", "TRACE", "HUMAN", "DOCUMENT", "CODE")
_MODULUS = 2**128
_sorted = json.JSONEncoder(sort_keys=True, check_circular=False).encode


class EvaluationDataset(Entity, frozen=True, kw_only=True):
    """A dataset without its records. ``schema`` and ``profile`` are JSON text; times are milliseconds."""

    dataset_id: str
    name: str
    tags: dict[str, str] = msgspec.field(default_factory=dict)
    schema: str | None = None
    profile: str | None = None
    digest: str = ""
    created_time: int = 0
    last_update_time: int = 0
    created_by: str | None = None
    last_updated_by: str | None = None
    experiment_ids: list[str] = msgspec.field(default_factory=list)


class DatasetVersion(Entity, frozen=True, kw_only=True):
    """A state of a dataset that stays readable. ``version`` counts from 1; ``digest`` names the content.

    ``records`` is how many there are; ``schema`` JSON text; ``created_time`` milliseconds, when it was named.
    """

    dataset_id: str
    version: int
    digest: str
    records: int = written(0)
    created_time: int = 0
    created_by: str | None = None
    schema: str | None = None


class RecordSource(msgspec.Struct, frozen=True):
    """Where a record came from, such as a trace."""

    source_type: str = "UNSPECIFIED"
    source_data: dict[str, Any] = msgspec.field(default_factory=dict)


class DatasetRecord(Entity, frozen=True, kw_only=True):
    """One example: inputs, what is expected of an answer, and perhaps an answer."""

    dataset_record_id: str
    dataset_id: str
    inputs: dict[str, Any]
    outputs: Any = None
    expectations: dict[str, Any] | None = None
    tags: dict[str, Any] | None = None
    source: RecordSource | None = None
    source_id: str | None = None
    source_type: str | None = None
    created_time: int = 0
    last_update_time: int = 0
    created_by: str | None = None
    last_updated_by: str | None = None


class NewRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A record to be added, or merged into the one that has the same inputs.

    Outputs replace those that are there if they are given; expectations and tags are added key by key.
    """

    inputs: dict[str, Any] = msgspec.field(default_factory=dict)
    outputs: Any | msgspec.UnsetType = msgspec.UNSET
    expectations: dict[str, Any] | None = None
    tags: dict[str, Any] | None = None
    source: RecordSource | None = None


class Upserted(msgspec.Struct, frozen=True):
    """How many records were added, and how many were there already and updated."""

    inserted: int
    updated: int


def input_hash(inputs: Mapping[str, Any]) -> str:
    """What a record is known by in its dataset: SHA-256 of its inputs as JSON with sorted keys, as MLflow has it."""
    return hashlib.sha256(_sorted(inputs).encode()).hexdigest()


def content_number(inputs: Any, outputs: Any, expectations: Any) -> int:
    """A number of 128 bits that stands for a record's content; a dataset's digest is made of their sum."""
    text = _sorted([inputs, outputs, expectations or None])
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:16], "big")


def add_content(total: str, added: Iterable[int], removed: Iterable[int] = ()) -> str:
    """The digest (32 hexadecimal digits) after these records came and went."""
    return f"{(int(total or '0', 16) + sum(added) - sum(removed)) % _MODULUS:032x}"


def merged_schema(schema: str | None, records: Iterable[NewRecord]) -> str:
    """The schema (JSON text) that also covers ``records``: the first type seen of each field."""
    known = msgspec.json.decode(schema) if schema else {"inputs": {}, "outputs": {}, "expectations": {}}
    known.setdefault("version", "1.0")
    for record in records:
        _add_fields(known["inputs"], record.inputs)
        _add_fields(known["expectations"], record.expectations or {})
        outputs = None if record.outputs is msgspec.UNSET else record.outputs
        if isinstance(outputs, dict) and isinstance(known["outputs"], dict):
            _add_fields(known["outputs"], outputs)
        elif outputs is not None and not known["outputs"]:
            known["outputs"] = _type_name(outputs)
    return msgspec.json.encode(known).decode()


def _add_fields(known: dict[str, str], values: Mapping[str, Any]) -> None:
    for key, value in values.items():
        known.setdefault(key, _type_name(value))


def _type_name(value: Any) -> str:
    kinds = {bool: "boolean", int: "integer", float: "float", str: "string", list: "array", dict: "object"}
    return "null" if value is None else kinds.get(type(value), "unknown")


def check_record(record: NewRecord, place: int) -> None:
    """Refuse a record that is too large or names a source that there is not; ``place`` counts from 1."""
    size = len(msgspec.json.encode([record.inputs, record.expectations, record.tags]))
    if record.outputs is not msgspec.UNSET:
        size += len(msgspec.json.encode(record.outputs))
    if size > MAX_RECORD:
        raise InvalidInput(f"Record {place} has {size:,} bytes; at most {MAX_RECORD:,} are allowed.")
    if record.source is not None and record.source.source_type.upper() not in SOURCE_TYPES:
        raise InvalidInput(
            f"Record {place} has the source type {record.source.source_type!r}; expected one of "
            f"{', '.join(SOURCE_TYPES)}."
        )


def check_dataset_name(name: object) -> str:
    """A dataset's name: not empty, at most 500 characters."""
    if not isinstance(name, str) or not name.strip():
        raise InvalidInput(f"Invalid dataset name {str(name)[:100]!r}: expected text that is not empty.")
    return check_text(name, "The dataset name", MAX_NAME)


def checked_tags(tags: Mapping[str, object]) -> dict[str, str]:
    """Tags that may be stored; a value that is no text becomes JSON text."""
    made = {}
    for key, value in tags.items():
        text = value if isinstance(value, str) else msgspec.json.encode(value).decode()
        name = check_text(key, "The key of a dataset's tag", MAX_TAG_KEY)
        made[name] = check_text(text, f"The dataset's tag {key!r}", MAX_TEXT)
    return made
