"""Intervals of weighted kappa and of alpha hold the truth as often as docs/decisions/0301 says, also for few items."""

from __future__ import annotations

import numpy as np
import pytest

from quire.stats import cohen_kappa, krippendorff_alpha

pytestmark = pytest.mark.slow
DRAWS = 2000
MANY = 2_000_000
# At 95 %: what 2,000 draws of 93 % may show; of three grades the interval is a little wide (98 %).
LEAST, MOST = 0.92, 0.99


def _labels(rng: np.random.Generator, items: int, raters: int, grades: int) -> np.ndarray:
    """Grades that raters give to items, each item around a level of its own: raters × items."""
    level = rng.normal((grades + 1) / 2, grades / 4, items)
    return np.clip(np.round(level + rng.normal(0, grades / 7, (raters, items))), 1, grades)


def _truth(grades: int) -> float:
    """Quadratically weighted kappa of all items there are; alpha of the interval level is the same number."""
    first, second = _labels(np.random.default_rng(0), MANY, 2, grades)
    pooled = np.concatenate([first, second])
    return 1 - float(((first - second) ** 2).mean()) / (2 * float(pooled.var()))


@pytest.mark.parametrize("items", [20, 100])
@pytest.mark.parametrize("grades", [3, 5, 9])
def test_weighted_kappa(grades: int, items: int) -> None:
    truth, rng = _truth(grades), np.random.default_rng(grades * items)
    held = 0
    for _ in range(DRAWS):
        first, second = _labels(rng, items, 2, grades).tolist()
        found = cohen_kappa(first, second, weights="quadratic")
        held += found.low <= truth <= found.high
    assert LEAST <= held / DRAWS <= MOST, held / DRAWS


@pytest.mark.parametrize("items", [20, 100])
def test_alpha_of_three_raters(items: int) -> None:
    truth, rng = _truth(5), np.random.default_rng(items)
    held = 0
    for _ in range(DRAWS):
        found = krippendorff_alpha(_labels(rng, items, 3, 5).T.tolist(), level="interval")
        held += found.low <= truth <= found.high
    assert LEAST <= held / DRAWS <= MOST, held / DRAWS
