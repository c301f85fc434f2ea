"""The definition of a trial from what a caller says: names and mappings become a TrialSpec, with sensible defaults."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

import msgspec

from quire.domain.errors import InvalidInput
from quire.domain.trials import (
    MEASURED,
    Allocation,
    AllocationKind,
    Arm,
    Guardrail,
    RampStep,
    StoppingRule,
    TrialMetric,
    TrialSpec,
)

ArmLike = str | int | Arm | tuple[str | int, float] | Mapping[str, Any]
MetricLike = str | TrialMetric | Mapping[str, Any]
MetricsLike = MetricLike | Sequence[MetricLike] | Mapping[str, Any]
GuardrailsLike = Mapping[str, float] | Sequence[Guardrail | Mapping[str, Any]]
StoppingLike = str | StoppingRule | Mapping[str, Any]

FAILED = "failed"
LEAST_UNITS = 100
"""Units of each arm that are seen before a verdict, unless the rule says otherwise."""
MOST_DAYS = 30.0
"""Days after which a trial ends, unless its rule names an end."""
_FAILED_MARGIN = 0.05
_RATIO_METRICS = ("latency_s", "first_token_s", "cost_usd", "output_tokens")
"""Metrics whose guardrail, given as a number, is a ratio; of others it is a difference."""

Kind = TypeVar("Kind")


def make_spec(
    subject: str,
    arms: Mapping[str, ArmLike],
    metrics: MetricsLike | None,
    stopping: StoppingLike | None,
    *,
    allocation: AllocationKind | Allocation | Mapping[str, Any] = "fixed",
    guardrails: GuardrailsLike | None = None,
    name: str = "",
    namespace: str | None = None,
    holdout: float = 0.0,
    ramp: Sequence[RampStep | tuple[float, float] | Mapping[str, Any]] = (),
    max_arms: int | None = None,
) -> TrialSpec:
    """The definition that the friendly forms stand for. Raises InvalidInput, naming the value and what was expected."""
    guards = read_guardrails(guardrails)
    looked_at = read_metrics(metrics)
    rule = _rule(stopping, looked_at)
    return TrialSpec(
        subject=subject,
        arms=[read_arm(one, said) for one, said in arms.items()],
        metrics=_with_named(looked_at, [rule.metric, *(guard.metric for guard in guards)]),
        stopping=rule,
        allocation=_allocation(allocation),
        guardrails=guards,
        name=name,
        namespace=namespace,
        holdout=holdout,
        ramp=[_step(step) for step in ramp],
        max_arms=max_arms,
    )


def read_arm(name: object, said: object) -> Arm:
    """An arm: a URI, a URI with its weight, or a mapping of ``model`` and ``weight``."""
    if not isinstance(name, str) or not name.strip():
        raise InvalidInput(f"An arm is named {name!r}; expected text such as 'control'.")
    if isinstance(said, Arm):
        return msgspec.structs.replace(said, name=name)
    if isinstance(said, tuple | list) and len(said) == 2:
        said = {"model": said[0], "weight": said[1]}
    if isinstance(said, Mapping):
        found = {**said, "name": name}
        return _converted({**found, "model": str(found.get("model", ""))}, Arm, f"The arm {name!r}")
    if isinstance(said, str | int) and not isinstance(said, bool):
        return Arm(name=name, model=str(said))
    raise InvalidInput(f"The arm {name!r} is {said!r:.100}; expected a URI such as models:/joker/3, or (URI, weight).")


def read_metrics(said: MetricsLike | None) -> list[TrialMetric]:
    """Metrics: names, definitions, or a mapping from names to bounds or definitions.

    A name that the server does not measure is one that feedback gives, from 0 to 1 (a thumb) unless bounds are given.
    """
    if said is None:
        return []
    if isinstance(said, str | TrialMetric) or (isinstance(said, Mapping) and "name" in said):
        said = [said]
    if isinstance(said, Mapping):
        return [_of_pair(name, value) for name, value in said.items()]
    return [_metric(one) for one in said]


def _of_pair(name: str, said: Any) -> TrialMetric:
    if said is None:
        return _metric(name)
    if isinstance(said, TrialMetric):
        return msgspec.structs.replace(said, name=name)
    if isinstance(said, tuple | list) and len(said) == 2:
        return _metric({"name": name, "low": said[0], "high": said[1]})
    if isinstance(said, Mapping):
        return _metric({**said, "name": name})
    raise InvalidInput(f"The metric {name!r} is {said!r:.100}; expected its bounds such as (1, 5), or None.")


def _metric(said: MetricLike) -> TrialMetric:
    if isinstance(said, TrialMetric):
        return said
    if isinstance(said, str):
        return known_metric(said)
    if not isinstance(said, Mapping):
        raise InvalidInput(f"A metric is {said!r:.100}; expected a name such as 'thumb', or a TrialMetric.")
    metric = _converted(dict(said), TrialMetric, "The metric")
    defaults = known_metric(metric.name)
    given = {field: getattr(metric, field) for field in said if field in TrialMetric.__struct_fields__}
    if metric.scorer is not None and "low" not in given and "high" not in given:
        return msgspec.structs.replace(metric, higher_is_better=bool(given.get("higher_is_better", True)))
    if ("low" in given) != ("high" in given):
        defaults = msgspec.structs.replace(defaults, low=None, high=None)
    return msgspec.structs.replace(defaults, **given)


def known_metric(name: str) -> TrialMetric:
    """A metric by its name alone: measured ones go down to be better; of feedback, values are from 0 to 1."""
    if name == FAILED:
        return TrialMetric(name=name, higher_is_better=False, low=0.0, high=1.0)
    if name in MEASURED:
        return TrialMetric(name=name, higher_is_better=False)
    return TrialMetric(name=name, low=0.0, high=1.0)


def read_guardrails(said: GuardrailsLike | None) -> list[Guardrail]:
    """Guardrails: a mapping from metrics to margins, or definitions. Failures always have one.

    A margin given as a number is a ratio for seconds, dollars and tokens (1.2 allows a fifth more), else a difference.
    """
    if said is None:
        said = {}
    if isinstance(said, Mapping):
        found = [_guardrail(name, margin) for name, margin in said.items()]
    else:
        found = [one if isinstance(one, Guardrail) else _converted(dict(one), Guardrail, "A guardrail") for one in said]
    if all(guard.metric != FAILED for guard in found):
        found.append(Guardrail(metric=FAILED, margin=_FAILED_MARGIN))
    return found


def _guardrail(name: str, margin: Any) -> Guardrail:
    if isinstance(margin, Mapping):
        return _converted({**margin, "metric": name}, Guardrail, f"The guardrail {name!r}")
    kind = "ratio" if name in _RATIO_METRICS else "difference"
    return _converted({"metric": name, "margin": margin, "kind": kind}, Guardrail, f"The guardrail {name!r}")


def _rule(said: StoppingLike | None, metrics: Sequence[TrialMetric]) -> StoppingRule:
    chosen = next((one.name for one in metrics if one.name not in MEASURED), metrics[0].name if metrics else "")
    defaults: dict[str, Any] = {"metric": chosen, "least_units": LEAST_UNITS}
    if isinstance(said, StoppingRule):
        return said
    given: dict[str, Any] = {"metric": said} if isinstance(said, str) else dict(said or {})
    if "most_days" not in given and "most_units" not in given:
        defaults["most_days"] = MOST_DAYS
    rule = _converted({**defaults, **given}, StoppingRule, "The stopping rule")
    if not rule.metric:
        raise InvalidInput("No metric decides the trial; give metrics=['thumb'], or stopping={'metric': 'latency_s'}.")
    return rule


def _with_named(metrics: Sequence[TrialMetric], names: Sequence[str]) -> list[TrialMetric]:
    """The metrics, with those that the rule or a guardrail names and that are not among them."""
    known = {one.name for one in metrics}
    more = [known_metric(name) for name in dict.fromkeys(names) if name not in known]
    return [*metrics, *more]


def _allocation(said: str | Allocation | Mapping[str, Any]) -> Allocation:
    if isinstance(said, Allocation):
        return said
    return _converted({"kind": said} if isinstance(said, str) else dict(said), Allocation, "The allocation")


def _step(said: Any) -> RampStep:
    if isinstance(said, RampStep):
        return said
    if isinstance(said, tuple | list) and len(said) == 2:
        said = {"after_s": said[0], "share": said[1]}
    if not isinstance(said, Mapping):
        raise InvalidInput(f"A step of the ramp is {said!r:.100}; expected (seconds, share), such as (3600, 0.5).")
    return _converted(dict(said), RampStep, "A step of the ramp")


def _converted(said: Mapping[str, Any], kind: type[Kind], what: str) -> Kind:
    fields: tuple[str, ...] = kind.__struct_fields__  # type: ignore[attr-defined]
    unknown = [name for name in said if name not in fields]
    if unknown:
        raise InvalidInput(f"{what} has {unknown[0]!r}, which there is not; expected some of {', '.join(fields)}.")
    try:
        return msgspec.convert(said, kind)
    except msgspec.ValidationError as error:
        raise InvalidInput(f"{what} cannot be read: {error}. Its fields: {', '.join(fields)}.") from None
