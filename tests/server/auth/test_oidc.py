"""Signing in with a browser at an identity provider."""

from __future__ import annotations

import base64
import json
import logging
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from quire.domain.errors import InvalidInput
from quire.server.auth.settings import OidcSettings, auth_from_environment
from tests.server.auth.conftest import PASSWORD, Guard, Guarded, cheap_hash
from tests.server.auth.provider import CLIENT, OTHER_KEY, SECRET, Provider

LOGIN, CALLBACK, LOGOUT = "/api/quire/v1/login", "/api/quire/v1/login/callback", "/api/quire/v1/logout"
WHO = "/api/quire/v1/whoami"


@pytest.fixture
def provider(monkeypatch: pytest.MonkeyPatch) -> Iterator[Provider]:
    monkeypatch.setenv("QUIRE_OIDC_CLIENT_SECRET", SECRET)
    started = Provider()
    yield started
    started.stop()


Start = Callable[..., Guarded]


@pytest.fixture
def start(guard: Guard, provider: Provider) -> Start:
    """Starts a server whose people sign in at the provider."""

    def begin(redirect_uri: str = f"http://quire.example{CALLBACK}", **fields: Any) -> Guarded:
        oidc = OidcSettings(issuer=provider.issuer, client_id=CLIENT, redirect_uri=redirect_uri, **fields)
        return guard(oidc=oidc)

    return begin


class Browser:
    """Keeps cookies, and goes where it is sent."""

    def __init__(self, server: Guarded) -> None:
        self._server = server
        self.cookies: dict[str, str] = {}
        self.set: list[str] = []

    def go(self, path: str, method: str = "GET", body: Any = None, **headers: str) -> Any:
        if self.cookies:
            headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        if method != "GET":
            headers.setdefault("Origin", f"http://127.0.0.1:{self._server.served.port}")
        import http.client

        connection = http.client.HTTPConnection("127.0.0.1", self._server.served.port, timeout=30)
        connection.request(method, path, body, headers)
        with connection.getresponse() as answer:
            answer.body = answer.read()  # type: ignore[attr-defined]
            self.set = answer.headers.get_all("Set-Cookie") or []
        connection.close()
        for cookie in self.set:
            name, _, value = cookie.partition(";")[0].partition("=")
            self.cookies.pop(name, None)
            if value:
                self.cookies[name] = value
        return answer

    def begin(self, next_page: str = "/") -> str:
        answer = self.go(f"{LOGIN}?next={next_page}")
        assert answer.status == 302
        return str(answer.headers["Location"])

    def sign_in(self, provider: Provider, next_page: str = "/") -> Any:
        back = urlsplit(provider.authorize(self.begin(next_page)))
        return self.go(f"{back.path}?{back.query}")


def test_a_person_signs_in_is_known_and_signs_out(start: Start, provider: Provider) -> None:
    server = start()
    browser = Browser(server)
    answer = browser.sign_in(provider, "/experiments/1")
    assert (answer.status, answer.headers["Location"]) == (302, "/experiments/1")
    who = browser.go(WHO)
    assert b'"username":"grace@example.com"' in who.body
    assert b'"method":"session"' in who.body
    kept = dict(browser.cookies)
    assert browser.go(LOGOUT, "POST").status == 302
    assert browser.cookies == {}
    browser.cookies = kept
    assert browser.go(WHO).status == 401


def test_the_request_proves_itself_by_a_key_of_its_own(start: Start, provider: Provider) -> None:
    browser = Browser(start())
    asked = parse_qs(urlsplit(browser.begin()).query)
    assert asked["response_type"] == ["code"]
    assert asked["code_challenge_method"] == ["S256"]
    assert asked["scope"] == ["openid profile email"]
    again = parse_qs(urlsplit(browser.begin()).query)
    for name in ("state", "nonce", "code_challenge"):
        assert asked[name] != again[name]
        assert len(asked[name][0]) >= 43


def test_cookies_are_kept_from_scripts_from_other_sites_and_from_the_open_network(
    start: Start, provider: Provider
) -> None:
    server = start(f"https://quire.example{CALLBACK}")
    browser = Browser(server)
    browser.begin()
    assert len(browser.set) == 1
    back = urlsplit(provider.authorize(browser.begin()))
    browser.go(f"{back.path}?{back.query}")
    for cookie in browser.set:
        for part in ("HttpOnly", "SameSite=Lax", "Secure"):
            assert part in cookie


def test_the_same_person_is_the_same_user_whatever_they_are_called_later(start: Start, provider: Provider) -> None:
    server = start(role="reader")
    Browser(server).sign_in(provider)
    provider.claims["email"] = "grace.hopper@example.com"
    browser = Browser(server)
    browser.sign_in(provider)
    assert b"grace@example.com" in browser.go(WHO).body
    users = [(user.username, user.role) for user in server.access.list_users()]
    assert users == [("ada", "admin"), ("grace@example.com", "reader")]


def test_a_name_that_a_local_user_has_is_not_taken_over(start: Start, provider: Provider) -> None:
    server = start()
    server.access.create_user("grace@example.com", password_hash=cheap_hash(PASSWORD), role="admin")
    browser = Browser(server)
    assert browser.sign_in(provider).status == 403
    assert "quire_session" not in browser.cookies


def _set(field: str, value: Any) -> Callable[[Provider], None]:
    return lambda provider: setattr(provider, field, value)


def _lie(**claims: Any) -> Callable[[Provider], None]:
    return lambda provider: provider.lie.update(claims)


def _none(provider: Provider) -> None:
    provider.algorithm, provider.signing_key = "none", ""  # type: ignore[assignment]


def _shared(provider: Provider) -> None:
    provider.algorithm, provider.signing_key = "HS256", SECRET.encode() * 2  # type: ignore[assignment]


_SPOILED: dict[str, Callable[[Provider], None]] = {
    "another audience": _lie(aud="another-client"),
    "another issuer": _lie(iss="http://127.0.0.1:1"),
    "expired": _lie(exp=1_700_000_000),
    "another nonce": _lie(nonce="another"),
    "no nonce": _lie(nonce=None),
    "no subject": _lie(sub=None),
    "no end": _lie(exp=None),
    "another application": _lie(azp="another-client"),
    "no name": _lie(email=None),
    "an address that was not verified": _lie(email_verified=False),
    "another key": _set("shown_key", OTHER_KEY),
    "no signature": _none,
    "a shared secret": _shared,
}


@pytest.mark.parametrize("spoil", list(_SPOILED.values()), ids=list(_SPOILED))
def test_a_token_that_is_not_right_lets_nobody_in(
    start: Start, provider: Provider, spoil: Callable[[Provider], None]
) -> None:
    browser = Browser(start())
    spoil(provider)
    answer = browser.sign_in(provider)
    assert answer.status == 401, answer.body
    assert b"UNAUTHENTICATED" in answer.body
    assert "quire_session" not in browser.cookies


def test_only_the_browser_that_began_may_finish(start: Start, provider: Provider) -> None:
    server = start()
    back = urlsplit(provider.authorize(Browser(server).begin()))
    assert Browser(server).go(f"{back.path}?{back.query}").status == 401
    other = Browser(server)
    other.begin()
    assert other.go(f"{back.path}?{back.query}").status == 401


@pytest.mark.parametrize(
    "query", ["", "code=x", "state=", "code=x&state=y", "error=access_denied&state=y", "code=%00&state=%ff"]
)
def test_a_return_that_makes_no_sense_is_refused(start: Start, query: str) -> None:
    browser = Browser(start())
    assert browser.go(f"{CALLBACK}?{query}").status in (400, 401)
    browser.begin()
    assert browser.go(f"{CALLBACK}?{query}").status in (400, 401)
    browser.cookies["quire_login"] = "bm9uc2Vuc2U"
    assert browser.go(f"{CALLBACK}?{query}").status in (400, 401)


def test_a_code_is_used_once(start: Start, provider: Provider) -> None:
    browser = Browser(start())
    back = urlsplit(provider.authorize(browser.begin()))
    kept = dict(browser.cookies)
    assert browser.go(f"{back.path}?{back.query}").status == 302
    browser.cookies = kept
    assert browser.go(f"{back.path}?{back.query}").status == 401


@pytest.mark.parametrize(
    "page",
    ["//evil.example", "https://evil.example/", "/\\evil.example", "javascript:alert(1)", "", "/a%0d%0aSet-Cookie:x"],
)
def test_nobody_is_sent_to_another_site_afterwards(start: Start, provider: Provider, page: str) -> None:
    answer = Browser(start()).sign_in(provider, page)
    assert answer.headers["Location"] == "/"


def test_a_browser_that_asks_for_a_page_is_sent_to_sign_in(start: Start) -> None:
    browser = Browser(start())
    answer = browser.go("/api/quire/v1/docs", Accept="text/html,*/*")
    assert (answer.status, answer.headers["Location"]) == (302, f"{LOGIN}?next=%2Fapi%2Fquire%2Fv1%2Fdocs")
    assert browser.go(WHO, Accept="application/json").status == 401


def test_a_session_may_make_tokens_and_a_token_is_no_session(start: Start, provider: Provider) -> None:
    server = start()
    browser = Browser(server)
    browser.sign_in(provider)
    headers = {"Content-Type": "application/json", "Origin": f"http://127.0.0.1:{server.served.port}"}
    assert browser.go("/api/quire/v1/tokens", "POST", b'{"name": "mine"}', **headers).status == 200
    headers["Origin"] = "https://evil.example"
    assert browser.go("/api/quire/v1/tokens", "POST", b'{"name": "theirs"}', **headers).status == 403
    secret = server.token("ada")
    assert server.call({"Cookie": f"quire_session={secret}"}, "GET", WHO).status == 401
    assert server.call({"Authorization": f"Bearer {browser.cookies['quire_session']}"}, "GET", WHO).status == 401


def test_signing_in_is_in_the_audit_log(start: Start, provider: Provider) -> None:
    server = start()
    Browser(server).sign_in(provider)
    actions = [entry.action for entry in server.access.search_audit(username="grace@example.com")]
    assert actions == ["sign_in", "create_user"]


def test_a_provider_that_is_away_is_told_from_a_sign_in_that_failed(start: Start, provider: Provider) -> None:
    server = start()
    provider.stop()
    answer = Browser(server).go(LOGIN)
    assert answer.status == 503
    assert b"cannot be reached" in answer.body


def test_a_provider_that_calls_itself_otherwise_is_not_believed(start: Start, provider: Provider) -> None:
    provider.issued_issuer = "https://another.example"
    answer = Browser(start()).go(LOGIN)
    assert answer.status == 400
    assert b"calls itself" in answer.body


def test_no_secret_of_a_sign_in_is_logged(start: Start, provider: Provider, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "quire")
    browser = Browser(start())
    browser.sign_in(provider)
    for secret in (SECRET, browser.cookies["quire_session"], provider.exchanges[0]["code_verifier"]):
        assert secret not in caplog.text


def test_without_a_provider_there_is_no_such_sign_in(guarded: Guarded) -> None:
    answer = guarded.call(None, "GET", LOGIN)
    assert answer.status == 404
    assert "no identity provider" in answer.json["message"]


def test_the_environment_names_the_provider(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QUIRE_AUTH", "1")
    monkeypatch.setenv("QUIRE_OIDC_ISSUER", "https://login.example/")
    with pytest.raises(InvalidInput, match="QUIRE_OIDC_CLIENT_ID is not"):
        auth_from_environment()
    monkeypatch.setenv("QUIRE_OIDC_CLIENT_ID", "quire")
    monkeypatch.setenv("QUIRE_OIDC_REDIRECT_URI", "https://quire.example/api/quire/v1/login/callback")
    monkeypatch.setenv("QUIRE_OIDC_ROLE", "Reader")
    settings = auth_from_environment()
    assert settings is not None
    assert settings.oidc is not None
    assert (settings.oidc.issuer, settings.oidc.role) == ("https://login.example", "reader")


def test_a_provider_without_tls_is_refused(guard: Guard) -> None:
    oidc = OidcSettings(issuer="http://login.example", client_id="x", redirect_uri="https://quire.example/x")
    with pytest.raises(InvalidInput, match="expected an https:// address"):
        guard(oidc=oidc)


def test_the_cookies_of_a_server_behind_tls_cannot_be_planted_by_a_neighbour(start: Start, provider: Provider) -> None:
    server = start(f"https://quire.example{CALLBACK}")
    browser = Browser(server)
    browser.sign_in(provider)
    assert set(browser.cookies) == {"__Host-quire_session"}
    assert browser.go(WHO).status == 200
    session = browser.cookies.pop("__Host-quire_session")
    browser.cookies["quire_session"] = session
    assert browser.go(WHO).status == 401, "any host of the domain may set a cookie of that name"


def test_the_page_to_come_back_to_is_checked_when_it_is_gone_to(start: Start, provider: Provider) -> None:
    browser = Browser(start())
    back = urlsplit(provider.authorize(browser.begin()))
    raw = browser.cookies["quire_login"]
    content = json.loads(base64.urlsafe_b64decode(raw + "=" * (-len(raw) % 4)))
    changed = json.dumps({**content, "next": "https://evil.example/"}).encode()
    browser.cookies["quire_login"] = base64.urlsafe_b64encode(changed).decode().rstrip("=")
    assert browser.go(f"{back.path}?{back.query}").headers["Location"] == "/"


@pytest.mark.parametrize("said", [False, "false"])
def test_an_address_that_is_not_verified_lets_nobody_in(said: Any, start: Start, provider: Provider) -> None:
    provider.claims["email_verified"] = said
    assert Browser(start()).sign_in(provider).status == 401


def test_a_sign_out_counts_at_once_and_is_in_the_audit_log(start: Start, provider: Provider) -> None:
    server = start()
    browser = Browser(server)
    browser.sign_in(provider)
    kept = dict(browser.cookies)
    assert browser.go(WHO).status == 200
    browser.go(LOGOUT, "POST")
    browser.cookies = kept
    assert browser.go(WHO).status == 401
    actions = [entry.action for entry in server.access.search_audit(entity="user:grace@example.com")]
    assert actions == ["sign_out", "sign_in", "create_user"]
