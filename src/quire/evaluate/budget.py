"""The spend limit of an evaluation: one sum for its answers and for the scorers that ask a service."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from quire.caller.options import CallerOptions
from quire.domain.calls import Usage
from quire.domain.errors import InvalidInput
from quire.domain.scores import Score
from quire.scorers.base import Scorer

_LEAST_USD = 1e-12
"""Stands for nothing: what options may say is above 0."""
_SAID = "the spend limit of"
"""What the caller says of a call that found no money."""


class Share:
    """What one scorer may spend of what is left, and what it has spent in this evaluation."""

    def __init__(self, scorer: Scorer, left_usd: float | None) -> None:
        self._scorer = scorer
        self._left_usd = left_usd
        self._own: CallerOptions | None = getattr(scorer, "options", None)
        self._seen = dollars(scorer)
        self.paid_usd = 0.0
        self.lacking = 0
        """Rows that have no score because nothing was left."""

    def count(self, scores: Sequence[Score]) -> float:
        """The US dollars spent since this was last asked; ``scores`` are those of the row that is done."""
        if self._decides:
            self.lacking += any(one.error is not None and _SAID in one.error for one in scores)
        now = dollars(self._scorer)
        if now is None or now == self._seen:
            return 0.0
        paid, self._seen = now - (self._seen or 0.0), now
        self.paid_usd += paid
        self.limit()
        return paid

    @property
    def _decides(self) -> bool:
        """Whether the evaluation's limit is reached before the scorer's own."""
        if self._left_usd is None:
            return False
        own = None if self._own is None else self._own.max_cost_usd
        return own is None or self._left_usd <= own

    def limit(self) -> None:
        """Have the scorer spend no more than what is left, or than its own limit where that is less."""
        if self._left_usd is None or not hasattr(self._scorer, "options"):
            return
        own = self._own or CallerOptions()
        left = self._left_usd - self.paid_usd
        least = left if own.max_cost_usd is None else min(left, own.max_cost_usd)
        self._set(msgspec.structs.replace(own, max_cost_usd=max(least, _LEAST_USD)))

    def give_back(self) -> None:
        """Let the scorer have its own options again."""
        if self._left_usd is not None and hasattr(self._scorer, "options"):
            self._set(self._own)

    def _set(self, options: CallerOptions | None) -> None:
        object.__setattr__(self._scorer, "options", options)  # some scorers are frozen


class Budget:
    """What an evaluation may spend, and what its answers and its scorers have spent of it.

    ``earlier_usd`` is what its own journals held when it began. Without a limit nothing is held back.
    """

    def __init__(self, limit_usd: float | None) -> None:
        self.limit_usd = limit_usd
        self.earlier_usd = 0.0
        self.scorers_usd = 0.0

    def count_journal(self, spent: Mapping[str, Usage]) -> None:
        """Count what a journal of this evaluation holds: it was paid from the same sum."""
        from quire.caller.cost import cost_usd

        self.earlier_usd += sum(cost_usd(model, usage) or 0.0 for model, usage in spent.items())

    @contextlib.contextmanager
    def share_of(self, scorer: Scorer, answers_usd: float) -> Iterator[Share]:
        """Limit a scorer to what the answers and the scorers before it have left; its share ends with the block."""
        left = None if self.limit_usd is None else self.limit_usd - self.earlier_usd - answers_usd - self.scorers_usd
        share = Share(scorer, left)
        share.limit()
        try:
            yield share
        finally:
            share.give_back()
            self.scorers_usd += share.paid_usd


def dollars(scorer: Any) -> float | None:
    """What a scorer has spent in its life, which may be longer than this evaluation; None for one that does not."""
    spent = scorer.spent
    return None if spent is None else spent.cost_usd


def check_prices(scorers: Sequence[Any], limit_usd: float | None) -> None:
    """Raise InvalidInput for a scorer whose model has no known price, so that the limit could not be kept."""
    if limit_usd is None:
        return
    from quire.caller.cost import price_of

    for scorer in scorers:
        model = getattr(scorer, "model", None)
        if scorer.spent is not None and isinstance(model, str) and price_of(model) is None:
            raise InvalidInput(
                f"max_cost_usd is set, and the price of {model!r}, which the scorer {scorer.name!r} asks, is not "
                "known, so the limit could not be kept. Leave max_cost_usd out, or use a model that the price table of "
                "`genai-prices` lists."
            )
