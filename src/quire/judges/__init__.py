"""Judges: scorers that ask a model. Each is a packaged model, with a version, a cost and an agreement with people."""

from __future__ import annotations

from quire.judges.agreement import Agreement, Disagreement, Labelled, agreement_with
from quire.judges.builtin import correctness, guidelines, rubric
from quire.judges.consistency import SelfConsistency, self_consistency
from quire.judges.judge import Judge, JudgeSpec
from quire.judges.making import load_judge, make_judge
from quire.judges.pairs import Judgement, Judgements, Pair, Pairwise, pairwise

__all__ = [
    "Agreement",
    "Disagreement",
    "Judge",
    "JudgeSpec",
    "Judgement",
    "Judgements",
    "Labelled",
    "Pair",
    "Pairwise",
    "SelfConsistency",
    "agreement_with",
    "correctness",
    "guidelines",
    "load_judge",
    "make_judge",
    "pairwise",
    "rubric",
    "self_consistency",
]
