"""What a service states about its limits, and how requests follow it."""

from __future__ import annotations

import email.utils
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quire.caller.limits import MAX_RETRY_AFTER, Bucket, StatedLimit, Window, parse_duration, retry_after

NOW = 1_700_000_000.0


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("20ms", 0.02),
        ("1.5s", 1.5),
        ("6m0s", 360.0),
        ("1h2m3s", 3723.0),
        ("1d", 86400.0),
        ("7", 7.0),
        ("0.25", 0.25),
        ("-3", 0.0),
    ],
)
def test_durations(text: str, seconds: float) -> None:
    assert parse_duration(text) == pytest.approx(seconds)


@pytest.mark.parametrize("text", ["", "soon", "5x", "s", "1s later", "nan", "inf", "1..5s"])
def test_what_is_not_a_duration(text: str) -> None:
    assert parse_duration(text) is None


@given(st.integers(0, 99), st.integers(0, 59), st.integers(0, 59), st.integers(0, 999))
def test_durations_add_up(hours: int, minutes: int, seconds: int, milliseconds: int) -> None:
    text = f"{hours}h{minutes}m{seconds}s{milliseconds}ms"
    assert parse_duration(text) == pytest.approx(hours * 3600 + minutes * 60 + seconds + milliseconds / 1000)


@given(st.text(max_size=20))
def test_no_header_breaks_the_parsers(text: str) -> None:
    seconds = parse_duration(text)
    assert seconds is None or seconds >= 0
    asked = retry_after({"retry-after": text, "retry-after-ms": text}, NOW)
    assert asked is None or 0 <= asked <= MAX_RETRY_AFTER


def test_retry_after_in_milliseconds_wins() -> None:
    assert retry_after({"retry-after-ms": "250", "retry-after": "1"}, NOW) == 0.25
    assert retry_after({"retry-after-ms": "soon", "retry-after": "1"}, NOW) == 1.0


def test_retry_after_as_a_date() -> None:
    for date in (email.utils.formatdate(NOW + 7, usegmt=True), "Tue, 14 Nov 2023 22:13:27 -0000"):
        assert retry_after({"retry-after": date}, NOW) == pytest.approx(7, abs=1)
    assert retry_after({"retry-after": email.utils.formatdate(NOW - 7, usegmt=True)}, NOW) == 0.0


def test_retry_after_is_believed_within_reason() -> None:
    assert retry_after({"retry-after": "86400"}, NOW) == MAX_RETRY_AFTER
    assert retry_after({}, NOW) is None
    assert retry_after({"retry-after": "tomorrow"}, NOW) is None


@given(st.floats(0.1, 100), st.floats(1, 50), st.lists(st.tuples(st.floats(0, 2), st.floats(0.1, 5)), max_size=60))
def test_a_bucket_never_lets_more_through_than_flowed_in(
    rate: float, capacity: float, takes: list[tuple[float, float]]
) -> None:
    bucket, now, sent = Bucket(rate, capacity, 0.0), 0.0, []
    for pause, amount in takes:
        now += pause
        sent.append((now + bucket.take(amount, now), amount))
    for when, _ in sent:
        through = sum(amount for at, amount in sent if at <= when)
        largest = max(amount for _, amount in sent)
        assert through <= capacity + when * rate + largest * 1e-6 + 1e-6


def test_a_bucket_spreads_those_who_wait() -> None:
    bucket = Bucket(rate=10, capacity=1, now=0.0)
    assert [round(bucket.take(1, 0.0), 6) for _ in range(4)] == [0.0, 0.1, 0.2, 0.3]


def test_what_was_not_used_is_given_back() -> None:
    bucket = Bucket(rate=1, capacity=10, now=0.0)
    bucket.take(10, 0.0)
    bucket.give_back(8, 0.0)
    assert bucket.take(8, 0.0) == 0.0
    bucket.give_back(100, 0.0)
    assert bucket.level == 10


def headers(limit: int, remaining: int, reset: str) -> dict[str, str]:
    return {
        "x-ratelimit-limit-requests": str(limit),
        "x-ratelimit-remaining-requests": str(remaining),
        "x-ratelimit-reset-requests": reset,
    }


def test_nothing_is_held_back_before_a_limit_is_stated_or_while_plenty_is_left() -> None:
    stated = StatedLimit("requests")
    assert stated.take(1000, 0.0) == 0.0
    stated.observe(headers(100, 90, "6s"), 0.0, 0.0)
    assert [stated.take(1, 0.0) for _ in range(90)] == [0.0] * 90


def test_requests_are_spread_over_the_rate_that_the_service_states() -> None:
    stated = StatedLimit("requests")
    stated.observe(headers(60, 0, "60s"), 0.0, 0.0)
    assert stated.take(1, 0.0) == pytest.approx(1.0)
    assert stated.take(1, 0.0) == pytest.approx(2.0)


def test_requests_that_the_service_has_not_counted_yet_are_subtracted() -> None:
    stated = StatedLimit("requests")
    stated.observe(headers(60, 10, "50s"), 10.0, 0.0)
    assert stated.take(1, 0.0) == pytest.approx(1.0)


def test_less_than_thought_holds_at_once_and_more_by_steps() -> None:
    stated = StatedLimit("requests")
    stated.observe(headers(100, 50, "50s"), 0.0, 0.0)
    stated.observe(headers(100, 0, "100s"), 0.0, 0.0)
    assert stated.take(1, 0.0) == pytest.approx(1.0)
    stated.observe(headers(100, 50, "50s"), 0.0, 0.0)
    first = stated.take(0, 0.0)
    assert first == 0.0
    assert stated.take(50, 0.0) > 0.0


@pytest.mark.parametrize(
    "odd",
    [{}, headers(0, 0, "1s"), headers(10, 10, "1s"), headers(10, 5, "0s"), headers(10, 5, "soon"), headers(5, 9, "1s")],
)
def test_headers_that_say_nothing_are_ignored(odd: dict[str, str]) -> None:
    stated = StatedLimit("requests")
    stated.observe(odd, 0.0, 0.0)
    assert stated.take(1_000_000, 0.0) == 0.0


def test_a_closed_door_halves_the_window_once_a_round() -> None:
    window = Window(64)
    for _ in range(40):
        window.refused(now=0.0, answer_s=0.0)
    assert window.size == 32
    for _ in range(40):
        window.refused(now=1.0, answer_s=0.0)
    assert window.size == 16


def test_a_round_lasts_as_long_as_an_answer() -> None:
    window = Window(64)
    window.refused(now=0.0, answer_s=10.0)
    window.refused(now=9.0, answer_s=10.0)
    assert window.size == 32


def test_the_window_recovers() -> None:
    window = Window(64)
    for second in range(20):
        window.refused(now=float(second), answer_s=0.0)
    assert window.size == 1.0
    for _ in range(500):
        window.succeeded()
    assert window.size == 64


def test_the_window_settles_near_the_places_that_a_server_has() -> None:
    window, places, sizes = Window(64), 8, []
    for second in range(30):
        for number in range(int(window.size)):
            window.succeeded() if number < places else window.refused(now=float(second), answer_s=1.0)
        sizes.append(window.size)
    assert places < min(sizes)
    assert max(sizes[8:]) < 1.5 * places


def test_stray_refusals_leave_the_window_nearly_open() -> None:
    window, draw = Window(64), random.Random(1)
    sizes = []
    for second in range(100):
        for _ in range(int(window.size)):
            if draw.random() < 0.1:
                window.refused(now=float(second), answer_s=1.0)
            else:
                window.succeeded()
        sizes.append(window.size)
    assert sum(sizes[50:]) / 50 > 48


@given(st.lists(st.tuples(st.booleans(), st.floats(0, 3)), max_size=300), st.integers(1, 100))
def test_the_window_stays_between_one_and_its_maximum(events: list[tuple[bool, float]], maximum: int) -> None:
    window, now = Window(maximum), 0.0
    for success, pause in events:
        now += pause
        window.succeeded() if success else window.refused(now, 0.5)
        assert 1.0 <= window.size <= maximum
