"""What MLflow writes of a trace when it has finished: how large it is, and how its inputs and outputs begin."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from quire.domain.traces import (
    SCHEMA_VERSION,
    SIZE_BYTES,
    SIZE_STATS,
    TRACE_INPUTS,
    TRACE_OUTPUTS,
    SpanRecord,
    TraceFacts,
)

_LONGEST = 250
"""Characters of inputs and outputs, as in MLflow, which shows them in lists of traces."""
_VERSION = "3"


def finishing_metadata(spans: Sequence[SpanRecord], root: SpanRecord, *, whole: bool) -> dict[str, str]:
    """The metadata of a trace whose ``root`` has ended. Its size is told only if these are all of its spans.

    Sizes are in bytes, of the spans as they are stored; percentiles are interpolated between the nearest two.
    """
    facts = root.facts or TraceFacts()
    made = {SCHEMA_VERSION: _VERSION}
    for key, text in ((TRACE_INPUTS, facts.request_preview), (TRACE_OUTPUTS, facts.response_preview)):
        if text is not None:
            made[key] = text if len(text) <= _LONGEST else text[: _LONGEST - 3] + "..."
    if whole:
        sizes = sorted(len(span.content) for span in spans)
        total = sum(sizes)
        stats = {
            "total_size_bytes": total,
            "num_spans": len(sizes),
            "max": sizes[-1],
            **{f"p{percent}": _percentile(sizes, percent) for percent in (25, 50, 75)},
        }
        made[SIZE_STATS] = msgspec.json.encode(stats).decode()
        made[SIZE_BYTES] = str(total)
    return made


def _percentile(ordered: Sequence[int], percent: int) -> int:
    place = percent / 100 * (len(ordered) - 1)
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    return int(ordered[below] + (ordered[above] - ordered[below]) * (place - below))
