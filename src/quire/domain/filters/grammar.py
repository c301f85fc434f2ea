"""What may be searched for each kind of thing: its fields, their types and operators."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import msgspec

Kind = Literal["attribute", "metric", "param", "tag", "dataset"]
Operator = Literal["=", "!=", "<", "<=", ">", ">=", "LIKE", "ILIKE", "IN", "NOT IN", "IS NULL", "IS NOT NULL"]

NUMERIC: tuple[Operator, ...] = ("=", "!=", "<", "<=", ">", ">=")
TEXT: tuple[Operator, ...] = ("=", "!=", "LIKE", "ILIKE")
LISTS: tuple[Operator, ...] = ("IN", "NOT IN")
NULLS: tuple[Operator, ...] = ("IS NULL", "IS NOT NULL")

ALIASES: dict[str, Kind] = {
    "attribute": "attribute",
    "attributes": "attribute",
    "attr": "attribute",
    "run": "attribute",
    "metric": "metric",
    "metrics": "metric",
    "param": "param",
    "params": "param",
    "parameter": "param",
    "parameters": "param",
    "tag": "tag",
    "tags": "tag",
    "dataset": "dataset",
    "datasets": "dataset",
}
PLURAL: dict[Kind, str] = {
    "attribute": "attributes",
    "metric": "metrics",
    "param": "params",
    "tag": "tags",
    "dataset": "datasets",
}


class Attribute(msgspec.Struct, frozen=True):
    """A field that each thing of a kind has. ``column`` is the name that stores know it by."""

    column: str
    numeric: bool = False
    operators: tuple[Operator, ...] = TEXT
    filterable: bool = True
    orderable: bool = True


class Grammar(msgspec.Struct, frozen=True, eq=False):
    """The fields of one kind of thing.

    ``attributes`` maps every accepted spelling to its attribute. ``keyed`` gives the operators of fields with
    free keys (``metrics.KEY``). ``fixed`` lists the keys of kinds whose keys are not free. ``orderable`` lists
    the kinds that an order may name.
    """

    name: str
    attributes: Mapping[str, Attribute]
    keyed: Mapping[Kind, tuple[Operator, ...]]
    fixed: Mapping[Kind, tuple[str, ...]] = msgspec.field(default_factory=dict)
    orderable: tuple[Kind, ...] = ("attribute",)

    def kinds(self) -> list[Kind]:
        """The kinds of fields that may be named."""
        return ["attribute", *self.keyed]

    def fields(self, *, ordering: bool = False) -> list[str]:
        """Spellings of the fields, for an error message."""
        attributes = [
            name for name, field in self.attributes.items() if (field.orderable if ordering else field.filterable)
        ]
        kinds = [kind for kind in self.keyed if not ordering or kind in self.orderable]
        return attributes + [f"{PLURAL[kind]}.{key}" for kind in kinds for key in self.fixed.get(kind, ("KEY",))]

    def operators(self, kind: Kind, key: str) -> tuple[Operator, ...]:
        """The operators of a field that exists."""
        if kind == "attribute":
            return next(field.operators for field in self.attributes.values() if field.column == key)
        return self.keyed[kind]

    def is_numeric(self, kind: Kind, key: str) -> bool:
        """Whether a field that exists is compared with numbers."""
        if kind == "attribute":
            return next(field.numeric for field in self.attributes.values() if field.column == key)
        return kind == "metric"


def _number(column: str, **options: bool) -> Attribute:
    return Attribute(column, numeric=True, operators=NUMERIC, **options)


_START = _number("start_time")
_RUN_NAME = Attribute("run_name")

RUNS = Grammar(
    "run",
    attributes={
        "run_id": Attribute("run_id", operators=TEXT + LISTS),
        "run_name": _RUN_NAME,
        "run name": _RUN_NAME,
        "Run name": _RUN_NAME,
        "Run Name": _RUN_NAME,
        "user_id": Attribute("user_id"),
        "status": Attribute("status"),
        "start_time": _START,
        "created": _START,
        "Created": _START,
        "end_time": _number("end_time"),
        "artifact_uri": Attribute("artifact_uri"),
    },
    keyed={"metric": NUMERIC, "param": TEXT + NULLS, "tag": TEXT + NULLS, "dataset": TEXT + LISTS},
    fixed={"dataset": ("name", "digest", "context")},
    orderable=("attribute", "metric", "param", "tag"),
)

EXPERIMENTS = Grammar(
    "experiment",
    attributes={
        "name": Attribute("name"),
        "experiment_id": Attribute("experiment_id", operators=("=", "!=", *LISTS)),
        "creation_time": _number("creation_time"),
        "last_update_time": _number("last_update_time"),
    },
    keyed={"tag": TEXT + NULLS},
)

_MODEL_CREATED = _number("creation_timestamp_ms")
_MODEL_UPDATED = _number("last_updated_timestamp_ms")

LOGGED_MODELS = Grammar(
    "logged model",
    attributes={
        "name": Attribute("name", operators=TEXT + LISTS),
        "model_id": Attribute("model_id", operators=TEXT + LISTS),
        "model_type": Attribute("model_type", operators=TEXT + LISTS),
        "status": Attribute("status", operators=("=", "!=", *LISTS)),
        "source_run_id": Attribute("source_run_id", operators=TEXT + LISTS),
        "artifact_location": Attribute("artifact_location", operators=TEXT + LISTS),
        "experiment_id": Attribute("experiment_id", operators=("=", "!=", *LISTS)),
        "creation_timestamp_ms": _MODEL_CREATED,
        "creation_timestamp": _MODEL_CREATED,
        "creation_time": _MODEL_CREATED,
        "last_updated_timestamp_ms": _MODEL_UPDATED,
        "last_updated_timestamp": _MODEL_UPDATED,
    },
    keyed={"metric": NUMERIC, "param": TEXT + LISTS + NULLS, "tag": TEXT + LISTS + NULLS},
    orderable=("attribute", "metric"),
)

_REGISTERED_UPDATED = _number("last_updated_timestamp", filterable=False)

REGISTERED_MODELS = Grammar(
    "registered model",
    attributes={
        "name": Attribute("name", operators=TEXT + LISTS),
        "timestamp": _REGISTERED_UPDATED,
        "last_updated_timestamp": _REGISTERED_UPDATED,
        "creation_timestamp": _number("creation_timestamp", filterable=False),
    },
    keyed={"tag": TEXT},
)

MODEL_VERSIONS = Grammar(
    "model version",
    attributes={
        "name": Attribute("name", operators=TEXT + LISTS),
        "version_number": _number("version_number"),
        "run_id": Attribute("run_id", operators=TEXT + LISTS, orderable=False),
        "source_path": Attribute("source_path", orderable=False),
        "creation_timestamp": _number("creation_timestamp", filterable=False),
        "last_updated_timestamp": _number("last_updated_timestamp", filterable=False),
    },
    keyed={"tag": TEXT},
)
