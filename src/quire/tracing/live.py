"""One trace while it is made: where it belongs, what is said of it, and its spans that have ended.

Spans wait here until the root ends, so that a trace is written once and whole, and so that what is kept of it can be
decided when it is known how it went. A trace of many spans is handed on in parts.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from quire.tracing.finished import FinishedSpan, FinishedTrace

if TYPE_CHECKING:
    from collections.abc import Callable

    from quire.tracing.sampling import Sampling

MOST_HELD = 200
"""Spans after which a trace that will be kept is handed on in parts."""


class LiveTrace:
    """A trace whose spans are being made, by any thread. Where it goes is decided when it begins."""

    __slots__ = (
        "_held",
        "_lock",
        "_sampling",
        "client_request_id",
        "deliver",
        "experiment_id",
        "has_root_here",
        "kept",
        "metadata",
        "overrides",
        "root_ended",
        "tags",
        "trace_id",
    )

    def __init__(
        self,
        trace_id: int,
        experiment_id: str,
        deliver: Callable[[FinishedTrace], None],
        *,
        metadata: dict[str, str],
        sampling: Sampling | None = None,
        has_root_here: bool = True,
    ) -> None:
        self.trace_id = trace_id
        self.experiment_id = experiment_id
        self.deliver = deliver
        self.metadata = metadata
        self.tags: dict[str, str] = {}
        self.overrides: dict[str, str] = {}
        self.client_request_id = ""
        self._sampling = sampling
        self.kept = sampling is None or sampling.keeps_at_start(trace_id)
        self.has_root_here = has_root_here
        self.root_ended = False
        self._held: list[FinishedSpan] = []
        self._lock = threading.Lock()

    def add(self, span: FinishedSpan, *, is_root: bool) -> None:
        """Take a span that has ended."""
        with self._lock:
            self._held.append(span)
            if is_root:
                self.root_ended = True
                if self._sampling is not None:
                    self.kept = self.kept or self._sampling.keeps_at_end(span, self._held)
            elif self.has_root_here and not self.root_ended and (len(self._held) < MOST_HELD or not self.kept):
                return
            spans, self._held = self._held, []
            if not self.kept:
                return
        self.deliver(
            FinishedTrace(
                trace_id=self.trace_id.to_bytes(16, "big"),
                experiment_id=self.experiment_id,
                spans=spans,
                metadata=dict(self.metadata),
                tags=dict(self.tags),
                overrides=dict(self.overrides),
                client_request_id=self.client_request_id,
                complete=is_root,
            )
        )
