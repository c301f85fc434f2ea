"""What serving keeps: endpoints, trials, answers, outcomes and deployments, as every store of Quire's keeps them."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from msgspec.structs import replace

from quire.domain.endpoints import Deployment, Endpoint, Limits, Upstream
from quire.domain.errors import InvalidInput, InvalidState, NotFound
from quire.domain.ids import new_trace_id
from quire.domain.trials import (
    EXPOSED,
    AddedArm,
    Arm,
    Decision,
    Outcome,
    Phase,
    Served,
    StoppingRule,
    Tally,
    Trial,
    TrialMetric,
    TrialSpec,
)
from quire.store import Store
from quire.store.pruning import prune
from quire.store.serving import ServingStore, serving_of

Unique = Callable[[str], str]


@pytest.fixture
def serving(store: Store) -> ServingStore:
    """What serving keeps in the store."""
    return serving_of(store)


@pytest.fixture
def name(unique: Unique) -> str:
    """The name of an endpoint that no other test uses."""
    return unique("endpoint")


def _spec(endpoint: str, **fields: Any) -> TrialSpec:
    given = {
        "arms": [Arm(name="control", model="models:/joker/1"), Arm(name="bold", model="models:/joker/2", weight=3.0)],
        "metrics": [TrialMetric(name="thumb", low=0.0, high=1.0), TrialMetric(name="words")],
        "stopping": StoppingRule(metric="thumb"),
        **fields,
    }
    return TrialSpec(subject=f"endpoint:{endpoint}", **given)


@pytest.fixture
def trial(serving: ServingStore, name: str) -> Trial:
    """A trial that runs."""
    return serving.create_trial(_spec(name))


def _outcome(trial: Trial, unit: str, value: float = 1.0, **fields: Any) -> Outcome:
    given = {"metric": "thumb", "arm": "control", "phase": 0, "at": 1, **fields}
    return Outcome(trial_id=trial.trial_id, unit=unit, value=value, **given)


def test_an_endpoint_is_stored_whole_and_replaced(serving: ServingStore, name: str) -> None:
    given = Endpoint(
        name=name,
        model="models:/joker@champion",
        upstream=Upstream(base_url="http://127.0.0.1:1/v1", api_key_env="OPENAI_API_KEY"),
        fallbacks=[Upstream(name="second", api_type="azure", deployment="gpt")],
        limits=Limits(concurrency=3),
        description="tells jokes",
    )
    made = serving.put_endpoint(given)
    assert made == replace(given, revision=1, creation_time=made.creation_time, last_update_time=made.last_update_time)
    assert made.creation_time > 0
    assert serving.get_endpoint(name) == made
    changed = serving.put_endpoint(replace(given, model="models:/joker/2"))
    assert (changed.revision, changed.creation_time) == (2, made.creation_time)
    assert serving.get_endpoint(name).model == "models:/joker/2"
    assert changed in serving.list_endpoints()


def test_an_endpoint_put_again_as_it_is_stays(serving: ServingStore, name: str) -> None:
    given = Endpoint(name=name, model="models:/joker/1")
    made = serving.put_endpoint(given)
    assert serving.put_endpoint(given) == made
    assert serving.put_endpoint(replace(made, revision=77), expected=1) == made


def test_endpoints_are_listed_by_name(serving: ServingStore, unique: Unique) -> None:
    names = [unique("listed") for _ in range(3)]
    for each in reversed(names):
        serving.put_endpoint(Endpoint(name=each, model="models:/joker/1"))
    listed = [endpoint.name for endpoint in serving.list_endpoints()]
    assert listed == sorted(listed)
    assert set(names) <= set(listed)


def test_an_endpoint_changes_only_from_the_expected_revision(serving: ServingStore, name: str) -> None:
    given = Endpoint(name=name, model="models:/joker/1")
    with pytest.raises(InvalidState, match="there is no endpoint of that name"):
        serving.put_endpoint(given, expected=1)
    serving.put_endpoint(given, expected=0)
    with pytest.raises(InvalidState, match="its revision is 1"):
        serving.put_endpoint(replace(given, model="models:/joker/2"), expected=0)
    assert serving.put_endpoint(replace(given, model="models:/joker/2"), expected=1).revision == 2
    with pytest.raises(InvalidState, match="Read it again"):
        serving.put_endpoint(replace(given, model="models:/joker/3"), expected=1)
    assert serving.get_endpoint(name).model == "models:/joker/2"


def _at_once(count: int, work: Callable[[int], object]) -> list[object]:
    """What ``work`` gives in each of these threads, which start together; an error is given too."""
    barrier = threading.Barrier(count)

    def run(number: int) -> object:
        barrier.wait()
        try:
            return work(number)
        except (InvalidState, InvalidInput) as error:
            return error

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(run, range(count)))


@pytest.mark.parametrize("there", [False, True])
def test_of_several_who_change_an_endpoint_at_once_one_does(serving: ServingStore, name: str, there: bool) -> None:
    if there:
        serving.put_endpoint(Endpoint(name=name, model="models:/joker/1"))
    told = _at_once(
        4,
        lambda number: serving.put_endpoint(
            Endpoint(name=name, model=f"models:/joker/{number + 2}"), expected=int(there)
        ),
    )
    (won,) = [one for one in told if isinstance(one, Endpoint)]
    assert [type(one) for one in told if one is not won] == [InvalidState] * 3
    assert serving.get_endpoint(name) == won
    assert won.revision == 1 + there


def test_an_unknown_endpoint_is_not_found_and_some_known_are_named(serving: ServingStore, name: str) -> None:
    serving.put_endpoint(Endpoint(name=name, model="models:/joker/1"))
    first = serving.list_endpoints()[0].name
    for call in (serving.get_endpoint, serving.delete_endpoint):
        with pytest.raises(NotFound, match=first):
            call("nobody-put-this")


def test_a_deleted_endpoint_is_gone_and_may_come_again(serving: ServingStore, name: str) -> None:
    serving.put_endpoint(Endpoint(name=name, model="models:/joker/1"))
    serving.delete_endpoint(name)
    with pytest.raises(NotFound):
        serving.get_endpoint(name)
    assert serving.put_endpoint(Endpoint(name=name, model="models:/joker/1"), expected=0).revision == 1


def test_an_endpoint_stays_while_it_is_in_a_trial(serving: ServingStore, name: str, trial: Trial) -> None:
    serving.put_endpoint(Endpoint(name=name, model="models:/joker/1"))
    with pytest.raises(InvalidState, match=trial.trial_id):
        serving.delete_endpoint(name)
    serving.update_trial(replace(trial, state="ended"), expected=1)
    serving.delete_endpoint(name)
    assert serving.get_trial(trial.trial_id).state == "ended"


_KEY = "sk-" + "a1B2" * 8


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"name": "no spaces"}, "Invalid endpoint name"),
        ({"model": "models:/"}, "not a model URI"),
        ({"limits": Limits(concurrency=0)}, "concurrency is 0"),
        ({"trace_sample": 2.0}, "trace_sample is 2"),
        ({"upstream": Upstream(base_url="ftp://x")}, "expected http"),
        ({"upstream": Upstream(api_key_env=_KEY)}, "environment variable"),
        ({"description": f"the key is {_KEY}"}, "credential in description"),
        ({"passes": ["tools", f"Bearer {_KEY}"]}, "credential in passes"),
    ],
)
def test_an_endpoint_that_does_not_hold_together_is_refused(
    serving: ServingStore, name: str, changes: dict[str, Any], said: str
) -> None:
    given = replace(Endpoint(name=name, model="models:/joker/1"), **changes)
    with pytest.raises(InvalidInput, match=said) as caught:
        serving.put_endpoint(given)
    assert _KEY not in str(caught.value)
    assert name not in {endpoint.name for endpoint in serving.list_endpoints()}


def test_a_trial_begins_at_once_in_phase_zero(serving: ServingStore, name: str) -> None:
    spec = _spec(name, name="jokes", holdout=0.1, max_arms=3)
    made = serving.create_trial(spec, created_by="ada")
    assert (made.spec, made.state, made.revision, made.created_by) == (spec, "running", 1, "ada")
    (phase,) = made.phases
    assert (phase.number, phase.weights) == (0, {"control": 1.0, "bold": 3.0})
    assert phase.start_time == made.creation_time > 0
    assert serving.get_trial(made.trial_id) == made
    assert serving.tallies(made.trial_id) == []


def test_trials_are_listed_newest_first_by_subject_and_state(serving: ServingStore, name: str, trial: Trial) -> None:
    subject = trial.spec.subject
    second = serving.create_trial(replace(trial.spec, namespace="acme"))
    assert serving.list_trials(subject=subject) == [second, trial]
    ended = serving.update_trial(replace(trial, state="ended"), expected=1)
    assert serving.list_trials(subject=subject, states=["ended"]) == [ended]
    assert serving.list_trials(subject=subject, states=["running", "paused"]) == [second]
    running = [found.trial_id for found in serving.list_trials(states=["running"])]
    assert second.trial_id in running
    assert trial.trial_id not in running
    assert serving.list_trials(subject="endpoint:of-nobody") == []
    with pytest.raises(InvalidInput, match="expected one of running, paused, deciding, ended"):
        serving.list_trials(states=["over"])  # type: ignore[list-item]


def test_one_trial_at_a_time_runs_on_a_subject_and_namespace(serving: ServingStore, trial: Trial) -> None:
    with pytest.raises(InvalidState, match=trial.trial_id):
        serving.create_trial(trial.spec)
    acme = replace(trial.spec, namespace="acme")
    serving.create_trial(acme)
    with pytest.raises(InvalidState, match="'acme'"):
        serving.create_trial(acme)
    paused = serving.update_trial(replace(trial, state="paused"), expected=1)
    with pytest.raises(InvalidState, match="paused"):
        serving.create_trial(trial.spec)
    serving.update_trial(replace(paused, state="ended"), expected=2)
    assert serving.create_trial(trial.spec).trial_id != trial.trial_id


def test_of_several_who_start_a_trial_at_once_one_does(serving: ServingStore, name: str) -> None:
    told = _at_once(4, lambda number: serving.create_trial(_spec(name, name=str(number))))
    (won,) = [one for one in told if isinstance(one, Trial)]
    assert [type(one) for one in told if one is not won] == [InvalidState] * 3
    assert serving.list_trials(subject=won.spec.subject) == [won]


def test_a_definition_that_does_not_hold_together_is_refused_with_every_mistake(
    serving: ServingStore, name: str
) -> None:
    arms = [Arm(name="a b", model="models:/joker/1", weight=0.0)]
    with pytest.raises(InvalidInput) as caught:
        serving.create_trial(_spec(name, arms=arms, stopping=StoppingRule(metric="likes", confidence=1.0)))
    said = str(caught.value)
    for mistake in ("arms are 1", "'a b'", "the weight 0", "'likes'", "stopping.confidence is 1"):
        assert mistake in said
    assert serving.list_trials(subject=f"endpoint:{name}") == []


def test_a_trial_changes_only_from_the_expected_revision(serving: ServingStore, trial: Trial) -> None:
    phases = [*trial.phases, Phase(number=1, start_time=trial.creation_time + 5000, weights={"bold": 1.0})]
    decision = Decision(kind="harmed", said="too slow", by="guardrail", at=5)
    changed = serving.update_trial(replace(trial, phases=phases, removed={"bold": decision}), expected=1)
    assert (changed.revision, changed.phases, changed.removed) == (2, phases, {"bold": decision})
    assert serving.get_trial(trial.trial_id) == changed
    with pytest.raises(InvalidState, match="the revision 1 was expected, and it is 2"):
        serving.update_trial(replace(trial, state="ended"), expected=1)
    assert serving.get_trial(trial.trial_id) == changed


def test_of_several_who_change_a_trial_at_once_one_does(serving: ServingStore, trial: Trial) -> None:
    def change(number: int) -> Trial:
        said = Decision(kind="stopped", by=f"server {number}")
        return serving.update_trial(replace(trial, state="ended", decision=said), expected=1)

    told = _at_once(4, change)
    (won,) = [one for one in told if isinstance(one, Trial)]
    assert [type(one) for one in told if one is not won] == [InvalidState] * 3
    assert serving.get_trial(trial.trial_id) == won
    assert won.revision == 2


def test_what_was_written_of_a_trial_stays(serving: ServingStore, trial: Trial) -> None:
    other = replace(trial.spec, holdout=0.5)
    moved = [replace(trial.phases[0], start_time=1)]
    for changes, said in (
        ({"spec": other}, "another definition"),
        ({"phases": moved}, "not all there"),
        ({"phases": []}, "not all there"),
    ):
        with pytest.raises(InvalidState, match=said):
            serving.update_trial(replace(trial, **changes), expected=1)
    assert serving.get_trial(trial.trial_id) == trial
    forged = serving.update_trial(replace(trial, created_by="eve", creation_time=1, revision=9), expected=1)
    assert (forged.created_by, forged.creation_time, forged.revision) == ("", trial.creation_time, 2)


def test_an_arm_joins_a_running_trial_with_a_new_phase(serving: ServingStore, name: str) -> None:
    trial = serving.create_trial(_spec(name, max_arms=3))
    phase = Phase(number=1, start_time=trial.creation_time + 1, weights={"control": 1.0, "bold": 1.0, "third": 1.0})
    added = [AddedArm(arm=Arm(name="third", model="models:/joker/3"), phase=1)]
    grown = serving.update_trial(replace(trial, phases=[*trial.phases, phase], added=added), expected=1)
    assert [arm.name for arm in grown.arms] == ["control", "bold", "third"]
    assert serving.record_outcomes([_outcome(trial, "u", arm="third", phase=1)]) == 1
    more = [*added, AddedArm(arm=Arm(name="fourth", model="models:/joker/4"), phase=1)]
    with pytest.raises(InvalidInput, match="at most 3 ever take part"):
        serving.update_trial(replace(grown, added=more), expected=2)


def test_an_unknown_trial_is_not_found(serving: ServingStore, trial: Trial) -> None:
    gone = "t-" + "0" * 32
    with pytest.raises(NotFound, match=gone):
        serving.get_trial(gone)
    with pytest.raises(NotFound):
        serving.update_trial(replace(trial, trial_id=gone), expected=1)
    with pytest.raises(NotFound):
        serving.tallies(gone)
    with pytest.raises(NotFound):
        serving.drop_outcomes(gone, "u", ["thumb"])
    with pytest.raises(NotFound):
        serving.record_outcomes([_outcome(trial, "u"), replace(_outcome(trial, "v"), trial_id=gone)])
    assert serving.tallies(trial.trial_id) == []


def test_outcomes_are_summed_by_metric_arm_and_phase(serving: ServingStore, trial: Trial) -> None:
    phases = [*trial.phases, Phase(number=1, start_time=trial.creation_time, weights={"control": 1.0, "bold": 1.0})]
    serving.update_trial(replace(trial, phases=phases), expected=1)
    counted = serving.record_outcomes(
        [
            _outcome(trial, "a", 1.0),
            _outcome(trial, "b", 0.5),
            _outcome(trial, "c", 0.0, arm="bold"),
            _outcome(trial, "a", 7.0, metric="words"),
            _outcome(trial, "d", 1.0, phase=1),
            _outcome(trial, "a", 0.25, metric="latency_s"),
            _outcome(trial, "a", 1.0, metric=EXPOSED),
        ]
    )
    assert counted == 7
    serving.record_outcomes([_outcome(trial, "e", 0.25)])
    assert serving.tallies(trial.trial_id) == [
        Tally(metric="latency_s", arm="control", phase=0, n=1, total=0.25, squares=0.0625),
        Tally(metric=EXPOSED, arm="control", phase=0, n=1, total=1.0, squares=1.0),
        Tally(metric="thumb", arm="bold", phase=0, n=1, total=0.0, squares=0.0),
        Tally(metric="thumb", arm="control", phase=0, n=3, total=1.75, squares=1.3125),
        Tally(metric="thumb", arm="control", phase=1, n=1, total=1.0, squares=1.0),
        Tally(metric="words", arm="control", phase=0, n=1, total=7.0, squares=49.0),
    ]


def test_a_unit_counts_once_by_its_first_value(serving: ServingStore, trial: Trial) -> None:
    assert serving.record_outcomes([_outcome(trial, "a", 1.0), _outcome(trial, "a", 0.0)]) == 1
    assert serving.record_outcomes([_outcome(trial, "a", 1.0)]) == 0
    assert serving.record_outcomes([_outcome(trial, "a", 0.0, arm="bold"), _outcome(trial, "b", 0.0)]) == 1
    (tally,) = serving.tallies(trial.trial_id)
    assert (tally.arm, tally.n, tally.total) == ("control", 2, 1.0)
    assert serving.record_outcomes([]) == 0


def test_trials_count_apart(serving: ServingStore, trial: Trial) -> None:
    other = serving.create_trial(replace(trial.spec, namespace="acme"))
    assert serving.record_outcomes([_outcome(trial, "a"), _outcome(other, "a", 0.0)]) == 2
    assert [tally.total for each in (trial, other) for tally in serving.tallies(each.trial_id)] == [1.0, 0.0]


def test_a_large_batch_is_counted_and_again_is_not(serving: ServingStore, trial: Trial) -> None:
    batch = [_outcome(trial, f"unit {number:04}", number % 2, arm=("control", "bold")[number % 3 == 0])
             for number in range(1013)]  # fmt: skip
    assert serving.record_outcomes(batch) == 1013
    assert serving.record_outcomes(batch[::-1]) == 0
    assert sum(tally.n for tally in serving.tallies(trial.trial_id)) == 1013
    assert sum(tally.total for tally in serving.tallies(trial.trial_id)) == sum(one.value for one in batch)


def test_several_who_record_the_same_units_at_once_count_each_once(serving: ServingStore, trial: Trial) -> None:
    batch = [_outcome(trial, f"u{number}", 1.0, metric=metric) for number in range(60) for metric in ("thumb", "words")]

    def record(number: int) -> int:
        turned = batch[number * 10 :] + batch[: number * 10]
        return sum(serving.record_outcomes(turned[begin : begin + 30]) for begin in range(0, 120, 30))

    counted = _at_once(4, record)
    assert sum(counted) == 120  # type: ignore[arg-type]
    assert [(tally.metric, tally.n, tally.total) for tally in serving.tallies(trial.trial_id)] == [
        ("thumb", 60, 60.0),
        ("words", 60, 60.0),
    ]


def test_what_an_arm_failed_at_leaves_the_count_for_good(serving: ServingStore, trial: Trial) -> None:
    serving.record_outcomes(
        [_outcome(trial, "a", 0.1), _outcome(trial, "b", 0.3), _outcome(trial, "a", 5.0, metric="words")]
    )
    serving.drop_outcomes(trial.trial_id, "a", ["thumb", "latency_s"])
    serving.drop_outcomes(trial.trial_id, "a", ["thumb"])
    late = [_outcome(trial, "a", 1.0), _outcome(trial, "a", 2.0, metric="latency_s")]
    assert serving.record_outcomes(late) == 0
    found = {tally.metric: (tally.n, tally.total) for tally in serving.tallies(trial.trial_id)}
    assert found["words"] == (1, 5.0)
    assert found["thumb"] == (1, pytest.approx(0.3))
    assert set(found) == {"thumb", "words"}
    serving.drop_outcomes(trial.trial_id, "b", ["thumb"])
    serving.drop_outcomes(trial.trial_id, "b", [])
    serving.record_outcomes([_outcome(trial, "c", 0.0)])
    (thumb,) = [tally for tally in serving.tallies(trial.trial_id) if tally.metric == "thumb"]
    assert thumb == Tally(metric="thumb", arm="control", phase=0, n=1, total=0.0, squares=0.0)


def test_dropping_and_recording_at_once_agree(serving: ServingStore, trial: Trial) -> None:
    batch = [_outcome(trial, f"u{number}") for number in range(40)]

    def work(number: int) -> object:
        if number % 2:
            return [serving.record_outcomes([one]) for one in batch]
        return [serving.drop_outcomes(trial.trial_id, one.unit, ["thumb"]) for one in reversed(batch)]

    assert not any(isinstance(told, Exception) for told in _at_once(4, work))
    assert serving.tallies(trial.trial_id) == []


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"metric": "likes"}, "no metric 'likes'"),
        ({"arm": "third"}, "no arm 'third'"),
        ({"phase": 1}, "no phase 1"),
        ({"value": 1.5}, "bounds 0 to 1"),
        ({"value": -0.1}, "bounds 0 to 1"),
        ({"value": math.nan}, "finite"),
        ({"value": math.inf, "metric": "words"}, "finite"),
        ({"unit": ""}, "hash of a key"),
        ({"unit": "u" * 101}, "at most 100"),
    ],
)
def test_an_outcome_that_does_not_fit_is_refused_with_all_that_came_along(
    serving: ServingStore, trial: Trial, changes: dict[str, Any], said: str
) -> None:
    with pytest.raises(InvalidInput, match=said):
        serving.record_outcomes([_outcome(trial, "good"), replace(_outcome(trial, "bad"), **changes)])
    assert serving.tallies(trial.trial_id) == []


def test_more_than_a_call_may_hold_is_refused(serving: ServingStore, trial: Trial) -> None:
    with pytest.raises(InvalidInput, match="at most 10,000 outcomes"):
        serving.record_outcomes([_outcome(trial, "u")] * 10_001)


def test_an_answer_is_found_by_its_id_and_by_its_trace(serving: ServingStore, unique: Unique, trial: Trial) -> None:
    response, trace = unique("chatcmpl"), unique("tr")
    given = Served(
        response_id=response,
        trace_id=trace,
        endpoint="joker",
        at=7,
        trial_id=trial.trial_id,
        arm="bold",
        phase=0,
        unit="ab" * 16,
        experiment="endpoints/joker",
    )
    plain = Served(response_id=unique("resp"), trace_id=unique("tr"), endpoint="joker", at=8)
    serving.record_served([given, plain])
    assert serving.get_served(response) == serving.get_served(trace) == given
    assert serving.get_served(plain.trace_id) == plain


def test_an_answer_noted_before_stays_as_it_is(serving: ServingStore, unique: Unique) -> None:
    first = Served(response_id=unique("resp"), trace_id=unique("tr"), endpoint="joker", at=7)
    again = replace(first, trace_id=unique("tr"), at=9)
    serving.record_served([first, first])
    serving.record_served([replace(first, endpoint="other"), again])
    assert serving.get_served(first.response_id) == first
    assert serving.get_served(again.trace_id) == again
    serving.record_served([])


def test_an_answer_that_nobody_gave_is_not_found(serving: ServingStore, unique: Unique) -> None:
    for name in (unique("resp"), "tr-0"):
        with pytest.raises(NotFound, match="noted within seconds"):
            serving.get_served(name)
    with pytest.raises(InvalidInput, match="both empty"):
        serving.record_served([Served(response_id="", trace_id="", endpoint="joker", at=7)])


def test_an_answer_without_an_id_is_found_by_its_trace(serving: ServingStore, unique: Unique) -> None:
    given = Served(response_id="", trace_id=unique("tr"), endpoint="embed", at=7)
    serving.record_served([given, replace(given, trace_id=unique("tr"))])
    assert serving.get_served(given.trace_id) == given


def test_deployments_are_listed_newest_first(serving: ServingStore, unique: Unique) -> None:
    name = unique("deployment")
    for kind in ("docker", "kubernetes"):
        made = serving.record_deployment(
            Deployment(deployment_id="", kind=kind, name=name, endpoints=["joker"], target="https://ada:pass@host/x")
        )
        assert made.deployment_id
        assert made.creation_time > 0
    own = [found for found in serving.list_deployments() if found.name == name]
    assert [found.kind for found in own] == ["kubernetes", "docker"]
    assert own[0] == made
    assert "pass@" not in own[0].target
    with pytest.raises(InvalidInput, match="needs its kind"):
        serving.record_deployment(Deployment(deployment_id="", kind="", name=name, endpoints=[]))


def test_the_note_of_an_answer_goes_with_its_trace(
    serving: ServingStore, store: Store, experiment: str, unique: Unique
) -> None:
    answers = [
        Served(response_id=unique("resp"), trace_id=new_trace_id(), endpoint="joker", at=number) for number in range(3)
    ]
    serving.record_served(answers)
    for one in answers:
        serving.expect_trace(one.trace_id, experiment, at=one.at)
    gone, *kept = answers
    assert store.delete_traces(experiment, trace_ids=[gone.trace_id]) == 1
    with pytest.raises(NotFound):
        serving.get_served(gone.response_id)
    assert [serving.get_served(one.trace_id) for one in kept] == kept
    assert store.delete_traces(experiment, max_timestamp_ms=10) == 2
    with pytest.raises(NotFound):
        serving.get_served(kept[1].trace_id)


def test_old_notes_without_a_trace_are_pruned_with_traces(
    serving: ServingStore, store: Store, experiment: str, unique: Unique
) -> None:
    name = store.get_experiment(experiment).name
    note = Served(response_id="", trace_id="", endpoint="joker", at=100, experiment=name)

    def given(**fields: Any) -> Served:
        return replace(note, **{"response_id": unique("resp"), "trace_id": new_trace_id(), **fields})

    old, untraced, new = given(), given(trace_id=""), given(at=101)
    traced, elsewhere = given(), given(experiment=unique("elsewhere"))
    serving.record_served([old, untraced, new, traced, elsewhere])
    serving.expect_trace(traced.trace_id, experiment, at=200)
    plan = store.plan_pruning([experiment], older_than_ms=101)
    assert (plan.before_ms, plan.traces, plan.notes) == (100, 0, 2)
    assert prune(store, [experiment], older_than_ms=101) == plan
    for one in (old, untraced):
        with pytest.raises(NotFound):
            serving.get_served(one.response_id)
    assert [serving.get_served(one.response_id) for one in (new, traced, elsewhere)] == [new, traced, elsewhere]
    assert prune(store, [experiment], older_than_ms=101).before_ms is None
    assert prune(store, [experiment], keep_bytes=0).notes == 1
    with pytest.raises(NotFound):
        serving.get_served(new.response_id)


def test_notes_of_no_experiment_are_pruned_with_the_default_one(
    serving: ServingStore, store: Store, unique: Unique
) -> None:
    note = Served(response_id=unique("resp"), trace_id="", endpoint="joker", at=-5, experiment=unique("never-made"))
    own = store.create_experiment(unique("made"))
    of_own = replace(note, response_id=unique("resp"), experiment=store.get_experiment(own).name)
    serving.record_served([note, of_own])
    assert store.plan_pruning(["0"], older_than_ms=-4).notes == 1
    after: int | None = 0
    while after is not None:
        after = serving.prune_notes(["0"], before_ms=-5, after=after).after
    with pytest.raises(NotFound):
        serving.get_served(note.response_id)
    assert serving.get_served(of_own.response_id) == of_own
    assert serving.prune_notes([], before_ms=5).deleted == 0
    with pytest.raises(InvalidInput, match="expected a decimal number"):
        serving.prune_notes(["x"], before_ms=5)


def test_a_trace_is_known_before_its_spans_and_stays_as_it_is(
    serving: ServingStore, store: Store, experiment: str
) -> None:
    trace_id = new_trace_id()
    serving.expect_trace(trace_id, experiment, at=7)
    found = store.get_trace_info(trace_id)
    assert (found.experiment_id, found.timestamp_ms, found.state) == (experiment, 7, "STATE_UNSPECIFIED")
    serving.expect_trace(trace_id, "0", at=9)
    assert store.get_trace_info(trace_id) == found
    with pytest.raises(NotFound):
        serving.expect_trace(new_trace_id(), "9" * 17, at=1)
    with pytest.raises(InvalidInput, match="expected 'tr-'"):
        serving.expect_trace("", experiment, at=1)
    store.delete_experiment(experiment)
    with pytest.raises(InvalidInput, match="deleted"):
        serving.expect_trace(new_trace_id(), experiment, at=1)
