"""The judge against people: what scores say beside what people say of the same answers."""

from __future__ import annotations

import math
from typing import Any

import pytest

import quire
from quire.domain.assessments import AssessmentSource
from quire.domain.errors import InvalidInput, NotFound
from quire.evaluate import Evaluation, load_evaluation
from quire.evaluate.rating import rate
from quire.review import Question, create_queue
from quire.stats import cohen_kappa, krippendorff_alpha, proportion_interval
from quire.store.current import current_store

RECORDS = 24
DATA = [{"inputs": {"number": n}, "expectations": {"answer": str(2 * n)}} for n in range(RECORDS)]


@quire.trace
def half_right(number: int) -> str:
    return str(2 * number if number % 2 else number)


@quire.trace
def mostly_right(number: int) -> str:
    return str(2 * number if number % 4 else -1)


def right(outputs: str, expectations: dict[str, str]) -> bool:
    return outputs == expectations["answer"]


@quire.scorer(higher_is_better=False)
def wrong(outputs: str, expectations: dict[str, str]) -> bool:
    return outputs != expectations["answer"]


def grade(inputs: dict[str, int]) -> int:
    return 1 + inputs["number"] % 5


def size(outputs: str) -> float:
    return len(outputs) + 0.5


def kind(inputs: dict[str, int]) -> str:
    return ("sum", "product", "word")[inputs["number"] % 3]


SCORERS = [right, wrong, grade, size, kind]


@pytest.fixture
def evaluation() -> Evaluation:
    found = quire.evaluate(DATA, {"half": half_right, "most": mostly_right}, SCORERS)
    quire.flush_trace_async_logging()
    return found


def traces(evaluation: Evaluation, variant: str) -> list[str]:
    return [str(row.trace_id) for row in evaluation.rows(variant)]


def say(trace_id: str, name: str, value: Any, by: str = "ada") -> None:
    quire.log_feedback(
        trace_id=trace_id, name=name, value=value, source=AssessmentSource(source_type="HUMAN", source_id=by)
    )


def test_ratings_are_compared_with_a_score_of_right_and_wrong(evaluation: Evaluation) -> None:
    """Good from 4 on; a score that is better when lower says good by no."""
    ratings = [5 if n % 3 else 2 for n in range(RECORDS)]
    for trace_id, value in zip(traces(evaluation, "half"), ratings, strict=True):
        rate(current_store(), trace_id, "ada", value)
    found = evaluation.agreement()
    judged = [value >= 4 for value in ratings]
    scores = [bool(value) for value in evaluation.scores("half", "right")[:, 0]]
    expected = cohen_kappa(judged, scores)
    one = found["right"]
    assert one.kappa == expected
    interval = proportion_interval(sum(a == b for a, b in zip(judged, scores, strict=True)), RECORDS)
    assert (one.kappa.agreement_low, one.kappa.agreement_high) == (interval.low, interval.high)
    assert (one.labels, one.basis) == (["bad", "good"], "binary")
    assert one.table[0][1] == sum(s and not j for j, s in zip(judged, scores, strict=True))
    assert [answer.index for answer in one.disagreements] == [n for n in range(RECORDS) if judged[n] != scores[n]]
    assert found["wrong"].kappa.value == pytest.approx(expected.value)
    assert "lower is better" in found["wrong"].note
    assert (found.answers, found.judged) == (48, 24)
    assert found.questions[0].incomparable == ["size", "kind"]
    assert [(share.variant, share.n) for share in one.by_variant] == [("half", 24)]
    assert load_evaluation(evaluation.run_id).agreement()["right"].kappa == expected
    strict = evaluation.agreement(good_from=5)["right"]
    assert strict.kappa == expected
    assert str(one).startswith(f"right and people (rating): kappa {expected.value:.2f}")


def test_grades_of_one_scale_are_compared_by_their_distance(evaluation: Evaluation) -> None:
    ratings = [min(5, 1 + n % 5 + (n % 7 == 0)) for n in range(RECORDS)]
    for trace_id, value in zip(traces(evaluation, "most"), ratings, strict=True):
        rate(current_store(), trace_id, "ada", value)
    rate(current_store(), traces(evaluation, "half")[0], "ada", True)
    one = evaluation.agreement(scorers=["grade"])["grade"]
    expected = cohen_kappa(ratings, [1 + n % 5 for n in range(RECORDS)], weights="quadratic")
    assert (one.basis, one.kappa) == ("scale", expected)
    assert one.labels == ["1", "2", "3", "4", "5"]
    assert sum(map(sum, one.table)) == RECORDS
    assert "weighted kappa" in str(one)


def test_of_several_people_the_majority_counts_and_their_own_agreement_is_told(evaluation: Evaluation) -> None:
    said = [(True, True, n % 3 == 0) for n in range(10)] + [(True, False, None), (False, False, None)]
    for trace_id, marks in zip(traces(evaluation, "half"), said, strict=False):
        for person, mark in zip(("ada", "bob", "eve"), marks, strict=True):
            if mark is not None:
                rate(current_store(), trace_id, person, mark)
    (question,) = evaluation.agreement(scorers=["right"]).questions
    (one,) = question.scorers
    assert (one.split, one.kappa.n) == (1, 11)
    assert question.people == {"ada": 12, "bob": 12, "eve": 10}
    assert [person.person for person in one.by_person] == ["ada", "bob", "eve"]
    assert one.by_person[2].kappa.n == 10
    expected = krippendorff_alpha([[mark for mark in marks if mark is not None] for marks in said])
    assert question.among == expected


def test_answers_to_one_record_are_no_independent_witnesses(evaluation: Evaluation) -> None:
    for variant in ("half", "most"):
        for place, trace_id in enumerate(traces(evaluation, variant)):
            rate(current_store(), trace_id, "ada", place % 3 > 0)
    one = evaluation.agreement()["right"]
    judged = [place % 3 > 0 for place in range(RECORDS)] * 2
    scores = [bool(value) for name in ("half", "most") for value in evaluation.scores(name, "right")[:, 0]]
    clusters = list(range(RECORDS)) * 2
    assert one.kappa.standard_error == pytest.approx(cohen_kappa(judged, scores, clusters=clusters).standard_error)
    assert [share.n for share in one.by_variant] == [24, 24]


def test_reviews_in_a_queue_count_by_their_question(evaluation: Evaluation) -> None:
    queue = create_queue("q", [Question(name="right"), Question(name="kind_of_task", choices=["sum", "product"])])
    queue.add_rows(evaluation.rows("most"), variant="most", run_id=evaluation.run_id)
    while (item := queue.next("ada")) is not None:
        queue.label(item.item_id, "ada", item.inputs["number"] % 3 > 0, question="right")
        queue.label(item.item_id, "ada", ("sum", "product")[item.inputs["number"] % 2], question="kind_of_task")
    found = evaluation.agreement()
    assert [(one.question, one.scorer) for one in found.scorers] == [("kind_of_task", "kind"), ("right", "right")]
    assert found["right"].labels == ["no", "yes"]
    assert set(found["kind"].labels) == {"sum", "product", "word"}
    assert found["right"].kappa.n == RECORDS
    assert evaluation.agreement("right").questions[0].question == "right"
    with pytest.raises(NotFound, match="were asked kind_of_task, right"):
        evaluation.agreement("rating")


def test_pairs_skips_and_expectations_are_no_judgements(evaluation: Evaluation) -> None:
    pairs = create_queue("pairs", "better", pairs=True)
    pairs.add_pairs(evaluation.rows("half"), evaluation.rows("most"), a="half", b="most", run_id=evaluation.run_id)
    item = pairs.next("ada")
    assert item is not None
    pairs.label(item.item_id, "ada", "first")
    single = create_queue("single", "right")
    single.add_rows(evaluation.rows("half"), variant="half", run_id=evaluation.run_id)
    skipped = single.next("ada")
    assert skipped is not None
    single.skip(skipped.item_id, "ada")
    found = evaluation.agreement()
    assert (found.judged, found.questions) == (0, [])
    assert str(found) == "people judged 0 of 48 answers"


def test_words_that_mean_yes_and_no_are_compared_with_truths(evaluation: Evaluation) -> None:
    for place, trace_id in enumerate(traces(evaluation, "half")):
        say(trace_id, "is it right?", "yes" if place % 2 else "no")
    assert evaluation.agreement()["right"].kappa.agreement == pytest.approx(23 / 24)


def test_few_judgements_say_how_many_more_are_needed(evaluation: Evaluation) -> None:
    for place, trace_id in enumerate(traces(evaluation, "half")[:6]):
        rate(current_store(), trace_id, "ada", place % 2 > 0)
    one = evaluation.agreement()["right"]
    assert one.more is not None
    assert 100 < one.more < 1000


def test_one_label_throughout_leaves_kappa_out(evaluation: Evaluation) -> None:
    for trace_id in traces(evaluation, "half")[1:6:2]:
        rate(current_store(), trace_id, "ada", 5)
    one = evaluation.agreement()["right"]
    assert math.isnan(one.kappa.value)
    assert one.more is None
    assert "all have one label" in str(one)


def test_two_answers_to_a_single_record_set_no_bound(evaluation: Evaluation) -> None:
    for variant in ("half", "most"):
        rate(current_store(), traces(evaluation, variant)[2], "ada", variant == "most")
    one = evaluation.agreement()["right"]
    assert (one.kappa.low, one.kappa.high, one.kappa.agreement_low) == (-1, 1, 0)


def test_what_cannot_be_compared_is_named(evaluation: Evaluation) -> None:
    with pytest.raises(NotFound, match="no score 'nonsense' to compare with people; it has right, wrong"):
        evaluation.agreement(scorers=["nonsense"])
    with pytest.raises(InvalidInput, match="good_from is 1; expected 2 to 5"):
        evaluation.agreement(good_from=1)
    with pytest.raises(NotFound, match="compared are none"):
        evaluation.agreement()["right"]
