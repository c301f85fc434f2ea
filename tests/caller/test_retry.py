"""What an answer means, how long to wait before the next attempt, and when to stop trying."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quire.caller.retry import MAX_DELAY, RetryBudget, backoff, judge, judge_error_in_answer
from quire.caller.transport import Reply


def reply(status: int, error: object = None, **headers: str) -> Reply:
    body = b"" if error is None else json.dumps({"error": error}).encode()
    return Reply(status, {name.replace("_", "-"): value for name, value in headers.items()}, body)


@pytest.mark.parametrize(
    ("status", "code", "kind", "retry"),
    [
        (400, None, "bad_request", False),
        (401, "invalid_api_key", "authentication", False),
        (403, None, "permission", False),
        (404, "model_not_found", "model_not_found", False),
        (404, "DeploymentNotFound", "model_not_found", False),
        (404, "other", "not_found", False),
        (408, None, "timeout", True),
        (409, None, "bad_request", True),
        (422, None, "bad_request", False),
        (429, "rate_limit_exceeded", "rate_limit", True),
        (429, "insufficient_quota", "quota", False),
        (429, "billing_hard_limit_reached", "quota", False),
        (500, None, "server_error", True),
        (502, None, "server_error", True),
        (503, None, "server_error", True),
        (501, None, "server_error", False),
        (302, None, "bad_request", False),
    ],
)
def test_verdicts(status: int, code: str | None, kind: str, retry: bool) -> None:
    verdict = judge(reply(status, {"message": "words", "code": code}))
    assert (verdict.kind, verdict.retry, verdict.status) == (kind, retry, status)
    assert f"HTTP {status}: words" in verdict.message


@pytest.mark.parametrize(
    ("status", "code", "remedy"),
    [
        (401, None, "OPENAI_API_KEY"),
        (403, None, "permissions"),
        (404, "model_not_found", "OPENAI_DEPLOYMENT_NAME"),
        (429, "insufficient_quota", "billing"),
    ],
)
def test_what_stops_a_batch_names_the_remedy(status: int, code: str | None, remedy: str) -> None:
    verdict = judge(reply(status, {"message": "No.", "code": code}))
    assert remedy in verdict.message
    assert ".." not in verdict.message


def test_a_path_that_does_not_exist_points_to_the_base_url() -> None:
    verdict = judge(Reply(404, {}, b"<html>Not Found</html>"))
    assert verdict.kind == "model_not_found"
    assert "OPENAI_BASE_URL" in verdict.message


def test_the_service_may_say_whether_to_retry() -> None:
    assert not judge(reply(500, {"message": "x"}, x_should_retry="false")).retry
    assert judge(reply(400, {"message": "x"}, x_should_retry="true")).retry
    assert not judge(reply(429, {"code": "insufficient_quota"}, x_should_retry="true")).retry


def test_a_key_in_the_services_words_is_not_repeated() -> None:
    verdict = judge(reply(401, {"message": "Incorrect API key provided: sk-abcdefghijklmnopqrst."}))
    assert "abcdefgh" not in verdict.message


@given(st.integers(300, 599), st.binary(max_size=200))
def test_no_body_breaks_the_judge(status: int, body: bytes) -> None:
    assert judge(Reply(status, {}, body)).message.startswith(f"HTTP {status}: ")


@pytest.mark.parametrize(
    "body", [b"[]", b'"words"', b'{"error": "words"}', b'{"error": null}', b'{"message": "words"}']
)
def test_unusual_error_bodies(body: bytes) -> None:
    assert judge(Reply(500, {}, body)).kind == "server_error"


@pytest.mark.parametrize(
    ("error", "kind", "retry"),
    [
        ({"code": "server_error", "message": "words"}, "server_error", True),
        ({"code": "rate_limit_exceeded", "message": "words"}, "rate_limit", True),
        ({"code": 502, "message": "words"}, "server_error", True),
        ({"code": "invalid_prompt", "message": "words"}, "bad_request", False),
        ("words", "bad_request", False),
    ],
)
def test_an_error_inside_an_answer(error: object, kind: str, retry: bool) -> None:
    verdict = judge_error_in_answer(error)
    assert (verdict.kind, verdict.retry) == (kind, retry)
    assert "words" in verdict.message


@given(st.integers(1, 100), st.floats(0, 1))
def test_backoff_grows_and_is_bounded(attempt: int, draw: float) -> None:
    assert 0 <= backoff(attempt, draw) <= MAX_DELAY
    assert backoff(attempt, draw) <= backoff(attempt + 1, draw)


def test_backoff_is_spread_over_the_whole_span() -> None:
    delays = [backoff(3) for _ in range(500)]
    assert min(delays) < 0.2
    assert max(delays) > 1.8
    assert max(delays) <= 2.0


def test_the_budget_allows_a_burst_and_then_a_share_of_the_successes() -> None:
    budget = RetryBudget(reserve=10, share=0.5)
    assert [budget.spend() for _ in range(11)] == [True] * 10 + [False]
    budget.succeeded()
    assert not budget.spend()
    budget.succeeded()
    assert budget.spend()


@given(st.lists(st.booleans(), max_size=500))
def test_retries_never_exceed_the_share(events: list[bool]) -> None:
    budget, retries, successes = RetryBudget(reserve=5, share=0.5), 0, 0
    for success in events:
        if success:
            successes += 1
            budget.succeeded()
        else:
            retries += budget.spend()
        assert retries <= 5 + 0.5 * successes
