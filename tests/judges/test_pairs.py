"""Pairs are judged in both orders; several questions alike are combined; judges are held against people."""

from __future__ import annotations

import json

import pytest

import quire
from quire.domain.errors import InvalidInput, QuireError
from quire.domain.scores import ScoredRow
from quire.judges import Labelled, Pair, load_judge, make_judge, pairwise, rubric, self_consistency
from quire.scorers import score, score_rows
from quire.simulator import Behaviour


def reply(result, rationale="Because."):
    return json.dumps({"rationale": rationale, "result": result})


def row(outputs, index=0, **fields):
    return ScoredRow(record_id=str(index), index=index, outputs=outputs, **fields)


def shown(first, second):
    """What the simulator finds in a question about two answers in this order."""
    return f"<first>\n{first}\n</first>\n\n<second>\n{second}\n</second>"


@pytest.fixture
def answering(simulator):
    def answer(recording, **more):
        simulator.behaviour = Behaviour(recording=recording, unknown_question="error", **more)
        return simulator

    return answer


def test_both_orders_are_asked_and_the_better_answer_wins(answering):
    simulator = answering({shown("good", "bad"): reply("first", "Right."), shown("bad", "good"): reply("second")})
    (one,) = pairwise().judge([Pair(inputs="?", first="good", second="bad", a="new", b="old")])
    assert (one.a, one.b, one.outcome, one.consistent, one.rationale) == ("new", "old", 1.0, True, "Right.")
    assert len(simulator.requests) == 2
    (other,) = pairwise().judge([Pair(inputs="?", first="bad", second="good")])
    assert other.outcome == 0.0


@pytest.mark.parametrize("always", ["first", "second"])
def test_a_judge_that_follows_the_order_makes_a_tie_that_is_counted(answering, always):
    answering({"<first>": reply(always)})
    found = pairwise().compare([row("a"), row("b", 1)], [row("c"), row("d", 1)], a="new", b="old")
    assert [(one.outcome, one.consistent) for one in found] == [(0.5, False), (0.5, False)]
    assert (found.won, found.lost, found.tied, found.inconsistent, found.failed) == (0, 0, 2, 2, 0)
    assert found.outcomes == [("new", "old", 0.5), ("new", "old", 0.5)]


def test_variants_are_compared_by_record_and_repeat(answering):
    answering({shown("a0", "b0"): reply("first"), shown("b0", "a0"): reply("second"), "tied": reply("tie")})
    first = [row("a0"), row("tied", 1), row(None, 2, error="timeout"), row("alone", 3)]
    second = [row("tied", 1), row("b0"), row("x", 2), row("again", 0, repeat=1)]
    found = pairwise().compare(first, second, a="a", b="b")
    assert [one.record_id for one in found] == ["0", "1", "2"]
    assert (found.won, found.tied, found.inconsistent, found.failed) == (1, 1, 0, 1)
    assert "a has no answer: timeout" in found[2].error


def test_one_malformed_reply_of_two_fails_the_pair(answering):
    answering({shown("a", "b"): reply("first"), shown("b", "a"): "Well."})
    (one,) = pairwise().judge([Pair(first="a", second="b")])
    assert one.outcome is None
    assert "not JSON" in one.error


def test_as_a_scorer_it_compares_with_the_expected_response(answering):
    answering({shown("new", "old"): reply("first"), shown("old", "new"): reply("second"), "<first>\nx": reply("tie")})
    expected = {"expected_response": "old"}
    judge = pairwise()
    assert judge.kind == "number"
    assert score(judge, outputs="new", expectations=expected)[0].value == 1
    assert "no expectation" in score(judge, outputs="new", expectations=None)[0].error


def test_outcomes_rank_variants(answering):
    from quire.stats import bradley_terry

    answering({"best": reply("first")} | {shown(x, "best"): reply("second") for x in ("mid", "low")}
              | {shown("mid", "low"): reply("first"), shown("low", "mid"): reply("second")})  # fmt: skip
    judge = pairwise()
    outcomes = [
        one
        for a, b in (("best", "mid"), ("best", "low"), ("mid", "low"))
        for one in judge.compare([row(a)], [row(b)], a=a, b=b).outcomes
    ]
    assert outcomes == [("best", "mid", 1.0), ("best", "low", 1.0), ("mid", "low", 1.0)]
    found = bradley_terry(["best", "mid", "low"], [*outcomes, ("low", "best", 1.0)])
    assert {one.name for one in found} == {"best", "mid", "low"}


# -- self-consistency --------------------------------------------------------------------------------


def test_a_majority_is_kept_with_its_spread():
    judge = self_consistency(make_judge("j", "{{ outputs }}", feedback_value_type=bool), 3)
    said = [reply(True, "Fine."), reply(False), reply(True)]
    (one,) = judge.scores(list(said))
    assert (one.value, one.rationale) == (True, "Fine.")
    assert one.metadata == {"values": "[true,false,true]", "spread": "0.333333", "failed": "0"}


def test_a_mean_is_kept_with_its_spread():
    judge = self_consistency(rubric("clarity", "How clear.", {1: "a", 2: "b", 3: "c"}), 2)
    (one,) = judge.scores([reply(1), reply(3)])
    assert (one.value, one.metadata["spread"], judge.kind) == (2.0, "1", "number")
    share = self_consistency(make_judge("j", "{{ outputs }}", feedback_value_type=bool), 2, "mean")
    assert (share.scores([reply(True), reply(False)])[0].value, share.kind) == (0.5, "number")


def test_without_a_majority_the_score_is_missing():
    judge = self_consistency(make_judge("j", "{{ outputs }}", feedback_value_type=str), 2)
    (one,) = judge.scores([reply("a"), reply("b")])
    assert (one.value, one.error) == (None, None)
    assert "No majority: 'a' (1), 'b' (1)" in one.rationale


def test_replies_that_cannot_be_read_are_left_out_while_most_can():
    judge = self_consistency(make_judge("j", "{{ outputs }}", feedback_value_type=bool), 3)
    (one,) = judge.scores([reply(True), "Hm.", reply(True)])
    assert (one.value, one.metadata["failed"]) == (True, "1")
    (none,) = judge.scores([reply(True), "Hm.", "Hm."])
    assert none.value is None
    assert "2 of 3 replies could not be read" in none.error


def test_each_question_goes_out_with_a_seed_of_its_own(simulator, tmp_path):
    judge = self_consistency(make_judge("j", "{{ outputs }}", feedback_value_type=int), 4, seed=7)
    found = [scores[0] for scores in score_rows(judge, [row("x"), row("y", 1)])]
    assert [one.error for one in found] == [None, None]
    assert sorted(one.body["seed"] for one in simulator.requests) == sorted([7, 8, 9, 10] * 2)
    judge.save(tmp_path / "judge")
    assert load_judge(tmp_path / "judge").fingerprint == judge.fingerprint
    assert len(json.loads(found[0].metadata["values"])) == 4


def test_what_cannot_be_combined_is_refused():
    plain = make_judge("j", "{{ outputs }}", feedback_value_type=bool)
    words = make_judge("j", "{{ outputs }}")
    parts = make_judge("j", "{{ outputs }}", feedback_value_type=dict[str, int])
    for make in (
        lambda: self_consistency(plain, 1),
        lambda: self_consistency(plain, 3, "median"),
        lambda: self_consistency(words, 3, "mean"),
        lambda: self_consistency(parts, 3),
        lambda: self_consistency(pairwise(), 3),
        lambda: self_consistency(self_consistency(plain, 3), 3),
    ):
        with pytest.raises(InvalidInput):
            make()


def test_a_judge_of_pairs_is_loaded_as_one(answering, tmp_path):
    pairwise("Which is kinder?").save(tmp_path / "judge")
    answering({"kinder": reply("tie")})
    (one,) = load_judge(tmp_path / "judge").judge([Pair(first="a", second="b")])
    assert one.outcome == 0.5


# -- agreement with people ---------------------------------------------------------------------------


def test_agreement_with_people_is_cohens_kappa(answering):
    answering({"good": reply(True), "bad": reply(False), "odd": "Hm."})
    judge = make_judge("right", "{{ outputs }}", feedback_value_type=bool)
    labels = [
        *({"label": True, "outputs": f"good {n}"} for n in range(8)),
        *(Labelled(label=False, outputs=f"bad {n}") for n in range(6)),
        Labelled(label=False, outputs="good but wrong"),
        {"label": "yes", "outputs": "bad at first sight"},
        {"label": True, "outputs": "odd"},
    ]
    found = judge.agreement(labels)
    assert (found.kappa.n, found.missing) == (16, 1)
    observed, by_chance = 14 / 16, (9 * 9 + 7 * 7) / 16**2
    assert found.kappa.value == pytest.approx((observed - by_chance) / (1 - by_chance))
    assert found.kappa.low < found.kappa.value < found.kappa.high
    assert found.table == {(True, True): 8, (False, False): 6, (False, True): 1, (True, False): 1}
    assert [one.labelled.outputs for one in found.disagreements] == ["good but wrong", "bad at first sight"]
    assert "right: kappa 0.75" in str(found)
    assert found.tags()["quire.judge.labels"] == "16"
    assert "not JSON" in found.errors[0]


def test_agreement_is_noted_on_the_judges_version(answering, tmp_path):
    answering({"good": reply(True), "bad": reply(False)})
    quire.set_tracking_uri(f"sqlite:///{tmp_path}/quire.db")
    judge = make_judge("right", "{{ outputs }}", feedback_value_type=bool)
    found = judge.agreement([{"label": True, "outputs": "good"}, {"label": False, "outputs": "bad"}])
    with pytest.raises(InvalidInput, match="no registered version"):
        judge.record(found)
    judge.log(registered_model_name="right")
    judge.record(found)
    tags = quire.Client().get_model_version("right", "1").tags
    assert (tags["quire.judge.kappa"], tags["quire.judge.labels"]) == ("1", "2")


def test_labels_that_are_none_are_refused(answering):
    answering({"x": "Hm."})
    judge = make_judge("right", "{{ outputs }}", feedback_value_type=bool)
    for labels, said in (
        ([], "no labels"),
        ([{"label": "maybe", "outputs": "x"}], "maybe"),
        ([{"outputs": "x"}], "Label 0 is no label"),
        ([3], "Label 0 is 3"),
        ([{"label": float("nan"), "outputs": "x"}], "Label 0"),
        ([{"label": True, "outputs": "x"}], "gave none of the 1 answers a score"),
    ):
        with pytest.raises(QuireError, match=said):
            judge.agreement(labels)
