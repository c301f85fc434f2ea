"""The verdict on a trial: a pure function of its definition, its tallies and the time.

Each challenger is compared with the control of the phases since it joined. The level is shared equally between the
``max_arms`` − 1 comparisons that there may ever be, and between "better" and "worse": with a probability of
``confidence``, whatever is looked at and whenever, nothing is ever called better or worse that is not.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial

from quire.domain.errors import InvalidInput
from quire.domain.trials import Decision, Guardrail, Tally, Trial, TrialMetric
from quire.stats.sequential import (
    difference_sequence,
    harm_log_e,
    mean_sequence,
    needed_log_e,
    paired_sequence,
    superiority_log_e,
)
from quire.stats.sequential.counts import Bounds, Counts
from quire.trials.deciding import decision_of
from quire.trials.defining import known_metric
from quire.trials.phases import active_arms
from quire.trials.ratio import check_ratio
from quire.trials.results import (
    ArmFigures,
    Difference,
    GuardrailReport,
    Held,
    MetricReport,
    Shown,
    TrialReport,
)
from quire.trials.subjects import SHADOW
from quire.trials.tallying import Tallied
from quire.trials.wording import describe, failing, rule_in_words

_LARGEST = 700.0
_DAY_MS = 86_400_000


def judge(trial: Trial, tallies: Sequence[Tally], now: int) -> TrialReport:
    """What is known of a trial at ``now`` (ms), by what was counted."""
    counted = Tallied(trial, tallies)
    reports = {metric.name: _metric(trial, counted, metric) for metric in metrics_of(trial)}
    guardrails = _guardrails(trial, counted)
    report = TrialReport(
        trial=trial,
        at=now,
        confidence=trial.spec.stopping.confidence,
        metrics=reports,
        guardrails=guardrails,
        ratio=None if is_paired(trial) else check_ratio(trial, tallies),
        excluded={arm.name: counted.failed(arm.name) for arm in trial.arms},
        units={arm.name: counted.exposed(arm.name) for arm in trial.arms},
        rule=rule_in_words(trial),
        sentence="",
        units_left=_units_left(trial, counted),
        days_left=_days_left(trial, now),
        harmed=_harmed(trial, guardrails, now),
    )
    return describe(decision_of(report, partial(_beats, trial, counted)))


def figures_of(trial: Trial, tallies: Sequence[Tally], name: str) -> MetricReport:
    """What these tallies say of one metric. InvalidInput for one that the trial does not look at."""
    known = {metric.name: metric for metric in metrics_of(trial)}
    if name not in known:
        raise InvalidInput(f"The trial has no metric {name!r:.80}; expected one of {', '.join(known)}.")
    return _metric(trial, Tallied(trial, tallies), known[name])


def needed_evidence(trial: Trial) -> float:
    """The e-value at which a challenger is called better, or worse, than the control."""
    return math.exp(needed_log_e(trial.spec.stopping.confidence, 2 * comparisons_of(trial)))


def metrics_of(trial: Trial) -> list[TrialMetric]:
    """The metrics of a trial, with those that its rule or its guardrails name and that are measured anyhow."""
    known = {metric.name: metric for metric in trial.spec.metrics}
    named = [trial.spec.stopping.metric, *(guard.metric for guard in trial.spec.guardrails)]
    return [*known.values(), *(known_metric(name) for name in dict.fromkeys(named) if name not in known)]


def is_paired(trial: Trial) -> bool:
    """Whether its outcomes are differences between two answers to one request: those of a shadow."""
    return trial.spec.subject.startswith(SHADOW)


def comparisons_of(trial: Trial) -> int:
    """How many comparisons with the control there may ever be."""
    return max((trial.spec.max_arms or len(trial.spec.arms)) - 1, 1)


def bounds_of(metric: TrialMetric) -> Bounds | None:
    """A metric's bounds, where it has both."""
    return None if metric.low is None or metric.high is None else (metric.low, metric.high)


def _metric(trial: Trial, counted: Tallied, metric: TrialMetric) -> MetricReport:
    rule, bounds = trial.spec.stopping, bounds_of(metric)
    control = trial.spec.control
    arms = {}
    for arm in trial.arms:
        if is_paired(trial) and arm.name == control:
            continue
        counts = counted.counts(metric.name, arm.name)
        interval = mean_sequence(counts, bounds=bounds, confidence=rule.confidence)
        arms[arm.name] = ArmFigures(n=counts.n, mean=counts.mean, low=interval.low, high=interval.high)
    challengers = [arm.name for arm in trial.arms if arm.name != control]
    return MetricReport(
        name=metric.name,
        higher_is_better=metric.higher_is_better,
        decides=metric.name == rule.metric,
        exact=bounds is not None,
        arms=arms,
        differences={name: _difference(trial, counted, metric, name) for name in challengers},
    )


def _difference(trial: Trial, counted: Tallied, metric: TrialMetric, name: str) -> Difference:
    if is_paired(trial):
        return _paired(trial, counted.counts(metric.name, name), metric)
    rule, bounds, many = trial.spec.stopping, bounds_of(metric), comparisons_of(trial)
    pair = counted.pair(metric.name, name)
    level = 1 - (1 - rule.confidence) / many
    interval = difference_sequence(pair.control, pair.challenger, bounds=bounds, confidence=level, split=pair.split)
    better, worse = (
        superiority_log_e(pair.control, pair.challenger, higher_is_better=up, bounds=bounds, split=pair.split)
        for up in (metric.higher_is_better, not metric.higher_is_better)
    )
    control, challenger = pair.means
    return Difference(
        n=pair.n,
        difference=challenger - control,
        low=interval.low,
        high=interval.high,
        e_value=e_value(max(better, worse)),
        verdict=_shown(better, worse, needed_log_e(rule.confidence, 2 * many)),
    )


def _beats(trial: Trial, counted: Tallied, one: str, other: str) -> bool:
    """Whether one challenger is shown better than another on the metric that decides."""
    rule = trial.spec.stopping
    metric = next(metric for metric in metrics_of(trial) if metric.name == rule.metric)
    pair = counted.pair(metric.name, one, against=other)
    log_e = superiority_log_e(
        pair.control,
        pair.challenger,
        higher_is_better=metric.higher_is_better,
        bounds=bounds_of(metric),
        split=pair.split,
    )
    return log_e >= needed_log_e(rule.confidence, 2 * comparisons_of(trial))


def _paired(trial: Trial, differences: Counts, metric: TrialMetric) -> Difference:
    """The mean of differences against 0: the metric's bounds are already those of a difference."""
    bounds, many = bounds_of(metric), comparisons_of(trial)
    level = 1 - (1 - trial.spec.stopping.confidence) / many
    if bounds is None:
        interval = paired_sequence(differences, confidence=level)
    else:
        interval = mean_sequence(differences, bounds=bounds, confidence=level)
    above = interval.low > 0
    verdict: Shown = "no difference shown"
    if above or interval.high < 0:
        verdict = "better" if above == metric.higher_is_better else "worse"
    return Difference(
        n=differences.n,
        difference=differences.mean,
        low=interval.low,
        high=interval.high,
        e_value=math.nan,
        verdict=verdict,
    )


def _shown(better: float, worse: float, needed: float) -> Shown:
    if max(better, worse) < needed:
        return "no difference shown"
    return "better" if better > worse else "worse"


def _guardrails(trial: Trial, counted: Tallied) -> list[GuardrailReport]:
    if is_paired(trial):
        return []
    control, found = trial.spec.control, []
    metrics = {metric.name: metric for metric in metrics_of(trial)}
    for guard in trial.spec.guardrails:
        metric = metrics[guard.metric]
        needed = needed_log_e(guard.confidence, comparisons_of(trial))
        for arm in trial.arms:
            if arm.name == control:
                continue
            log_e, kept = _guarded_log_e(counted, guard, metric, arm.name)
            found.append(
                GuardrailReport(
                    metric=guard.metric,
                    arm=arm.name,
                    kind=guard.kind,
                    margin=guard.margin,
                    estimate=_estimate(*counted.pair(guard.metric, arm.name).means, guard.kind),
                    e_value=e_value(log_e),
                    needed=math.exp(needed),
                    verdict=_held(log_e, kept, needed),
                )
            )
    return found


def _guarded_log_e(counted: Tallied, guard: Guardrail, metric: TrialMetric, arm: str) -> tuple[float, float]:
    """The evidence for and against harm; none where a ratio is asked of sums that are negative."""
    try:
        return _harm_log_e(counted, guard, metric, arm)
    except InvalidInput:
        if guard.kind == "ratio" and bounds_of(metric) is None:
            return 0.0, 0.0
        raise


def _harm_log_e(counted: Tallied, guard: Guardrail, metric: TrialMetric, arm: str) -> tuple[float, float]:
    """The evidence that an arm is worse than a guardrail allows, and the evidence that it is not."""
    pair, bounds, up = counted.pair(guard.metric, arm), bounds_of(metric), metric.higher_is_better
    kind, split = guard.kind, pair.split
    harm = harm_log_e(
        pair.control,
        pair.challenger,
        higher_is_better=up,
        margin=guard.margin,
        bounds=bounds,
        kind=kind,
        split=split,
    )
    margin = -guard.margin if kind == "difference" else guard.margin
    kept = superiority_log_e(
        pair.control, pair.challenger, higher_is_better=up, margin=margin, bounds=bounds, kind=kind, split=split
    )
    return harm, kept


def _held(violated: float, kept: float, needed: float) -> Held:
    return "violated" if violated >= needed else "holds" if kept >= needed else "not shown"


def _estimate(control: float, challenger: float, kind: str) -> float:
    if kind == "difference":
        return challenger - control
    return challenger / control if control else math.nan


def _harmed(trial: Trial, guardrails: Sequence[GuardrailReport], now: int) -> dict[str, Decision]:
    active = active_arms(trial)
    found: dict[str, Decision] = {}
    for guard in guardrails:
        if guard.verdict == "violated" and guard.arm in active and guard.arm not in found:
            found[guard.arm] = Decision(kind="harmed", said=failing(guard), at=now)
    return found


def _units_left(trial: Trial, counted: Tallied) -> int | None:
    most = trial.spec.stopping.most_units
    return None if most is None else max(0, most - sum(counted.exposed(arm.name) for arm in trial.arms))


def _days_left(trial: Trial, now: int) -> float | None:
    most = trial.spec.stopping.most_days
    return None if most is None else max(0.0, most - (now - trial.phases[0].start_time) / _DAY_MS)


def e_value(log_e: float) -> float:
    """An e-value from its logarithm; infinite where it is too large for a float."""
    return math.exp(log_e) if log_e < _LARGEST else math.inf
