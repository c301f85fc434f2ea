"""Comparisons: pairs by record, repeats averaged, groups as clusters, missing counted, verdicts by Holm."""

from __future__ import annotations

import math
import random

import pytest

from quire.domain.errors import InvalidInput, NotFound
from quire.evaluate.comparison import compare_tables
from quire.evaluate.disagreement import disagreements
from quire.evaluate.ranking import rank
from quire.evaluate.table import VariantTable
from tests.evaluate.helpers import table


def test_binary_scores_are_compared_by_mcnemar() -> None:
    from scipy.stats import binomtest

    a = [True] * 50 + [False] * 30 + [True] * 5 + [False] * 15
    b = [True] * 50 + [True] * 30 + [False] * 5 + [False] * 15
    metric = compare_tables(table("a", {"right": a}), table("b", {"right": b}))["right"]
    assert (metric.won, metric.lost, metric.tied, metric.n) == (30, 5, 65, 100)
    assert metric.p_value == pytest.approx(binomtest(30, 35).pvalue)
    assert metric.difference == pytest.approx(0.25)
    assert metric.interval.low < 0.25 < metric.interval.high
    assert (metric.kind, metric.verdict) == ("binary", "better")


def test_the_direction_of_a_score_decides_who_is_better() -> None:
    slow, fast = [2.0 + n / 100 for n in range(50)], [1.0 + n / 100 for n in range(50)]
    first = table("slow", {"seconds": slow}, higher_is_better=False)
    second = table("fast", {"seconds": fast}, higher_is_better=False)
    metric = compare_tables(first, second)["seconds"]
    assert (metric.verdict, metric.won, metric.lost) == ("better", 50, 0)
    assert metric.difference == pytest.approx(-1)
    assert compare_tables(second, first).verdict == "worse"


def test_repeats_are_averaged_within_a_record() -> None:
    a = table("a", {"right": [True, False, True, False, False, False]}, repeats=2)
    b = table("b", {"right": [True, True, None, True, None, None]}, repeats=2)
    metric = compare_tables(a, b)["right"]
    assert metric.kind == "number"
    assert (metric.n, metric.missing_a, metric.missing_b) == (2, 0, 1)
    assert (metric.mean_a, metric.mean_b) == (0.5, 1.0)
    assert metric.won == 2


def test_records_are_matched_by_id_whatever_their_order() -> None:
    a = table("a", {"x": [1.0, 2.0, 3.0]}, ids=["r1", "r2", "r3"])
    b = table("b", {"x": [3.5, 9.0, 1.5]}, ids=["r3", "new", "r1"])
    metric = compare_tables(a, b)["x"]
    assert (metric.n, metric.missing_a, metric.missing_b, metric.won) == (2, 1, 1, 2)
    assert metric.difference == pytest.approx(0.5)
    with pytest.raises(InvalidInput, match="have no record in common"):
        compare_tables(a, table("c", {"x": [1.0]}, ids=["other"]))


def test_missing_scores_are_counted_and_left_out() -> None:
    a = table("a", {"x": [1.0, None, 3.0, float("nan")]})
    b = table("b", {"x": [2.0, 2.0, None, None]})
    metric = compare_tables(a, b)["x"]
    assert (metric.n, metric.missing_a, metric.missing_b) == (1, 2, 2)
    none = compare_tables(a, table("b", {"x": [None] * 4}))["x"]
    assert (none.n, none.p_value, none.verdict) == (0, 1.0, "no difference shown")
    assert math.isnan(none.difference)


def test_one_record_shows_nothing() -> None:
    metric = compare_tables(table("a", {"x": [1.0]}), table("b", {"x": [5.0]}))["x"]
    assert (metric.n, metric.verdict) == (1, "no difference shown")
    assert metric.p_value == 1
    binary = compare_tables(table("a", {"x": [False]}), table("b", {"x": [True]}))["x"]
    assert (binary.n, binary.verdict) == (1, "no difference shown")


def test_all_ties_show_nothing() -> None:
    for values in ([True, False] * 20, [0.25] * 40):
        metric = compare_tables(table("a", {"x": values}), table("b", {"x": values}))["x"]
        assert (metric.won, metric.lost, metric.tied) == (0, 0, 40)
        assert (metric.difference, metric.p_value, metric.verdict) == (0, 1.0, "no difference shown")


def test_groups_are_clusters() -> None:
    draw = random.Random(1)
    effects = [draw.gauss(0.3, 1) for _ in range(12)]
    groups = [f"g{n // 20}" for n in range(240)]
    a = [0.0] * 240
    b = [effects[n // 20] + draw.gauss(0, 0.1) for n in range(240)]
    alone = compare_tables(table("a", {"x": a}), table("b", {"x": b}))["x"]
    grouped = compare_tables(table("a", {"x": a}, groups=groups), table("b", {"x": b}, groups=groups))["x"]
    assert alone.difference == pytest.approx(grouped.difference)
    assert alone.p_value < 0.01 < grouped.p_value
    assert grouped.interval.high - grouped.interval.low > 2 * (alone.interval.high - alone.interval.low)
    assert (alone.clusters, grouped.clusters) == (None, 12)
    assert "cluster" in grouped.method


def test_one_group_alone_shows_nothing() -> None:
    metric = compare_tables(
        table("a", {"x": [0.0] * 30}, groups=["g"] * 30), table("b", {"x": [1.0] * 30}, groups=["g"] * 30)
    )["x"]
    assert (metric.p_value, metric.verdict) == (1.0, "no difference shown")
    assert metric.method == "none: all records are of one group"


def test_p_values_are_corrected_for_the_number_of_scores() -> None:
    from statsmodels.stats.multitest import multipletests

    draw = random.Random(7)
    a = {f"s{n}": [draw.gauss(0, 1) for _ in range(60)] for n in range(4)}
    b = {
        name: [value + draw.gauss(0.15 * place, 1) for value in values]
        for place, (name, values) in enumerate(a.items())
    }
    found = compare_tables(table("a", a), table("b", b)).metrics
    expected = multipletests([metric.p_value for metric in found.values()], method="holm")[1]
    assert [metric.p_adjusted for metric in found.values()] == pytest.approx(list(expected))
    assert all((metric.verdict != "no difference shown") == (metric.p_adjusted <= 0.05) for metric in found.values())


def test_a_score_that_nothing_has_is_no_test_to_correct_for() -> None:
    a = {"right": [False] * 20 + [True] * 20, "none": [None] * 40}
    b = {"right": [True] * 30 + [False] * 10, "none": [None] * 40}
    found = compare_tables(table("a", a), table("b", b)).metrics
    assert found["right"].p_adjusted == found["right"].p_value
    assert found["none"].p_adjusted == 1


def test_scores_that_disagree_make_a_mixed_verdict() -> None:
    a = {"right": [False] * 30, "cost": [1.0 + n / 100 for n in range(30)]}
    b = {"right": [True] * 30, "cost": [0.5 + n / 100 for n in range(30)]}
    comparison = compare_tables(table("a", a), table("b", b))
    assert comparison.verdict == "mixed"
    assert comparison.sentence == "b is better than a on right, and worse on cost, at 95% confidence."


def test_words_are_left_out_and_said() -> None:
    a = table("a", {"class": ["x", "y"], "n": [1.0, 2.0]})
    comparison = compare_tables(a, table("b", {"class": ["x", "x"], "n": [1.0, 2.0]}))
    assert (list(comparison.metrics), comparison.left_out) == (["n"], ["class"])
    with pytest.raises(InvalidInput, match="The score 'class' is words"):
        compare_tables(a, a, scorers=["class"])


def test_other_methods_on_request() -> None:
    from scipy.stats import wilcoxon

    draw = random.Random(3)
    a = [draw.gauss(0, 1) for _ in range(40)]
    b = [value + draw.gauss(0.4, 1) for value in a]
    metric = compare_tables(table("a", {"x": a}), table("b", {"x": b}), method="wilcoxon")["x"]
    assert metric.p_value == pytest.approx(wilcoxon([y - x for x, y in zip(a, b, strict=True)]).pvalue)


def test_it_prints_the_verdict_first_and_what_was_missing() -> None:
    a = table("plain", {"right": [False] * 30 + [None], "n": [1.0] * 31})
    b = table("careful", {"right": [True] * 31, "n": [1.0] * 31})
    shown = str(compare_tables(a, b))
    assert shown.splitlines()[0].startswith("careful is better than plain on right, at 95% confidence;")
    assert "+100.0 pts" in shown
    assert "30/0/0" in shown
    assert "right: 30 of 31 records have both scores; 1 have none for plain, 0 none for careful." in shown
    assert "p-values are corrected for 2 scores (Holm)." in shown


def test_many_variants_are_ranked_against_a_baseline() -> None:
    draw = random.Random(5)
    base = [draw.gauss(0, 1) for _ in range(80)]
    tables = [
        table(f"v{place}", {"x": [value + draw.gauss(shift, 0.5) for value in base]})
        for place, shift in enumerate([0.0, 0.6, -0.6, 0.05])
    ]
    ranking = rank(tables, tables[0], "x")
    assert [one.name for one in ranking.variants][0::3] == ["v1", "v2"]
    verdicts = {one.name: None if one.comparison is None else one.comparison.verdict for one in ranking.variants}
    assert verdicts == {"v0": None, "v1": "better", "v2": "worse", "v3": "no difference shown"}
    from quire.stats import holm

    compared = {one.name: one.comparison for one in ranking.variants if one.comparison is not None}
    order = ["v1", "v2", "v3"]
    assert [compared[name].p_adjusted for name in order] == holm([compared[name].p_value for name in order])
    assert all(one.interval.low < one.mean < one.interval.high for one in ranking.variants)
    assert "x, against v0" in str(ranking)
    assert "baseline" in str(ranking)


def _three_scores() -> tuple[VariantTable, VariantTable]:
    """The right answers alone show a difference (p = 0.031), until they are corrected for three scores."""
    right_a, right_b = [False] * 6 + [True] * 14, [True] * 20
    rest = [1.0, 2.0] * 10
    a = table("a", {"right": right_a, "seconds": rest, "length": rest})
    b = table("b", {"right": right_b, "seconds": [2.0, 1.0] * 10, "length": rest})
    return a, b


def test_a_primary_score_is_not_corrected_for_those_beside_it() -> None:
    a, b = _three_scores()
    assert compare_tables(a, b).verdict == "no difference shown"
    found = compare_tables(a, b, primary=["right"])
    assert found["right"].p_adjusted == found["right"].p_value == pytest.approx(0.03125)
    assert (found.verdict, found.primary, found.secondary) == ("better", ["right"], ["seconds", "length"])
    assert found["seconds"].p_adjusted == pytest.approx(min(1.0, 2 * found["seconds"].p_value))
    assert list(found.metrics) == ["right", "seconds", "length"]


def test_a_secondary_score_is_no_part_of_the_verdict_and_is_said() -> None:
    a = table("a", {"right": [True, False] * 15, "seconds": [1.0] * 30})
    b = table("b", {"right": [True, False] * 15, "seconds": [2.0 + n / 100 for n in range(30)]})
    found = compare_tables(a, b, primary=["right"])
    assert found.verdict == "no difference shown"
    assert found.sentence == (
        "No difference between b and a is shown on right, at 95% confidence. "
        "Of the secondary scores: better on seconds."
    )
    said = str(found)
    assert said.count("(secondary)") == 1
    assert "The verdict is that of the primary scores alone: right." in said


def test_primary_scores_are_corrected_among_themselves() -> None:
    a, b = _three_scores()
    found = compare_tables(a, b, primary=["right", "seconds"])
    assert found["right"].p_adjusted == pytest.approx(2 * found["right"].p_value)
    assert found["length"].p_adjusted == found["length"].p_value
    assert "Their p-values are corrected for 2 scores (Holm)." in str(found)


def test_a_primary_score_that_is_not_compared_is_refused() -> None:
    a, b = _three_scores()
    with pytest.raises(NotFound, match="has no score 'rihgt'; it has right"):
        compare_tables(a, b, primary=["rihgt"])
    with pytest.raises(InvalidInput, match="'right' is not among those compared, length"):
        compare_tables(a, b, scorers=["length"], primary=["right"])
    words = table("w", {"class": ["x", "y"]})
    with pytest.raises(InvalidInput, match="The primary score 'class' is words"):
        compare_tables(words, words, primary=["class"])


def test_records_disagree_as_much_whether_they_are_looked_at_together_or_one_by_one() -> None:
    chance = random.Random(3)
    made = [
        {
            "right": [chance.choice((True, False, None)) for _ in range(200)],
            "length": [chance.choice((None, float(chance.randrange(9)))) for _ in range(200)],
            "same": [1.0] * 200,
        }
        for _ in range(2)
    ]
    apart = [table(name, scores) for name, scores in zip("ab", made, strict=True)]
    together = [table(name, scores) for name, scores in zip("ab", made, strict=True)]
    together[1].records = together[0].records
    for scores in (["right", "length", "same"], ["length"], ["same"], []):
        assert disagreements(*together, scores) == disagreements(*apart, scores)
    found = disagreements(*together, ["right"])
    assert found == {
        place: 1.0
        for place, (first, second) in enumerate(zip(made[0]["right"], made[1]["right"], strict=True))
        if first is not second
    }
