"""Scorers: what gives an answer its scores. Each file holds one family; ``@scorer`` makes one of a function."""

from __future__ import annotations

from quire.domain.scores import Measured, Score, ScoredRow, ScoreKind
from quire.scorers.base import Scorer, score_rows
from quire.scorers.embedding import EmbeddingSimilarity
from quire.scorers.exact import ExactMatch
from quire.scorers.form import Length, Refusal
from quire.scorers.functions import FunctionScorer, MlflowScorer, as_scorer, as_scorers, scorer
from quire.scorers.measured import Cost, Latency, Tokens
from quire.scorers.normalised import NormalizedMatch
from quire.scorers.numeric import ExactAnswer, NumericMatch
from quire.scorers.overlap import Bleu, ChrF, EditDistance, Rouge
from quire.scorers.regex import RegexMatch
from quire.scorers.scoring import score
from quire.scorers.spend import Spend
from quire.scorers.structured import FieldMatch, JsonSchema
from quire.scorers.toolcalls import ToolCalls

__all__ = [
    "Bleu",
    "ChrF",
    "Cost",
    "EditDistance",
    "EmbeddingSimilarity",
    "ExactAnswer",
    "ExactMatch",
    "FieldMatch",
    "FunctionScorer",
    "JsonSchema",
    "Latency",
    "Length",
    "Measured",
    "MlflowScorer",
    "NormalizedMatch",
    "NumericMatch",
    "Refusal",
    "RegexMatch",
    "Rouge",
    "Score",
    "ScoreKind",
    "ScoredRow",
    "Scorer",
    "Spend",
    "Tokens",
    "ToolCalls",
    "as_scorer",
    "as_scorers",
    "score",
    "score_rows",
    "scorer",
]
