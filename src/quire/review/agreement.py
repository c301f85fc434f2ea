"""Agreement of reviewers with each other and with scorers, and what they say together."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from quire.domain.errors import InvalidInput
from quire.domain.scores import ScoreKind, ScoreValue
from quire.review.items import Item
from quire.review.labels import Label, by_rater

if TYPE_CHECKING:
    from quire.stats import Kappa

_WORDS: dict[Any, bool] = {"yes": True, "no": False, 1: True, 0: False}


class RaterAgreement(msgspec.Struct, frozen=True):
    """How far two raters agree on the items that both judged. ``second`` is a reviewer or a scorer.

    ``weighted`` says that kappa counts near misses less (quadratic weights), as it does for grades.
    """

    first: str
    second: str
    kappa: Kappa
    weighted: bool = False

    def __str__(self) -> str:
        k = self.kappa
        name = "weighted kappa" if self.weighted else "kappa"
        return (
            f"{self.first} and {self.second}: {name} {k.value:.2f} ({k.low:.2f} to {k.high:.2f}), "
            f"{k.agreement:.0%} alike, {k.n} items"
        )


def agreements(
    labels: Iterable[Label], items: Mapping[str, Item], *, kind: ScoreKind, scores: list[str], confidence: float
) -> list[RaterAgreement]:
    """Kappa of each two reviewers, then of each reviewer with each scorer; raters that share no item are left out."""
    from quire.stats import cohen_kappa

    people = by_rater(labels)
    scorers = {name: _scored(items, name, kind) for name in scores}
    pairs = [*itertools.combinations(sorted(people), 2), *itertools.product(sorted(people), scorers)]
    raters = {**scorers, **people}
    found = []
    for first, second in pairs:
        shared = [item for item in raters[first] if item in raters[second]]
        if shared:
            said = [[raters[rater][item] for item in shared] for rater in (first, second)]
            grades = kind == "number" and all(_is_grade(value) for values in said for value in values)
            weights: Any = "quadratic" if grades else None
            kappa = cohen_kappa(said[0], said[1], confidence=confidence, weights=weights)
            found.append(RaterAgreement(first, second, kappa, grades))
    return found


def _is_grade(value: ScoreValue) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _scored(items: Mapping[str, Item], name: str, kind: ScoreKind) -> dict[str, ScoreValue]:
    """What a scorer said, by item; a word or number that stands for True or False is taken as such."""
    found = {item.item_id: item.scores[name] for item in items.values() if name in item.scores}
    if not found:
        known = sorted({other for item in items.values() for other in item.scores})
        raise InvalidInput(f"No item of the queue has a score {name!r}; they have {', '.join(known) or 'none'}.")
    if kind != "binary":
        return found
    return {item: _WORDS.get(value, value) if not isinstance(value, bool) else value for item, value in found.items()}


def consensus(labels: Iterable[Label]) -> list[dict[str, Any]]:
    """Answers with the label that most gave; those without a majority are left out."""
    by_item: dict[str, list[Label]] = {}
    for label in labels:
        if label.value is not None:
            by_item.setdefault(label.item_id, []).append(label)
    found = []
    for said in by_item.values():
        (value, count), *others = Counter(label.meaning for label in said).most_common()
        if others and others[0][1] == count:
            continue
        one = said[0]
        found.append(
            {
                "label": value,
                "inputs": one.inputs if isinstance(one.inputs, dict) else {"input": one.inputs},
                "outputs": one.outputs,
                "expectations": one.expectations,
                "trace_id": one.trace_id,
            }
        )
    return found


def tally(labels: Iterable[Label]) -> tuple[dict[str, int], int]:
    """How many pairs each variant won, and how many were ties."""
    wins: dict[str, int] = {}
    ties = 0
    for label in labels:
        if label.outcome is None:
            continue
        wins.setdefault(label.variant, 0)
        wins.setdefault(label.other, 0)
        if label.outcome == 0.5:
            ties += 1
        else:
            wins[label.variant if label.outcome else label.other] += 1
    return wins, ties


def ranking(labels: Iterable[Label], *, confidence: float) -> Any:
    """The variants by strength. Raises InvalidInput where no pair was judged."""
    from quire.stats import bradley_terry

    judged = [(label.variant, label.other, label.outcome) for label in labels if label.outcome is not None]
    if not judged:
        raise InvalidInput("No pair of the queue has been judged yet.")
    names = list(dict.fromkeys(name for a, b, _outcome in judged for name in (a, b)))
    return bradley_terry(names, judged, confidence=confidence)
