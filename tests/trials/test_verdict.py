"""The verdict is a function of tallies: who has won, what is harmed, what is lost, what is left; in words too."""

from __future__ import annotations

import math
import random
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quire.domain.trials import (
    EXPOSED,
    AddedArm,
    Allocation,
    Arm,
    Decision,
    Guardrail,
    Phase,
    StoppingRule,
    Tally,
    Trial,
    TrialMetric,
    TrialSpec,
)
from quire.trials.acting import is_due, next_action
from quire.trials.allocating import wanted_weights
from quire.trials.results import TrialReport
from quire.trials.verdict import judge

DAY = 86_400_000
THUMB = TrialMetric(name="thumb", low=0, high=1)


def make(arms: tuple[str, ...] = ("a", "b"), **changed: Any) -> Trial:
    fields: dict[str, Any] = {
        "subject": "endpoint:joker",
        "arms": [Arm(name=name, model=f"models:/joker/{place}") for place, name in enumerate(arms, 1)],
        "metrics": [THUMB],
        "stopping": StoppingRule(metric="thumb", most_days=30),
    }
    state = {name: changed.pop(name) for name in list(changed) if name in Trial.__struct_fields__}
    spec = TrialSpec(**{**fields, **changed})
    first = Phase(number=0, start_time=0, weights={arm.name: arm.weight for arm in spec.arms})
    return Trial(trial_id="t-1", spec=spec, **{"phases": [first], **state})


def tally(arm: str, n: int, total: float, metric: str = "thumb", phase: int = 0, squares: float | None = None) -> Tally:
    return Tally(metric=metric, arm=arm, phase=phase, n=n, total=total, squares=total if squares is None else squares)


def exposed(phase: int = 0, **units: int) -> list[Tally]:
    return [tally(arm, n, n, EXPOSED, phase) for arm, n in units.items()]


def judged(trial: Trial, *tallies: Tally, now: int = DAY) -> TrialReport:
    return judge(trial, tallies, now)


def test_nothing_is_known_of_no_units() -> None:
    report = judged(make())
    assert report.decision is None
    assert report["thumb"].arms["a"].n == 0
    assert report["thumb"].differences["b"].verdict == "no difference shown"
    assert report.days_left == 29
    assert report.ratio is None
    assert "No arm is shown best on thumb yet." in str(report)


def test_a_challenger_that_is_better_wins_and_the_sentence_says_by_how_much() -> None:
    report = judged(make(), *exposed(a=400, b=400), tally("a", 400, 200), tally("b", 400, 280))
    found = report["thumb"].differences["b"]
    assert (found.verdict, found.n) == ("better", 400)
    assert found.difference == pytest.approx(0.2)
    assert 0 < found.low < found.difference < found.high
    assert found.e_value > 40
    assert report.decision is not None
    assert (report.decision.kind, report.decision.winner) == ("won", "b")
    assert report.sentence.startswith("Decided: b is better than a on thumb by +0.2 [")


def test_the_control_wins_once_every_challenger_is_worse() -> None:
    trial = make(("a", "b", "c"))
    some = [*exposed(a=900, b=900, c=900), tally("a", 900, 600), tally("b", 900, 300)]
    assert judged(trial, *some, tally("c", 900, 590)).decision is None
    decision = judged(trial, *some, tally("c", 900, 300)).decision
    assert decision is not None
    assert (decision.kind, decision.winner) == ("won", "a")


def test_of_several_challengers_one_has_to_beat_the_others_too() -> None:
    trial = make(("a", "b", "c"))
    some = [*exposed(a=2_000, b=2_000, c=2_000), tally("a", 2_000, 800), tally("b", 2_000, 1_300)]
    close = judged(trial, *some, tally("c", 2_000, 1_280))
    assert [one.verdict for one in close["thumb"].differences.values()] == ["better", "better"]
    assert close.decision is None
    assert "b, c: better than a on thumb, but none of them is shown best yet." in close.sentence
    far = judged(trial, *some, tally("c", 2_000, 700)).decision
    assert far is not None
    assert far.winner == "b"


def test_challengers_are_compared_with_each_other_and_not_by_what_lies_between_them_and_the_control() -> None:
    """The intervals of both differences overlap; the direct comparison is sharper."""
    trial = make(("a", "b", "c"))
    some = [*exposed(a=2_000, b=2_000, c=2_000), tally("a", 2_000, 800), tally("b", 2_000, 1_300)]
    report = judged(trial, *some, tally("c", 2_000, 1_150))
    found = report["thumb"].differences
    assert found["b"].low < found["c"].high
    assert report.decision is not None
    assert report.decision.winner == "b"
    lower = msgspec.structs.replace(THUMB, higher_is_better=False)
    flipped = [tally("a", 2_000, 1_200), tally("b", 2_000, 700), tally("c", 2_000, 850)]
    decision = judged(make(("a", "b", "c"), metrics=[lower]), *exposed(a=2_000, b=2_000, c=2_000), *flipped).decision
    assert decision is not None
    assert decision.winner == "b"


def test_challengers_are_compared_over_the_phases_that_had_both() -> None:
    phases = [
        Phase(number=0, start_time=0, weights={"a": 0.5, "b": 0.5}),
        Phase(number=1, start_time=1, weights={"a": 0.4, "b": 0.3, "c": 0.3}),
    ]
    added = [AddedArm(arm=Arm(name="c", model="models:/joker/3"), phase=1)]
    trial = make(("a", "b"), max_arms=3, phases=phases, added=added)
    late = [tally("a", 2_000, 800, phase=1), tally("b", 2_000, 1_100, phase=1), tally("c", 2_000, 1_300, phase=1)]
    early = [tally("a", 900, 100), tally("b", 900, 800)]
    units = [*exposed(a=900, b=900), *exposed(1, a=2_000, b=2_000, c=2_000)]
    decision = judged(trial, *units, *early, *late).decision
    assert decision is not None
    assert decision.winner == "c"


def test_at_the_end_the_leading_arm_wins_if_it_is_shown_better_than_the_control() -> None:
    trial = make(("a", "b", "c"))
    some = [*exposed(a=2_000, b=2_000, c=2_000), tally("a", 2_000, 800), tally("b", 2_000, 1_300)]
    decision = judged(trial, *some, tally("c", 2_000, 1_280), now=31 * DAY).decision
    assert decision is not None
    assert (decision.kind, decision.winner) == ("won", "b")
    assert "30 days are over" in decision.said
    assert "not shown better than every other" in decision.said


@pytest.mark.parametrize(
    ("rule", "now", "said"),
    [
        (StoppingRule(metric="thumb", most_days=2), 2 * DAY, "2 days are over"),
        (StoppingRule(metric="thumb", most_units=100), DAY, "100 units were reached"),
        (StoppingRule(metric="thumb", most_units=100, least_units=90), DAY, "100 units were reached"),
    ],
)
def test_it_ends_without_a_winner_when_units_or_days_are_used_up(rule: StoppingRule, now: int, said: str) -> None:
    trial = make(stopping=rule)
    decision = judged(trial, *exposed(a=50, b=50), tally("a", 50, 25), tally("b", 50, 26), now=now).decision
    assert decision is not None
    assert (decision.kind, decision.winner) == ("inconclusive", None)
    assert said in decision.said


def test_no_verdict_comes_before_the_least_units_of_each_arm() -> None:
    trial = make(stopping=StoppingRule(metric="thumb", least_units=500))
    tallies = [tally("a", 400, 200), tally("b", 400, 380)]
    early = judged(trial, *exposed(a=500, b=499), *tallies)
    assert early.decision is None
    assert early.sentence == "b: better than a on thumb, but 500 units of each arm come before a verdict."
    assert "Too early" in judged(trial, *exposed(a=500, b=499)).sentence
    assert judged(trial, *exposed(a=500, b=500), *tallies).decision is not None


def test_the_level_is_shared_between_as_many_comparisons_as_there_may_ever_be() -> None:
    tallies = [*exposed(a=400, b=400), tally("a", 400, 200), tally("b", 400, 252)]
    alone = judged(make(), *tallies)["thumb"].differences["b"]
    among = judged(make(max_arms=10), *tallies)["thumb"].differences["b"]
    assert alone.e_value == among.e_value
    assert among.low < alone.low
    assert (alone.verdict, among.verdict) == ("better", "no difference shown")


def test_an_arm_that_joined_is_compared_with_the_control_of_its_own_time() -> None:
    later = Phase(number=1, start_time=5, weights={"a": 1, "b": 1, "c": 1})
    trial = make(
        max_arms=3,
        added=[AddedArm(arm=Arm(name="c", model="models:/joker/3"), phase=1)],
        phases=[*make().phases, later],
    )
    report = judged(
        trial,
        *exposed(a=1_000, b=1_000),
        *exposed(1, a=1_000, b=1_000, c=1_000),
        tally("a", 1_000, 100),
        tally("b", 1_000, 100),
        *(tally(arm, 1_000, 600, phase=1) for arm in "abc"),
    )
    assert report["thumb"].differences["c"].difference == 0
    assert report["thumb"].differences["c"].verdict == "no difference shown"
    assert report["thumb"].arms["a"].n == 2_000


def test_metrics_without_bounds_hold_for_many_units_and_say_so() -> None:
    trial = make(
        metrics=[TrialMetric(name="latency_s", higher_is_better=False)], stopping=StoppingRule(metric="latency_s")
    )
    few = judged(
        trial,
        *exposed(a=50, b=50),
        tally("a", 50, 100, "latency_s", squares=210),
        tally("b", 50, 50, "latency_s", squares=55),
    )
    assert few["latency_s"].differences["b"].verdict == "no difference shown"
    assert math.isinf(few["latency_s"].differences["b"].low)
    many = judged(
        trial,
        *exposed(a=500, b=500),
        tally("a", 500, 1_000, "latency_s", squares=2_100),
        tally("b", 500, 500, "latency_s", squares=550),
    )
    assert many["latency_s"].differences["b"].verdict == "better"
    assert not many["latency_s"].exact
    assert "valid for many units only" in str(many)
    assert "2.00 s" in str(many)


def test_a_guardrail_shown_violated_takes_the_arm_out_or_ends_the_trial() -> None:
    guard = Guardrail(metric="failed", margin=0.05)
    tallies = [*exposed(a=500, b=500, c=500), tally("b", 100, 100, "failed")]
    three = judged(make(("a", "b", "c"), guardrails=[guard]), *tallies)
    assert [(one.arm, one.verdict) for one in three.guardrails] == [("b", "violated"), ("c", "holds")]
    assert three.excluded == {"a": 0, "b": 100, "c": 0}
    action = next_action(three)
    assert action is not None
    assert (action.kind, action.arm) == ("remove", "b")
    assert "b: failed is +0.2 against the control's, 0.05 allowed" in action.said
    two = judged(make(guardrails=[guard]), *exposed(a=500, b=500), tally("b", 100, 100, "failed"))
    action = next_action(two)
    assert action is not None
    assert action.kind == "end"
    assert action.decision is not None
    assert action.decision.kind == "harmed"


def test_a_ratio_guardrail_allows_so_many_times_the_control() -> None:
    guard = Guardrail(metric="cost_usd", margin=1.2, kind="ratio")
    trial = make(guardrails=[guard])

    def costs(mean: float) -> list[Tally]:
        return [
            *exposed(a=1_000, b=1_000),
            tally("a", 1_000, 1_000, "cost_usd", squares=1_040),
            tally("b", 1_000, 1_000 * mean, "cost_usd", squares=1_000 * mean * mean * 1.04),
        ]

    assert [judged(trial, *costs(mean)).guardrails[0].verdict for mean in (1.05, 1.21, 1.5)] == [
        "holds",
        "not shown",
        "violated",
    ]


def test_units_that_did_not_fall_as_they_were_shared_out_pause_the_trial() -> None:
    report = judged(make(), *exposed(a=1_000, b=800), tally("a", 1_000, 100), tally("b", 800, 700))
    assert report.ratio is not None
    assert report.ratio.alarm
    action = next_action(report)
    assert action is not None
    assert action.kind == "pause"
    assert "b 44.4% of 1,800 units (50.0% expected)" in action.said
    assert "ALARM" in str(report)
    fair = judged(make(), *exposed(a=1_010, b=990))
    assert fair.ratio is not None
    assert not fair.ratio.alarm


def test_units_before_the_count_began_anew_are_looked_at_no_more() -> None:
    phases = [*make().phases, Phase(number=1, start_time=9, weights={"a": 1, "b": 1})]
    trial = make(phases=phases, counted_from=1)
    report = judged(
        trial, *exposed(a=1_000, b=500), *exposed(1, a=300, b=300), tally("b", 500, 0), tally("b", 300, 200, phase=1)
    )
    assert report.ratio is not None
    assert not report.ratio.alarm
    assert report["thumb"].arms["b"].n == 300


def test_only_a_running_trial_is_acted_on() -> None:
    tallies = [*exposed(a=400, b=400), tally("a", 400, 200), tally("b", 400, 280)]
    kinds = {}
    for state in ("running", "paused", "ended", "deciding"):
        decision = Decision(kind="won", winner="b") if state in ("ended", "deciding") else None
        action = next_action(judged(make(state=state, decision=decision), *tallies))
        kinds[state] = None if action is None else action.kind
    assert kinds == {"running": "end", "paused": None, "ended": None, "deciding": None}
    promote = make(stopping=StoppingRule(metric="thumb", on_win="promote"))
    action = next_action(judged(promote, *tallies))
    assert action is not None
    assert action.kind == "promote"


@pytest.mark.parametrize("kind", ["thompson", "track-and-stop"])
def test_adaptive_shares_follow_what_is_known_and_never_fall_below_the_floor(kind: Any) -> None:
    trial = make(("a", "b", "c"), allocation=Allocation(kind=kind, floor=0.1, every_s=60))
    assert not is_due(trial, 59_999)
    assert is_due(trial, 60_000)
    weights = wanted_weights(trial, [tally("a", 500, 250), tally("b", 500, 260), tally("c", 500, 50)])
    assert weights is not None
    assert sum(weights.values()) == pytest.approx(1, abs=0.011)
    assert all(weight == round(weight, 2) for weight in weights.values())
    assert min(weights.values()) >= 0.0999
    assert weights["b"] > weights["c"]
    assert wanted_weights(make(), []) is None


def test_phases_last_longer_as_a_trial_grows_old() -> None:
    later = Phase(number=1, start_time=10 * DAY, weights={"a": 1, "b": 2})
    trial = make(allocation=Allocation(kind="thompson", every_s=60), phases=[*make().phases, later])
    assert not is_due(trial, 10 * DAY + DAY // 2 - 1)
    assert is_due(trial, 10 * DAY + DAY // 2)


def test_small_moves_of_shares_are_not_made() -> None:
    report = judged(make())
    assert next_action(report, {"a": 0.51, "b": 0.49}) is None
    action = next_action(report, {"a": 0.53, "b": 0.47})
    assert action is not None
    assert (action.kind, action.weights) == ("reallocate", {"a": 0.53, "b": 0.47})


def test_a_shadow_compares_answers_pair_by_pair() -> None:
    trial = make(
        subject="shadow:joker/new",
        metrics=[
            TrialMetric(name="latency_s", higher_is_better=False),
            TrialMetric(name="right", low=-1, high=1),
            TrialMetric(name="failed", higher_is_better=False, low=-1, high=1),
        ],
        stopping=StoppingRule(metric="right"),
    )
    report = judged(
        trial,
        *exposed(b=400),
        tally("b", 400, -200, "latency_s", squares=140),
        tally("b", 400, 120, "right", squares=120),
    )
    assert report["latency_s"].differences["b"].verdict == "better"
    assert report["right"].differences["b"].difference == pytest.approx(0.3)
    assert report["failed"].arms["b"].n == 400
    assert report.ratio is None
    assert report.decision is not None
    assert report.decision.winner == "b"
    assert "pair" in str(report)


def test_a_shadow_promotes_only_if_it_is_to_and_is_worse_on_nothing_that_it_names() -> None:
    def action(on_win: Any, *more: Tally) -> Any:
        trial = make(
            subject="shadow:joker/new",
            metrics=[
                TrialMetric(name="right", low=-1, high=1),
                TrialMetric(name="kind", low=-1, high=1),
                TrialMetric(name="cost_usd", higher_is_better=False),
                TrialMetric(name="failed", higher_is_better=False, low=-1, high=1),
            ],
            stopping=StoppingRule(metric="right", on_win=on_win),
        )
        costs = tally("b", 400, 400, "cost_usd", squares=410)
        return next_action(judged(trial, *exposed(b=400), tally("b", 400, 120, "right", squares=120), costs, *more))

    assert action("report") is None
    found = action("promote")
    assert (found.kind, found.decision.winner) == ("promote", "b")
    assert action("promote", tally("b", 400, -120, "kind", squares=120)) is None
    assert action("promote", tally("b", 100, 100, "failed")) is None


VALUES = {"thumb": (0.0, 1.0), "stars": (1.0, 5.0), "latency_s": (0.0, 1e6), "mood": (-1e3, 1e3)}


@st.composite
def outcomes(draw: st.DrawFn) -> list[Tally]:
    """Any tallies that values of four metrics, of three arms in two phases, can give."""
    found = []
    for phase in (0, 1):
        for arm in "abc":
            exposed_units = draw(st.integers(0, 10**6))
            if exposed_units:
                found.append(tally(arm, exposed_units, exposed_units, EXPOSED, phase))
            failures = draw(st.integers(0, exposed_units))
            if failures:
                found.append(tally(arm, failures, failures, "failed", phase))
            for metric, (low, high) in VALUES.items():
                values = draw(st.lists(st.floats(low, high), max_size=4))
                times = draw(st.sampled_from([1, 7, 1_000]))
                if values:
                    total, squares = (times * math.fsum(v**power for v in values) for power in (1, 2))
                    found.append(tally(arm, times * len(values), total, metric, phase, squares))
    return found


@settings(max_examples=10)
@given(outcomes(), st.integers(0, 40 * DAY))
def test_whatever_was_counted_there_is_a_verdict_that_prints(found: list[Tally], now: int) -> None:
    later = Phase(number=1, start_time=5, weights={"a": 0.2, "b": 0.5, "c": 0.3})
    trial = make(
        ("a", "b", "c"),
        metrics=[
            THUMB,
            TrialMetric(name="stars", low=1, high=5),
            TrialMetric(name="latency_s", higher_is_better=False),
            TrialMetric(name="mood"),
            TrialMetric(name="failed", higher_is_better=False, low=0, high=1),
        ],
        stopping=StoppingRule(metric="thumb", most_days=30, most_units=10**6),
        guardrails=[
            Guardrail(metric="failed", margin=0.05),
            Guardrail(metric="latency_s", margin=1.2, kind="ratio"),
            Guardrail(metric="mood", margin=0.9, kind="ratio"),
        ],
        phases=[*make().phases, later],
    )
    report = judged(trial, *found, now=now)
    assert "Units:" in str(report)
    for metric in report.metrics.values():
        for one in metric.differences.values():
            assert one.verdict == "no difference shown" or one.low > 0 or one.high < 0
    action = next_action(report)
    assert action is None or action.said


@pytest.mark.slow
def test_looking_all_the_time_calls_few_equal_arms_winners() -> None:
    draw = random.Random(7)
    trial = make()
    wrong = 0
    for _ in range(40):
        counts = {"a": [0, 0], "b": [0, 0]}
        for look in range(8):
            for arm in counts:
                counts[arm][0] += 50
                counts[arm][1] += sum(draw.random() < 0.3 for _ in range(50))
            tallies = [tally(arm, n, total) for arm, (n, total) in counts.items()]
            if judged(trial, *exposed(a=50 * look, b=50 * look), *tallies).decision is not None:
                wrong += 1
                break
    assert wrong <= 2
