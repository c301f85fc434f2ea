"""The trial in which a shadow is compared: pairs of answers, champion and challenger, to the same requests.

It begins when a server first serves the endpoint with that shadow, and anew when either version changes, because what
was counted belongs to the two that were compared. It does not end by a rule: its report is for people, who promote;
with ``on_win="promote"`` servers do, once the challenger is shown better on what decides, and worse on nothing that the
shadow names, nor in failures.
"""

from __future__ import annotations

import msgspec

from quire.domain.endpoints import Endpoint, Shadow
from quire.domain.errors import InvalidState
from quire.domain.ids import now_ms
from quire.domain.trials import Arm, Decision, StoppingRule, Trial, TrialMetric, TrialSpec
from quire.store.serving import ServingStore
from quire.trials.changing import change, ended
from quire.trials.scored import completed
from quire.trials.subjects import Subject

CHAMPION, CONTROL = "champion", "control"
LEAST_UNITS = 100
_TRIES = 5


def shadow_trial(serving: ServingStore, endpoint: Endpoint, shadow: Shadow, champion: str, challenger: str) -> Trial:
    """The trial that is under way for these two models; started if there is none, in place of one of others."""
    spec = shadow_spec(endpoint, shadow, champion, challenger)
    for attempt in range(_TRIES):
        for found in serving.list_trials(subject=spec.subject, states=("running", "paused")):
            if msgspec.structs.replace(found.spec, name=spec.name) == spec:
                return found
            _end(serving, found)
        try:
            return serving.create_trial(spec, created_by="quire serve")
        except InvalidState:  # another server was faster
            if attempt == _TRIES - 1:
                raise
    raise AssertionError


def shadow_spec(endpoint: Endpoint, shadow: Shadow, champion: str, challenger: str) -> TrialSpec:
    """What is compared: latency, cost, tokens and failures, and the shadow's own metrics; all as differences."""
    control = CONTROL if shadow.name == CHAMPION else CHAMPION
    own = [_as_difference(completed(metric)) for metric in shadow.metrics]
    return TrialSpec(
        subject=str(Subject("shadow", endpoint.name, shadow.name)),
        arms=[Arm(name=control, model=champion), Arm(name=shadow.name, model=challenger)],
        metrics=[
            *own,
            TrialMetric(name="latency_s", higher_is_better=False),
            TrialMetric(name="cost_usd", higher_is_better=False),
            TrialMetric(name="output_tokens", higher_is_better=False),
            TrialMetric(name="failed", higher_is_better=False, low=-1.0, high=1.0),
        ],
        stopping=StoppingRule(
            metric=own[0].name if own else "latency_s", least_units=LEAST_UNITS, on_win=shadow.on_win
        ),
        name=f"{shadow.name} in the shadow of {endpoint.name}",
    )


def _as_difference(metric: TrialMetric) -> TrialMetric:
    """A metric whose values are differences between two of its own."""
    if metric.low is None or metric.high is None:
        return TrialMetric(
            name=metric.name,
            higher_is_better=metric.higher_is_better,
            scorer=metric.scorer,
            parameters=metric.parameters,
            sample=metric.sample,
        )
    width = metric.high - metric.low
    return TrialMetric(
        name=metric.name,
        higher_is_better=metric.higher_is_better,
        low=-width,
        high=width,
        scorer=metric.scorer,
        parameters=metric.parameters,
        sample=metric.sample,
    )


def _end(serving: ServingStore, trial: Trial) -> None:
    def over(found: Trial) -> Trial:
        if found.state not in ("running", "paused"):
            return found
        said = "The champion, the challenger or what is compared is another now; a new trial compares them."
        return ended(found, Decision(kind="stopped", said=said, by="quire serve", at=now_ms()))

    change(serving, trial.trial_id, over)
