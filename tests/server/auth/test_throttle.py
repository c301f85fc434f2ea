"""How often a login may fail."""

from __future__ import annotations

import pytest

from quire.server.auth.throttle import Throttle, network
from quire.server.errors import HttpError


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def _wait(throttle: Throttle, address: str, username: str | None) -> int:
    """The seconds that it says to wait; 0 for none."""
    try:
        throttle.check(address, username)
    except HttpError as refused:
        return int(dict(refused.headers)[b"retry-after"])
    return 0


def _fail(throttle: Throttle, address: str, username: str) -> None:
    throttle.tried(address, username)
    throttle.failed(address)


def test_the_refusal_is_too_many_requests() -> None:
    throttle = Throttle(1, 10.0, 100, Clock())
    _fail(throttle, "1.2.3.4", "ada")
    with pytest.raises(HttpError, match=r"Too many logins failed\. Try again in 10 s") as refused:
        throttle.check("1.2.3.4", "ada")
    assert (refused.value.http_status, refused.value.code) == (429, "REQUEST_LIMIT_EXCEEDED")


def test_a_few_may_fail_then_one_more_each_pause() -> None:
    clock = Clock()
    throttle = Throttle(3, 10.0, 100, clock)
    for _ in range(3):
        assert _wait(throttle, "1.2.3.4", "ada") == 0
        _fail(throttle, "1.2.3.4", "ada")
    assert _wait(throttle, "1.2.3.4", "ada") == 10
    clock.now += 9.5
    assert _wait(throttle, "1.2.3.4", "ada") == 1
    clock.now += 0.5
    assert _wait(throttle, "1.2.3.4", "ada") == 0
    _fail(throttle, "1.2.3.4", "ada")
    assert _wait(throttle, "1.2.3.4", "ada") == 10
    clock.now += 30
    for _ in range(3):
        assert _wait(throttle, "1.2.3.4", "ada") == 0
        _fail(throttle, "1.2.3.4", "ada")


def test_another_user_or_address_is_another_count() -> None:
    throttle = Throttle(1, 10.0, 100, Clock())
    _fail(throttle, "1.2.3.4", "ada")
    assert _wait(throttle, "1.2.3.4", "ada") > 0
    assert _wait(throttle, "1.2.3.4", "grace") == 0
    assert _wait(throttle, "1.2.3.5", "ada") == 0


def test_an_address_has_a_count_of_its_own() -> None:
    throttle = Throttle(1, 10.0, 3, Clock())
    for number in range(3):
        _fail(throttle, "1.2.3.4", f"user-{number}")
    assert _wait(throttle, "1.2.3.4", "somebody") > 0
    assert _wait(throttle, "1.2.3.4", None) > 0
    throttle.succeeded("1.2.3.4", "user-0")
    assert _wait(throttle, "1.2.3.4", "user-0") > 0


def test_who_gets_in_begins_anew() -> None:
    throttle = Throttle(2, 10.0, 100, Clock())
    _fail(throttle, "1.2.3.4", "ada")
    throttle.succeeded("1.2.3.4", "ada")
    _fail(throttle, "1.2.3.4", "ada")
    assert _wait(throttle, "1.2.3.4", "ada") == 0


@pytest.mark.parametrize(
    ("address", "counted"),
    [
        ("1.2.3.4", "1.2.3.4"),
        ("::ffff:1.2.3.4", "1.2.3.4"),
        ("2001:db8:1:2:aaaa::1", "2001:0db8:0001:0002"),
        ("2001:db8:1:2:bbbb::2", "2001:0db8:0001:0002"),
        ("", ""),
        ("unix", "unix"),
    ],
)
def test_an_address_is_counted_with_those_that_one_client_may_choose_from(address: str, counted: str) -> None:
    assert network(address) == counted


def test_memory_is_bounded() -> None:
    throttle = Throttle(1, 10.0, 1000, Clock())
    for number in range(30_000):
        _fail(throttle, f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}", "ada")
    assert len(throttle._pair._full) <= 20_000
