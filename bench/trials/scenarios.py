"""Which trials are simulated: each a call that answers one row of a table."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from bench.trials import questions
from bench.trials.evidence import Claim
from bench.trials.outcomes import Effort, Rate
from bench.trials.running import ALLOCATIONS, AllocationKind
from bench.trials.worlds import World, latencies, ratings, scores, thumbs, uneven

EXPERIMENTS = 2000
COMPARED = 500
"""Trials for each figure of what the truth takes: enough for means within 3 %."""
UNITS = 10_000
LIMITS = {("interval misses the truth: mean", "latencies with longer tails, 1 s")}
"""What asymptotic statistics do not keep: the mean of few values of which a few outweigh the others."""
_SEED = 6


class Scenario(msgspec.Struct, frozen=True):
    """A question with what it is asked of; it can be sent to another process."""

    ask: Callable[..., Rate | Effort]
    given: tuple[object, ...]

    def __call__(self) -> Rate | Effort:
        return self.ask(*self.given)


def rates(experiments: int = EXPERIMENTS, units: int = UNITS) -> list[Scenario]:
    """Everything that must hardly ever be said wrongly."""
    return [
        *_false_verdicts(experiments, units),
        *_false_alarms(experiments, units),
        *_missed(experiments, units),
        *_false_ratios(experiments, units),
    ]


def efforts(experiments: int = COMPARED) -> list[Scenario]:
    """How many units the truth takes, by each allocation."""
    trials = [
        (thumbs(0.5, 0.6), 20_000),
        (thumbs(0.1, 0.12), 60_000),
        (ratings(0.0, 0.15), 30_000),
        (latencies(1.2, 1.0), 30_000),
        (uneven(0.3, 4.0), 60_000),
        (thumbs(0.5, 0.5, 0.5, 0.6), 40_000),
        (thumbs(0.4, 0.45, 0.5, 0.6), 40_000),
        (ratings(0.0, 0.1, 0.1, 0.3), 60_000),
        (latencies(1.2, 1.15, 1.1, 0.9), 60_000),
    ]
    return [
        Scenario(questions.effort, (world, allocation, units, experiments, _SEED))
        for world, units in trials
        for allocation in ALLOCATIONS
    ]


def _false_verdicts(experiments: int, units: int) -> list[Scenario]:
    fixed: list[World] = [
        *(thumbs(chance, chance) for chance in (0.005, 0.05, 0.5, 0.95)),
        ratings(0.0, 0.0),
        scores(0.7, 0.7),
        latencies(1.0, 1.0),
        latencies(1.0, 1.0, spread=1.2),
        latencies(1.0, 1.0, 1.0, 1.0),
        ratings(0.0, 0.0, 0.0, 0.0),
    ]
    asked: list[tuple[World, AllocationKind]] = [(world, "fixed") for world in fixed]
    for world in (thumbs(0.5, 0.5), ratings(0.0, 0.0), latencies(1.0, 1.0), thumbs(0.5, 0.5, 0.5, 0.5)):
        asked += [(world, "thompson"), (world, "track-and-stop")]
    asked += [(thumbs(0.5, 0.5, 0.5, 0.5), "fixed"), (thumbs(0.05, 0.05, 0.05, 0.05), "track-and-stop")]
    uneven_shares = (0.9, 0.1)
    return [
        *(Scenario(questions.false_verdicts, (w, kind, units, experiments, _SEED)) for w, kind in asked),
        *(
            Scenario(questions.false_verdicts, (world, "fixed", units, experiments, _SEED, uneven_shares))
            for world in (thumbs(0.05, 0.05), latencies(1.0, 1.0), latencies(1.0, 1.0, spread=1.2))
        ),
    ]


def _false_alarms(experiments: int, units: int) -> list[Scenario]:
    asked = [
        (thumbs(0.02, 0.04), Claim(0, 1, True, 0.02)),
        (thumbs(0.6, 0.55), Claim(0, 1, False, 0.05)),
        (thumbs(0.05, 0.06), Claim(0, 1, True, 1.2, "ratio")),
        (latencies(1.0, 1.2), Claim(0, 1, True, 1.2, "ratio")),
        (latencies(1.0, 1.2), Claim(0, 1, True, 0.2)),
    ]
    return [Scenario(questions.false_alarms, (w, claim, units, experiments, _SEED)) for w, claim in asked]


def _missed(experiments: int, units: int) -> list[Scenario]:
    means = (
        *(thumbs(chance, chance) for chance in (0.05, 0.5)),
        ratings(0.0, 0.0),
        latencies(1.0, 1.0),
        latencies(1.0, 1.0, spread=1.2),
    )
    gaps: list[tuple[World, AllocationKind, str]] = [
        (thumbs(0.05, 0.08), "fixed", "difference"),
        (thumbs(0.5, 0.6), "thompson", "difference"),
        (ratings(0.0, 0.3), "track-and-stop", "difference"),
        (thumbs(0.1, 0.12), "fixed", "ratio"),
        (latencies(1.0, 1.2), "fixed", "difference"),
        (latencies(1.0, 1.2), "fixed", "ratio"),
        (latencies(1.0, 1.2), "thompson", "ratio"),
    ]
    return [
        *(Scenario(questions.missed_means, (world, units, experiments, _SEED)) for world in means),
        *(Scenario(questions.missed_gaps, (w, kind, of, units, experiments, _SEED)) for w, kind, of in gaps),
    ]


def _false_ratios(experiments: int, units: int) -> list[Scenario]:
    asked = (((0.5, 0.5), 1), ((0.4, 0.3, 0.2, 0.1), 10))
    return [Scenario(questions.false_ratios, (shares, n, units, experiments, _SEED)) for shares, n in asked]
