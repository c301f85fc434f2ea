"""What is asked of simulated trials: is anything wrong ever said, and how many units does the truth take?"""

from __future__ import annotations

import math
from collections.abc import Iterable
from statistics import NormalDist

import numpy as np

from bench.trials import outcomes
from bench.trials.evidence import Claim, log_e, mean_log_evidence
from bench.trials.outcomes import Effort, Rate
from bench.trials.running import AllocationKind, Known, run
from bench.trials.worlds import World
from quire.stats.sequential import needed_log_e, ratio_mismatch

Array = np.ndarray
CONFIDENCE, GUARDED = 0.95, 0.99
_POWER = 0.8
_LOOKS = 5


def false_verdicts(
    world: World, allocation: AllocationKind, units: int, experiments: int, seed: int, shares: tuple[float, ...] = ()
) -> Rate:
    """Arms that are alike: is any challenger ever called better or worse than the control?"""
    arms = len(world.arms)
    claims = [Claim(0, arm, up) for arm in range(1, arms) for up in (True, False)]
    needed = needed_log_e(CONFIDENCE, 2 * (arms - 1))
    ever = _ever(world, allocation, claims, needed, units, experiments, seed, shares)
    name = allocation if not shares else " : ".join(f"{100 * share:g}" for share in shares)
    return _rate(outcomes.FALSE_VERDICT, world, name, units, ever, CONFIDENCE)


def false_alarms(world: World, claim: Claim, units: int, experiments: int, seed: int) -> Rate:
    """A challenger that is worse by exactly the margin: does the guardrail ever take it out?"""
    ever = _ever(world, "fixed", [claim], needed_log_e(GUARDED), units, experiments, seed)
    return _rate(f"{outcomes.FALSE_ALARM}: {claim.kind}", world, "fixed", units, ever, GUARDED)


def missed_gaps(world: World, allocation: AllocationKind, kind: str, units: int, experiments: int, seed: int) -> Rate:
    """Does the interval of the difference (the ratio) ever leave out the true one?"""
    control, challenger = (arm.mean for arm in world.arms)
    if kind == "ratio":
        claims = [Claim(0, 1, up, challenger / control, "ratio") for up in (True, False)]
    else:
        gap = challenger - control
        claims = [Claim(0, 1, up, gap if up else -gap) for up in (True, False)]
    ever = _ever(world, allocation, claims, needed_log_e(CONFIDENCE, 2), units, experiments, seed)
    return _rate(f"{outcomes.MISSED_TRUTH}: {kind}", world, allocation, units, ever, CONFIDENCE)


def missed_means(world: World, units: int, experiments: int, seed: int) -> Rate:
    """Does the interval of the control's mean ever leave out the true one?"""
    ever = np.zeros(experiments, bool)
    needed = needed_log_e(CONFIDENCE, 2)
    for _, known, running in run(world, "fixed", units=units, experiments=experiments, rng=_rng(seed, world)):
        rows = np.flatnonzero(running & (known.sums[:, 0, 0] > 0))
        for up in (True, False):
            ever[rows[mean_log_evidence(world, known, rows, 0, up=up) >= needed]] = True
        running &= ~ever
    return _rate(f"{outcomes.MISSED_TRUTH}: mean", world, "fixed", units, ever, CONFIDENCE)


def false_ratios(shares: tuple[float, ...], phases: int, units: int, experiments: int, seed: int) -> Rate:
    """Units that fall as they should, in phases: is a mismatch ever seen at 5 %?"""
    rng, ever = np.random.default_rng(seed), 0
    names = [str(arm) for arm in range(len(shares))]
    each = units // (phases * _LOOKS)
    for _ in range(experiments):
        observed, weights, wrong = [], [], False
        for _ in range(phases):
            weights.append(dict(zip(names, rng.dirichlet(20 * np.array(shares)), strict=True)))
            observed.append(dict.fromkeys(names, 0))
            for _ in range(_LOOKS):
                drawn = rng.multinomial(each, list(weights[-1].values()))
                observed[-1] = {name: observed[-1][name] + int(k) for name, k in zip(names, drawn, strict=True)}
                wrong = wrong or ratio_mismatch(observed, weights).p_value <= 1 - CONFIDENCE
        ever += wrong
    return Rate(
        measure=outcomes.FALSE_RATIO,
        data="one phase" if phases == 1 else f"{phases} phases of unlike shares",
        arms=len(shares),
        allocation="by phases",
        units=units,
        rate=100 * ever / experiments,
        bar=100 * (1 - CONFIDENCE),
        experiments=experiments,
    )


def effort(
    world: World, allocation: AllocationKind, units: int, experiments: int, seed: int, shares: tuple[float, ...] = ()
) -> Effort:
    """How many units until the best arm is shown better than every other?"""
    arms, needed = len(world.arms), needed_log_e(CONFIDENCE, 2 * (len(world.arms) - 1))
    sign = 1 if world.higher_is_better else -1
    best = max(range(arms), key=lambda arm: sign * world.arms[arm].mean)
    took, winners = np.full(experiments, np.inf), np.full(experiments, -1)
    given = np.zeros((experiments, arms))
    for at, known, running in run(
        world, allocation, units=units, experiments=experiments, rng=_rng(seed, world), shares=shares
    ):
        rows = np.flatnonzero(running)
        won = _winners(world, known, rows, needed)
        ended = rows[won >= 0]
        took[ended], winners[ended] = at, won[won >= 0]
        given[rows] = known.sums[rows, :, 0]
        running[ended] = False
    horizon = fixed_horizon(world)
    return Effort(
        data=world.name,
        arms=arms,
        allocation=allocation if not shares else " : ".join(f"{100 * share:g}" for share in shares),
        mean=float(np.minimum(took, units).mean()),
        median=float(np.median(took)),
        shown=100 * float((winners == best).mean()),
        wrong=100 * float(((winners >= 0) & (winners != best)).mean()),
        best_share=100 * float((given[:, best] / given.sum(axis=1)).mean()),
        fixed_horizon=horizon,
        at_horizon=100 * float((took <= horizon).mean()),
        experiments=experiments,
    )


def fixed_horizon(world: World) -> float:
    """Units of all arms, equally many of each, with which a z test of the closest pair has a power of 80 %.

    It is looked at once, its level shared out as that of the trial is.
    """
    arms, rng = len(world.arms), np.random.default_rng(0)
    spread = [float(arm.draw(rng, (1, 200_000)).var()) for arm in world.arms]
    sign = 1 if world.higher_is_better else -1
    order = sorted(range(arms), key=lambda arm: -sign * world.arms[arm].mean)
    best = order[0]
    each = []
    for other in order[1:]:
        gap = world.arms[best].mean - world.arms[other].mean
        z = NormalDist().inv_cdf(1 - (1 - CONFIDENCE) / (2 * (arms - 1))) + NormalDist().inv_cdf(_POWER)
        each.append((spread[best] + spread[other]) * (z / gap) ** 2 if gap else math.inf)
    return arms * max(each)


def _winners(world: World, known: Known, rows: Array, needed: float) -> Array:
    """Of each experiment the arm that is shown better than every other; −1 for none."""
    arms, found = len(world.arms), np.full(len(rows), -1)
    with np.errstate(invalid="ignore", divide="ignore"):
        means = known.sums[rows, :, 1] / known.sums[rows, :, 0]
    means = np.where(np.isnan(means), -np.inf if world.higher_is_better else np.inf, means)
    leading = means.argmax(axis=1) if world.higher_is_better else means.argmin(axis=1)
    for one in range(arms):
        still = np.flatnonzero(leading == one)
        for other in range(arms):
            if other != one and still.size:
                claim = Claim(other, one, world.higher_is_better)
                still = still[log_e(world, known, rows[still], claim) >= needed]
        found[still] = one
    return found


def _ever(
    world: World,
    allocation: AllocationKind,
    claims: Iterable[Claim],
    needed: float,
    units: int,
    experiments: int,
    seed: int,
    shares: tuple[float, ...] = (),
) -> Array:
    ever = np.zeros(experiments, bool)
    claims = list(claims)
    for _, known, running in run(
        world, allocation, units=units, experiments=experiments, rng=_rng(seed, world), shares=shares
    ):
        for claim in claims:
            rows = np.flatnonzero(running)
            ever[rows[log_e(world, known, rows, claim) >= needed]] = True
            running &= ~ever
    return ever


def _rng(seed: int, world: World) -> np.random.Generator:
    return np.random.default_rng([seed, *world.name.encode()])


def _rate(measure: str, world: World, allocation: str, units: int, ever: Array, confidence: float) -> Rate:
    return Rate(
        measure=measure,
        data=world.name,
        arms=len(world.arms),
        allocation=allocation,
        units=units,
        rate=100 * float(ever.mean()),
        bar=100 * (1 - confidence),
        experiments=len(ever),
    )
