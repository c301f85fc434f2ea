"""Evaluating variants on data: answers, scores, comparisons with their evidence, reports.

``quire.evaluate(data, variants, scorers=[…])`` is :func:`quire.evaluate.engine.evaluate`: the module can be called, so
that the function and the folder share their name. Each name is loaded from its own module when it is first used.
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

from quire.domain.faces import face

if TYPE_CHECKING:
    from quire.evaluate.agreeing import HumanAgreement, QuestionAgreement, ScorerAgreement
    from quire.evaluate.comparison import Comparison, MetricComparison, compare_tables
    from quire.evaluate.engine import evaluate
    from quire.evaluate.evaluation import Evaluation, load_evaluation
    from quire.evaluate.ranking import Ranked, Ranking
    from quire.evaluate.table import ScorerInfo, VariantTable
    from quire.evaluate.work import EvaluationStopped

__all__ = [
    "Comparison",
    "Evaluation",
    "EvaluationStopped",
    "HumanAgreement",
    "MetricComparison",
    "QuestionAgreement",
    "Ranked",
    "Ranking",
    "ScorerAgreement",
    "ScorerInfo",
    "VariantTable",
    "compare_tables",
    "evaluate",
    "load_evaluation",
]

_HOME = {
    "Comparison": "quire.evaluate.comparison",
    "Evaluation": "quire.evaluate.evaluation",
    "EvaluationStopped": "quire.evaluate.work",
    "HumanAgreement": "quire.evaluate.agreeing",
    "MetricComparison": "quire.evaluate.comparison",
    "QuestionAgreement": "quire.evaluate.agreeing",
    "Ranked": "quire.evaluate.ranking",
    "Ranking": "quire.evaluate.ranking",
    "ScorerAgreement": "quire.evaluate.agreeing",
    "ScorerInfo": "quire.evaluate.table",
    "VariantTable": "quire.evaluate.table",
    "compare_tables": "quire.evaluate.comparison",
    "evaluate": "quire.evaluate.engine",
    "load_evaluation": "quire.evaluate.evaluation",
}

__getattr__, __dir__ = face(__name__, _HOME)


class _Callable(ModuleType):
    """This module, called as the function that it is named for."""

    def __call__(self, *args: Any, **keywords: Any) -> Any:
        from quire.evaluate.engine import evaluate

        return evaluate(*args, **keywords)


sys.modules[__name__].__class__ = _Callable
