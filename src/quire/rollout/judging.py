"""Whether a challenger passes a gate, from the scores of an evaluation."""

from __future__ import annotations

import math

from quire.domain.errors import InvalidInput
from quire.domain.gates import Check, Gate, GateResult
from quire.evaluate.comparison import Pairs, pair
from quire.evaluate.table import VariantTable


def judge(gate: Gate, champion: VariantTable, challenger: VariantTable, *, seed: int = 0) -> GateResult:
    """Check each condition of a gate. NotFound for a score that there is not.

    Superiority: the paired one-sided test of :func:`quire.stats.paired_test` at 1 − confidence (McNemar's for one
    answer right or wrong, else signs flipped); not worse: :func:`quire.stats.non_inferior` of the ratio of means. All
    must hold, so none is corrected for the others (an intersection–union test: R. L. Berger, 1982).
    """
    pairs = pair(champion, challenger, gate.scorer)
    checks = [*_enough(gate, pairs, challenger), _better(gate, pairs, champion, challenger, seed)]
    checks += [_not_worse(gate, name, ratio, champion, challenger, seed) for name, ratio in gate.not_worse.items()]
    return GateResult(champion=champion.name, challenger=challenger.name, checks=checks)


def _enough(gate: Gate, pairs: Pairs, challenger: VariantTable) -> list[Check]:
    n, records = len(pairs.a), max(1, len(challenger.records))
    missing = pairs.missing_b / records
    return [
        Check(name="rows", passed=n >= gate.min_rows, said=f"{n} records have both scores; {gate.min_rows} wanted"),
        Check(
            name="missing",
            passed=missing <= gate.max_missing,
            said=f"{pairs.missing_b} of {records} records have no score of the challenger ({missing:.1%}; at most "
            f"{gate.max_missing:.1%})",
        ),
    ]


def _better(gate: Gate, pairs: Pairs, champion: VariantTable, challenger: VariantTable, seed: int) -> Check:
    columns = champion.column(gate.scorer), challenger.column(gate.scorer)
    if "text" in (columns[0].kind, columns[1].kind):
        raise InvalidInput(f"The score {gate.scorer!r} is words, of which none is better. Name a score in numbers.")
    name = f"{gate.scorer} is better"
    if not pairs.a or pairs.one_cluster:
        why = "no record has both scores" if not pairs.a else "all records are of one group"
        return Check(name=name, passed=False, said=f"nothing can be shown: {why}")
    from quire.stats import paired_test

    higher = columns[1].info.higher_is_better
    once = champion.repeats == challenger.repeats == 1
    kind = "binary" if once and {column.kind for column in columns} == {"binary"} else "number"
    tested = paired_test(
        pairs.a,
        pairs.b,
        kind=kind,  # type: ignore[arg-type]
        clusters=pairs.clusters,
        seed=seed,
        alternative="greater" if higher else "less",
    )
    difference = math.fsum(pairs.differences) / len(pairs.a)
    gained = difference > 0 if higher else difference < 0
    return Check(
        name=name,
        passed=gained and tested.p_value <= 1 - gate.confidence + 1e-12,
        said=f"{_mean(pairs.a):.4g} → {_mean(pairs.b):.4g} ({difference:+.4g}), one-sided p = {tested.p_value:.3g} "
        f"({tested.method}); p ≤ {1 - gate.confidence:.3g} wanted",
        p_value=tested.p_value,
    )


def _not_worse(
    gate: Gate, name: str, ratio: float, champion: VariantTable, challenger: VariantTable, seed: int
) -> Check:
    higher = challenger.column(name).info.higher_is_better
    if (ratio < 1) != higher and ratio != 1:
        better, expected = ("higher", "below 1, such as 0.95") if higher else ("lower", "above 1, such as 1.2")
        raise InvalidInput(
            f"not_worse[{name!r}] is {ratio}, but {better} is better there; expected a ratio {expected}."
        )
    pairs = pair(champion, challenger, name)
    title = f"{name} is not worse"
    if not pairs.a or pairs.one_cluster:
        return Check(name=title, passed=False, said="nothing can be shown: no record has both, or all are of one group")
    from quire.stats import non_inferior

    try:
        found = non_inferior(
            pairs.a,
            pairs.b,
            margin=ratio,
            kind="ratio",
            higher_is_better=higher,
            confidence=gate.confidence,
            clusters=pairs.clusters,
            seed=seed,
        )
    except InvalidInput as error:
        return Check(name=title, passed=False, said=f"nothing can be shown: {error.message}")
    side = "above" if higher else "below"
    return Check(
        name=title,
        passed=found.passed,
        said=f"{_mean(pairs.a):.4g} → {_mean(pairs.b):.4g}, ratio {found.estimate:.4g}, bound {found.bound:.4g}; "
        f"{side} {ratio:g} wanted",
        p_value=found.p_value,
    )


def _mean(values: list[float]) -> float:
    return math.fsum(values) / len(values)
