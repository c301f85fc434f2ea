"""Whether an answer is what was expected: exact, normalised, numeric, regular expressions."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bench.gsm8k import CORRECT, MODELS, read
from quire.domain.errors import InvalidInput
from quire.scorers import ExactAnswer, ExactMatch, NormalizedMatch, NumericMatch, RegexMatch, score
from quire.scorers.normalised import normalise
from quire.scorers.numeric import final_number, numbers_in


def value(scorer, outputs, expected=None, **expectations):
    """What a scorer says; an error fails the test."""
    known = expectations or {"expected_response": expected}
    (one,) = score(scorer, outputs=outputs, expectations=known)
    assert one.error is None
    return one.value


def error(scorer, outputs, expectations):
    (one,) = score(scorer, outputs=outputs, expectations=expectations)
    assert one.value is None
    return one.error


# -- exact -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("outputs", "expected", "same"),
    [
        ("Paris", "Paris", True),
        ("paris", "Paris", False),
        ("Paris ", "Paris", False),
        ("Paris", ["Rome", "Paris"], True),
        ("3", 3, True),
        ("true", True, True),
        ({"a": 1, "b": [1.0]}, {"b": [1], "a": 1.0}, True),
        ({"a": True}, {"a": 1}, False),
        ([1, 2], [2, 1], False),
        (1, True, False),
    ],
)
def test_exact_match(outputs, expected, same):
    assert value(ExactMatch(), outputs, expected) is same


def test_the_only_expectation_will_do_and_another_can_be_named():
    assert value(ExactMatch(), "a", answer="a") is True
    assert value(ExactMatch(field="gold"), "a", gold="a", expected_response="b") is True


def test_a_record_without_the_expectation_is_an_error_that_names_those_it_has():
    assert "no expectation 'expected_response'; it has ['a', 'b']" in error(ExactMatch(), "x", {"a": 1, "b": 2})
    assert "it has none" in error(ExactMatch(), "x", None)
    assert "no expectation 'gold'" in error(ExactMatch(field="gold"), "x", {"a": 1})
    assert "empty list" in error(ExactMatch(), "x", {"expected_response": []})
    assert "expected text" in error(ExactMatch(), "x", {"expected_response": {"a": 1}})


# -- normalised --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("outputs", "expected", "same"),
    [
        ("The  Eiffel Tower!", "eiffel tower", True),
        ("U.S.A.", "usa", True),
        ("STRASSE", "straße", True),
        ("ﬁne", "fine", True),
        ("theme", "me", False),
        ("«Oui»", "oui", True),
        ("no", "yes", False),
        ({"response": "An apple."}, ["pear", "apple"], True),
    ],
)
def test_normalised_match(outputs, expected, same):
    assert value(NormalizedMatch(), outputs, expected) is same


@pytest.mark.parametrize(
    ("option", "one", "other"),
    [("case", "X b", "x b"), ("punctuation", "a, b", "a b"), ("articles", "the b", "b"), ("whitespace", "a  b", "a b")],
)
def test_each_difference_counts_once_its_option_is_off(option, one, other):
    assert value(NormalizedMatch(), one, other) is True
    assert value(NormalizedMatch(**{option: False}), one, other) is False


@given(st.text())
@example("C:\u0327")  # the accent joins its letter once the colon is gone
def test_normalising_twice_changes_nothing_more(text):
    once = normalise(text, articles=False)
    assert normalise(once, articles=False) == once


def test_an_answer_that_is_no_text_is_an_error():
    assert "expected text" in error(NormalizedMatch(), {"a": 1, "b": 2}, {"expected_response": "a"})
    assert "expected text" in error(NormalizedMatch(), None, {"expected_response": "a"})


# -- numbers -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("2 + 1 = 3\n#### 1,234", "1234"),
        ("so 2 + 1 = 3\nA: 1,234 dollars per 5 hours", "1234"),
        ("A: 18", "18"),
        ("The answer is $12.50, or 3 coins", "12.50"),
        ("Final answer: -7 (of 9)", "-7"),
        ("We get 3, then 4.", "4"),
        ("A: $.50", "0.5"),
        ("-$5", "-5"),
        ("$-5", "-5"),
        ("10-3", "3"),
        ("minus −4", "-4"),
        ("1e3", "1000"),
        ("1,23", "23"),
        ("12,345,678.9", "12345678.9"),
        ("#### none, but 4", "4"),
        ("the answer is unknown; there were 6", "6"),
    ],
)
def test_the_number_that_an_answer_ends_with(text, number):
    assert final_number(text) == Decimal(number)


@pytest.mark.parametrize("text", ["", "none", "A:", "####", "$", "-"])
def test_an_answer_without_a_number(text):
    assert final_number(text) is None


@given(st.lists(st.integers(min_value=0, max_value=10**12), max_size=5))
def test_numbers_are_found_with_and_without_separators(numbers):
    assert numbers_in(" and ".join(map(str, numbers))) == numbers
    assert numbers_in(" and ".join(f"{number:,}" for number in numbers)) == numbers


@given(st.text(alphabet="0123456789,.-+$eE# A:\nanswer is", max_size=200))
def test_any_text_is_read_without_failing(text):
    found = final_number(text)
    assert found is None or found.is_finite()


def test_exact_answers():
    assert value(ExactAnswer(), "A: 18.00", "She makes 9 * 2 = 18\n#### 18") is True
    assert value(ExactAnswer(), 18, 18.0) is True
    assert value(ExactAnswer(), "none", 18) is False
    assert value(ExactAnswer(), "0.1", 0.1) is True
    assert "holds no number" in error(ExactAnswer(), "3", {"expected_response": "none"})
    assert "expected a number" in error(ExactAnswer(), "3", {"expected_response": True})


@pytest.fixture(scope="module")
def recorded(shared):
    return read(shared / "data" / "gsm8k_recorded.jsonl")


@pytest.mark.parametrize("model", MODELS)
def test_recorded_answers_score_as_recorded(recorded, model):
    exact = ExactAnswer()
    found = [value(exact, row[model]["solution"], row["ground_truth"]) for row in recorded]
    assert found == [row[model]["is_correct"] for row in recorded]
    assert sum(found) == CORRECT[model]


def test_numbers_within_a_tolerance():
    assert value(NumericMatch(absolute=0.01), "3.14", 3.1416) is True
    assert value(NumericMatch(absolute=0.001), "3.14", 3.1416) is False
    assert value(NumericMatch(relative=0.1), "109", 100) is True
    assert value(NumericMatch(relative=0.1), "111", 100) is False
    assert value(NumericMatch(relative=0.1), "-95", -100) is True
    assert value(NumericMatch(absolute=5, relative=0.01), "104", 100) is True
    assert value(NumericMatch(), "0.3", "0.30") is True
    assert value(NumericMatch(absolute=1), "none", 1) is False
    assert value(NumericMatch(absolute=1), float("inf"), 1) is False


@pytest.mark.parametrize("tolerance", [-1, float("nan"), float("inf"), "1", True])
def test_a_tolerance_that_is_none_is_refused(tolerance):
    with pytest.raises(InvalidInput, match="expected a number of at least 0"):
        NumericMatch(absolute=tolerance)


# -- regular expressions -----------------------------------------------------------------------------


def test_regular_expressions():
    assert value(RegexMatch(r"\d{4}"), "in 1999") is True
    assert value(RegexMatch(r"\d{4}", whole=True), "in 1999") is False
    assert value(RegexMatch(r"(?i)PARIS"), "paris") is True


@pytest.mark.parametrize("pattern", ["(", 3, None])
def test_what_is_no_pattern_is_refused(pattern):
    with pytest.raises(InvalidInput, match="regular expression"):
        RegexMatch(pattern)
