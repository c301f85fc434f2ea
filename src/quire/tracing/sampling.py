"""Which traces are kept: a share of all, and always those that failed or took long."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec

from quire.domain.errors import InvalidInput
from quire.tracing.finished import FinishedSpan

_ERROR = 2
_RANGE = 2**64


class Sampling(msgspec.Struct, frozen=True, kw_only=True):
    """``rate`` is the share of traces that are kept, 0 to 1; chosen by the trace's id, so that all processes agree.

    Traces with an error, and those that took longer than ``slow_seconds``, are kept whatever the rate. ``rule`` may
    keep others: it is given the spans that have ended, the root last.
    """

    rate: float = 1.0
    slow_seconds: float | None = None
    rule: Callable[[Sequence[FinishedSpan]], bool] | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.rate <= 1:
            raise InvalidInput(f"The sampling rate is {self.rate}; expected a share from 0 to 1.")
        if self.slow_seconds is not None and self.slow_seconds < 0:
            raise InvalidInput(f"slow_seconds is {self.slow_seconds}; expected a number of seconds from 0.")

    def keeps_at_start(self, trace_id: int) -> bool:
        """Whether a trace is kept however it goes (OpenTelemetry's TraceIdRatioBased: the low 64 bits of the id)."""
        return trace_id % _RANGE < self.rate * _RANGE

    def keeps_at_end(self, root: FinishedSpan, spans: Sequence[FinishedSpan]) -> bool:
        """Whether a trace is kept because of how it went."""
        if any(span.status == _ERROR for span in spans):
            return True
        if self.slow_seconds is not None and root.end_ns - root.start_ns >= self.slow_seconds * 1e9:
            return True
        if self.rule is None:
            return False
        from quire.tracing.completing import complete_span

        for span in spans:
            complete_span(span)
        return self.rule(spans)
