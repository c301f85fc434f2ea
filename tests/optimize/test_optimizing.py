"""A prompt gets better where the held-out records show it, and stays as it is where they do not."""

from __future__ import annotations

import json
from typing import Any

import pytest

import quire
from quire.optimize import Request
from quire.optimize.splitting import Parts
from tests.optimize.conftest import BAD, BETTER, GOOD, PLAIN, Answering, asked, exact, proposing


def test_a_bad_prompt_becomes_a_better_version_with_its_evidence(answering: Answering, prompt: Any, data: Any) -> None:
    answering([GOOD], [BETTER], [])
    found = quire.optimize_prompt(prompt, data, exact, max_calls=1000)
    assert (found.decision, found.best.template, found.registered) == ("better", BETTER, True)
    made = quire.load_prompt("prompts:/echo/2")
    assert made.template == BETTER == found.prompt.template
    assert made.model_config == prompt.model_config
    assert made.commit_message is not None
    assert made.commit_message.startswith("Optimised from version 1: exact ")
    assert "interval" in made.commit_message
    assert made.tags["quire.optimization.run_id"] == found.run_id
    evidence = quire.load_evaluation(made.tags["quire.optimization.evaluation_run_id"])
    assert evidence.compare("original", found.best.name)["exact"].verdict == "better"
    assert found.diff().messages[0].kind == "changed"


def test_the_run_holds_every_candidate_with_its_score_and_cost(answering: Answering, prompt: Any, data: Any) -> None:
    answering([GOOD, "Shout {{word}}"], [BETTER], [])
    found = quire.optimize_prompt("prompts:/echo/1", data, [exact], budget_usd=1.0)
    run = quire.get_run(found.run_id)
    assert run.data.params["prompt"] == "prompts:/echo/1"
    assert run.data.metrics["candidates"] == 3
    assert run.data.metrics["spent_usd"] == pytest.approx(found.spent_usd)
    assert run.data.metrics["held_out/best"] == 1
    kept = json.loads(quire.artifacts.load_text(f"runs:/{found.run_id}/optimization/optimization.json"))
    by_template = {one["template"]: one for one in kept["candidates"]}
    assert set(by_template) == {BAD, GOOD, "Shout {{word}}", BETTER}
    assert by_template["Shout {{word}}"]["score"] == 0
    assert all(one["cost_usd"] > 0 for one in kept["candidates"])
    assert kept["decision"] == "better"


def test_held_out_records_are_in_no_request_for_proposals(answering: Answering, prompt: Any, data: Any) -> None:
    simulator = answering([GOOD, "Shout {{word}}"], [BETTER], [])
    found = quire.optimize_prompt(prompt, data, exact, max_calls=1000, examples=40)
    assert found.evaluation_run_id is not None
    held = {row.inputs["word"] for row in quire.load_evaluation(found.evaluation_run_id).rows("original")}
    assert len(held) == 12
    told = [request.body["messages"][-1]["content"] for request in proposing(simulator)]
    assert len(told) == 2  # the third round's best template does badly on no row
    assert not [word for word in held for text in told if word in text]
    assert [word for word in set(PLAIN) - held if word in told[0]]


def test_the_model_is_told_what_went_wrong(answering: Answering, prompt: Any, data: Any) -> None:
    simulator = answering([GOOD], [], [])
    quire.optimize_prompt(prompt, data, exact, max_calls=1000, proposer="gpt-4o", task="Say the word again.")
    first = proposing(simulator)[0].body
    said = first["messages"][-1]["content"]
    assert first["model"] == "gpt-4o"
    assert first["response_format"]["json_schema"]["strict"] is True
    for part in ("Say the word again.", BAD, "{{word}}", "'exact' (higher is better)", "answered: no", "score: 0"):
        assert part in said


def test_no_improvement_makes_no_version(answering: Answering, prompt: Any, data: Any) -> None:
    answering(["Shout {{word}}"], [], [])
    found = quire.optimize_prompt(prompt, data, exact, max_calls=1000)
    assert (found.decision, found.registered, found.prompt) == ("no candidate", False, prompt)
    assert "no candidate was better" in str(found)
    assert len(quire.search_prompt_versions("echo")) == 1


def test_what_is_only_better_by_chance_makes_no_version(answering: Answering, prompt: Any, data: Any) -> None:
    simulator = answering([GOOD], [], [])
    recording = {**simulator.behaviour.recording}
    for word in PLAIN:
        recording[f"Repeat {word}"] = recording[f"Say {word}"]
    simulator.behave(recording=recording)
    development = Parts(data, 0.3, 0, 6).sample(28)
    missed = next(record.inputs["word"] for record in development if recording[f"Say {record.inputs['word']}"] == "no")
    simulator.behave(recording={**recording, f"Repeat {missed}": missed})
    found = quire.optimize_prompt(prompt, data, exact, max_calls=1000)
    assert (found.decision, found.best.template) == ("no difference shown", GOOD)
    assert len(quire.search_prompt_versions("echo")) == 1
    always = quire.optimize_prompt(prompt, data, exact, max_calls=1000, register="always")
    assert always.prompt.version == 2
    assert "registered nevertheless" in str(always.prompt.commit_message)


def test_register_never_leaves_the_registry_alone(answering: Answering, prompt: Any, data: Any) -> None:
    answering([BETTER], [], [])
    found = quire.optimize_prompt(prompt, data, exact, max_calls=1000, register="never")
    assert (found.decision, found.registered) == ("better", False)
    assert len(quire.search_prompt_versions("echo")) == 1


def test_bad_proposals_are_discarded_and_counted(answering: Answering, prompt: Any, data: Any) -> None:
    answering(
        [
            "Repeat it",
            "Repeat {{word}} {{other}}",
            BAD,
            "  ",
            GOOD,
            "{% if word %}{{word}}{% endif %}",
            "{{> x/1 }} {{word}}",
        ],
        "Sorry, no.",
        "[]",
    )
    found = quire.optimize_prompt(prompt, data, exact, max_calls=1000, proposals=7)
    reasons = [one.reason for one in found.discarded]
    for place, part in enumerate(
        [
            "drops the variable(s) {{word}}",
            "unknown variable(s) {{other}}",
            "tried already",
            "empty",
            "Jinja",
            "another",
        ]
    ):
        assert part in reasons[place]
    assert "not JSON" in reasons[6]
    assert "no list of 'templates'" in reasons[7]
    assert [one.template for one in found.candidates] == [BAD, GOOD]


def test_a_chat_prompt_is_rewritten_message_by_message(answering: Answering, data: Any) -> None:
    chat = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": BAD}]
    better = [{"role": "system", "content": "Be exact."}, {"role": "user", "content": BETTER}]
    quire.register_prompt("chat", chat)
    answering([better, BETTER], [], [])
    found = quire.optimize_prompt("prompts:/chat/1", data, exact, model="gpt-4o-mini", max_calls=1000)
    assert found.prompt.template == better
    assert "of another form" in found.discarded[0].reason


def test_a_function_may_propose(answering: Answering, prompt: Any, data: Any) -> None:
    simulator = answering()
    seen: list[Request] = []

    def propose(request: Request) -> list[str]:
        seen.append(request)
        return [BETTER]

    found = quire.optimize_prompt(prompt, data, exact, max_calls=1000, proposer=propose)
    assert found.decision == "better"
    assert proposing(simulator) == []
    assert (seen[0].template, seen[0].variables, seen[0].round) == (BAD, ["word"], 1)
    assert all(example.score == 0 for example in seen[0].examples)


def test_a_proposer_that_raises_ends_the_search_and_what_was_found_is_kept(
    answering: Answering, prompt: Any, data: Any
) -> None:
    answering()

    def propose(request: Request) -> list[str]:
        if request.round > 1:
            raise KeyError("gone, api_key=sk-abcdefghijklmnopqrstuvwxyz123456")
        return [GOOD]

    found = quire.optimize_prompt(prompt, data, exact, max_calls=1000, proposer=propose)
    assert (found.decision, found.best.template) == ("better", GOOD)
    assert found.stopped is not None
    assert "KeyError" in found.stopped
    assert "sk-abc" not in found.stopped


def test_missing_scores_count_against_a_candidate(answering: Answering, prompt: Any, data: Any) -> None:
    answering(["Unknown {{word}}"], [], [])
    found = quire.optimize_prompt(prompt, data, exact, max_calls=1000, max_retries=0)
    (candidate,) = [one for one in found.candidates if one.round]
    assert candidate.score == 0
    assert found.decision == "no candidate"


def test_lower_is_better_where_the_scorer_says_so(answering: Answering, prompt: Any, data: Any) -> None:
    answering(["Shout {{word}}", BETTER], [], [])
    errors = quire.scorer(name="errors", higher_is_better=False)(lambda outputs, expectations: outputs == "no")
    found = quire.optimize_prompt(prompt, data, errors, max_calls=1000)
    assert (found.decision, found.best.template, found.best.score) == ("better", BETTER, 0)


def test_held_out_data_may_be_given(answering: Answering, prompt: Any, data: Any) -> None:
    answering([BETTER], [], [])
    found = quire.optimize_prompt(prompt, data[:20], exact, max_calls=1000, held_out=data[20:])
    assert found.comparison is not None
    assert found.comparison.records == 20


def test_groups_stay_on_one_side() -> None:
    rows = [{"inputs": {"n": n}, "group": f"g{n // 4}"} for n in range(80)]
    parts = Parts(rows, 0.4, 3, 6)
    held = {record.group for record in parts.held_out}
    rest = {record.group for record in parts.sample(parts.development_size)}
    assert not held & rest
    assert len(held | rest) == 20
    assert len(held) == 8


def test_asked_words_cover_both_parts(answering: Answering, prompt: Any, data: Any) -> None:
    simulator = answering([BETTER], [], [])
    quire.optimize_prompt(prompt, data, exact, max_calls=1000)
    assert asked(simulator) == set(PLAIN)


def test_a_composed_prompt_is_rewritten_as_a_whole(answering: Answering, data: Any) -> None:
    quire.register_prompt("verb", "Say")
    made = quire.register_prompt("whole", "{{> verb/1 }} {{word}}", model_config={"model_name": "gpt-4o-mini"})
    answering([BETTER], [], [])
    found = quire.optimize_prompt(made, data, exact, max_calls=1000)
    assert found.registered
    assert (found.prompt.template, found.prompt.written, found.prompt.parts) == (BETTER, None, [])


def test_the_same_seed_draws_the_same_parts_and_another_one_others(data: Any) -> None:
    def held(seed: int) -> list[str]:
        return [record.record_id for record in Parts(data, 0.3, seed, 6).held_out]

    assert held(1) == held(1)
    assert held(1) != held(2)
    assert len(held(1)) == len(held(2)) == 12


def test_samples_grow_to_the_whole_and_hold_the_smaller_ones(data: Any) -> None:
    parts = Parts(data, 0.3, 0, 6)
    small, large = ({record.record_id for record in parts.sample(size)} for size in (5, 28))
    assert len(small) == 5
    assert small < large
    assert not large & {record.record_id for record in parts.held_out}


def test_through_a_server(answering: Answering, data: Any, quire_server: str) -> None:
    quire.set_tracking_uri(quire_server)
    made = quire.register_prompt("echo-on-a-server", BAD, model_config={"model_name": "gpt-4o-mini"})
    answering([BETTER], [], [])
    found = quire.optimize_prompt(made, data, exact, max_calls=1000)
    assert found.prompt.uri == "prompts:/echo-on-a-server/2"
    assert quire.load_prompt(found.prompt.uri).tags["quire.optimization.run_id"] == found.run_id
    assert quire.get_run(found.run_id).data.metrics["held_out/best"] == 1
