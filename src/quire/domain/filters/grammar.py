"""What may be searched for each kind of thing: its fields, their types and operators."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import msgspec

Kind = Literal["attribute", "metric", "param", "tag", "dataset", "metadata", "span", "feedback", "expectation", "issue"]
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
    "metadata": "metadata",
    "span": "span",
    "feedback": "feedback",
    "expectation": "expectation",
    "issue": "issue",
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
    free keys (``metrics.KEY``). ``fixed`` lists the keys of kinds whose keys are not free; a key that ends in a dot
    begins free ones. ``orderable`` lists the kinds that an order may name. ``aliases`` are words for kinds that only
    this kind of thing knows. ``narrowed`` gives the operators of single keys; the kinds in ``mixed`` are compared with
    numbers and with text.
    """

    name: str
    attributes: Mapping[str, Attribute]
    keyed: Mapping[Kind, tuple[Operator, ...]]
    fixed: Mapping[Kind, tuple[str, ...]] = msgspec.field(default_factory=dict)
    orderable: tuple[Kind, ...] = ("attribute",)
    aliases: Mapping[str, Kind] = msgspec.field(default_factory=dict)
    narrowed: Mapping[tuple[Kind, str], tuple[Operator, ...]] = msgspec.field(default_factory=dict)
    mixed: tuple[Kind, ...] = ()

    def kinds(self) -> list[Kind]:
        """The kinds of fields that may be named."""
        return ["attribute", *self.keyed]

    def fields(self, *, ordering: bool = False) -> list[str]:
        """Spellings of the fields, for an error message."""
        attributes = [
            name for name, field in self.attributes.items() if (field.orderable if ordering else field.filterable)
        ]
        kinds = [kind for kind in self.keyed if not ordering or kind in self.orderable]
        keys = [(kind, key) for kind in kinds for key in self.fixed.get(kind, ("KEY",))]
        return attributes + [f"{PLURAL[kind]}.{key}{'KEY' if key.endswith('.') else ''}" for kind, key in keys]

    def kind(self, word: str) -> Kind | None:
        """The kind of field that a word before a dot stands for."""
        return self.aliases.get(word) or ALIASES.get(word)

    def has_key(self, kind: Kind, key: str) -> bool:
        """Whether a kind of field has this key."""
        fixed = self.fixed.get(kind)
        if fixed is None:
            return key != ""
        return any(key.startswith(name) and key != name if name.endswith(".") else key == name for name in fixed)

    def operators(self, kind: Kind, key: str) -> tuple[Operator, ...]:
        """The operators of a field that exists."""
        if kind == "attribute":
            return next(field.operators for field in self.attributes.values() if field.column == key)
        return self.narrowed.get((kind, key)) or self.keyed[kind]

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

_TIMESTAMP, _DURATION, _END = _number("timestamp_ms"), _number("execution_time_ms"), _number("end_time_ms")
_TRACE_ID = Attribute("trace_id", operators=TEXT + LISTS)
_JUDGED: tuple[Operator, ...] = (*NUMERIC, "LIKE", "ILIKE", *NULLS)

TRACES = Grammar(
    "trace",
    attributes={
        "trace_id": _TRACE_ID,
        "request_id": _TRACE_ID,
        "timestamp": _TIMESTAMP,
        "timestamp_ms": _TIMESTAMP,
        "execution_time": _DURATION,
        "execution_time_ms": _DURATION,
        "end_time": _END,
        "end_time_ms": _END,
        "status": Attribute("status", operators=TEXT + LISTS),
        "state": Attribute("status", operators=TEXT + LISTS),
        "name": Attribute("name", operators=TEXT + LISTS + NULLS),
        "client_request_id": Attribute("client_request_id", operators=TEXT + LISTS),
        "run_id": Attribute("run_id", operators=("=", "!=", *LISTS)),
        "prompt": Attribute("prompt", operators=("=",), orderable=False),
        "text": Attribute("text", operators=("LIKE", "ILIKE"), orderable=False),
        "input_tokens": _number("input_tokens"),
        "output_tokens": _number("output_tokens"),
        "total_tokens": _number("total_tokens"),
        "cost": _number("cost"),
        "experiment_id": Attribute("experiment_id", filterable=False),
    },
    keyed={
        "tag": TEXT + NULLS,
        "metadata": TEXT + NULLS,
        "span": TEXT + LISTS,
        "feedback": _JUDGED,
        "expectation": _JUDGED,
        "issue": ("=",),
    },
    fixed={"span": ("name", "type", "status", "model", "content", "attributes."), "issue": ("id",)},
    orderable=("attribute", "tag", "metadata"),
    aliases={
        "trace": "attribute",
        "metadata": "metadata",
        "request_metadata": "metadata",
        "span": "span",
        "feedback": "feedback",
        "expectation": "expectation",
        "issue": "issue",
    },
    narrowed={("span", "content"): ("LIKE", "ILIKE")},
    mixed=("feedback", "expectation"),
)

EVALUATION_DATASETS = Grammar(
    "dataset",
    attributes={
        "name": Attribute("name", operators=TEXT + LISTS),
        "dataset_id": Attribute("dataset_id", operators=TEXT + LISTS),
        # IN: used in any of these experiments; NOT IN: used in another than these, or in none.
        "experiment_id": Attribute("experiment_id", operators=LISTS, orderable=False),
        "created_time": _number("created_time"),
        "last_update_time": _number("last_update_time"),
        "created_by": Attribute("created_by", orderable=False),
        "last_updated_by": Attribute("last_updated_by", orderable=False),
    },
    keyed={"tag": TEXT + NULLS},
)
