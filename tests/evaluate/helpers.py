"""Data and scorers that several tests use."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import quire
from quire.domain.scores import Score
from quire.evaluate.table import Records, ScorerInfo, VariantTable


def words(count: int, **more: Any) -> list[dict[str, Any]]:
    """Records with one input; the word is expected back."""
    return [{"inputs": {"word": f"w{n}"}, "expectations": {"expected_response": f"w{n}"}, **more} for n in range(count)]


def said(outputs: str) -> str:
    """What an echoing simulator was told."""
    return str(json.loads(outputs)[-1]["content"])


@quire.scorer
def has_word(outputs: str, expectations: dict[str, Any]) -> bool:
    """Whether the expected word is in the answer."""
    return str(expectations["expected_response"]) in outputs


@quire.scorer
def length(outputs: str) -> int:
    """How long the answer is."""
    return len(outputs)


def table(
    name: str,
    scores: dict[str, Sequence[Any]],
    *,
    repeats: int = 1,
    groups: Sequence[str | None] | None = None,
    ids: Sequence[str] | None = None,
    higher_is_better: bool = True,
) -> VariantTable:
    """A variant's numbers as an evaluation would have them; ``scores`` are records × repeats, flat."""
    count = len(next(iter(scores.values()))) // repeats
    records = Records()
    for place in range(count):
        group = groups[place] if groups is not None else None
        records.put(place, ids[place] if ids is not None else f"record-{place}", group)
    infos = {score: ScorerInfo(score, None, higher_is_better) for score in scores}
    made = VariantTable(name, records, repeats, infos)
    made.rows = count * repeats
    for score, values in scores.items():
        for place, value in enumerate(values):
            made.put_scores(place, [Score(name=score, value=value)], infos)
    return made
