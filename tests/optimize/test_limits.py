"""One budget for proposals, answers and judgements; nothing is paid for twice; bad input is refused first."""

from __future__ import annotations

import json
from typing import Any

import pytest

import quire
from quire.domain.errors import InvalidInput, NotFound, SchemaError
from quire.evaluate import EvaluationStopped
from quire.judges import make_judge
from quire.optimize.splitting import Parts
from tests.optimize.conftest import BETTER, GOOD, Answering, exact, proposing


def test_calls_stay_within_their_limit_and_the_decision_is_kept_back(
    answering: Answering, prompt: Any, data: Any
) -> None:
    simulator = answering([BETTER, GOOD, "Shout {{word}}"], [], [])
    found = quire.optimize_prompt(prompt, data, exact, max_calls=60)
    assert len(simulator.requests) == found.calls <= 60
    assert found.decision == "better"  # 16 + 1 + 16 for the search, and 24 kept back for the held-out records
    assert found.stopped is not None
    assert "no more candidates" in found.stopped
    assert [one.template for one in found.candidates if one.score is not None and one.round] == [BETTER]


@pytest.mark.parametrize("limit", [1, 20, 45])
def test_a_limit_that_is_too_small_ends_the_search_before_it_is_passed(
    answering: Answering, prompt: Any, data: Any, limit: int
) -> None:
    simulator = answering([BETTER], [], [])
    found = quire.optimize_prompt(prompt, data, exact, max_calls=limit)
    assert len(simulator.requests) <= limit
    assert (found.decision, found.registered) == ("no candidate", False)
    assert found.stopped is not None


@pytest.mark.parametrize("budget", [0.000001, 0.0001, 0.0004, 0.0007, 0.001])
def test_dollars_stay_within_their_limit(answering: Answering, prompt: Any, data: Any, budget: float) -> None:
    answering([BETTER, GOOD, "Shout {{word}}"], [], [])
    found = quire.optimize_prompt(
        prompt, data, exact, budget_usd=budget, params={"max_tokens": 8}, proposer=_bounded("gpt-4o-mini")
    )
    assert found.spent_usd <= budget
    assert found.spent_usd == pytest.approx(sum(_costs(found.run_id)), rel=0.6)


def _bounded(model: str) -> Any:
    return quire.optimize.ModelProposer(model, {"max_tokens": 200})


def _costs(run_id: str) -> list[float]:
    runs = quire.search_runs(filter_string=f"tags.`mlflow.parentRunId` = '{run_id}'", output_format="list")
    return [run.data.metrics.get("spent_usd", 0.0) for run in runs]


def test_judges_are_paid_from_the_same_budget(answering: Answering, prompt: Any, data: Any) -> None:
    simulator = answering([BETTER], [], [])
    verdict = json.dumps({"rationale": "As it is.", "result": True})
    simulator.behave(recording={**simulator.behaviour.recording, "Is it polite, in your view? ": verdict})
    judge = make_judge("polite", "Is it polite, in your view? {{ outputs }}", feedback_value_type=bool)
    found = quire.optimize_prompt(prompt, data, [exact, judge], max_calls=100)
    judged = [one for one in simulator.requests if "polite" in one.body["messages"][-1]["content"]]
    assert judged
    assert len(simulator.requests) == found.calls <= 100
    assert judge.options is None


def test_a_judge_has_a_share_of_the_dollars(answering: Answering, prompt: Any, data: Any) -> None:
    simulator = answering([BETTER], [], [])
    verdict = json.dumps({"rationale": "As it is.", "result": True})
    simulator.behave(recording={**simulator.behaviour.recording, "Is it polite, in your view? ": verdict})
    judge = make_judge(
        "polite",
        "Is it polite, in your view? {{ outputs }}",
        feedback_value_type=bool,
        inference_params={"max_tokens": 50},
    )
    found = quire.optimize_prompt(
        prompt, data, [exact, judge], budget_usd=0.0004, params={"max_tokens": 8}, proposer=_bounded("gpt-4o-mini")
    )
    assert found.spent_usd <= 0.0004
    assert found.stopped is not None
    assert judge.spent.cost_usd is not None
    assert 0 < judge.spent.cost_usd <= 0.0004
    assert judge.options is None


def test_running_again_pays_nothing_twice_and_finds_the_same(answering: Answering, prompt: Any, data: Any) -> None:
    simulator = answering([GOOD], [BETTER], [])
    first = quire.optimize_prompt(prompt, data, exact, max_calls=1000, register="never")
    paid = len(simulator.requests)
    again = quire.optimize_prompt(prompt, data, exact, max_calls=1000, register="never")
    assert len(simulator.requests) == paid == first.calls
    assert (again.calls, again.spent_usd) == (0, 0)
    assert again.best.template == first.best.template
    assert [one.score for one in again.candidates] == [one.score for one in first.candidates]


def test_a_larger_budget_goes_on_where_a_smaller_one_ended(answering: Answering, prompt: Any, data: Any) -> None:
    simulator = answering([GOOD], [BETTER], [])
    quire.optimize_prompt(prompt, data, exact, max_calls=60)
    before = len(simulator.requests)
    found = quire.optimize_prompt(prompt, data, exact, max_calls=1000)
    assert found.best.template == BETTER
    assert len(simulator.requests) == before + found.calls
    assert len(proposing(simulator)) == 2


def test_a_growing_sample_is_paid_for_once_without_a_cache_too(answering: Answering, prompt: Any, data: Any) -> None:
    simulator = answering([BETTER], [], [])
    quire.optimize_prompt(prompt, data, exact, max_calls=1000, cache=False)
    asked = [one.body["messages"][-1]["content"] for one in simulator.requests]
    assert len(asked) == len(set(asked))


def test_a_refused_key_is_an_error(answering: Answering, prompt: Any, data: Any) -> None:
    answering([GOOD], api_keys=("another",))
    with pytest.raises(EvaluationStopped, match="401"):
        quire.optimize_prompt(prompt, data, exact, max_calls=1000)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, "No limit was given"),
        ({"budget_usd": 0}, "budget_usd is 0"),
        ({"budget_usd": -1.0}, "budget_usd"),
        ({"budget_usd": float("nan")}, "budget_usd"),
        ({"max_calls": 0}, "max_calls is 0"),
        ({"max_calls": True}, "max_calls"),
        ({"max_calls": 9, "held_out": 0}, "held_out"),
        ({"max_calls": 9, "held_out": 1.5}, "held_out"),
        ({"max_calls": 9, "held_out": 0.05}, "no difference could be shown"),
        ({"max_calls": 9, "confidence": 1}, "confidence"),
        ({"max_calls": 9, "rounds": 0}, "rounds"),
        ({"max_calls": 9, "seed": -1}, "seed"),
        ({"max_calls": 9, "register": "maybe"}, "register"),
        ({"max_calls": 9, "objective": "nothing"}, "objective is 'nothing'"),
        ({"max_calls": 9, "proposer": 3}, "proposer"),
        ({"max_calls": 9, "unknown": 3}, "unknown"),
    ],
)
def test_bad_arguments_are_refused_before_anything_is_sent(
    answering: Answering, prompt: Any, data: Any, given: dict[str, Any], said: str
) -> None:
    simulator = answering()
    with pytest.raises(InvalidInput, match=said):
        quire.optimize_prompt(prompt, data, exact, **given)
    assert simulator.requests == []


def test_a_prompt_without_variables_is_refused(data: Any) -> None:
    quire.register_prompt("fixed", "Say something")
    with pytest.raises(InvalidInput, match="has no variables"):
        quire.optimize_prompt("prompts:/fixed/1", data, exact, max_calls=9)


def test_too_little_data_to_divide_is_refused(prompt: Any, data: Any) -> None:
    with pytest.raises(InvalidInput, match="too small: 7 records to learn from and 3 held out"):
        quire.optimize_prompt(prompt, data[:10], exact, max_calls=9)


def test_held_out_data_that_is_learned_from_too_is_refused(prompt: Any, data: Any) -> None:
    with pytest.raises(InvalidInput, match="1 of the records to learn from are held out too"):
        quire.optimize_prompt(prompt, data[:20], exact, max_calls=9, held_out=data[19:])


def test_data_without_the_variable_is_refused(answering: Answering, prompt: Any) -> None:
    simulator = answering()
    with pytest.raises(SchemaError, match="lacks the column"):
        quire.optimize_prompt(prompt, [{"inputs": {"name": str(n)}} for n in range(40)], exact, max_calls=9)
    assert simulator.requests == []


@pytest.mark.parametrize("scorers", ["nope", [], [exact, exact], 3])
def test_what_is_no_scorer_is_refused(prompt: Any, data: Any, scorers: Any) -> None:
    with pytest.raises(InvalidInput):
        quire.optimize_prompt(prompt, data, scorers, max_calls=9)


def test_a_prompt_that_there_is_not(data: Any) -> None:
    with pytest.raises(NotFound):
        quire.optimize_prompt("prompts:/none/1", data, exact, max_calls=9)
    with pytest.raises(InvalidInput, match="prompt is 3"):
        quire.optimize_prompt(3, data, exact, max_calls=9)  # type: ignore[arg-type]


def test_a_prompt_without_a_model_says_how_to_name_one(data: Any) -> None:
    bare = quire.register_prompt("bare", "Say {{word}}")
    with pytest.raises(InvalidInput, match="no model is named"):
        quire.optimize_prompt(bare, data, exact, max_calls=9)


def test_a_text_score_is_no_objective(answering: Answering, prompt: Any, data: Any) -> None:
    answering()
    label = quire.scorer(name="label")(lambda outputs: "fine")
    with pytest.raises(InvalidInput, match="text"):
        quire.optimize_prompt(prompt, data, label, max_calls=1000)


def test_a_prompt_with_parts_other_than_text_needs_another_proposer(data: Any) -> None:
    parts = [{"role": "user", "content": [{"type": "text", "text": "Say {{word}}"}]}]
    made = quire.register_prompt("parts", parts)
    with pytest.raises(InvalidInput, match="proposer of your own"):
        quire.optimize_prompt(made, data, exact, model="gpt-4o-mini", max_calls=9)


def test_a_budget_that_ends_while_it_is_decided_leaves_it_undecided(
    answering: Answering, prompt: Any, data: Any
) -> None:
    simulator = answering([GOOD], [], [])
    held = [record.inputs["word"] for record in Parts(data, 0.3, 0, 6).held_out]
    dear = {f"Repeat {word}": "and so on " * 1000 for word in held}
    simulator.behave(recording={**simulator.behaviour.recording, **dear})
    found = quire.optimize_prompt(prompt, data, exact, budget_usd=0.005, max_concurrency=1, register="always")
    assert (found.decision, found.registered, found.best.template) == ("undecided", False, GOOD)
    assert found.stopped is not None
    assert "spend limit" in found.stopped
    assert "before the held-out split decided" in str(found)


def test_a_candidate_that_fails_on_more_held_out_records_is_not_better(
    answering: Answering, prompt: Any, data: Any
) -> None:
    simulator = answering([BETTER], [], [])
    held = [record.inputs["word"] for record in Parts(data, 0.3, 0, 6).held_out]
    recording = {**simulator.behaviour.recording}
    for word in held[:2]:
        del recording[f"Repeat exactly {word}"]
    simulator.behave(recording=recording)
    found = quire.optimize_prompt(prompt, data, exact, max_calls=1000, max_retries=0)
    assert found.comparison is not None
    assert (found.comparison["exact"].verdict, found.comparison["exact"].missing_b) == ("better", 2)
    assert (found.decision, found.registered) == ("no difference shown", False)


def test_a_judge_that_runs_out_of_dollars_decides_nothing(answering: Answering, prompt: Any, data: Any) -> None:
    simulator = answering([BETTER], [], [])
    verdict = json.dumps({"rationale": "As it is. " * 100, "result": True})
    simulator.behave(recording={**simulator.behaviour.recording, "Is it polite, in your view? ": verdict})
    judge = make_judge("polite", "Is it polite, in your view? {{ outputs }}", feedback_value_type=bool)
    found = quire.optimize_prompt(prompt, data, [judge, exact], budget_usd=0.001, objective="exact", max_concurrency=1)
    assert found.decision == "no candidate"
    assert found.stopped is not None
    assert "on scorers that ask a service" in found.stopped
