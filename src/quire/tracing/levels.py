"""How much a span matters (MLflow's log levels): as it was said, else as its type and its errors have it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from quire.domain.span_names import DESCRIPTION, LOG_LEVEL
from quire.entities.words import SpanLogLevel

_SHOWN = frozenset({"LLM", "CHAT_MODEL", "TOOL", "RETRIEVER", "AGENT", "EMBEDDING"})
"""Types of steps that MLflow's pages show at its usual level; others are DEBUG."""
_DEBUG, _INFO, _ERROR = int(SpanLogLevel.DEBUG), int(SpanLogLevel.INFO), int(SpanLogLevel.ERROR)


def said_of_span(log_level: object, description: str | None) -> dict[str, Any]:
    """The attributes that hold a span's level and its description. Raises InvalidInput for what is no level."""
    made: dict[str, Any] = {}
    if log_level is not None:
        made[LOG_LEVEL] = int(SpanLogLevel.from_value(log_level))
    if description is not None:
        made[DESCRIPTION] = str(description)
    return made


def final_level(attributes: Mapping[str, Any], span_type: str, *, failed: bool) -> int:
    """The level that a span ends with: an error raises it, as in MLflow, to that of errors."""
    said = attributes.get(LOG_LEVEL)
    level = said if type(said) is int else _INFO if span_type in _SHOWN else _DEBUG
    return max(level, _ERROR) if failed else level
