"""Whether live trials keep their promises over 2,000 simulated ones, and whether the simulation would tell."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from bench.trials import questions
from bench.trials.evidence import Claim, alone, log_e
from bench.trials.outcomes import Effort, Rate
from bench.trials.running import ALLOCATIONS, looks, run
from bench.trials.scenarios import EXPERIMENTS, LIMITS, rates
from bench.trials.table import EFFORTS, RATES, put_into
from bench.trials.worlds import latencies, ratings, scores, thumbs, uneven

WORLDS = [thumbs(0.1, 0.2), ratings(0.0, 0.3), scores(0.5, 0.6), latencies(1.0, 1.3)]
CLAIMS = [
    Claim(0, 1, True),
    Claim(0, 1, False),
    Claim(0, 1, True, 0.02),
    Claim(0, 1, False, 0.01),
    Claim(0, 1, True, 1.05, "ratio"),
    Claim(0, 1, False, 0.98, "ratio"),
]


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    "scenario",
    [pytest.param(one, id=f"{number}-{one.ask.__name__}") for number, one in enumerate(rates(EXPERIMENTS, 1500))],
)
def test_nothing_wrong_is_said_more_often_than_promised(scenario) -> None:
    found = scenario()
    assert isinstance(found, Rate)
    assert found.experiments >= 2000
    assert found.kept or ((found.measure, found.data) in LIMITS and found.rate < 15), found


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    ("world", "saved"),
    [
        (thumbs(0.5, 0.5, 0.5, 0.6), 0.02),
        (thumbs(0.4, 0.45, 0.5, 0.6), 0.15),
        (latencies(1.2, 1.15, 1.1, 0.9), 0.1),
        (uneven(0.3, 4.0), 0.1),
    ],
    ids=lambda given: getattr(given, "name", ""),
)
def test_track_and_stop_finds_the_best_arm_with_fewer_units_than_equal_shares(world, saved) -> None:
    fixed, adaptive = (questions.effort(world, kind, 40_000, 300, 1) for kind in ("fixed", "track-and-stop"))
    assert adaptive.mean < (1 - saved) * fixed.mean
    assert fixed.shown == adaptive.shown == 100
    assert max(fixed.wrong, adaptive.wrong) <= 5


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_of_two_alike_arms_track_and_stop_gives_half_and_thompson_most_to_the_better() -> None:
    found = {kind: questions.effort(thumbs(0.5, 0.6), kind, 40_000, 200, 1) for kind in ALLOCATIONS}
    assert found["track-and-stop"].mean == pytest.approx(found["fixed"].mean, rel=0.15)
    assert found["track-and-stop"].best_share == pytest.approx(50, abs=3)
    assert found["thompson"].best_share > 80
    assert found["fixed"].mean < 1.7 * found["fixed"].fixed_horizon


def test_an_ordinary_test_that_is_looked_at_all_the_time_is_told() -> None:
    ever = np.zeros(300, bool)
    for _, known, _ in run(thumbs(0.5, 0.5), "fixed", units=2000, experiments=300, rng=np.random.default_rng(0)):
        (n, s), (m, t) = (known.sums[:, arm, :2].T for arm in (0, 1))
        with np.errstate(all="ignore"):
            shared = (s + t) / (n + m)
            z = (s / n - t / m) / np.sqrt(shared * (1 - shared) * (1 / n + 1 / m))
        ever |= np.nan_to_num(np.abs(z)) > 1.96
    assert ever.mean() > 0.25


@pytest.mark.parametrize("world", WORLDS, ids=lambda world: world.name)
@pytest.mark.parametrize("allocation", ["fixed", "thompson"])
def test_what_is_simulated_is_what_is_used(world, allocation) -> None:
    rng = np.random.default_rng(0)
    *_, (_, known, running) = run(world, allocation, units=900, experiments=6, rng=rng, shares=(0.7, 0.3))
    rows = np.flatnonzero(running)
    for claim in CLAIMS:
        found = log_e(world, known, rows, claim)
        for one, evidence in zip(rows, found, strict=True):
            used = alone(world.bounds, known, int(one), claim)
            assert evidence == pytest.approx(used, abs=1e-4) or (evidence == -1 and used < 2)


def test_experiments_that_have_ended_are_given_no_more_units() -> None:
    for at, known, running in run(thumbs(0.5, 0.5), "fixed", units=300, experiments=3, rng=np.random.default_rng(0)):
        assert list(known.sums[:, :, 0].sum(axis=1)) == [at, min(at, 100), at]
        if at == 100:
            running[1] = False


def test_one_looks_after_each_unit_at_first() -> None:
    at = looks(1000)
    assert at[:200] == list(range(1, 201))
    assert at[-1] == 1000
    assert max(later / earlier for earlier, later in pairwise(at[199:])) < 1.05


@pytest.mark.parametrize("world", [*WORLDS, uneven(0.3, 4.0)], ids=lambda world: world.name)
def test_arms_have_the_means_that_they_name(world) -> None:
    rng = np.random.default_rng(0)
    for arm in world.arms:
        assert arm.draw(rng, (4, 50_000)).mean() == pytest.approx(arm.mean, abs=0.02)


def test_results_are_written_as_tables() -> None:
    rate = {"measure": "false verdict", "data": "thumbs", "arms": 2, "allocation": "fixed", "units": 10, "bar": 5.0}
    found = [
        Rate(**rate, rate=2.04, experiments=100),
        Rate(**{**rate, "data": "seconds"}, rate=7.0, experiments=100),
        *(
            Effort(
                data="thumbs",
                arms=2,
                allocation=kind,
                mean=1234.5,
                median=1000.0,
                shown=shown,
                wrong=0.4,
                best_share=50.0,
                fixed_horizon=800.0,
                at_horizon=30.0,
                experiments=100,
            )
            for kind, shown in (("fixed", 100.0), ("thompson", 80.0))
        ),
    ]
    page = put_into(f"Before\n{RATES[0]}\nold\n{RATES[1]}\nbetween\n{EFFORTS[0]}\n{EFFORTS[1]}\nafter\n", found)
    assert page.startswith("Before\n")
    assert page.endswith("\nafter\n")
    assert "old" not in page
    assert "between" in page
    assert "| false verdict | thumbs | 2 | fixed | 2.0 | 5 |" in page
    assert "| false verdict | seconds | 2 | fixed | **7.0** | 5 |" in page
    cells = "1,234 (1,000); 50 % to the best | 1,234 (1,000), 80 % found; 50 % to the best | –"
    assert f"| thumbs | 2 | 800 | {cells} | 0.4 |" in page
