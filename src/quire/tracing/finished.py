"""What is left of spans that have ended: data that can wait in memory or on disk, and go to any store.

There are many, and none is in a cycle, so they are left out of the garbage collector's rounds (``gc=False``), which the
program's own thread would have to make.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

_PER_SPAN = 600


class FinishedEvent(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """Something that happened at a moment of a span. ``attributes`` is JSON text."""

    name: str
    time_ns: int
    attributes: bytes = b"{}"


class FinishedLink(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """Another span that a span has to do with, by the bytes of its ids. ``attributes`` is JSON text."""

    trace_id: bytes
    span_id: bytes
    attributes: bytes = b"{}"


class FinishedSpan(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """A span that has ended. Times are nanoseconds since the epoch; ``inputs`` and ``outputs`` are JSON text."""

    span_id: bytes
    parent_id: bytes
    name: str
    type: str
    start_ns: int
    end_ns: int
    status: int
    message: str
    inputs: bytes | None
    outputs: bytes | None
    attributes: dict[str, Any]
    events: Sequence[FinishedEvent] = ()
    links: Sequence[FinishedLink] = ()

    @property
    def weight(self) -> int:
        """About how many bytes it takes in memory."""
        weight = _PER_SPAN + 200 * len(self.attributes)
        if self.inputs is not None:
            weight += len(self.inputs)
        if self.outputs is not None:
            weight += len(self.outputs)
        for event in self.events:
            weight += 200 + len(event.attributes)
        for link in self.links:
            weight += 100 + len(link.attributes)
        return weight


class FinishedTrace(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """Spans of one trace, and what is said of it. Storing it again changes nothing.

    ``metadata`` and ``tags`` are those of the trace; ``overrides`` may hold the previews of its ``request`` and
    ``response`` and its ``state``, if they were set. All is complete once ``complete``, when the root has ended.
    ``cleaned`` says that nothing is in it that may not be kept, ``in_parts`` that spans of it were handed on before.
    """

    trace_id: bytes
    experiment_id: str
    spans: list[FinishedSpan]
    metadata: dict[str, str] = {}
    tags: Mapping[str, str] = {}
    overrides: Mapping[str, str] = {}
    client_request_id: str = ""
    complete: bool = False
    cleaned: bool = False
    in_parts: bool = False

    @property
    def weight(self) -> int:
        """About how many bytes it takes in memory."""
        weight = 400
        for span in self.spans:
            weight += span.weight
        return weight
