"""Statistics of live trials: valid at every look, from counts alone, in whatever order units came.

E-values, confidence sequences, the check of the ratio, and shares for adaptive allocation. Nothing is loaded before it
is needed. docs/live-statistics.md explains them together and shows by simulation that they keep what they promise.
"""

from __future__ import annotations

from quire.stats.sequential.bounded import Kind
from quire.stats.sequential.counts import Bounds, Counts
from quire.stats.sequential.evidence import harm_log_e, needed_log_e, superiority_log_e
from quire.stats.sequential.mismatch import RatioMismatch, ratio_mismatch
from quire.stats.sequential.sequences import (
    LEAST_UNITS,
    difference_sequence,
    mean_sequence,
    paired_sequence,
)
from quire.stats.sequential.thompson import thompson_shares
from quire.stats.sequential.track_and_stop import track_and_stop_shares

__all__ = [
    "LEAST_UNITS",
    "Bounds",
    "Counts",
    "Kind",
    "RatioMismatch",
    "difference_sequence",
    "harm_log_e",
    "mean_sequence",
    "needed_log_e",
    "paired_sequence",
    "ratio_mismatch",
    "superiority_log_e",
    "thompson_shares",
    "track_and_stop_shares",
]
