"""Judges ask a model about each answer, and never guess what it said."""

from __future__ import annotations

import json
from typing import Literal

import pytest

import quire
from quire.domain.errors import InvalidInput, MissingConfiguration
from quire.domain.scores import ScoredRow
from quire.judges import correctness, guidelines, load_judge, make_judge, rubric
from quire.scorers import score, score_rows
from quire.simulator import Behaviour


def reply(result, rationale="Because."):
    return json.dumps({"rationale": rationale, "result": result})


def row(outputs, index=0, **fields):
    return ScoredRow(record_id=str(index), index=index, outputs=outputs, **fields)


@pytest.fixture
def answering(simulator):
    """Has the simulator answer each judge's question by what is found in it."""

    def answer(recording, **more):
        simulator.behaviour = Behaviour(recording=recording, unknown_question="error", **more)
        return simulator

    return answer


@pytest.fixture
def polite():
    return make_judge("polite", "Is this polite? {{ outputs }}", model="gpt-4o-mini", feedback_value_type=bool)


def test_a_judge_says_what_the_model_says_with_its_reasons(answering, polite):
    simulator = answering({"Go away": reply(False, "It sends one off.")})
    (one,) = score(polite, outputs="Go away")
    assert (one.name, one.value, one.rationale, one.error) == ("polite", False, "It sends one off.", None)
    body = simulator.requests[0].body
    assert body["messages"][1] == {"role": "user", "content": "Is this polite? Go away"}
    assert body["response_format"]["json_schema"]["strict"] is True


def test_instructions_show_what_they_name_braces_and_all(answering):
    judge = make_judge("fair", 'Given {{ inputs }} and {"a": {{expectations}}}, is {{ outputs }} fair?')
    simulator = answering({"fair": reply("so so")})
    (one,) = score(judge, inputs={"question": "Why?"}, outputs={"x": 1, "y": "{z}"}, expectations={"gold": [1]})
    assert one.value == "so so"
    said = simulator.requests[0].body["messages"][1]["content"]
    assert said == 'Given Why? and {"a": {"gold":[1]}}, is {"x":1,"y":"{z}"} fair?'


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Yes, very.", "not JSON"),
        ('{"rationale": "x"}', "no 'result'"),
        (reply("yes"), "expected boolean"),
        (reply(None), "expected boolean"),
        (reply(1), "expected boolean"),
        ("[]", "no 'result'"),
        ("", "not JSON"),
    ],
)
def test_a_malformed_reply_is_an_error_of_its_row_and_no_guess(answering, polite, text, said):
    answering({"Bad": text, "Good": reply(True)})
    first, second = score_rows(polite, [row("Bad"), row("Good", 1)])
    assert first[0].value is None
    assert said in first[0].error
    assert second[0].value is True


@pytest.mark.parametrize(
    ("wanted", "kind", "right", "wrong"),
    [
        (bool, "binary", True, 1),
        (int, "number", 4, 4.5),
        (float, "number", 0.5, "0.5"),
        (str, "text", "fine", 3),
        (None, "text", "fine", 3),
        (Literal["yes", "no"], "binary", "yes", "maybe"),
        (Literal[1, 2, 3], "number", 2, 5),
        (Literal["a", "b"], "text", "a", "c"),
        (float | None, "number", None, "x"),
        (bool | None, "binary", True, 1),
    ],
)
def test_each_type_of_result(answering, wanted, kind, right, wrong):
    judge = make_judge("j", "{{ outputs }}", feedback_value_type=wanted)
    answering({"one": reply(right), "two": reply(wrong)})
    first, second = score_rows(judge, [row("one"), row("two", 1)])
    assert judge.kind == kind
    assert first[0].error is None
    assert first[0].value == (True if right == "yes" else right)
    assert second[0].error is not None
    assert second[0].value is None


def test_a_mapping_gives_a_score_for_each_key(answering):
    answering({"x": reply({"tone": 3, "depth": 4})})
    judge = make_judge("j", "{{ outputs }}", feedback_value_type=dict[str, int])
    assert {one.name: one.value for one in score(judge, outputs="x")} == {"j/tone": 3, "j/depth": 4}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("j", "{{ outputs }} and {{ colour }}"), "name {{ colour }}; a judge can be shown"),
        (("j", "Is it good?"), "name nothing to judge"),
        (("j", "  "), "instructions"),
        (("", "{{ outputs }}"), "name"),
        (("j", "{{ outputs }}", "anthropic:/claude"), "OpenAI-compatible"),
        (("j", "{{ outputs }}", ""), "model"),
    ],
)
def test_a_judge_that_could_not_judge_is_refused_when_it_is_made(arguments, said):
    with pytest.raises(InvalidInput, match=said):
        make_judge(*arguments)


@pytest.mark.parametrize("wanted", [list[str], dict[int, str], object, int | str, Literal[None], bytes])
def test_types_that_scores_cannot_hold_are_refused(wanted):
    with pytest.raises(InvalidInput, match="feedback_value_type"):
        make_judge("j", "{{ outputs }}", feedback_value_type=wanted)


def test_what_the_environment_or_the_judge_decides_is_refused():
    with pytest.raises(InvalidInput, match="OPENAI_BASE_URL"):
        make_judge("j", "{{ outputs }}", base_url="http://127.0.0.1:1/v1")
    with pytest.raises(InvalidInput, match="response_format"):
        make_judge("j", "{{ outputs }}", inference_params={"response_format": {}})


def test_without_a_service_the_variable_is_named(polite, monkeypatch):
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(MissingConfiguration, match="OPENAI_API_KEY"):
        list(score_rows(polite, [row("x")]))


# -- many rows ---------------------------------------------------------------------------------------


def test_a_fence_around_the_reply_is_left_out(answering, polite):
    answering({"x": f"```json\n{reply(True)}\n```"})
    assert score(polite, outputs="x")[0].value is True


def test_all_rows_go_out_in_one_stream_and_come_back_in_order(answering, polite):
    simulator = answering({f"answer {n} ": reply(n % 2 == 0) for n in range(30)}, latency_ms="uniform:1:20")
    found = [scores[0].value for scores in score_rows(polite, (row(f"answer {n} ", n) for n in range(30)))]
    assert found == [n % 2 == 0 for n in range(30)]
    assert len(simulator.requests) == 30


def test_rows_that_cannot_be_asked_about_keep_their_places(answering):
    answering({"ok": reply(True)})
    rows = [
        row(None, 0),
        row("ok", 1, expectations={"guidelines": ["Be kind."]}),
        row(None, 2, error="timeout"),
        row("ok", 3, expectations={}),
        row("ok", 4, expectations={"guidelines": "Be kind."}),
        row("ok \ud800", 5, expectations={"guidelines": "Be kind."}),
    ]
    found = [scores[0] for scores in score_rows(guidelines(), rows)]
    assert [one.value for one in found] == [None, True, None, None, True, None]
    assert [one.error is None for one in found] == [False, True, True, False, True, False]
    assert "'guidelines'" in found[3].error


def test_a_service_that_fails_is_an_error_of_the_row(simulator, polite):
    simulator.behaviour = Behaviour(models=["another"])
    (scores,) = score_rows(polite, [row("x")])
    assert scores[0].value is None
    assert "could not be asked" in scores[0].error


def test_spend_is_counted_apart_and_adds_up(answering, polite):
    answering({"x": reply(True)})
    list(score_rows(polite, [row("x", n) for n in range(3)]))
    first = polite.spent
    assert (first.questions, first.requests, first.failed) == (3, 3, 0)
    assert first.input_tokens > 0
    assert first.cost_usd > 0
    score(polite, outputs="x")
    assert polite.spent.requests == 4
    assert polite.spent.cost_usd > first.cost_usd


def test_a_spend_limit_stops_the_judge_and_says_so_on_the_rows(answering):
    from quire.caller import CallerOptions

    answering({"x": reply(True)})
    judge = make_judge("j", "{{ outputs }}", model="gpt-4o", feedback_value_type=bool)
    judge.options = CallerOptions(max_cost_usd=0.0000001)
    found = [scores[0] for scores in score_rows(judge, [row("x", n) for n in range(3)])]
    assert all(one.value is None for one in found)
    assert "spend" in found[0].error


def test_answers_that_are_kept_are_not_paid_for_again(answering, polite, tmp_path):
    from quire.caller import Journal

    simulator = answering({"x": reply(True)})
    for _time in range(2):
        polite.kept = Journal(tmp_path / "judge.journal")
        try:
            assert [scores[0].value for scores in score_rows(polite, [row("x"), row("x", 1)])] == [True, True]
        finally:
            polite.kept.close()
    assert len(simulator.requests) == 2
    assert (polite.spent.questions, polite.spent.requests, polite.spent.replayed) == (4, 2, 2)


def test_a_judge_can_be_shown_the_trace(answering, tmp_path):
    quire.set_tracking_uri(f"sqlite:///{tmp_path}/quire.db")
    with quire.start_span("answering") as span:
        span.set_outputs("It looked in the cupboard.")
    judge = make_judge("thorough", "Was this thorough? {{ trace }}", feedback_value_type=bool)
    simulator = answering({"cupboard": reply(True)})
    rows = [row("x", trace_id=span.trace_id), row("x", 1)]
    first, second = (scores[0] for scores in score_rows(judge, rows))
    assert first.value is True
    assert "needs the answer's trace" in second.error
    assert score(judge, outputs="x", trace=quire.get_trace(span.trace_id))[0].value is True
    assert len(simulator.requests) == 2


# -- what comes with Quire ---------------------------------------------------------------------------


def test_a_rubric_gives_one_of_its_levels(answering):
    judge = rubric("clarity", "How clear it is.", {1: "Not {at all}", 5: "Entirely"}, model="openai:/gpt-4o-mini")
    simulator = answering({"mud": reply(1), "glass": reply(5), "fog": reply(3)})
    found = [scores[0] for scores in score_rows(judge, [row("mud"), row("glass", 1), row("fog", 2)])]
    assert [one.value for one in found] == [1, 5, None]
    assert "one of 1, 5" in found[2].error
    assert "1: Not {at all}\n5: Entirely" in simulator.requests[0].body["messages"][1]["content"]
    for levels in ({1: "a"}, {"a": "b", "c": "d"}, [1, 2]):
        with pytest.raises(InvalidInput, match="levels"):
            rubric("x", "y", levels)


def test_correctness_compares_with_the_facts_or_the_response(answering):
    simulator = answering({"x": reply(True)})
    judge = correctness()
    for expectations in (
        {"expected_facts": ["It is red.", "It is big."]},
        {"expected_response": "red"},
        {"gold": "blue"},
    ):
        assert score(judge, outputs="x", expectations=expectations)[0].value is True
    said = [one.body["messages"][1]["content"] for one in simulator.requests]
    assert "1. It is red.\n2. It is big." in said[0]
    assert "A right answer:\nred" in said[1]
    assert "A right answer:\nblue" in said[2]
    assert "expected_response" in score(judge, outputs="x", expectations=None)[0].error


def test_guidelines_are_those_given_or_those_of_the_record(answering):
    simulator = answering({"x": reply(True)})
    score(guidelines(["Be {kind}.", "Be brief."]), outputs="x")
    assert "1. Be {kind}.\n2. Be brief." in simulator.requests[0].body["messages"][1]["content"]
    with pytest.raises(InvalidInput, match="empty"):
        guidelines([])


# -- as a packaged model -----------------------------------------------------------------------------


def test_a_judge_is_saved_and_loaded_as_a_packaged_model(answering, polite, tmp_path):
    answering({"x": reply(True)})
    polite.save(tmp_path / "judge")
    again = load_judge(tmp_path / "judge")
    assert (again.name, again.kind, again.fingerprint) == ("polite", "binary", polite.fingerprint)
    assert score(again, outputs="x")[0].value is True
    assert quire.pyfunc.load_model(tmp_path / "judge").predict(["x"]) == [reply(True)]


def test_a_judge_has_versions(tmp_path, polite):
    quire.set_tracking_uri(f"sqlite:///{tmp_path}/quire.db")
    with quire.start_run():
        polite.log(registered_model_name="polite")
        stricter = make_judge("polite", "Is it very polite? {{ outputs }}", feedback_value_type=bool)
        stricter.log(registered_model_name="polite")
    assert (polite.version, stricter.version) == ("models:/polite/1", "models:/polite/2")
    assert [load_judge(f"models:/polite/{n}").fingerprint for n in (1, 2)] == [polite.fingerprint, stricter.fingerprint]
    assert load_judge("models:/polite/2").version == "models:/polite/2"


def test_a_model_that_is_no_judge_is_refused(tmp_path):
    quire.openai.save_model(
        "gpt-4o-mini", "chat.completions", tmp_path / "model", messages=[{"role": "user", "content": "{x}"}]
    )
    with pytest.raises(InvalidInput, match="is no judge"):
        load_judge(tmp_path / "model")


def test_fingerprints_follow_template_model_and_result():
    def made(text="{{ outputs }}", model=None, wanted=bool):
        return make_judge("j", text, model=model, feedback_value_type=wanted).fingerprint

    assert made() == made()
    assert len({made(), made("Now {{ outputs }}"), made(model="gpt-4o"), made(wanted=int)}) == 4


def test_a_credential_in_a_reply_is_not_kept(answering, polite):
    answering({"x": reply(True, "It holds api_key=abcd1234efgh5678.")})
    assert "abcd1234efgh5678" not in score(polite, outputs="x")[0].rationale
