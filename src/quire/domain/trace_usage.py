"""What traces used, summed by what made them; and what it would take to prune them."""

from __future__ import annotations

from typing import Literal, get_args

import msgspec

from quire.domain.errors import InvalidInput

UsageBy = Literal["model", "experiment", "run", "session", "user", "prompt", "model_version", "day"]
"""What usage is summed by. ``model_version`` is the id of a logged model; a day is one of UTC."""
USAGE_BY: tuple[UsageBy, ...] = get_args(UsageBy)
MAX_GROUPS = 10_000
DAY_MS = 86_400_000


class TraceUsage(msgspec.Struct, frozen=True, kw_only=True):
    """What the traces of one group used.

    ``key`` names the group: an id, a name, ``name/version`` of a prompt, a date; empty for traces that have none.
    ``count`` are traces, but calls (spans with a model) where usage is summed by model; ``errors`` are those of them
    that failed. Tokens and cost (US dollars) are of those that told them; ``cost`` is None if none did. Percentiles of
    durations are milliseconds, the smallest value that so many percent do not exceed.
    """

    key: str
    count: int
    errors: int
    input_tokens: int
    output_tokens: int
    total_tokens: int
    cost: float | None = None
    p50_ms: int | None = None
    p95_ms: int | None = None
    p99_ms: int | None = None


class Pruning(msgspec.Struct, frozen=True, kw_only=True):
    """Traces that would be deleted: those that began at ``before_ms`` or earlier; None if nothing would be.

    ``bytes`` is what their spans and previews take, about. ``notes`` are those of served answers as old, to which no
    trace belongs.
    """

    before_ms: int | None = None
    traces: int
    bytes: int
    notes: int = 0


def check_usage_by(by: object) -> UsageBy:
    """Something that usage can be summed by."""
    if by not in USAGE_BY:
        raise InvalidInput(f"Usage cannot be summed by {str(by)[:60]!r}; expected {', '.join(USAGE_BY)}.")
    return by


def check_groups(max_results: object) -> int:
    """How many groups may be asked for."""
    if type(max_results) is not int or not 0 < max_results <= MAX_GROUPS:
        raise InvalidInput(f"max_results is {max_results!r}; expected a whole number from 1 to {MAX_GROUPS:,}.")
    return max_results


def check_pruning(older_than_ms: int | None, keep_bytes: int | None) -> None:
    """Refuse a pruning that names neither an age nor a size."""
    if older_than_ms is None and keep_bytes is None:
        raise InvalidInput("Say what to prune: traces older than a time, or all but the newest so many bytes.")
    if keep_bytes is not None and keep_bytes < 0:
        raise InvalidInput(f"keep_bytes is {keep_bytes}; expected bytes, 0 or more.")
