"""Which arm a key is given."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quire.domain.assignment import assign, phase_at, ramp_share, unit_of
from quire.domain.trials import Arm, Decision, Phase, RampStep, StoppingRule, Trial, TrialMetric, TrialSpec

START = 1_700_000_000_000
DAY = 86_400_000
KEYS = [f"user-{number}" for number in range(2_000)]

names = st.text(min_size=1, max_size=8)
weights = st.dictionaries(names, st.floats(0.01, 10), min_size=1, max_size=5)


def a_trial(*phases: dict[str, float], **changes: object) -> Trial:
    spec = TrialSpec(
        subject="endpoint:joker",
        arms=[Arm(name=name, model=f"models:/joker@{name}") for name in phases[0]],
        metrics=[TrialMetric(name="thumb", low=0.0, high=1.0)],
        stopping=StoppingRule(metric="thumb"),
        **{name: changes.pop(name) for name in ("holdout", "ramp") if name in changes},  # type: ignore[arg-type]
    )
    numbered = [Phase(number=n, start_time=START + n * DAY, weights=given) for n, given in enumerate(phases)]
    return msgspec.structs.replace(Trial(trial_id="t1", spec=spec, phases=numbered), **changes)


HALVES = {"a": 0.5, "b": 0.5}


def arms(trial: Trial, now: int = START) -> dict[str, str | None]:
    given = {key: assign(trial, key, now) for key in KEYS}
    return {key: assignment and assignment.arm for key, assignment in given.items()}


@given(names, names, weights)
def test_a_key_always_has_the_same_arm_whatever_the_order_of_the_arms(trial_id, key, given) -> None:
    trial = a_trial(given, trial_id=trial_id)
    turned = a_trial(dict(reversed(given.items())), trial_id=trial_id)
    found = assign(trial, key, START)
    assert found is not None
    assert found == assign(turned, key, START)
    assert found.arm in given
    assert found.unit == unit_of(trial_id, key)


def test_these_keys_have_these_arms_in_every_process_and_every_version() -> None:
    trial = a_trial({"champion": 0.4, "shorter": 0.3, "Größe": 0.3})
    expected = {"": "Größe", "ann": "shorter", "bob": "champion", "eve": "Größe", "\ud800": "champion", "日本": "Größe"}
    assert {key: getattr(assign(trial, key, START), "arm", None) for key in expected} == expected
    assert unit_of("t1", "ann") == "e73a0dd19c7ccc176b10e5656c5cf7c5"


@given(weights, st.data())
def test_a_key_moves_only_to_an_arm_whose_weight_grew_against_its_own(before, data) -> None:
    after = {name: data.draw(st.floats(0.01, 10)) for name in before}
    trial = a_trial(before, after)
    for key in KEYS[:200]:
        old, new = assign(trial, key, START), assign(trial, key, START + DAY)
        assert old is not None
        assert new is not None
        if old.arm != new.arm:
            assert after[new.arm] / after[old.arm] > before[new.arm] / before[old.arm]


@given(weights, names, st.floats(0.01, 10))
def test_a_new_arm_takes_keys_and_moves_none_between_others(before, name, weight) -> None:
    if name in before:
        return
    trial = a_trial(before, before | {name: weight})
    for key in KEYS[:200]:
        old, new = assign(trial, key, START), assign(trial, key, START + DAY)
        assert old is not None
        assert new is not None
        assert new.arm in (old.arm, name)


@given(weights)
def test_the_keys_of_an_arm_that_left_wait_for_the_next_phase_and_others_stay(given) -> None:
    gone = next(iter(given))
    rest = {name: weight for name, weight in given.items() if name != gone}
    trial = a_trial(given, rest)
    without = msgspec.structs.replace(trial, removed={gone: Decision(kind="harmed")})
    for key in KEYS[:200]:
        before, now, later = assign(trial, key, START), assign(without, key, START), assign(without, key, START + DAY)
        assert before is not None
        assert now == (None if before.arm == gone else before)
        assert (later is not None) == bool(rest)
        if later is not None:
            assert later.arm != gone
            assert before.arm in (gone, later.arm)


def test_half_and_half_to_seven_in_ten_moves_a_fifth_and_all_one_way() -> None:
    trial = a_trial(HALVES, {"a": 0.7, "b": 0.3})
    before, after = arms(trial), arms(trial, START + DAY)
    moved = Counter((before[key], after[key]) for key in KEYS if before[key] != after[key])
    assert set(moved) == {("b", "a")}
    assert moved["b", "a"] / len(KEYS) == pytest.approx(0.2, abs=0.03)


def test_trials_share_out_independently() -> None:
    one, other = arms(a_trial(HALVES, trial_id="t1")), arms(a_trial(HALVES, trial_id="t2"))
    assert sum(one[key] == other[key] for key in KEYS) / len(KEYS) == pytest.approx(0.5, abs=0.04)
    assert unit_of("t1", "ann") != unit_of("t2", "ann")


@pytest.mark.parametrize("weight", [0.0, -1.0, float("nan")])
def test_an_arm_without_weight_is_given_to_nobody(weight) -> None:
    assert set(arms(a_trial({"a": 1.0, "b": weight})).values()) == {"a"}
    assert set(arms(a_trial({"a": weight, "b": 0.0})).values()) == {None}


@pytest.mark.parametrize(("state", "assigns"), [("running", 1), ("deciding", 1), ("paused", 0), ("ended", 0)])
def test_running_and_deciding_trials_assign(state, assigns) -> None:
    assert (assign(a_trial(HALVES, state=state), "ann", START) is not None) == assigns


def test_nobody_is_assigned_before_the_first_phase() -> None:
    trial = a_trial(HALVES)
    assert assign(trial, "ann", START - 1) is None
    assert phase_at(trial, START - 1).number == 0


def test_a_phase_begins_at_its_time_and_not_when_it_is_written() -> None:
    trial = a_trial(HALVES, {"a": 0.9, "b": 0.1}, {"a": 0.1, "b": 0.9})
    numbers = [phase_at(trial, START + at).number for at in (0, DAY - 1, DAY, 2 * DAY - 1, 2 * DAY, 9 * DAY)]
    assert numbers == [0, 0, 1, 1, 2, 2]
    found = assign(trial, "ann", START + DAY)
    assert found is not None
    assert found.phase == 1


def test_a_holdout_keeps_the_same_keys_out_in_every_phase() -> None:
    trial = a_trial(HALVES, {"a": 0.1, "b": 0.9}, holdout=0.2)
    out = [{key for key, arm in arms(trial, START + day * DAY).items() if arm is None} for day in range(2)]
    assert out[0] == out[1]
    assert len(out[0]) / len(KEYS) == pytest.approx(0.2, abs=0.03)


def test_a_growing_ramp_keeps_who_is_in_and_their_arms() -> None:
    steps = [RampStep(after_s=0, share=0.1), RampStep(after_s=60, share=0.5), RampStep(after_s=120, share=1.0)]
    trial = a_trial(HALVES, ramp=steps, holdout=0.2)
    seen: dict[str, str | None] = {}
    for seconds, share in ((0, 0.1), (59.999, 0.1), (60, 0.5), (120, 1.0), (1e6, 1.0)):
        now = {key: arm for key, arm in arms(trial, START + int(seconds * 1000)).items() if arm}
        assert seen.items() <= now.items()
        assert len(now) / len(KEYS) == pytest.approx(0.8 * share, abs=0.03)
        seen = now


def test_the_ramp_has_nothing_to_do_with_the_arm() -> None:
    given = Counter(arms(a_trial(HALVES, ramp=[RampStep(after_s=0, share=0.5)])).values())
    assert given["a"] / (given["a"] + given["b"]) == pytest.approx(0.5, abs=0.05)


def test_a_ramp_lets_nobody_in_before_its_first_step_whatever_its_order() -> None:
    steps = [RampStep(after_s=60, share=0.5), RampStep(after_s=10, share=0.1)]
    assert [ramp_share(steps, at) for at in (0, 10, 59, 60)] == [0.0, 0.1, 0.1, 0.5]
    assert ramp_share([], 0) == 1.0


MANY = 1_000_000


@pytest.mark.slow
@pytest.mark.parametrize(
    "shares",
    [{"a": 0.5, "b": 0.5}, {"a": 0.95, "b": 0.05}, {"a": 0.4, "b": 0.3, "c": 0.2, "d": 0.1}],
)
def test_a_million_keys_are_shared_out_as_the_weights_say(shares) -> None:
    trial = a_trial({name: 7 * share for name, share in shares.items()}, holdout=0.1)
    given = Counter(found and found.arm for found in (assign(trial, f"user-{n}", START) for n in range(MANY)))
    assert given.pop(None) / MANY == pytest.approx(0.1, abs=0.005)
    for name, share in shares.items():
        assert given[name] / given.total() == pytest.approx(share, abs=0.005)


PROGRAM = """
import sys, hashlib, msgspec
from quire.domain.assignment import assign
from quire.domain.trials import Trial
trial = msgspec.json.decode(sys.stdin.buffer.read(), type=Trial)
digest = hashlib.sha256()
for number in range(int(sys.argv[1])):
    found = assign(trial, f"user-{number}", int(sys.argv[2]))
    digest.update(found.arm.encode() if found else b"-")
print(digest.hexdigest())
"""


@pytest.mark.slow
def test_two_processes_agree_on_a_million_keys() -> None:
    trial = a_trial({"a": 0.5, "b": 0.3, "c": 0.2}, holdout=0.1, ramp=[RampStep(after_s=0, share=0.7)])
    given = msgspec.json.encode(trial)

    def asked(seed: str) -> subprocess.Popen[bytes]:
        program = [sys.executable, "-c", PROGRAM, str(MANY), str(START)]
        process = subprocess.Popen(program, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env={"PYTHONHASHSEED": seed})
        assert process.stdin is not None
        process.stdin.write(given)
        process.stdin.close()
        return process

    answers = []
    for process in [asked("1"), asked("2")]:
        assert process.stdout is not None
        answers.append(process.stdout.read().strip())
        assert process.wait() == 0
    assert len(answers[0]) == 64
    assert answers[0] == answers[1]
