"""What a trace's info comes to in the columns of its row, after checks and with credentials replaced."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from quire.domain.errors import InvalidInput
from quire.domain.names import check_text
from quire.domain.redaction import REDACTED, names_secret, redact
from quire.domain.traces import (
    COST,
    FIXED_TAGS,
    MAX_PREVIEW,
    NAME_TAG,
    TOKEN_USAGE,
    TraceInfo,
    TraceState,
    check_labels,
    json_object,
)

MAX_NAME = 500
MAX_CLIENT_ID = 500
_MOST_TOKENS = 2**62


class TraceValues(msgspec.Struct, frozen=True, kw_only=True):
    """The values of a trace's row and of its details; times are milliseconds."""

    trace_id: str
    timestamp: int
    duration: int | None
    state: TraceState
    name: str | None
    request: str | None
    response: str | None
    client_id: str | None = None
    sums: tuple[int | None, int | None, int | None, float | None]

    def row(self, experiment: int) -> tuple[Any, ...]:
        """The columns that change when its info is given."""
        state = (experiment, self.timestamp, self.duration, self.state, 1)
        return (*state, self.client_id, self.name, *self.sums)

    def new_row(self, experiment: int, *, finalized: int, has_spans: int) -> tuple[Any, ...]:
        """The columns of a new row."""
        state = (self.trace_id, experiment, self.timestamp, self.duration, self.state, finalized, has_spans)
        return (*state, self.client_id, self.name, *self.sums)


def values_of(info: TraceInfo, metadata: Mapping[str, str], name: str | None) -> TraceValues:
    """The values that a trace's info comes to. Raises InvalidInput for a time or a length that cannot be kept."""
    return TraceValues(
        trace_id=info.trace_id,
        timestamp=info.timestamp_ms,
        duration=info.execution_time_ms,
        state=info.state,
        name=name,
        request=_preview(info.request_preview),
        response=_preview(info.response_preview),
        client_id=check_text(info.client_request_id, "client_request_id", MAX_CLIENT_ID) or None,
        sums=sums_of(metadata),
    )


def sums_of(metadata: Mapping[str, str]) -> tuple[int | None, int | None, int | None, float | None]:
    """Input, output and all tokens, and the cost in US dollars, that a trace's metadata tell."""
    if TOKEN_USAGE not in metadata and COST not in metadata:
        return (None, None, None, None)
    return token_sums(json_object(metadata.get(TOKEN_USAGE)), json_object(metadata.get(COST)))


def token_sums(
    usage: Mapping[str, Any], cost: Mapping[str, Any]
) -> tuple[int | None, int | None, int | None, float | None]:
    """Input, output and all tokens, and the cost in US dollars, where they are known."""
    dollars = cost.get("total_cost")
    known = isinstance(dollars, (int, float)) and not isinstance(dollars, bool) and abs(dollars) < 1e300
    counts = tuple(_count(usage.get(key)) for key in ("input_tokens", "output_tokens", "total_tokens"))
    return (*counts, float(dollars) if known else None)  # type: ignore[return-value, arg-type]


def _count(value: Any) -> int | None:
    return value if type(value) is int and 0 <= value < _MOST_TOKENS else None


def _preview(text: str | None) -> str | None:
    if text is None:
        return None
    hidden = redact(text.replace("\0", ""))
    return hidden if len(hidden) <= MAX_PREVIEW else f"{hidden[: MAX_PREVIEW - 3]}..."


def checked_labels(labels: Mapping[str, str], what: str) -> dict[str, str]:
    """Tags or metadata that may be stored; credentials in them are replaced."""
    check_labels(labels, what)
    return {key: REDACTED if names_secret(key) else redact(value) for key, value in labels.items()}


def checked_name(name: str | None) -> str | None:
    """A trace's name, cut to what is searched."""
    return None if name is None else name[:MAX_NAME]


def with_name(tags: Mapping[str, str], name: str | None) -> dict[str, str]:
    """Tags with the one that holds the trace's name."""
    return dict(tags) if name is None else {**tags, NAME_TAG: name}


def refuse_fixed(key: str) -> None:
    """Refuse to change a tag that only the store sets."""
    if key in FIXED_TAGS:
        raise InvalidInput(f"The tag {key!r} of a trace is set by the store and cannot be changed.")
