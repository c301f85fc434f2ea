"""Promoting a challenger when the evidence says so, and taking that back: gates, promotions, their record."""

from __future__ import annotations

from quire.domain.gates import Check, Gate, GateResult, gate, read_gate
from quire.domain.promotions import Promotion
from quire.rollout.judging import judge
from quire.rollout.promoting import PromotionRefused, promote, promotions, rollback

__all__ = [
    "Check",
    "Gate",
    "GateResult",
    "Promotion",
    "PromotionRefused",
    "gate",
    "judge",
    "promote",
    "promotions",
    "read_gate",
    "rollback",
]
