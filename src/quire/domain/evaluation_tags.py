"""The tags by which the runs of an evaluation are known."""

from __future__ import annotations

ROLE = "quire.evaluation.role"
"""``evaluation``, or ``variant`` for the run of one of its variants."""
VARIANT = "quire.evaluation.variant"
"""The name of the variant whose run it is."""
