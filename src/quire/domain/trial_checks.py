"""Whether a trial's definition holds together: each mistake with its value, what was expected, and the remedy."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any, get_args

import msgspec

from quire.domain.errors import InvalidInput
from quire.domain.prompt_uris import SCHEME, check_prompt_name, parse_prompt_uri
from quire.domain.redaction import secret_in
from quire.domain.trials import MEASURED, Guardrail, TrialMetric, TrialSpec, TrialState
from quire.domain.uris import parse_model_uri

STATES: tuple[TrialState, ...] = get_args(TrialState)
MOST = 100
"""How many arms, metrics, guardrails and ramp steps a trial may have."""
MAX_NAME = 250
MAX_NAMESPACE = 250
RESERVED = "quire."
"""What no metric's name begins with: those that the store counts for itself do."""
LOWER_IS_BETTER = ("latency_s", "first_token_s", "cost_usd", "failed")
SUBJECTS = "endpoint:NAME, prompts:/NAME or shadow:ENDPOINT/NAME"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_SHOWN = 80
_LEAST_CONFIDENCE = 0.5

Mistakes = Iterator[str]


def check_trial(spec: TrialSpec) -> TrialSpec:
    """The definition, with whole numbers as the floats they stand for.

    Raises InvalidInput that names every mistake in it.
    """
    spec = typed(spec, "The trial's definition")
    found = [mistake for look in _LOOKS for mistake in look(spec)]
    if found:
        raise InvalidInput(f"The trial's definition does not hold together. {' '.join(found)}")
    return spec


def typed(spec: TrialSpec, what: str) -> TrialSpec:
    """A definition whose fields have the types that they are declared with. Raises InvalidInput.

    What is None in a scorer's parameters is left out, as it is on the wire.
    """
    try:
        return msgspec.convert(_without_nulls(msgspec.to_builtins(spec)), TrialSpec)
    except (msgspec.ValidationError, TypeError, ValueError) as error:
        raise InvalidInput(f"{what} cannot be read: {error}. Build it of quire.domain.trials.TrialSpec.") from None


def _without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_nulls(item) for key, item in value.items() if item is not None}
    return [_without_nulls(item) for item in value] if isinstance(value, list) else value


def check_states(states: Iterable[str]) -> None:
    """Refuse what is no state of a trial."""
    strange = [state for state in states if state not in STATES]
    if strange:
        raise InvalidInput(f"Invalid state {_short(strange[0])} of a trial; expected one of {', '.join(STATES)}.")


def known_metrics(spec: TrialSpec) -> list[str]:
    """The metrics that the rule and guardrails may look at: those of the definition, and what servers measure."""
    own = [metric.name for metric in spec.metrics]
    return own + [name for name in MEASURED if name not in own]


def _of_subject(spec: TrialSpec) -> Mistakes:
    if not is_subject(spec.subject):
        yield f"subject is {_short(spec.subject)}; expected {SUBJECTS}."


def is_subject(text: str) -> bool:
    """Whether a text names what a trial can be about."""
    if text.startswith(SCHEME):
        return _passes(check_prompt_name, text.removeprefix(SCHEME))
    kind, _, name = text.partition(":")
    names = name.split("/")
    count = {"endpoint": 1, "shadow": 2}.get(kind)
    return len(names) == count and all(_NAME.fullmatch(each) for each in names)


def _of_arms(spec: TrialSpec) -> Mistakes:
    arms = spec.arms
    if not 2 <= len(arms) <= MOST:
        yield f"arms are {len(arms)}; expected 2 to {MOST}, the control first: add an arm to compare it with."
    yield from _twice([arm.name for arm in arms], "arms", "Give each arm a name of its own.")
    for arm in arms:
        yield from arm_mistakes(arm.name, arm.model, arm.weight, spec.subject)


def arm_mistakes(name: str, model: str, weight: float, subject: str) -> Mistakes:
    """What is wrong with an arm of a trial about ``subject``."""
    if not _NAME.fullmatch(name):
        yield (
            f"The arm {_short(name)} has a name that headers cannot hold; expected 1 to 100 letters, digits, dots, "
            "dashes and underscores, a letter or digit first."
        )
    if not 0 < weight < math.inf:
        yield f"The arm {_short(name)} has the weight {weight}; expected more than 0. Leave the arm out, or weigh it."
    of_prompt = subject.startswith(SCHEME)
    if not _passes(parse_prompt_uri if of_prompt else parse_model_uri, model):
        form = "a prompt's URI, such as prompts:/joker/3" if of_prompt else "a model URI, such as models:/joker/3"
        yield f"The arm {_short(name)} has the model {_short(model)}; expected {form}."


def _of_metrics(spec: TrialSpec) -> Mistakes:
    if len(spec.metrics) > MOST:
        yield f"metrics are {len(spec.metrics)}; at most {MOST} are allowed."
    yield from _twice([metric.name for metric in spec.metrics], "metrics", "Name each metric once.")
    for metric in spec.metrics:
        yield from _of_metric(metric)


def _of_metric(metric: TrialMetric) -> Mistakes:
    what = f"The metric {_short(metric.name)}"
    if not is_metric_name(metric.name):
        yield (
            f"{what} has no name that can be kept; expected 1 to {MAX_NAME} printable characters that do not begin "
            f"with {RESERVED!r}."
        )
    for bound, value in (("low", metric.low), ("high", metric.high)):
        if value is not None and not math.isfinite(value):
            yield f"{what} has {bound}={value}; expected a finite number. Leave it out where there is no bound."
    if metric.low is not None and metric.high is not None and not metric.low < metric.high:
        yield f"{what} has low={metric.low:g} and high={metric.high:g}; expected low below high. Swap or mend them."
    if not 0 < metric.sample <= 1:
        yield f"{what} has sample={metric.sample}; expected a share above 0, up to 1."
    if metric.name in MEASURED and metric.scorer is not None:
        yield f"{what} is measured by the server and has the scorer {_short(metric.scorer)}. Leave the scorer out."
    if metric.name in LOWER_IS_BETTER and metric.higher_is_better:
        yield f"{what} has higher_is_better=True, by which the worse arm would win. Say higher_is_better=False."


def is_metric_name(name: str) -> bool:
    """Whether a metric may be called so."""
    return 0 < len(name) <= MAX_NAME and name.isprintable() and not name.startswith(RESERVED)


def _of_stopping(spec: TrialSpec) -> Mistakes:
    rule = spec.stopping
    yield from _unknown(rule.metric, spec, "stopping.metric")
    yield from _of_confidence(rule.confidence, "stopping.confidence")
    if rule.least_units < 0:
        yield f"stopping.least_units is {rule.least_units}; expected 0 or more."
    if rule.most_units is not None and not max(1, rule.least_units) <= rule.most_units:
        yield f"stopping.most_units is {rule.most_units}; expected at least {max(1, rule.least_units)} (least_units)."
    if rule.most_days is not None and not 0 < rule.most_days < math.inf:
        yield f"stopping.most_days is {rule.most_days}; expected more than 0 days. Leave it out for no end."


def _of_allocation(spec: TrialSpec) -> Mistakes:
    floor, every = spec.allocation.floor, spec.allocation.every_s
    arms = max(len(spec.arms), spec.max_arms or 0)
    if not 0 <= floor <= 1:
        yield f"allocation.floor is {floor}; expected a share from 0 to 1."
    elif floor * arms > 1 + 1e-9:
        yield (
            f"allocation.floor is {floor:g}, which {arms} arms cannot all have; expected at most {1 / arms:.3g} (one "
            "divided by the arms). Lower it."
        )
    if not 0 < every < math.inf:
        yield f"allocation.every_s is {every}; expected more than 0 seconds."


def _of_guardrails(spec: TrialSpec) -> Mistakes:
    if len(spec.guardrails) > MOST:
        yield f"guardrails are {len(spec.guardrails)}; at most {MOST} are allowed."
    for place, guardrail in enumerate(spec.guardrails):
        yield from _unknown(guardrail.metric, spec, f"guardrails[{place}].metric")
        yield from _of_confidence(guardrail.confidence, f"guardrails[{place}].confidence")
        yield from _of_margin(guardrail, f"guardrails[{place}].margin")


def _of_margin(guardrail: Guardrail, what: str) -> Mistakes:
    margin = guardrail.margin
    if guardrail.kind == "ratio" and not 0 < margin < math.inf:
        yield f"{what} is {margin}; expected a ratio above 0, such as 1.2 for a fifth more."
    if guardrail.kind == "difference" and not 0 <= margin < math.inf:
        yield f"{what} is {margin}; expected a difference of 0 or more, in the metric's own unit."


def _of_shares(spec: TrialSpec) -> Mistakes:
    if not 0 <= spec.holdout < 1:
        yield f"holdout is {spec.holdout}; expected a share from 0, below 1: else nobody takes part."
    if spec.max_arms is not None and not len(spec.arms) <= spec.max_arms <= MOST:
        yield f"max_arms is {spec.max_arms}; expected {len(spec.arms)} (the arms at the start) to {MOST}."
    if len(spec.ramp) > MOST:
        yield f"ramp has {len(spec.ramp)} steps; at most {MOST} are allowed."
    after, share = -1.0, 0.0
    for place, step in enumerate(spec.ramp):
        if not max(0.0, math.nextafter(after, math.inf)) <= step.after_s < math.inf:
            yield f"ramp[{place}].after_s is {step.after_s}; expected seconds from 0 that grow from step to step."
        if not share <= step.share <= 1:
            yield f"ramp[{place}].share is {step.share}; expected shares from 0 to 1 that never fall."
        after, share = step.after_s, step.share


def _of_texts(spec: TrialSpec) -> Mistakes:
    space = spec.namespace
    if space is not None and not (0 < len(space) <= MAX_NAMESPACE and space.isprintable()):
        yield f"namespace is {_short(space)}; expected 1 to {MAX_NAMESPACE} printable characters, or None for all."
    if len(spec.name) > MAX_NAME or not spec.name.isprintable():
        yield f"name is {_short(spec.name)}; expected up to {MAX_NAME} printable characters."
    place = secret_in(msgspec.to_builtins(spec))
    if place is not None:
        yield f"{place or 'a text'} holds what looks like a credential. Take it out: servers read keys from variables."


def _unknown(metric: str, spec: TrialSpec, what: str) -> Mistakes:
    known = known_metrics(spec)
    if metric not in known:
        yield f"{what} is {_short(metric)}, which is no metric of the trial; expected one of {', '.join(known)}."


def _of_confidence(confidence: float, what: str) -> Mistakes:
    if not _LEAST_CONFIDENCE <= confidence < 1:
        yield f"{what} is {confidence}; expected from {_LEAST_CONFIDENCE}, below 1, such as 0.95."


def _twice(names: list[str], what: str, remedy: str) -> Mistakes:
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        yield f"{what} name {', '.join(map(_short, repeated))} more than once. {remedy}"


def _passes(check: Callable[[str], object], text: str) -> bool:
    try:
        check(text)
    except InvalidInput:
        return False
    return True


def _short(value: object) -> str:
    shown = repr(value)
    return shown if len(shown) <= _SHOWN else f"{shown[:_SHOWN]}…"


_LOOKS: tuple[Callable[[TrialSpec], Mistakes], ...] = (
    _of_subject,
    _of_arms,
    _of_metrics,
    _of_stopping,
    _of_allocation,
    _of_guardrails,
    _of_shares,
    _of_texts,
)
