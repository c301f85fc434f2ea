"""MLflow's search grammar: filters and orders as typed data, with no I/O.

``parse_filter("metrics.f1 > 0.9 AND params.model LIKE 'gpt%'", RUNS)`` gives comparisons; a store turns them
into a query. A new kind of thing is searched by giving it a :class:`Grammar`.
"""

from __future__ import annotations

from quire.domain.filters.grammar import (
    EVALUATION_DATASETS,
    EXPERIMENTS,
    LOGGED_MODELS,
    MODEL_VERSIONS,
    REGISTERED_MODELS,
    RUNS,
    TRACES,
    Attribute,
    Grammar,
    Kind,
    Operator,
)
from quire.domain.filters.parser import (
    Comparison,
    OrderBy,
    Value,
    format_filter,
    format_order_by,
    parse_filter,
    parse_order_by,
)

__all__ = [
    "EVALUATION_DATASETS",
    "EXPERIMENTS",
    "LOGGED_MODELS",
    "MODEL_VERSIONS",
    "REGISTERED_MODELS",
    "RUNS",
    "TRACES",
    "Attribute",
    "Comparison",
    "Grammar",
    "Kind",
    "Operator",
    "OrderBy",
    "Value",
    "format_filter",
    "format_order_by",
    "parse_filter",
    "parse_order_by",
]
