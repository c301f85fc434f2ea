"""Signing in by a password in a browser: the session, its cookie, and what a page of another site may do with it."""

from __future__ import annotations

import json
import logging
from typing import Any

import pytest

from quire.domain.access import Resource
from quire.server.auth.settings import OidcSettings
from quire.store.access import access_of
from tests.http_calls import Answer
from tests.server.auth.conftest import PASSWORD, Guard, Guarded, basic, bearer
from tests.server.conftest import Served

LOGIN, LOGOUT, ME, WAYS = (f"/api/quire/v1/{name}" for name in ("login", "logout", "me", "sign-in"))
CREATE = "/api/2.0/mlflow/experiments/create"


class Page:
    """A page of the interface in a browser: it says where it comes from, and keeps the session's cookie."""

    def __init__(self, server: Guarded, origin: str = "") -> None:
        self.server = server
        self.origin = origin or server.served.url
        self.cookie = ""
        self.set = ""

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        given = {"Origin": self.origin, **({"Cookie": self.cookie} if self.cookie else {}), **headers}
        answer = self.server.call({name: value for name, value in given.items() if value}, method, path, body)
        self.set = answer.headers.get("set-cookie", "")
        self.cookie = self.set.partition(";")[0] or self.cookie
        return answer

    def sign_in(self, username: str = "ada", password: str = PASSWORD) -> Answer:
        return self.call("POST", LOGIN, {"username": username, "password": password})


def test_a_password_begins_a_session_that_signing_out_ends(guarded: Guarded) -> None:
    page = Page(guarded)
    answer = page.sign_in()
    assert (answer.status, answer.json) == (200, {"username": "ada"})
    assert answer.headers["cache-control"] == "no-store"
    for part in ("HttpOnly", "SameSite=Lax", "Path=/", "Max-Age=43200"):
        assert part in page.set
    assert page.call("GET", ME).json["method"] == "session"
    kept = page.cookie
    assert page.call("POST", LOGOUT).status == 302
    page.cookie = kept
    assert page.call("GET", ME).status == 401


def test_a_sign_in_from_a_page_that_came_over_tls_has_a_cookie_that_only_this_host_sets(guarded: Guarded) -> None:
    page = Page(guarded, f"https://127.0.0.1:{guarded.served.port}")
    page.sign_in()
    assert page.set.startswith("__Host-quire_session=")
    assert "; Secure" in page.set
    assert page.call("GET", ME).json["username"] == "ada"


def test_a_refusal_does_not_tell_whether_the_user_exists(guarded: Guarded) -> None:
    guarded.access.create_user("no-password", password_hash=None)
    page = Page(guarded)
    refusals = [page.sign_in(name, word) for name, word in (("ada", "wrong"), ("nobody", "x"), ("no-password", "x"))]
    assert {answer.status for answer in refusals} == {401}
    assert len({answer.body for answer in refusals}) == 1
    assert page.set == ""


def test_guesses_are_slowed_down_as_those_of_basic_logins_are(guard: Guard) -> None:
    server = guard(failures=3, failure_pause=60.0)
    page = Page(server)
    assert [page.sign_in("ada", f"guess {number}").status for number in range(3)] == [401] * 3
    answer = page.sign_in("ada", PASSWORD)
    assert (answer.status, int(answer.headers["retry-after"]) > 0) == (429, True)
    assert server.call(basic("ada", "another guess"), "GET", ME).status == 429


def test_signing_in_and_out_is_in_the_audit_log_and_no_password_anywhere(
    guarded: Guarded, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        page = Page(guarded)
        page.sign_in("ada", "a very wrong password")
        page.sign_in()
        page.call("POST", LOGOUT)
    entries = guarded.access.search_audit(username="ada").to_list()
    assert [(entry.action, entry.route, entry.address) for entry in entries[:2]] == [
        ("sign_out", f"POST {LOGOUT}", "127.0.0.1"),
        ("sign_in", f"POST {LOGIN}", "127.0.0.1"),
    ]
    assert "very wrong" not in caplog.text
    assert "'ada'" in caplog.text


@pytest.mark.parametrize(
    ("headers", "allowed"),
    [
        ({}, True),
        ({"Origin": "", "Sec-Fetch-Site": "same-origin"}, True),
        ({"Origin": ""}, False),
        ({"Origin": "", "Sec-Fetch-Site": "same-site"}, False),
        ({"Origin": "", "Sec-Fetch-Site": "cross-site"}, False),
        ({"Origin": "", "Sec-Fetch-Site": "none"}, False),
        ({"Origin": "null"}, False),
        ({"Origin": "https://elsewhere.example"}, False),
        ({"Origin": "http://127.0.0.1:1"}, False),
    ],
)
def test_a_session_changes_things_from_the_pages_of_this_server_alone(
    guarded: Guarded, headers: dict[str, str], allowed: bool
) -> None:
    page = Page(guarded)
    page.sign_in()
    name = json.dumps(sorted(headers.items()))
    assert page.call("POST", CREATE, {"name": name}, **headers).status == (200 if allowed else 403)
    assert page.call("GET", ME, **headers).status == 200
    assert page.call("POST", LOGOUT, **headers).status == (302 if allowed else 403)


def test_pages_of_any_origin_may_use_tokens_and_no_session(guard: Guard) -> None:
    server = guard(server={"cors_allowed_origins": ("*",)})
    page = Page(server)
    page.sign_in()
    elsewhere = "https://elsewhere.example"
    assert page.call("POST", CREATE, {"name": "a"}, Origin=elsewhere).status == 403
    answer = server.call({**basic("ada"), "Origin": elsewhere}, "POST", CREATE, {"name": "a"})
    assert answer.status == 200


def test_pages_of_an_origin_that_is_named_may_use_the_session(guard: Guard) -> None:
    server = guard(server={"cors_allowed_origins": ("https://*.quire.example",)})
    page = Page(server)
    page.sign_in()
    assert page.call("POST", CREATE, {"name": "a"}, Origin="https://app.quire.example").status == 200


def test_no_browser_opens_a_dialog_of_its_own_because_a_script_was_refused(guarded: Guarded) -> None:
    by_script = guarded.call({"Sec-Fetch-Mode": "cors"}, "GET", ME)
    assert (by_script.status, by_script.headers["www-authenticate"]) == (401, 'Bearer realm="quire"')
    answer = guarded.call({"Sec-Fetch-Mode": "navigate"}, "GET", "/metrics")
    assert answer.status == 401


def test_a_token_needs_no_origin(guarded: Guarded) -> None:
    secret = guarded.ask("ada", "POST", "/api/quire/v1/tokens", {})["secret"]
    assert guarded.call(bearer(secret), "POST", CREATE, {"name": "by token"}).status == 200


def test_what_is_no_json_signs_nobody_in(guarded: Guarded) -> None:
    page = Page(guarded)
    body = json.dumps({"username": "ada", "password": PASSWORD}).encode()
    assert page.call("POST", LOGIN, body, **{"Content-Type": "text/plain"}).status == 415
    assert page.call("POST", LOGIN, {"username": "ada"}).status == 400
    assert page.call("POST", LOGIN, {"username": "ada", "password": "x" * 20_000}).status == 413
    assert page.cookie == ""


def test_how_one_signs_in_is_told_to_everybody(guarded: Guarded, monkeypatch: pytest.MonkeyPatch) -> None:
    assert guarded.call(None, "GET", WAYS).json == {"auth": True, "provider": ""}


def test_the_provider_is_told_by_its_host(guard: Guard, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QUIRE_OIDC_CLIENT_SECRET", "s")
    oidc = OidcSettings(issuer="https://login.example/realm", client_id="c", redirect_uri="https://q.example/x")
    assert guard(oidc=oidc).call(None, "GET", WAYS).json == {"auth": True, "provider": "login.example"}


def test_a_server_that_asks_nobody_says_so(server: Served) -> None:
    assert server.call("GET", WAYS).json == {"auth": False, "provider": ""}
    me = server.call("GET", ME).json
    assert (me["auth"], me["administers"], me["role"], me["method"]) == (False, True, "admin", "none")


def test_me_says_what_one_may_do(guarded: Guarded) -> None:
    name = guarded.user("editor")
    model = Resource("registered_model", "tutor")
    guarded.access.set_permission(name, model, "reader")
    me = guarded.ask(name, "GET", ME)
    assert (me["username"], me["role"], me["administers"], me["creates"]) == (name, "editor", False, True)
    assert me["roles"] == [{"kind": "registered_model", "key": "tutor", "role": "reader"}]


def test_me_says_what_a_limited_token_may_do(guarded: Guarded) -> None:
    made = guarded.ask("ada", "POST", "/api/quire/v1/tokens", {"experiments": ["0"], "read_only": True})
    me = guarded.ask(bearer(made["secret"]), "GET", ME)
    assert (me["role"], me["administers"], me["creates"], me["method"]) == ("none", False, False, "token")
    assert me["roles"] == [{"kind": "experiment", "key": "0", "role": "reader"}]


def test_a_page_that_is_not_the_interface_leads_to_the_sign_in(guarded: Guarded) -> None:
    from quire.server.ui import is_built

    answer = guarded.call({"Accept": "text/html"}, "GET", "/api/quire/v1/docs")
    if is_built():
        assert (answer.status, answer.headers["location"]) == (302, "/sign-in?next=%2Fapi%2Fquire%2Fv1%2Fdocs")
    else:
        assert answer.status == 401


def test_it_works_on_postgresql(postgres_copy: str, guard: Guard) -> None:
    server = guard(uri=postgres_copy)
    page = Page(server)
    assert page.sign_in().status == 200
    assert page.call("GET", ME).json["username"] == "ada"
    assert access_of(server.store).search_audit(action="sign_in").to_list() != []
