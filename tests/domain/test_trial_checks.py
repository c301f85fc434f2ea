"""A trial's definition is refused with every mistake in it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from quire.domain.errors import InvalidInput
from quire.domain.redaction import secret_in
from quire.domain.trial_checks import check_trial, known_metrics
from quire.domain.trials import (
    Allocation,
    Arm,
    Guardrail,
    RampStep,
    StoppingRule,
    TrialMetric,
    TrialSpec,
)

PROMPTS = [Arm(name="a", model="prompts:/joker/1"), Arm(name="b", model="prompts:/joker@b")]
SLOWER = TrialMetric(name="latency_s", higher_is_better=False)
ARMS = [Arm(name="control", model="models:/joker/1"), Arm(name="bold", model="models:/joker@bold")]
SPEC = TrialSpec(
    subject="endpoint:joker",
    arms=ARMS,
    metrics=[TrialMetric(name="thumb", low=0.0, high=1.0)],
    stopping=StoppingRule(metric="thumb"),
)
NAN = float("nan")
INF = float("inf")


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"subject": "shadow:joker/bold"},
        {"subject": "prompts:/joker", "arms": PROMPTS},
        {"stopping": StoppingRule(metric="latency_s", most_units=1, most_days=0.5)},
        {"metrics": [SLOWER], "stopping": StoppingRule(metric="latency_s")},
        {"guardrails": [Guardrail(metric="failed", margin=0.0), Guardrail(metric="thumb", margin=0.9, kind="ratio")]},
        {"ramp": [RampStep(after_s=0, share=0.1), RampStep(after_s=60, share=0.1), RampStep(after_s=61, share=1)]},
        {"allocation": Allocation(floor=0.5)},
        {"namespace": "acme", "holdout": 0.5, "max_arms": 5},
    ],
)  # fmt: skip
def test_a_definition_that_holds_together_passes(changes: dict[str, Any]) -> None:
    spec = replace(SPEC, **changes)
    assert check_trial(spec) == spec


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"subject": "joker"}, "expected endpoint:NAME"),
        ({"subject": "endpoint:a b"}, "subject is 'endpoint:a b'"),
        ({"subject": "endpoint:a/b"}, "subject is"),
        ({"subject": "shadow:joker"}, "subject is"),
        ({"subject": "prompts:/joker/3"}, "subject is"),
        ({"arms": ARMS[:1]}, "arms are 1; expected 2"),
        ({"arms": []}, "arms are 0; expected 2"),
        ({"arms": [ARMS[0], ARMS[0]]}, "arms name 'control' more than once"),
        ({"arms": [ARMS[0], Arm(name="é", model="models:/joker/1")]}, "headers cannot hold"),
        ({"arms": [ARMS[0], Arm(name="b", model="models:/joker/1", weight=0)]}, "the weight 0.0; expected more than 0"),
        ({"arms": [ARMS[0], Arm(name="b", model="models:/joker/1", weight=NAN)]}, "the weight nan"),
        ({"arms": [ARMS[0], Arm(name="b", model="models:/joker/1", weight=INF)]}, "the weight inf"),
        ({"arms": [ARMS[0], Arm(name="b", model="models:/joker")]}, "expected a model URI"),
        ({"subject": "prompts:/joker"}, "expected a prompt's URI"),
        ({"metrics": [TrialMetric(name="")], "stopping": StoppingRule(metric="failed")}, "no name that can be kept"),
        ({"metrics": [*SPEC.metrics, TrialMetric(name="quire.exposed")]}, "do not begin with 'quire.'"),
        ({"metrics": SPEC.metrics * 2}, "metrics name 'thumb' more than once"),
        ({"metrics": [TrialMetric(name="thumb", low=1.0, high=0.0)]}, "low=1 and high=0; expected low below high"),
        ({"metrics": [TrialMetric(name="thumb", low=1.0, high=1.0)]}, "expected low below high"),
        ({"metrics": [TrialMetric(name="thumb", low=-INF)]}, "low=-inf; expected a finite number"),
        ({"metrics": [TrialMetric(name="thumb", sample=0)]}, "sample=0.0; expected a share"),
        ({"metrics": [*SPEC.metrics, TrialMetric(name="latency_s")]}, "Say higher_is_better=False"),
        ({"metrics": [*SPEC.metrics, TrialMetric(name="output_tokens", scorer="Length")]}, "Leave the scorer out"),
        ({"stopping": StoppingRule(metric="likes")}, "'likes', which is no metric of the trial; expected one of thumb"),
        ({"stopping": StoppingRule(metric="thumb", confidence=1)}, "stopping.confidence is 1"),
        ({"stopping": StoppingRule(metric="thumb", confidence=0.4)}, "stopping.confidence is 0.4"),
        ({"stopping": StoppingRule(metric="thumb", confidence=NAN)}, "stopping.confidence is nan"),
        ({"stopping": StoppingRule(metric="thumb", least_units=-1)}, "least_units is -1"),
        ({"stopping": StoppingRule(metric="thumb", most_units=0)}, "most_units is 0; expected at least 1"),
        ({"stopping": StoppingRule(metric="thumb", least_units=9, most_units=8)}, "expected at least 9"),
        ({"stopping": StoppingRule(metric="thumb", most_days=0)}, "most_days is 0"),
        ({"allocation": Allocation(floor=0.6)}, "2 arms cannot all have; expected at most 0.5"),
        ({"allocation": Allocation(floor=0.3), "max_arms": 4}, "4 arms cannot all have"),
        ({"allocation": Allocation(floor=-0.1)}, "floor is -0.1"),
        ({"allocation": Allocation(every_s=0)}, "every_s is 0"),
        ({"guardrails": [Guardrail(metric="likes", margin=1)]}, r"guardrails\[0\].metric is 'likes'"),
        ({"guardrails": [Guardrail(metric="thumb", margin=-1)]}, r"guardrails\[0\].margin is -1"),
        ({"guardrails": [Guardrail(metric="thumb", margin=0, kind="ratio")]}, "expected a ratio above 0"),
        ({"guardrails": [Guardrail(metric="thumb", margin=0, confidence=2)]}, r"guardrails\[0\].confidence is 2"),
        ({"holdout": 1.0}, "holdout is 1"),
        ({"holdout": -0.1}, "holdout is -0.1"),
        ({"max_arms": 1}, r"max_arms is 1; expected 2"),
        ({"max_arms": 101}, "to 100"),
        ({"ramp": [RampStep(after_s=-1, share=0.5)]}, r"ramp\[0\].after_s is -1"),
        ({"ramp": [RampStep(after_s=5, share=0.5), RampStep(after_s=5, share=1)]}, r"ramp\[1\].after_s is 5"),
        ({"ramp": [RampStep(after_s=0, share=0.5), RampStep(after_s=5, share=0.4)]}, r"ramp\[1\].share is 0.4"),
        ({"ramp": [RampStep(after_s=0, share=1.5)]}, r"ramp\[0\].share is 1.5"),
        ({"namespace": ""}, "namespace is ''"),
        ({"namespace": "a\nb"}, "namespace is"),
        ({"name": "x" * 251}, "name is"),
        ({"name": "sk-" + "a1" * 16}, "name holds what looks like a credential"),
        ({"holdout": "most"}, "cannot be read"),
        ({"arms": [{"name": "a"}, {}]}, "cannot be read"),
        ({"stopping": StoppingRule(metric="thumb", on_win="celebrate")}, "cannot be read"),  # type: ignore[arg-type]
    ],
)
def test_each_mistake_is_named_with_its_value(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(InvalidInput, match=said):
        check_trial(replace(SPEC, **changes))


def test_every_mistake_is_named_at_once() -> None:
    spec = replace(SPEC, subject="?", holdout=2.0, arms=[], stopping=StoppingRule(metric="likes"))
    with pytest.raises(InvalidInput) as caught:
        check_trial(spec)
    for mistake in ("subject is '?'", "holdout is 2", "arms are 0", "'likes'"):
        assert mistake in str(caught.value)


def test_a_scorer_s_parameters_hold_no_credential() -> None:
    metric = TrialMetric(name="judge", scorer="Correctness", parameters={"api_key": "anything at all"})
    with pytest.raises(InvalidInput, match=r"metrics\[0\].parameters.api_key") as caught:
        check_trial(replace(SPEC, metrics=[metric], stopping=StoppingRule(metric="judge")))
    assert "anything" not in str(caught.value)


def test_what_servers_measure_is_known_without_being_named() -> None:
    assert known_metrics(SPEC)[:3] == ["thumb", "latency_s", "first_token_s"]


@given(
    st.recursive(
        st.text(max_size=5) | st.integers(), lambda inner: st.lists(inner) | st.dictionaries(st.text(max_size=5), inner)
    )
)
def test_a_secret_is_found_wherever_it_lies(data: Any) -> None:
    assert secret_in(data) is None
    assert secret_in({"a": [data, {"b": "sk-" + "a1" * 16}]}) == "a[1].b"
