"""One trace while it is made: where it belongs, what is said of it, and its spans that have ended.

Spans wait here until the entry ends (the root, or the first span made here of a trace that another process began), so
that they are written once and together, and so that what is kept can be decided when it is known how it went. A trace
of many spans is handed on in parts.
"""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING

from quire.tracing.finished import FinishedSpan, FinishedTrace

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from quire.tracing.sampling import Sampling

MOST_HELD = 200
"""Spans after which a trace that will be kept is handed on in parts."""
MOST_WAITING = 20_000
"""Spans that wait to know whether a trace is kept; older ones are let go."""

_NOTHING: Mapping[str, str] = {}

_this_process = [0]
"""How many forks lie between the first process and this one."""


class LiveTrace:
    """A trace whose spans are being made, by any thread. Where it goes is decided when it begins."""

    __slots__ = (
        "_held",
        "_lock",
        "_process",
        "_sampling",
        "client_request_id",
        "deliver",
        "entry",
        "entry_ended",
        "experiment_id",
        "in_parts",
        "kept",
        "metadata",
        "overrides",
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
        self.entry = 0
        self.entry_ended = False
        self.in_parts = False
        self._held: list[FinishedSpan] = []
        self._lock = threading.RLock()  # the collector may end a forgotten span of this trace at any moment
        self._process = _this_process[0]

    @property
    def is_ours(self) -> bool:
        """Whether this process has begun it, and not the one that it was forked from."""
        return self._process == _this_process[0]

    def _take_over(self) -> None:
        """In the child of a fork the root never ends: spans that end here are handed on as they end."""
        self._lock = threading.RLock()
        self._held = []
        self.entry = 0
        self.entry_ended = True
        self._process = _this_process[0]

    def add(self, span: FinishedSpan, *, is_entry: bool) -> None:
        """Take a span that has ended."""
        if self._process != _this_process[0]:
            self._take_over()
        with self._lock:
            self._held.append(span)
            if is_entry:
                self.entry_ended = True
                if not self.kept and self._sampling is not None:
                    self.kept = self._sampling.keeps_at_end(span, self._held)
            elif not self.entry_ended and not self._is_due():
                return
            spans, self._held = self._held, []
            if not self.kept or not spans:
                return
            in_parts, self.in_parts = self.in_parts, True
        self.deliver(
            FinishedTrace(
                trace_id=self.trace_id.to_bytes(16, "big"),
                experiment_id=self.experiment_id,
                spans=spans,
                metadata=self.metadata.copy(),
                tags=self.tags.copy() if self.tags else _NOTHING,
                overrides=self.overrides.copy() if self.overrides else _NOTHING,
                client_request_id=self.client_request_id,
                complete=is_entry and not span.parent_id,
                in_parts=in_parts,
            )
        )

    def _is_due(self) -> bool:
        """Whether a part is handed on before the end. Of one that may not be kept, the oldest half is let go."""
        if self.kept:
            return len(self._held) >= MOST_HELD
        if len(self._held) >= MOST_WAITING:
            del self._held[: MOST_WAITING // 2]
        return False


def _after_fork() -> None:
    _this_process[0] += 1


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
