"""Agreement of a judge with people: Cohen's kappa on the answers that people have labelled."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from quire.domain.errors import InvalidInput
from quire.domain.scores import Score, ScoredRow, ScoreKind, ScoreValue
from quire.scorers.base import Scorer, score_rows
from quire.scorers.scoring import read_value

if TYPE_CHECKING:
    from quire.stats import Kappa


class Labelled(msgspec.Struct, frozen=True, kw_only=True):
    """An answer and what a person said of it: ``label`` is of the judge's kind."""

    label: ScoreValue
    inputs: dict[str, Any] = msgspec.field(default_factory=dict)
    outputs: Any = None
    expectations: dict[str, Any] | None = None
    trace_id: str | None = None
    reviewer: str = ""


class Disagreement(msgspec.Struct, frozen=True, kw_only=True):
    """An answer of which the judge says something else than the person did."""

    labelled: Labelled
    judged: ScoreValue
    rationale: str = ""


class Agreement(msgspec.Struct, frozen=True, kw_only=True):
    """How far a judge agrees with people.

    ``kappa`` is Cohen's, with its interval; ``table`` counts pairs of (person's label, judge's); ``missing`` counts
    answers that the judge gave no score, which are left out. ``errors`` are the first of their reasons.
    """

    judge: str
    kappa: Kappa
    missing: int
    table: dict[tuple[ScoreValue, ScoreValue], int]
    disagreements: list[Disagreement]
    errors: list[str]

    def __str__(self) -> str:
        k = self.kappa
        missing = f", {self.missing} without a score" if self.missing else ""
        return (
            f"{self.judge}: kappa {k.value:.2f} ({k.low:.2f} to {k.high:.2f}), {k.agreement:.0%} alike, "
            f"{k.n} answers{missing}"
        )

    def tags(self) -> dict[str, str]:
        """As tags of a run or of a model version, so that the judge's page shows it."""
        k = self.kappa
        return {
            "quire.judge.kappa": f"{k.value:.4g}",
            "quire.judge.kappa_low": f"{k.low:.4g}",
            "quire.judge.kappa_high": f"{k.high:.4g}",
            "quire.judge.labels": str(k.n),
        }


def agreement_with(judge: Scorer, labels: Iterable[Any], *, confidence: float = 0.95) -> Agreement:
    """Ask a judge (or any scorer) about answers that people labelled, and say how far it agrees with them.

    ``labels`` are :class:`Labelled`, or mappings with ``label``, ``inputs``, ``outputs`` and ``expectations``. Labels
    are categories: for a judge of numbers a near miss is a miss. Raises InvalidInput for no labels, for one that is
    not of the judge's kind, and where the judge gave no score at all.
    """
    from quire.stats import cohen_kappa

    wanted = [_labelled(judge.kind, place, label) for place, label in enumerate(labels)]
    if not wanted:
        raise InvalidInput("There are no labels; agreement needs answers that a person has labelled.")
    scores = [_own(judge.name, scores) for scores in score_rows(judge, map(_row, range(len(wanted)), wanted))]
    both = [(label, score) for label, score in zip(wanted, scores, strict=True) if score.value is not None]
    errors = [score.error for score in scores if score.error]
    if not both:
        reason = errors[0] if errors else "it said nothing."
        raise InvalidInput(f"{judge.name!r} gave none of the {len(wanted)} answers a score: {reason}")
    return Agreement(
        judge=judge.name,
        kappa=cohen_kappa(
            [label.label for label, _score in both], [score.value for _label, score in both], confidence=confidence
        ),
        missing=len(wanted) - len(both),
        table=dict(Counter((label.label, _value(score)) for label, score in both)),
        disagreements=[
            Disagreement(labelled=label, judged=_value(score), rationale=score.rationale)
            for label, score in both
            if label.label != score.value
        ],
        errors=errors[:5],
    )


def _value(score: Score) -> ScoreValue:
    assert score.value is not None
    return score.value


def _labelled(kind: ScoreKind | None, place: int, given: Any) -> Labelled:
    if isinstance(given, Mapping):
        try:
            given = msgspec.convert(dict(given), Labelled)
        except msgspec.ValidationError as error:
            raise InvalidInput(f"Label {place} is no label: {error}. Give 'label', 'inputs' and 'outputs'.") from None
    if not isinstance(given, Labelled):
        raise InvalidInput(f"Label {place} is {given!r:.80}; expected a Labelled or a mapping with 'label'.")
    label = read_value(kind, given.label)
    if label is None:
        raise InvalidInput(f"Label {place} is missing; leave out answers that nobody has labelled.")
    return msgspec.structs.replace(given, label=label)


def _row(place: int, label: Labelled) -> ScoredRow:
    return ScoredRow(
        record_id=str(place),
        index=place,
        inputs=label.inputs,
        outputs=label.outputs,
        expectations=label.expectations,
        trace_id=label.trace_id,
    )


def _own(name: str, scores: list[Score]) -> Score:
    """The score that bears the judge's own name."""
    return next((score for score in scores if score.name == name), scores[0] if scores else Score(name=name))
