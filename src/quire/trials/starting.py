"""Starting a trial, from a script or from a YAML file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from quire.domain.errors import InvalidInput
from quire.domain.trials import Allocation, AllocationKind, Arm, RampStep, Trial, TrialSpec
from quire.trials import following
from quire.trials.access import Places, actor, here
from quire.trials.defining import ArmLike, GuardrailsLike, MetricsLike, StoppingLike, make_spec, read_arm
from quire.trials.homes import check_promotable, serving_now
from quire.trials.pinning import pinned
from quire.trials.scored import completed
from quire.trials.subjects import Subject, read_subject

CONTROL = "champion"
"""The name of the control where the caller names only challengers: what serves now."""


def start(
    subject_or_endpoint: str,
    arms: Mapping[str, ArmLike] | Sequence[Arm],
    metrics: MetricsLike | None = None,
    stopping: StoppingLike | None = None,
    *,
    allocation: AllocationKind | Allocation | Mapping[str, Any] = "fixed",
    guardrails: GuardrailsLike | None = None,
    on_win: str | None = None,
    name: str = "",
    namespace: str | None = None,
    holdout: float = 0.0,
    ramp: Sequence[RampStep | tuple[float, float] | Mapping[str, Any]] = (),
    max_arms: int | None = None,
    reason: str = "",
) -> Trial:
    """Start a trial on an endpoint (``"joker"``) or a prompt (``"prompts:/joker"``); it runs from now on.

    ``arms`` maps names to URIs of models or of the prompt's versions, the control first; a URI may come with its
    weight, ``("models:/joker/4", 0.1)``. With a single arm the control is what serves now, called ``champion``. An
    alias is looked up once: an arm stays the version that it was at the start.

    ``metrics`` are names (``latency_s``, ``first_token_s``, ``cost_usd``, ``output_tokens`` and ``failed`` are
    measured; others come as feedback, from 0 to 1 unless bounds are given: ``{"stars": (1, 5)}``), or
    :class:`TrialMetric`. ``stopping`` names the metric that decides, or is a :class:`StoppingRule`: by default the
    first that is not measured, at 95 % confidence, after 100 units of each arm, for 30 days at most; ``on_win=
    "promote"`` moves the alias that serves once an arm has won. ``guardrails`` maps metrics to what they may lose;
    failures always have one.

    ``holdout`` is the share of keys that stay with the control for good; ``ramp`` lists (seconds, share) of keys that
    take part from then on; at most ``max_arms`` arms ever take part, those added later included. ``reason`` begins the
    trial's record.

    Raises InvalidInput for a definition that does not hold together, NotFound for a model, prompt or endpoint that
    there is not, InvalidState if a trial on the same subject and namespace runs already.
    """
    places, subject = here(), read_subject(subject_or_endpoint)
    chosen = _arms(places, subject, arms)
    spec = make_spec(
        str(subject),
        chosen,
        metrics,
        stopping,
        allocation=allocation,
        guardrails=guardrails,
        name=name,
        namespace=namespace,
        holdout=holdout,
        ramp=ramp,
        max_arms=max_arms,
    )
    return start_spec(places, _winning(spec, on_win), reason)


def start_spec(places: Places, spec: TrialSpec, reason: str = "") -> Trial:
    """Start what a definition says, with its arms pinned to versions."""
    subject = read_subject(spec.subject)
    arms = [msgspec.structs.replace(arm, model=pinned(places, subject, arm.model)) for arm in spec.arms]
    fixed = msgspec.structs.replace(spec, arms=arms, metrics=[completed(metric) for metric in spec.metrics])
    _check_ratios(fixed)
    check_promotable(places, fixed)
    try:
        return places.serving.create_trial(fixed, created_by=actor(), reason=reason)
    finally:
        following.forget()


def _check_ratios(spec: TrialSpec) -> None:
    """A ratio says nothing of what can be negative. InvalidInput."""
    lows = {metric.name: metric.low for metric in spec.metrics}
    for guard in spec.guardrails:
        low = lows.get(guard.metric)
        if guard.kind == "ratio" and low is not None and low < 0:
            raise InvalidInput(
                f"The guardrail on {guard.metric!r} is a ratio, and the metric can be negative (low={low:g}). Bound a "
                "difference: {'kind': 'difference', 'margin': …}."
            )


def start_file(path: str | Path) -> Trial:
    """Start the trial that a YAML file defines; its fields are the arguments of :func:`start`.

    ``subject`` (or ``endpoint``, or ``prompt``) says what it is about. Raises InvalidInput, naming the file and field.
    """
    from quire.models.yamltext import read_yaml_file

    file = Path(path)
    raw = read_yaml_file(file, "a trial")
    if not isinstance(raw, dict):
        raise InvalidInput(f"{file} holds {type(raw).__name__}; expected fields: {', '.join(_FIELDS)}.")
    given = dict(raw)
    subjects = [str(given.pop(field)) for field in ("subject", "endpoint") if field in given]
    subjects += [f"prompts:/{str(given.pop('prompt')).removeprefix('prompts:/')}"] if "prompt" in given else []
    if len(subjects) != 1:
        raise InvalidInput(f"{file} names {len(subjects)} subjects; expected one of endpoint:, prompt: or subject:.")
    unknown = [field for field in given if field not in _FIELDS]
    if unknown:
        raise InvalidInput(f"{file} has the field {unknown[0]!r}; expected {', '.join(_FIELDS)}.")
    if "arms" not in given:
        raise InvalidInput(f"{file} names no arms; expected such as arms: {{terse: models:/joker/4}}.")
    return start(subjects[0], **given)


_FIELDS = (
    "subject",
    "endpoint",
    "prompt",
    "arms",
    "metrics",
    "stopping",
    "allocation",
    "guardrails",
    "on_win",
    "name",
    "namespace",
    "holdout",
    "ramp",
    "max_arms",
    "reason",
)


def _arms(places: Places, subject: Subject, said: object) -> dict[str, ArmLike]:
    """Arms by name, the control first; with what serves now as the control where only one is named."""
    if isinstance(said, Sequence) and not isinstance(said, str) and all(isinstance(one, Arm) for one in said):
        said = {one.name: one for one in said}
    if not isinstance(said, Mapping) or not said:
        raise InvalidInput(f"arms is {said!r:.100}; expected a mapping such as {{'terse': 'models:/joker/4'}}.")
    if len(said) > 1:
        return dict(said)
    ((name, only),) = said.items()
    if name == CONTROL:
        raise InvalidInput(f"The only arm is called {CONTROL!r}, as the control would be; give it another name.")
    weight = read_arm(name, only).weight
    control = Arm(name=CONTROL, model=serving_now(places, subject), weight=1 - weight if weight < 1 else 1.0)
    return {CONTROL: control, name: only}


def _winning(spec: TrialSpec, on_win: str | None) -> TrialSpec:
    if on_win is None:
        return spec
    if on_win not in ("report", "promote"):
        raise InvalidInput(f"on_win is {on_win!r}; expected 'report' or 'promote'.")
    return msgspec.structs.replace(spec, stopping=msgspec.structs.replace(spec.stopping, on_win=on_win))
