"""A trial in words: its rule, what is known, why an arm left."""

from __future__ import annotations

import msgspec

from quire.domain.trials import Guardrail, Trial
from quire.trials.results import GuardrailReport, TrialReport
from quire.trials.subjects import SHADOW

_SHADOW_ENDS = {
    "report": "It goes on until either version changes, or somebody stops it or promotes.",
    "promote": "A challenger that is better there, and worse on no other metric named nor in failures, is promoted.",
}


def rule_in_words(trial: Trial) -> str:
    """The stopping rule, as it was fixed when the trial started."""
    spec, rule = trial.spec, trial.spec.stopping
    if spec.subject.startswith(SHADOW):
        return (
            f"{rule.metric} says which is better, at {rule.confidence:.0%} confidence, after {rule.least_units:,} "
            f"pairs at the earliest. {_SHADOW_ENDS[rule.on_win]}"
        )
    many = (spec.max_arms or len(spec.arms)) - 1
    said = [f"It ends once an arm is shown best on {rule.metric} at {rule.confidence:.0%} confidence"]
    if rule.least_units:
        said.append(f", after {rule.least_units:,} units of each arm at the earliest")
    limits = []
    if rule.most_units is not None:
        limits.append(f"{rule.most_units:,} units")
    if rule.most_days is not None:
        limits.append(f"{rule.most_days:g} days")
    said.append(f", or after {' or '.join(limits)}." if limits else "; nothing else ends it.")
    if many > 1:
        said.append(f" The level is shared between {many} comparisons with {spec.control}.")
    what = "The winner is promoted." if rule.on_win == "promote" else "The winner is reported, not promoted."
    return f"{''.join(said)} {what}"


def describe(report: TrialReport) -> TrialReport:
    """The report with what is known in one sentence."""
    return msgspec.structs.replace(report, sentence=_sentence(report))


def _sentence(report: TrialReport) -> str:
    trial, rule = report.trial, report.trial.spec.stopping
    if trial.state == "paused":
        why = f": {trial.decision.said}" if trial.decision is not None else "."
        return f"Paused{why}"
    if report.decision is not None:
        now = "So far" if trial.spec.subject.startswith(SHADOW) else "Decided"
        done = {"ended": "Ended", "deciding": "Being promoted"}.get(trial.state, now)
        return f"{done}: {report.decision.said or report.decision.kind}"
    if report.ratio is not None and report.ratio.alarm:
        return "Units did not fall to the arms as they were shared out; the figures are not to be believed."
    shown = [name for name, one in report.deciding.differences.items() if one.verdict == "better"]
    few = [arm for arm, units in report.units.items() if units < rule.least_units and arm not in trial.removed]
    early = bool(few) and not trial.spec.subject.startswith(SHADOW)
    if shown:
        best = "none of them is shown best yet" if len(shown) > 1 else "it is not shown best yet"
        why = f"{rule.least_units:,} units of each arm come before a verdict" if early else best
        return f"{', '.join(shown)}: better than {trial.spec.control} on {rule.metric}, but {why}."
    if early:
        return f"Too early: {rule.least_units:,} units of each arm come before a verdict; {', '.join(few)} has fewer."
    return f"No arm is shown best on {rule.metric} yet."


def failing(guard: GuardrailReport) -> str:
    """Why a guardrail takes an arm out."""
    is_ratio = guard.kind == "ratio"
    found = f"{guard.estimate:.3g} times the control's" if is_ratio else f"{guard.estimate:+.3g} against the control's"
    allowed = f"{guard.margin:g} times" if is_ratio else f"{guard.margin:g}"
    return f"{guard.arm}: {guard.metric} is {found}, {allowed} allowed (e = {guard.e_value:.3g})."


def guardrail_in_words(guard: Guardrail | GuardrailReport) -> str:
    """What a guardrail allows."""
    return f"{guard.margin:g} times" if guard.kind == "ratio" else f"{guard.margin:g} worse"
