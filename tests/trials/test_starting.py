"""A trial is started by friendly arguments or a file; what does not hold together is refused by name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import quire
from quire import trials
from quire.domain.endpoints import Endpoint
from quire.domain.errors import InvalidInput, InvalidState, NotFound, QuireError
from quire.domain.trials import Guardrail, RampStep, StoppingRule, TrialMetric
from quire.store.serving import ServingStore


def test_with_one_arm_the_control_is_what_serves_and_the_rest_has_defaults(joker: str) -> None:
    trial = trials.start("prompts:/joker", {"short": 2}, ["thumb"])
    spec = trial.spec
    assert [(arm.name, arm.model) for arm in spec.arms] == [
        ("champion", "prompts:/joker/1"),
        ("short", "prompts:/joker/2"),
    ]
    assert spec.metrics[0] == TrialMetric(name="thumb", low=0, high=1)
    assert spec.stopping == StoppingRule(metric="thumb", least_units=100, most_days=30)
    assert spec.guardrails == [Guardrail(metric="failed", margin=0.05)]
    assert (trial.state, trial.phases[0].weights) == ("running", {"champion": 1, "short": 1})
    assert trials.get(trial.trial_id) == trial
    assert trials.search("prompts:/joker") == [trial]
    assert trials.search(state="ended") == []


def test_everything_can_be_said(joker: str) -> None:
    trial = trials.start(
        "prompts:/joker",
        {"one": "prompts:/joker@champion", "two": ("prompts:/joker/2", 3), "three": {"model": 3, "weight": 2}},
        {"stars": (1, 5), "latency_s": None, "clear": {"scorer": "regex_match", "parameters": {"pattern": "x"}}},
        {"metric": "stars", "confidence": 0.99, "most_units": 1_000},
        allocation={"kind": "thompson", "floor": 0.1},
        guardrails={"latency_s": 1.2, "stars": 0.5, "failed": {"margin": 0.01, "confidence": 0.95}},
        on_win="report",
        name="jokes",
        namespace="acme",
        holdout=0.1,
        ramp=[(0, 0.1), RampStep(after_s=60, share=1)],
        max_arms=4,
    )
    spec = trial.spec
    assert [(arm.model, arm.weight) for arm in spec.arms] == [
        ("prompts:/joker/1", 1),
        ("prompts:/joker/2", 3),
        ("prompts:/joker/3", 2),
    ]
    assert [(one.name, one.low, one.high, one.higher_is_better) for one in spec.metrics] == [
        ("stars", 1, 5, True),
        ("latency_s", None, None, False),
        ("clear", 0, 1, True),
        ("failed", 0, 1, False),
    ]
    assert spec.stopping == StoppingRule(metric="stars", confidence=0.99, least_units=100, most_units=1_000)
    assert spec.guardrails == [
        Guardrail(metric="latency_s", margin=1.2, kind="ratio"),
        Guardrail(metric="stars", margin=0.5),
        Guardrail(metric="failed", margin=0.01, confidence=0.95),
    ]
    assert [(step.after_s, step.share) for step in spec.ramp] == [(0, 0.1), (60, 1)]


def test_a_file_says_the_same(joker: str, tmp_path: Path) -> None:
    file = tmp_path / "trial.yaml"
    file.write_text(
        """
        prompt: joker
        arms: {short: 2}
        metrics: {thumb: }
        stopping: {metric: thumb, most_days: 3}
        ramp: [[0, 0.5], [60, 1]]
        """
    )
    spec = trials.start_file(file).spec
    assert (spec.subject, spec.arms[1].model, spec.stopping.most_days) == ("prompts:/joker", "prompts:/joker/2", 3)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: [", "is not YAML"),
        ("- 1", "holds list; expected fields"),
        ("arms: {a: 1}", "names 0 subjects"),
        ("prompt: joker\nendpoint: joker\narms: {a: 1}", "names 2 subjects"),
        ("prompt: joker", "names no arms"),
        ("prompt: joker\narms: {a: 2}\nmetric: thumb", "has the field 'metric'"),
    ],
)
def test_a_file_that_cannot_be_read_is_named(joker: str, tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "trial.yaml"
    file.write_text(text)
    with pytest.raises(InvalidInput, match=said) as error:
        trials.start_file(file)
    assert str(file) in str(error.value)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"subject_or_endpoint": "models:/joker"}, "is no subject of a trial"),
        ({"subject_or_endpoint": 3}, "is no subject of a trial"),
        ({"arms": {}}, "expected a mapping such as"),
        ({"arms": {"champion": 2}}, "as the control would be"),
        ({"arms": {"a": None}}, "expected a URI"),
        ({"arms": {"a": {"model": 2, "wait": 1}}}, "has 'wait', which there is not"),
        ({"arms": {"a": {"model": 2, "weight": "x"}}}, "The arm 'a' cannot be read"),
        ({"arms": {"a": 9}}, "9"),
        ({"arms": {"a": "prompts:/other/1"}}, "a version of another prompt"),
        ({"metrics": [3]}, "A metric is 3"),
        ({"metrics": {"stars": 5}}, "expected its bounds such as"),
        ({"metrics": None}, "No metric decides the trial"),
        ({"metrics": "thumb", "stopping": "stars", "guardrails": {"none": "x"}}, "guardrail 'none' cannot be read"),
        ({"stopping": {"metric": "thumb", "days": 3}}, "has 'days', which there is not"),
        ({"allocation": "bandit"}, "The allocation cannot be read"),
        ({"on_win": "promote", "namespace": "acme"}, "would be promoted for everybody"),
        (
            {"metrics": {"mood": (-1, 1)}, "guardrails": {"mood": {"kind": "ratio", "margin": 0.9}}},
            "the metric can be negative",
        ),
        ({"metrics": [{"name": "x", "scorer": "exact"}]}, "There is no scorer 'exact'.*Judges: correctness"),
        ({"metrics": [{"name": "x", "scorer": "regex_match", "parameters": {"a": 1}}]}, "does not take that"),
        ({"metrics": [{"name": "x", "scorer": "rubric", "parameters": {"levels": {"1": "bad"}}}]}, "two or more whole"),
        ({"on_win": "deploy"}, "expected 'report' or 'promote'"),
        ({"ramp": [3]}, "A step of the ramp is 3"),
        ({"holdout": 1.0}, "holdout is 1.0"),
    ],
)
def test_what_does_not_hold_together_is_refused(joker: str, changed: dict[str, Any], said: str) -> None:
    given: dict[str, Any] = {"subject_or_endpoint": "prompts:/joker", "arms": {"a": 2}, "metrics": ["thumb"], **changed}
    with pytest.raises(QuireError, match=said):
        trials.start(**given)
    assert trials.search() == []


def test_two_trials_on_one_subject_need_two_namespaces(joker: str) -> None:
    first = trials.start("prompts:/joker", {"short": 2}, ["thumb"])
    with pytest.raises(InvalidState, match=first.trial_id):
        trials.start("prompts:/joker", {"long": 3}, ["thumb"])
    trials.start("prompts:/joker", {"long": 3}, ["thumb"], namespace="acme")


def test_an_endpoint_has_to_be_there(joker: str) -> None:
    with pytest.raises(NotFound, match="joker"):
        trials.start("joker", {"a": "models:/joker/1"}, ["thumb"])


def test_a_winner_that_could_not_be_promoted_is_refused_at_the_start(joker: str, serving: ServingStore) -> None:
    with pytest.raises(InvalidState, match=r"is at version 1, and the control is version 2"):
        trials.start("prompts:/joker", {"two": 2, "three": 3}, ["thumb"], on_win="promote")
    serving.put_endpoint(Endpoint(name="files", model="/somewhere/model"))
    with pytest.raises(InvalidState, match="which is no alias"):
        trials.start("files", {"a": "/elsewhere/model"}, ["thumb"], on_win="promote")


def test_metrics_of_a_trial_are_known_by_name(joker: str) -> None:
    assert quire.trials.start is trials.start
    with pytest.raises(InvalidInput, match="There is no state 'stopped'"):
        trials.search(state="stopped")  # type: ignore[arg-type]


def test_scorers_and_judges_bring_their_bounds(joker: str) -> None:
    levels = {"1": "dull", "5": "a scream"}
    spec = trials.start(
        "prompts:/joker",
        {"short": 2},
        [
            {"name": "funny", "scorer": "rubric", "parameters": {"criterion": "How funny.", "levels": levels}},
            {"name": "kind", "scorer": "guidelines", "parameters": {"guidelines": ["Be kind."]}},
            {"name": "own", "scorer": "models:/judge@champion"},
            {"name": "length", "scorer": "length", "higher_is_better": False},
        ],
    ).spec
    assert [(one.name, one.low, one.high) for one in spec.metrics][:4] == [
        ("funny", 1, 5),
        ("kind", 0, 1),
        ("own", None, None),
        ("length", None, None),
    ]
