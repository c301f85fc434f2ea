"""Who is let in: passwords, tokens, how soon changes count, what is refused and how."""

from __future__ import annotations

import base64
import http.client
import logging
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from quire.domain.ids import now_ms
from tests.server.auth.conftest import PASSWORD, Guard, Guarded, basic, bearer, cheap_hash

WHO = "/api/quire/v1/whoami"


def test_health_and_version_are_open_and_all_else_is_not(guarded: Guarded) -> None:
    assert guarded.call(None, "GET", "/health").status == 200
    assert guarded.call(None, "GET", "/version").status == 200
    for path in ("/metrics", "/api/quire/v1", "/api/quire/v1/openapi.json", "/api/quire/v1/docs", "/nothing", WHO):
        assert guarded.call(None, "GET", path).status == 401, path


def test_who_does_not_say_who_they_are_is_asked_in_mlflows_shape(guarded: Guarded) -> None:
    answer = guarded.call(None, "GET", "experiments/get?experiment_id=0")
    assert answer.status == 401
    assert answer.json["error_code"] == "UNAUTHENTICATED"
    assert "MLFLOW_TRACKING_USERNAME" in answer.json["message"]
    connection = http.client.HTTPConnection("127.0.0.1", guarded.served.port)
    connection.request("GET", WHO)
    with connection.getresponse() as raw:
        assert raw.headers.get_all("WWW-Authenticate") == [
            'Basic realm="quire", charset="UTF-8"',
            'Bearer realm="quire"',
        ]
    connection.close()


def test_a_user_signs_in_with_a_password(guarded: Guarded) -> None:
    name = guarded.user()
    who = guarded.ask(name, "GET", WHO)
    assert (who["user"]["username"], who["method"]) == (name, "password")


def test_a_name_and_password_may_be_any_text(guarded: Guarded) -> None:
    guarded.access.create_user("Zoë 你好", password_hash=cheap_hash("pass:wörd with colons"))
    assert guarded.call(basic("Zoë 你好", "pass:wörd with colons"), "GET", WHO).status == 200


@pytest.mark.parametrize(
    "headers",
    [
        basic("ada", "wrong password!"),
        basic("nobody", PASSWORD),
        basic("ada", ""),
        basic("ada", "x" * 5000),
        basic("a\0da", PASSWORD),
        {"Authorization": "Basic"},
        {"Authorization": "Basic !!!"},
        {"Authorization": "Basic " + base64.b64encode(b"\xff\xfe:x").decode()},
        {"Authorization": "Basic " + base64.b64encode(b"no colon").decode()},
        {"Authorization": "Basic " + base64.b64encode(b":no name").decode()},
        {"Authorization": "Digest username=ada"},
        {"Authorization": "Bearer"},
        {"Authorization": "Bearer quire_short"},
        bearer("quire_" + "A" * 43),
        {"Cookie": "quire_session=nonsense"},
    ],
)
def test_wrong_credentials_are_refused(guard: Guard, headers: dict[str, str]) -> None:
    answer = guard().call(headers, "GET", WHO)
    assert answer.status == 401
    assert answer.json["error_code"] == "UNAUTHENTICATED"
    assert "www-authenticate" in answer.headers


def test_an_unknown_user_and_a_wrong_password_look_the_same(guarded: Guarded) -> None:
    name = guarded.user()
    unknown, wrong = guarded.call(basic("nobody"), "GET", WHO), guarded.call(basic(name, "not that one"), "GET", WHO)
    assert unknown.json == wrong.json


def test_an_unknown_user_takes_as_long_as_a_wrong_password(guard: Guard) -> None:
    from quire.domain.credentials import hash_password

    server = guard(failures=100)
    server.access.create_user("grace", password_hash=hash_password(PASSWORD))

    def seconds(name: str) -> float:
        begun = time.perf_counter()
        server.call(basic(name, "a wrong password"), "GET", WHO)
        return time.perf_counter() - begun

    known = min(seconds("grace") for _ in range(3))
    unknown = min(seconds(f"nobody-{number}") for number in range(3))
    assert known / 3 < unknown < known * 3


def test_a_user_without_a_password_has_none_to_sign_in_with(guarded: Guarded) -> None:
    guarded.access.create_user("robot", password_hash=None)
    for password in ("", "None", PASSWORD):
        assert guarded.call(basic("robot", password), "GET", WHO).status == 401


def test_a_token_signs_its_user_in(guarded: Guarded) -> None:
    name = guarded.user()
    made = guarded.ask(name, "POST", "/api/quire/v1/tokens", {"name": "nightly"})
    assert made["secret"].startswith("quire_")
    who = guarded.ask(bearer(made["secret"]), "GET", WHO)
    assert (who["user"]["username"], who["method"], who["token_id"]) == (name, "token", made["token"]["token_id"])


def test_a_token_is_told_once_and_never_kept(guarded: Guarded) -> None:
    name = guarded.user()
    secret = guarded.token(name)
    assert secret not in str(guarded.ask(name, "GET", "/api/quire/v1/tokens"))
    folder = guarded.uri.removeprefix("sqlite:///").rpartition("/")[0]
    for file in Path(folder).glob("quire.db*"):
        content = file.read_bytes()
        assert secret.encode() not in content
        assert PASSWORD.encode() not in content


def test_the_last_use_of_a_token_is_noted(guarded: Guarded) -> None:
    name = guarded.user()
    guarded.ask(bearer(guarded.token(name)), "GET", WHO)
    deadline = time.monotonic() + 5
    while guarded.access.list_tokens(username=name)[0].last_used_time is None:
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_an_expired_token_is_refused(guarded: Guarded) -> None:
    from quire.domain.credentials import hash_token, new_token

    secret = new_token()
    guarded.access.create_token("ada", hash_token(secret), expiration_time=now_ms() - 1)
    answer = guarded.call(bearer(secret), "GET", WHO)
    assert answer.status == 401
    assert "has expired" in answer.json["message"]


def test_a_revoked_token_is_refused_at_once_here_and_soon_elsewhere(guard: Guard) -> None:
    server = guard(refresh=0.3)
    name = server.user()
    here, elsewhere = server.token(name), server.token(name)
    for secret in (here, elsewhere):
        assert server.call(bearer(secret), "GET", WHO).status == 200
    tokens = server.access.list_tokens(username=name)
    server.ask(name, "DELETE", f"/api/quire/v1/tokens/{tokens[1].token_id}")
    assert server.call(bearer(here), "GET", WHO).status == 401
    server.access.revoke_token(tokens[0].token_id)  # as another server does
    _becomes(server, bearer(elsewhere), 401)


def test_a_new_password_counts_soon_and_the_old_one_no_more(guard: Guard) -> None:
    server = guard(refresh=0.3, failures=1000)
    name = server.user()
    assert server.call(name, "GET", WHO).status == 200
    server.access.set_password_hash(name, cheap_hash("another password"))
    _becomes(server, basic(name), 401)
    assert server.call(basic(name, "another password"), "GET", WHO).status == 200


def test_a_deleted_user_is_locked_out_soon(guard: Guard) -> None:
    server = guard(refresh=0.3, failures=1000)
    name = server.user()
    secret = server.token(name)
    assert server.call(bearer(secret), "GET", WHO).status == 200
    server.access.delete_user(name)
    _becomes(server, bearer(secret), 401)
    _becomes(server, basic(name), 401)


def test_a_role_that_was_taken_away_counts_soon(guard: Guard) -> None:
    server = guard(refresh=0.3)
    name = server.user("admin")
    assert server.call(name, "GET", "users/list").status == 200
    server.access.set_role(name, "reader")
    deadline = time.monotonic() + 5
    while server.call(name, "GET", "users/list").status != 403:
        assert time.monotonic() < deadline
        time.sleep(0.05)


def _becomes(server: Guarded, headers: dict[str, str], status: int) -> None:
    deadline = time.monotonic() + 5
    while server.call(headers, "GET", WHO).status != status:
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_checked_password_is_not_stretched_again(guard: Guard) -> None:
    from quire.domain.credentials import hash_password

    server = guard()
    server.access.create_user("grace", password_hash=hash_password(PASSWORD))
    assert server.call("grace", "GET", WHO).status == 200
    begun = time.perf_counter()
    for _ in range(20):
        assert server.call("grace", "GET", WHO).status == 200
    assert (time.perf_counter() - begun) / 20 < 0.05


def test_failed_logins_are_slowed_down_and_told_when_to_come_back(guard: Guard) -> None:
    server = guard(failures=3, failure_pause=60.0)
    for _ in range(3):
        assert server.call(basic("ada", "guess"), "GET", WHO).status == 401
    answer = server.call(basic("ada", "guess"), "GET", WHO)
    assert answer.status == 429
    assert answer.json["error_code"] == "REQUEST_LIMIT_EXCEEDED"
    assert 1 <= int(answer.headers["retry-after"]) <= 60
    assert server.call("ada", "GET", WHO).status == 429, "the right password, guessed at last, is not let in either"


def test_who_signed_in_before_is_not_locked_out_by_who_guesses(guard: Guard) -> None:
    server = guard(failures=2, failure_pause=60.0)
    assert server.call("ada", "GET", WHO).status == 200
    for _ in range(5):
        server.call(basic("ada", "guess"), "GET", WHO)
    assert server.call(basic("ada", "guess"), "GET", WHO).status == 429
    assert server.call("ada", "GET", WHO).status == 200


def test_guessing_over_many_users_is_slowed_down_too(guard: Guard) -> None:
    server = guard(failures=2, failure_pause=60.0, address_factor=3)
    statuses = [server.call(basic(f"user-{number}", "guess"), "GET", WHO).status for number in range(8)]
    assert statuses == [401] * 6 + [429] * 2


def test_unknown_tokens_are_slowed_down_and_known_ones_are_not(guard: Guard) -> None:
    server = guard(failures=1, failure_pause=60.0, address_factor=3)
    secret = server.token("ada")
    statuses = [server.call(bearer(f"quire_{'A' * 42}{number}"), "GET", WHO).status for number in range(5)]
    assert statuses == [401] * 3 + [429] * 2
    assert server.call(bearer(secret), "GET", WHO).status == 200


def test_no_credential_is_in_a_log_or_an_answer(guarded: Guarded, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    secret = "quire_" + "S" * 43
    answers = [
        guarded.call(basic("someone", "hunter2hunter2"), "GET", WHO),
        guarded.call(bearer(secret), "GET", WHO),
        guarded.call("ada", "POST", "users/create", {"username": "a:b", "password": "hunter2hunter2"}),
        guarded.call("ada", "POST", "users/create", {"username": "carol", "password": "short"}),
    ]
    assert [answer.status for answer in answers] == [401, 401, 400, 400]
    told = caplog.text + "".join(answer.body.decode() for answer in answers)
    for credential in ("hunter2hunter2", secret, '"short"'):
        assert credential not in told
    assert "A login of 'someone'" in caplog.text


def test_requests_have_an_id(guarded: Guarded) -> None:
    given = guarded.call({**basic("ada"), "X-Request-ID": "job-17"}, "GET", WHO)
    assert given.headers["x-request-id"] == "job-17"
    strange = guarded.call({**basic("ada"), "X-Request-ID": "a b\tc"}, "GET", WHO)
    assert len(strange.headers["x-request-id"]) == 16


def test_a_body_sent_with_wrong_credentials_still_gets_its_answer(guarded: Guarded) -> None:
    body: Any = b"x" * 500_000
    answer = guarded.call(basic("nobody-3"), "PUT", "/api/2.0/mlflow-artifacts/artifacts/1/file", body)
    assert answer.status == 401


def test_guesses_that_are_made_at_once_are_counted_too(guard: Guard) -> None:
    server = guard(failures=3, failure_pause=60.0)
    with ThreadPoolExecutor(16) as pool:
        answers = pool.map(lambda number: server.call(basic("ada", f"guess-{number}"), "GET", WHO).status, range(16))
    assert sorted(answers) == [401] * 3 + [429] * 13


def test_who_signs_in_many_times_at_once_is_no_guesser(guard: Guard) -> None:
    server = guard(failures=2, failure_pause=60.0)
    with ThreadPoolExecutor(12) as pool:
        answers = pool.map(lambda _: server.call("ada", "GET", WHO).status, range(12))
    assert list(answers) == [200] * 12


def test_behind_a_proxy_that_is_trusted_each_client_has_its_own_count(guard: Guard) -> None:
    behind = {"trusted_proxies": ("127.0.0.1",)}
    server = guard(failures=1, failure_pause=60.0, address_factor=1, server=behind)

    def guess(client: str) -> int:
        return server.call({**basic("ada", "guess"), "X-Forwarded-For": client}, "GET", WHO).status

    assert [guess("203.0.113.7"), guess("203.0.113.7"), guess("203.0.113.8")] == [401, 429, 401]
    assert guess("203.0.113.9, 203.0.113.7") == 429, "what a client writes itself stands on the left"
