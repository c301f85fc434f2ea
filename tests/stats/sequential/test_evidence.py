from __future__ import annotations

import math

import numpy as np
import pytest

from quire.domain.errors import InvalidInput
from quire.stats.sequential import Counts, harm_log_e, needed_log_e, superiority_log_e

UNIT = (0.0, 1.0)
HALF, MORE = Counts(1000, 500, 500), Counts(1000, 600, 600)


def better(control: Counts, challenger: Counts, **options: object) -> float:
    asked = {"higher_is_better": True, "bounds": UNIT, **options}
    return superiority_log_e(control, challenger, **asked)  # type: ignore[arg-type]


def harm(control: Counts, challenger: Counts, **options: object) -> float:
    asked = {"higher_is_better": True, "bounds": UNIT, **options}
    return harm_log_e(control, challenger, **asked)  # type: ignore[arg-type]


def test_evidence_speaks_for_the_arm_that_is_better_and_against_the_other() -> None:
    assert better(HALF, MORE) > needed_log_e(0.95, 2)
    assert better(MORE, HALF) < 0
    assert better(MORE, HALF, higher_is_better=False) == pytest.approx(better(HALF, MORE), abs=1e-6)
    assert better(HALF, MORE, higher_is_better=False) < 0


def test_no_units_are_no_evidence() -> None:
    assert better(Counts(), Counts()) == pytest.approx(0)
    assert better(HALF, Counts()) <= 1e-9
    assert superiority_log_e(Counts(), HALF, higher_is_better=True) == 0


def test_a_margin_asks_for_more_and_a_negative_one_for_less() -> None:
    found = [better(HALF, MORE, margin=margin) for margin in (-0.1, 0.0, 0.05, 0.1, 0.2)]
    assert found == sorted(found, reverse=True)
    assert found[3] < 1
    assert better(HALF, HALF, margin=-0.1) > needed_log_e(0.95)


def test_margins_are_in_the_units_of_the_metric() -> None:
    low, high = Counts.of([1, 3] * 500), Counts.of([2, 4] * 500)
    assert better(low, high, bounds=(1, 5), margin=0.8) > 3
    assert better(low, high, bounds=(1, 5), margin=1.0) < 0.5
    assert better(low, high, bounds=(1, 5), margin=1.4, kind="ratio") > 3
    assert better(low, high, bounds=(1, 5), margin=1.5, kind="ratio") < 0.5


def test_a_ratio_of_1_is_no_difference() -> None:
    assert better(HALF, MORE, kind="ratio") == pytest.approx(better(HALF, MORE), abs=1e-6)


def test_a_guardrail_by_difference_is_on_the_side_that_is_worse() -> None:
    assert harm(MORE, HALF, margin=0.02) > needed_log_e(0.98)
    assert harm(HALF, MORE, margin=0.02) < 0
    assert harm(HALF, MORE, margin=0.02, higher_is_better=False) > needed_log_e(0.98)
    assert harm(MORE, HALF, margin=0.1) < 1


def test_a_guardrail_by_ratio_is_as_its_margin_says() -> None:
    assert harm(HALF, MORE, margin=1.05, kind="ratio", higher_is_better=False) > needed_log_e(0.95)
    assert harm(HALF, MORE, margin=1.2, kind="ratio", higher_is_better=False) < 1
    assert harm(MORE, HALF, margin=0.95, kind="ratio") > needed_log_e(0.95)
    assert harm(MORE, HALF, margin=0.8, kind="ratio") < 1


def test_a_guardrail_without_bounds_is_on_the_same_side() -> None:
    rng = np.random.default_rng(0)
    fast, slow = Counts.of(rng.lognormal(0, 0.5, 2000)), Counts.of(rng.lognormal(0.4, 0.5, 2000))
    asked = {"bounds": None, "higher_is_better": False, "margin": 1.2, "kind": "ratio"}
    assert harm(fast, slow, **asked) > needed_log_e(0.99)
    assert harm(slow, fast, **asked) < 0
    assert harm(fast, slow, **{**asked, "margin": 0.2, "kind": "difference"}) > needed_log_e(0.99)


def test_a_plan_that_is_met_makes_evidence_stronger() -> None:
    control, challenger = Counts(9000, 4500, 4500), Counts(1000, 560, 560)
    assert better(control, challenger, split=0.9) > better(control, challenger) + 0.5
    assert better(challenger, control, split=0.1, higher_is_better=False) == pytest.approx(
        better(control, challenger, split=0.9), abs=1e-6
    )


def test_the_level_is_shared_between_comparisons() -> None:
    assert needed_log_e(0.95) == pytest.approx(math.log(20))
    assert needed_log_e(0.95, 3) == pytest.approx(math.log(60))
    with pytest.raises(InvalidInput, match="comparisons is 0"):
        needed_log_e(0.95, 0)
    with pytest.raises(InvalidInput, match="confidence is 1"):
        needed_log_e(1)


@pytest.mark.parametrize(
    ("margin", "kind"), [(math.nan, "difference"), (math.inf, "difference"), (0.0, "ratio"), (-1.0, "ratio")]
)
def test_a_margin_that_is_none_is_refused(margin, kind) -> None:
    with pytest.raises(InvalidInput, match=f"margin is {margin}"):
        better(HALF, MORE, margin=margin, kind=kind)


def test_unknown_kinds_splits_and_ratios_of_what_can_be_negative_are_refused() -> None:
    with pytest.raises(InvalidInput, match="Unknown kind"):
        better(HALF, MORE, kind="odds")
    with pytest.raises(InvalidInput, match="split is -1"):
        better(HALF, MORE, split=-1)
    with pytest.raises(InvalidInput, match="compare by difference"):
        better(HALF, MORE, bounds=(-1, 1), kind="ratio")


def test_millions_of_units_are_no_trouble() -> None:
    many, more = Counts(10**8, 5e7, 5e7), Counts(10**8, 5.1e7, 5.1e7)
    assert 1e3 < better(many, more) < 1e5
    assert better(many, many) < 0
