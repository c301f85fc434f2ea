"""Making scorers: from classes, functions, and what is neither."""

from __future__ import annotations

import functools
from dataclasses import dataclass

import pytest

import quire
from quire.domain.errors import InvalidInput
from quire.domain.scores import Measured, ScoredRow
from quire.scorers import ExactMatch, NumericMatch, Scorer, as_scorer, as_scorers, score, score_rows, scorer


def test_a_function_is_called_with_what_it_names_and_nothing_else():
    @quire.scorer
    def longer(outputs, inputs):
        return len(outputs) > len(inputs["question"])

    assert longer.asks == ("inputs", "outputs")
    assert score(longer, inputs={"question": "Hi"}, outputs="Hello")[0].value is True


def test_keywords_of_all_sorts_get_everything():
    seen = {}

    @scorer
    def curious(**available):
        seen.update(available)

    score(curious, inputs={"a": 1}, outputs="x", measured=Measured(latency_s=2.0))
    assert seen == {
        "inputs": {"a": 1},
        "outputs": "x",
        "expectations": None,
        "trace": None,
        "measured": Measured(latency_s=2.0),
    }


def test_a_scorer_can_still_be_called_as_the_function_that_it_was():
    @scorer(name="polite", higher_is_better=False)
    def is_polite(outputs):
        """Says please."""
        return "please" in outputs

    assert is_polite("please") is True
    assert (is_polite.name, is_polite.higher_is_better, is_polite.__doc__) == ("polite", False, "Says please.")


def test_the_kind_is_what_the_return_annotation_says():
    def right(outputs) -> bool: ...
    def size(outputs) -> float | None: ...
    def word(outputs) -> str: ...
    def unsaid(outputs): ...

    assert [as_scorer(one).kind for one in (right, size, word, unsaid)] == ["binary", "number", "text", None]


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: scorer(lambda outputs, answer: 1), "name"),
        (
            lambda: scorer(name="x")(lambda outputs, answer: 1),
            "asks for 'answer'; a scorer may ask for inputs, outputs",
        ),
        (lambda: scorer(kind="maybe")(len), "kind is 'maybe'"),
        (lambda: as_scorer(3), "3 is no scorer"),
        (lambda: as_scorer(ExactMatch), "ExactMatch is a class; give a scorer made of it"),
        (lambda: as_scorers([ExactMatch(), ExactMatch()]), "Two scorers have the name 'exact_match'"),
        (lambda: scorer(3), "made of a function"),
    ],
)
def test_what_makes_no_scorer_is_refused_when_it_is_made(make, said):
    with pytest.raises(InvalidInput, match=said):
        make()


def test_a_class_that_asks_for_what_there_is_not_is_refused_when_it_is_made():
    with pytest.raises(InvalidInput, match="The scorer Wrong asks for 'answer'"):

        class Wrong(Scorer):
            name = "wrong"

            def __call__(self, *, answer):
                return answer


def test_a_class_without_a_name_is_refused():
    class Nameless(Scorer):
        def __call__(self, *, outputs):
            return outputs

    with pytest.raises(InvalidInput, match="has no name"):
        as_scorer(Nameless())


def test_async_functions_and_generators_are_refused():
    async def later(outputs): ...

    def many(outputs):
        yield 1

    with pytest.raises(InvalidInput, match="async"):
        scorer(later)
    with pytest.raises(InvalidInput, match="yields"):
        scorer(many)


def test_parameters_with_a_default_are_left_alone():
    @scorer
    def near(outputs, expectations, tolerance=0.1):
        return abs(outputs - expectations["x"]) <= tolerance

    assert score(near, outputs=1.05, expectations={"x": 1})[0].value is True


def test_a_part_of_a_function_is_a_scorer_of_its_name():
    def at_most(outputs, limit):
        return len(outputs) <= limit

    made = as_scorer(functools.partial(at_most, limit=3))
    assert (made.name, score(made, outputs="four")[0].value) == ("at_most", False)


# -- fingerprints ------------------------------------------------------------------------------------


def test_fingerprints_follow_the_parameters():
    assert NumericMatch(absolute=1).fingerprint == NumericMatch(absolute=1).fingerprint
    assert NumericMatch(absolute=1).fingerprint != NumericMatch(absolute=2).fingerprint
    assert len(ExactMatch().fingerprint) == 64


def test_fingerprints_follow_the_source_and_what_it_closes_over():
    def make(limit):
        @scorer(name="short")
        def short(outputs):
            return len(outputs) < limit

        return short

    def other():
        @scorer(name="short")
        def short(outputs):
            return len(outputs) <= 3

        return short

    assert make(3).fingerprint == make(3).fingerprint
    assert len({make(3).fingerprint, make(4).fingerprint, other().fingerprint}) == 3


def test_fingerprints_of_functions_without_source_follow_their_code():
    made = []
    for text in ("len(outputs)", "len(outputs) + 1", "len(outputs)"):
        names = {}
        exec(f"def f(outputs):\n    return {text}", names)
        made.append(scorer(names["f"]).fingerprint)
    assert made[0] == made[2] != made[1]


def test_a_users_own_class_is_fingerprinted_by_its_source_too():
    @dataclass(frozen=True)
    class Mine(Scorer):
        limit: int = 3
        name: str = "mine"

        def __call__(self, *, outputs):
            return len(outputs) < self.limit

    assert Mine().fingerprint == Mine(3).fingerprint != Mine(4).fingerprint


# -- many rows ---------------------------------------------------------------------------------------


def rows(*outputs):
    return [ScoredRow(record_id=str(i), index=i, outputs=one) for i, one in enumerate(outputs)]


def test_rows_are_scored_in_order_and_those_without_an_answer_are_missing():
    failed = ScoredRow(record_id="x", index=2, error="timeout")
    calls = []

    @scorer
    def size(outputs):
        calls.append(outputs)
        return len(outputs)

    found = list(score_rows(size, [*rows("a", "bb"), failed]))
    assert [[one.value for one in scores] for scores in found] == [[1], [2], [None]]
    assert [found[2][0].name, found[2][0].error, calls] == ["size", None, ["a", "bb"]]


def test_a_scorer_that_takes_rows_together_is_asked_so():
    class Together(Scorer):
        name = "together"

        def __call__(self, *, outputs):
            raise AssertionError("asked one by one")

        def score_batch(self, rows):
            for row in rows:
                yield [quire.scorers.Score(name=self.name, value=len(row.outputs))]

    assert [scores[0].value for scores in score_rows(Together(), rows("a", "bb"))] == [1, 2]
