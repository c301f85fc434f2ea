"""Figures: which side is better, and whether the bar is met."""

from __future__ import annotations

import pytest

from bench.figures import Bar, Figure, Sample, show, show_times


def figure(ours: list[float], theirs: list[float] | None, unit: str, bar: Bar | None = None) -> Figure:
    peer = None if theirs is None else Sample(unit, theirs)
    return Figure(what="work", quire=Sample(unit, ours), peer=peer, bar=bar)


def test_less_time_is_better_and_a_higher_rate_is_better():
    assert figure([2.0], [10.0], "s").times == 5
    assert figure([10.0], [2.0], "/s").times == 5
    assert figure([10.0], [2.0], "B").times == 0.2


def test_medians_are_compared_not_extremes():
    assert figure([1.0, 2.0, 90.0], [10.0, 4.0, 0.1], "s").times == 2


def test_a_bar_on_the_ratio_is_met_at_its_value_and_missed_below_it():
    bar = Bar("≥ 5×", times=5)
    assert figure([2.0], [10.0], "s", bar).met is True
    assert figure([2.0], [9.9], "s", bar).met is False


def test_a_bar_on_the_value_needs_no_peer():
    assert figure([300e6], None, "B", Bar("≤ 300 MB", most=300e6)).met is True
    assert figure([301e6], None, "B", Bar("≤ 300 MB", most=300e6)).met is False


def test_a_bar_whose_peer_is_absent_is_neither_met_nor_missed():
    assert figure([2.0], None, "s", Bar("≥ 5×", times=5)).met is None
    assert figure([2.0], [10.0], "s").met is None


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (1.234, "s", "1.23 s"),
        (0.0234, "s", "23.4 ms"),
        (0.000_234, "s", "234 µs"),
        (0.0, "s", "0 s"),
        (171_085_824, "B", "171 MB"),
        (1234.5, "/s", "1,234/s"),
        (0, "count", "0"),
    ],
)
def test_values_are_shown_with_three_digits(value, unit, text):
    assert show(value, unit) == text


def test_ratios_are_shown_with_the_digits_that_matter():
    assert [show_times(times) for times in (1234.0, 52.4, 4.32, 0.934, None)] == ["1,234×", "52×", "4.3×", "0.93×", ""]


def test_a_sample_shows_its_median_and_its_range():
    assert str(Sample("s", [1.0, 3.0, 2.0])) == "2.00 s (1.00 s – 3.00 s)"
    assert str(Sample("s", [1.0])) == "1.00 s"
