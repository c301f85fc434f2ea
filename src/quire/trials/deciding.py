"""What a stopping rule says of the figures: who has won, or that the trial is over without a winner."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from quire.domain.trials import Decision, Trial
from quire.trials.phases import active_arms
from quire.trials.results import TrialReport
from quire.trials.subjects import SHADOW

Beats = Callable[[str, str], bool]
"""Whether one challenger is shown better than another."""


def decision_of(report: TrialReport, beats: Beats) -> TrialReport:
    """The report with what the rule says: what was decided of a trial that has ended, else what it says now."""
    trial = report.trial
    if trial.state in ("ended", "deciding"):
        return msgspec.structs.replace(report, decision=trial.decision)
    return msgspec.structs.replace(report, decision=_decided(report, beats))


def _decided(report: TrialReport, beats: Beats) -> Decision | None:
    if not _seen_enough(report):
        return _over(report, None)
    best = _best(report, beats)
    if best is not None:
        return Decision(kind="won", winner=best, said=_won(report, best), at=report.at)
    return _over(report, _leading(report))


def _seen_enough(report: TrialReport) -> bool:
    """Whether each arm that is in has been given to as many units as the rule asks for."""
    least = report.trial.spec.stopping.least_units
    return all(report.units[arm] >= least for arm in _compared(report.trial))


def _compared(trial: Trial) -> list[str]:
    """The arms that are in, but of a shadow only the challenger: it has all the units."""
    active = active_arms(trial)
    return active[1:] if trial.spec.subject.startswith(SHADOW) else active


def _best(report: TrialReport, beats: Beats) -> str | None:
    """The arm that is shown best of those that are in.

    The control is if every challenger is shown worse; a challenger if it is shown better than the control and than
    every other challenger. Each of these needs the same evidence: a wrong winner has to beat the arm that is truly best
    (or, of equal arms, the control), and there are no more than ``max_arms`` − 1 that could.
    """
    trial, differences = report.trial, report.deciding.differences
    challengers = [name for name in active_arms(trial) if name != trial.spec.control]
    if challengers and all(differences[name].verdict == "worse" for name in challengers):
        return trial.spec.control
    for name in challengers:
        others = [other for other in challengers if other != name]
        if differences[name].verdict == "better" and all(beats(name, other) for other in others):
            return name
    return None


def _leading(report: TrialReport) -> str | None:
    """The challenger with the best mean of those that are shown better than the control."""
    differences = report.deciding.differences
    better = [name for name in active_arms(report.trial)[1:] if differences[name].verdict == "better"]
    sign = 1 if report.deciding.higher_is_better else -1
    return max(better, key=lambda name: sign * differences[name].difference, default=None)


def _over(report: TrialReport, leading: str | None) -> Decision | None:
    """What is decided where the units or the days are used up; None where they are not."""
    rule = report.trial.spec.stopping
    if report.units_left == 0:
        end = f"{rule.most_units:,} units were reached"
    elif report.days_left == 0:
        end = f"{rule.most_days:g} days are over"
    else:
        return None
    if leading is None:
        return Decision(kind="inconclusive", said=f"{end}, and no arm is shown best on {rule.metric}.", at=report.at)
    said = f"{end}: {_won(report, leading)} It is not shown better than every other challenger."
    return Decision(kind="won", winner=leading, said=said, at=report.at)


def _won(report: TrialReport, name: str) -> str:
    trial, deciding = report.trial, report.deciding
    at = f"at {report.confidence:.0%} confidence"
    if name == trial.spec.control:
        return f"Every challenger is worse than {name} on {deciding.name}, {at}."
    found = deciding.differences[name]
    return (
        f"{name} is better than {trial.spec.control} on {deciding.name} by {found.difference:+.3g} "
        f"[{found.low:+.3g}, {found.high:+.3g}], {at}."
    )
