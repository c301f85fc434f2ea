"""Quire's judges by name, for forms that say which to use: each made of parameters that JSON can hold."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

from quire.judges import builtin, making, pairs
from quire.judges.judge import Judge

Answers = Literal["yes or no", "whole number", "number", "words"]
_TYPES: dict[str, Any] = {"yes or no": bool, "whole number": int, "number": float, "words": str}


def known_judges() -> dict[str, Callable[..., Judge]]:
    """The functions that make a judge, by name. Their first words say what it judges, their parameters how."""
    return {
        "correctness": _correctness,
        "guidelines": _guidelines,
        "instructions": _instructions,
        "pairwise": _pairwise,
        "rubric": _rubric,
    }


def _correctness(*, model: str | None = making.DEFAULT_MODEL, name: str = "correctness") -> Judge:
    """A judge of whether the answer says what was expected: ``expected_facts``, else ``expected_response``. Binary."""
    return builtin.correctness(model, name=name)


def _guidelines(
    *, guidelines: Sequence[str] | None = None, model: str | None = making.DEFAULT_MODEL, name: str = "guidelines"
) -> Judge:
    """A judge of whether the answer keeps every guideline: these, else those of each record (its expectation
    ``guidelines``). Binary."""
    return builtin.guidelines(guidelines, model, name=name)


def _instructions(
    *,
    instructions: str,
    answers: Answers = "yes or no",
    model: str | None = making.DEFAULT_MODEL,
    higher_is_better: bool = True,
    name: str = "judge",
) -> Judge:
    """A judge that follows your instructions. They name what it is shown: ``{{ inputs }}``, ``{{ outputs }}``,
    ``{{ expectations }}``, ``{{ expected_response }}``, ``{{ trace }}``."""
    return making.make_judge(
        name, instructions, model, feedback_value_type=_TYPES[answers], higher_is_better=higher_is_better
    )


def _pairwise(
    *, criterion: str | None = None, model: str | None = making.DEFAULT_MODEL, name: str = "pairwise"
) -> Judge:
    """A judge of whether the answer is better than the expected one by a criterion, asked in both orders. A number: 1
    where it is, 0 where the expected one is, 0.5 otherwise."""
    return pairs.pairwise(model=model, name=name) if criterion is None else pairs.pairwise(criterion, model, name=name)


def _rubric(
    *,
    criterion: str,
    levels: Mapping[int, str],
    model: str | None = making.DEFAULT_MODEL,
    higher_is_better: bool = True,
    name: str = "rubric",
) -> Judge:
    """A judge that gives one of the scores in ``levels``, each described, by a criterion. A number."""
    return builtin.rubric(name, criterion, levels, model, higher_is_better=higher_is_better)
