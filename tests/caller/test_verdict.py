"""What a reply of the service means."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quire.caller.transport import Reply
from quire.caller.verdict import judge, judge_error_in_answer


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
