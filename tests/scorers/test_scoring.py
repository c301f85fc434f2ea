"""What a scorer says becomes scores, and what goes wrong becomes one too."""

from __future__ import annotations

import enum
import math

import numpy as np
import pytest

from quire.entities import Feedback
from quire.scorers import score, scorer


def said(value, **options):
    """The scores of a scorer that says this."""
    made = scorer(name="s", **options)(lambda outputs: value)
    return score(made, outputs="x")


@pytest.mark.parametrize("value", [True, 3, 2.5, "good"])
def test_a_plain_value_is_the_score(value):
    (one,) = said(value)
    assert (one.name, one.value, type(one.value), one.error) == ("s", value, type(value), None)


def test_none_and_nan_are_missing_and_no_error():
    for value in (None, math.nan, np.float64("nan"), [], {}):
        assert all((one.value, one.error) == (None, None) for one in said(value))
    assert said(math.nan)[0].number != said(math.nan)[0].number


def test_a_scorer_that_raises_gives_an_error_and_no_value():
    @scorer
    def broken(outputs):
        raise KeyError("colour")

    (one,) = score(broken, outputs="x")
    assert (one.name, one.value, one.error) == ("broken", None, "KeyError: 'colour'")


def test_a_credential_in_an_error_is_not_kept():
    @scorer
    def leaking(outputs):
        raise ValueError("no access with api_key=abcd1234efgh5678")

    assert "abcd1234efgh5678" not in score(leaking, outputs="x")[0].error


@pytest.mark.parametrize("value", [object(), [1, 2], {"a": [1]}, b"bytes", math.inf, {"a": math.inf}])
def test_a_wrong_type_is_an_error_that_says_what_was_expected(value):
    (one,) = said(value)
    assert one.value is None
    assert "expected" in one.error


def test_a_mapping_gives_a_score_for_each_key():
    assert {one.name: one.value for one in said({"a": 1, "b": None})} == {"s/a": 1, "s/b": None}


def test_feedback_keeps_its_rationale_metadata_and_error():
    one, two = said(
        [
            Feedback(name="tone", value="kind", rationale="It greets.", metadata={"a": 1}),
            Feedback(error=ValueError("no")),
        ]
    )
    assert (one.name, one.value, one.rationale, one.metadata) == ("tone", "kind", "It greets.", {"a": "1"})
    assert (two.name, two.value) == ("s", None)
    assert "no" in two.error


def test_feedback_without_a_name_bears_the_scorers():
    assert said(Feedback(value=1))[0].name == "s"
    assert said({"part": Feedback(value=1)})[0].name == "s/part"


def test_two_scores_of_one_name_are_an_error():
    (one,) = said([Feedback(name="a", value=1), Feedback(name="a", value=2)])
    assert "have the name 'a'" in one.error


def test_scalars_of_numpy_and_enums_are_taken_as_what_they_hold():
    class Rating(enum.StrEnum):
        YES = "yes"

    assert [said(value)[0].value for value in (np.bool_(True), np.int64(3), np.float32(0.5))] == [True, 3, 0.5]
    assert said(Rating.YES)[0].value == "yes"
    assert said(Rating.YES, kind="binary")[0].value is True


@pytest.mark.parametrize(
    ("kind", "value", "kept"), [("binary", 1, True), ("binary", 0.0, False), ("binary", "No", False), ("number", 2, 2)]
)
def test_values_are_read_as_the_kind_says(kind, value, kept):
    found = said(value, kind=kind)[0].value
    assert (found, type(found)) == (kept, type(kept))


@pytest.mark.parametrize(("kind", "value"), [("binary", 0.5), ("binary", "maybe"), ("number", "3"), ("text", 3)])
def test_values_of_another_kind_are_errors(kind, value):
    (one,) = said(value, kind=kind)
    assert one.value is None
    assert repr(value) in one.error


def test_stopping_the_program_is_not_caught():
    @scorer
    def stopped(outputs):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        score(stopped, outputs="x")
