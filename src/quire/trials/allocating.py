"""How the traffic should be shared out from now on, by what is known of the metric that decides."""

from __future__ import annotations

from collections.abc import Sequence

from quire.domain.trials import Tally, Trial, TrialMetric
from quire.trials.defining import known_metric
from quire.trials.phases import active_arms
from quire.trials.tallying import Tallied

STEP = 2
"""Shares are rounded to so many digits: phases of one split are counted together."""


def wanted_weights(trial: Trial, tallies: Sequence[Tally]) -> dict[str, float] | None:
    """The share of each arm that is in; None where allocation is fixed, or nothing is left to share out."""
    from quire.stats.sequential import thompson_shares, track_and_stop_shares

    kind, arms = trial.spec.allocation.kind, active_arms(trial)
    if kind == "fixed" or len(arms) < 2:
        return None
    metric, counted = _deciding(trial), Tallied(trial, tallies)
    known = {arm: counted.counts(metric.name, arm) for arm in arms}
    bounds = None if metric.low is None or metric.high is None else (metric.low, metric.high)
    shares = thompson_shares if kind == "thompson" else track_and_stop_shares
    found = shares(known, higher_is_better=metric.higher_is_better, bounds=bounds, floor=trial.spec.allocation.floor)
    return {arm: max(round(share, STEP), 10**-STEP) for arm, share in found.items()}


def _deciding(trial: Trial) -> TrialMetric:
    name = trial.spec.stopping.metric
    return next((one for one in trial.spec.metrics if one.name == name), known_metric(name))
