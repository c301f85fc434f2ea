"""What is asked of the rows of a stored evaluation."""

from __future__ import annotations

from typing import Literal

import msgspec

from quire.evaluate.comparable import GOOD_FROM

Order = Literal["disagreement", "record", "worst"]
Outcome = Literal["better", "worse", "tied", "missing", "failed", "judged", "unjudged", "contradicted"]
BY_PEOPLE = ("judged", "unjudged", "contradicted")
"""Outcomes that are asked of people, not of scores."""


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """Which records are looked at, in which order.

    ``disagreement`` shows first where the two variants differ most, ``worst`` where ``b`` scores worst, ``record`` as
    the data is ordered. ``score`` is what order and outcome look at, by default the primary scores (for a
    disagreement: all). ``outcome`` keeps the records on which ``b`` is better, worse or equal, on which either has no
    score, or on which either failed; or those of which people judged an answer, judged none, or (``contradicted``) say
    something else than the ``score`` (than any, without one) in answer to ``question`` (to any, without one), ratings
    from ``good_from`` on counting as good. ``text`` is looked for in inputs, expectations, outputs and rationales,
    whatever the case of its letters.
    """

    order: Order = "disagreement"
    score: str | None = None
    differing: bool = False
    outcome: Outcome | None = None
    text: str = ""
    question: str | None = None
    good_from: int = GOOD_FROM
