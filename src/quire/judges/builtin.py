"""Judges that come with Quire: a rubric, a right answer to compare with, guidelines to keep."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from quire.domain.errors import InvalidInput
from quire.domain.template import escape
from quire.judges.judge import Judge, JudgeSpec
from quire.judges.making import judge_of
from quire.judges.questions import listed

if TYPE_CHECKING:
    from quire.caller import CallerOptions

_MATERIAL = "<request>\n{inputs}\n</request>\n\n<answer>\n{outputs}\n</answer>"


def rubric(
    name: str,
    criterion: str,
    levels: Mapping[int, str],
    model: str | None = None,
    *,
    inference_params: Mapping[str, Any] | None = None,
    higher_is_better: bool = True,
    options: CallerOptions | None = None,
) -> Judge:
    """A judge that gives one of the scores in ``levels``, each described, with its reasons.

    ``rubric("clarity", "How clear the answer is to a layman.", {1: "Not at all", 3: "In parts", 5: "Entirely"})``. The
    score is a whole number. Raises InvalidInput for fewer than two levels.
    """
    _check_levels(levels)
    scale = "\n".join(f"{level}: {levels[level]}" for level in sorted(levels))
    text = escape(f"Score the answer by this criterion.\n\n{criterion}\n\nThe scores:\n{scale}\n\n")
    spec = JudgeSpec(
        name=name, result={"enum": sorted(levels)}, description=criterion, higher_is_better=higher_is_better
    )
    return judge_of(spec, text + _MATERIAL, model, inference_params, options=options)


def _check_levels(levels: object) -> None:
    if not isinstance(levels, Mapping) or len(levels) < 2 or not all(type(level) is int for level in levels):
        raise InvalidInput(f"levels is {levels!r:.80}; expected two or more whole numbers with what they mean.")


def correctness(
    model: str | None = None,
    *,
    name: str = "correctness",
    inference_params: Mapping[str, Any] | None = None,
    options: CallerOptions | None = None,
) -> Judge:
    """A judge that compares the answer with what was expected: ``expected_facts``, else ``expected_response``.

    Binary: whether it states every fact, or means the same, and contradicts nothing. Words and order do not matter.
    """
    text = (
        "Decide whether the answer is right: whether it says what is expected and contradicts none of it. Other words, "
        "another order and further true details do not make it wrong.\n\n" + _MATERIAL + "\n\n"
        "<expected>\n{reference}\n</expected>"
    )
    spec = JudgeSpec(name=name, result={"type": "boolean"}, description="Whether the answer says what is expected.")
    return judge_of(spec, text, model, inference_params, options=options)


def guidelines(
    guidelines: str | Sequence[str] | None = None,
    model: str | None = None,
    *,
    name: str = "guidelines",
    inference_params: Mapping[str, Any] | None = None,
    options: CallerOptions | None = None,
) -> Judge:
    """A judge of whether the answer keeps every guideline: these, or where None are given, those of each record
    (its expectation ``guidelines``). Binary."""
    if guidelines is not None and not guidelines:
        raise InvalidInput("guidelines is empty; give at least one, or None for those of each record.")
    rules = "{guidelines}" if guidelines is None else escape(listed(guidelines))
    text = (
        "Decide whether the answer keeps every one of these guidelines. One that has no bearing on the request is "
        f"kept.\n\n<guidelines>\n{rules}\n</guidelines>\n\n" + _MATERIAL
    )
    spec = JudgeSpec(name=name, result={"type": "boolean"}, description="Whether the answer keeps the guidelines.")
    return judge_of(spec, text, model, inference_params, options=options)
