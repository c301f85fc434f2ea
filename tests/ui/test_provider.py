"""Signing in at an identity provider in the browser: a small real one, at another site than the server."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from quire.domain.credentials import hash_token
from quire.store import open_store
from quire.store.access import access_of
from tests.eventually import eventually
from tests.quire_server import QuireServer
from tests.server.auth.conftest import PASSWORD, cheap_hash
from tests.server.auth.provider import CLIENT, Provider
from tests.ui.browser import Screen, address_has

CALLBACK = "/api/quire/v1/login/callback"
DEEP = "/traces?sort=latency&text=a%26b#top"


class Site:
    """A server whose people sign in at a provider."""

    def __init__(self, url: str, provider: Provider, store: Any) -> None:
        self.url, self.provider, self.store = url, provider, store

    def end_session(self, page: Any) -> None:
        """End the session of a browser from outside, as time does; known to the server once this returns."""
        (secret,) = [cookie["value"] for cookie in page.context.cookies() if cookie["name"] == "quire_session"]
        access = access_of(self.store)
        login = access.find_token(hash_token(secret))
        assert login is not None
        assert login.token is not None
        access.revoke_token(login.token.token_id)
        eventually(lambda: page.request.get(f"{self.url}/api/quire/v1/me").status == 401)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder: Path = tmp_path_factory.mktemp("site")
    provider = Provider("localhost", public=True)
    store = open_store(f"sqlite:///{folder}/quire.db", artifact_root="mlflow-artifacts:/")
    access_of(store).create_user("ada", password_hash=cheap_hash(PASSWORD), role="admin")
    server = QuireServer(folder)
    oidc = {"issuer": provider.issuer, "client_id": CLIENT, "redirect_uri": server.url + CALLBACK, "role": "editor"}
    server.configure(auth={"refresh": 0.05, "oidc": oidc})
    with server:
        yield Site(server.url, provider, store)
    store.close()
    provider.stop()


@pytest.fixture(autouse=True)
def honest(site: Site) -> Iterator[None]:
    """A provider that tells no lies, before and after each test."""
    yield
    site.provider.state = None
    site.provider.lie.clear()


def sign_in(page: Any, email: str = "grace@example.com") -> None:
    """From the page of sign-in to the provider's, and what is done there."""
    page.get_by_role("link", name="Sign in at localhost").click()
    page.get_by_role("heading", name="Who are you?").wait_for()
    page.get_by_label("E-mail").fill(email)
    page.get_by_role("button", name="Let me in").click()


def test_a_deep_link_leads_by_the_provider_to_the_page_that_it_names(screen: Screen, site: Site) -> None:
    page = screen.open(site.url + DEEP)
    page.wait_for_url("**/sign-in?next=*")
    screen.look("sign-in")
    sign_in(page)
    page.wait_for_url(site.url + DEEP)
    account = page.get_by_role("banner")
    account.get_by_text("grace@example.com").wait_for()
    page.get_by_role("heading", name="Traces", exact=True).wait_for()
    page.reload()
    account.get_by_text("grace@example.com").wait_for()
    assert page.evaluate("document.cookie") == "", "no script reads the session"


def test_signing_out_ends_it_and_the_back_button_shows_nothing(screen: Screen, site: Site) -> None:
    page = screen.open(f"{site.url}/prompts")
    sign_in(page)
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url("**/sign-in")
    assert page.context.cookies() == []
    page.go_back()
    page.get_by_role("link", name="Sign in at localhost").wait_for()
    address_has(page, "/sign-in")


def test_an_address_that_is_opened_after_the_session_ended_is_come_back_to(screen: Screen, site: Site) -> None:
    page = screen.open(f"{site.url}/runs")
    sign_in(page)
    page.wait_for_url("**/runs")
    page.get_by_role("banner").get_by_text("grace@example.com").wait_for()
    site.end_session(page)
    page.goto(f"{site.url}/runs?filter=metrics.a+%3E+1&view=charts")
    page.wait_for_url("**/sign-in?next=*")
    sign_in(page)
    page.wait_for_url("**/runs?filter=metrics.a+%3E+1&view=charts")


def test_the_next_call_of_an_open_page_leads_to_the_sign_in(screen: Screen, site: Site) -> None:
    page = screen.open(f"{site.url}/prompts?q=tutor")
    sign_in(page)
    page.wait_for_url("**/prompts?q=tutor")
    page.get_by_role("banner").get_by_text("grace@example.com").wait_for()
    page.get_by_text("Live", exact=True).wait_for()
    site.end_session(page)
    page.get_by_role("searchbox").fill("tutors")
    page.wait_for_url("**/sign-in?next=*")
    sign_in(page)
    page.wait_for_url("**/prompts?q=tutors")


def refuse(page: Any, site: Site) -> None:
    page.get_by_role("link", name="Sign in at localhost").click()
    page.get_by_role("button", name="Refuse").click()


def forge_state(page: Any, site: Site) -> None:
    site.provider.state = "forged"
    sign_in(page)


def forge_nonce(page: Any, site: Site) -> None:
    site.provider.lie["nonce"] = "of another sign-in"
    sign_in(page)


def unverified(page: Any, site: Site) -> None:
    site.provider.lie["email_verified"] = False
    sign_in(page)


def like_a_local_user(page: Any, site: Site) -> None:
    sign_in(page, "ada")


@pytest.mark.parametrize(
    ("act", "said"),
    [
        (refuse, "let nobody in"),
        (forge_state, "began no such sign-in"),
        (forge_nonce, "does not belong to this sign-in"),
        (unverified, "has not verified"),
        (like_a_local_user, "signs in with a password"),
    ],
)
def test_a_sign_in_that_is_refused_says_why_and_can_be_begun_again(
    screen: Screen, site: Site, act: Callable[[Any, Site], None], said: str
) -> None:
    page = screen.open(f"{site.url}/prompts?q=tutor")
    act(page, site)
    page.get_by_role("alert").get_by_text(said).wait_for()
    assert "quire_session" not in {cookie["name"] for cookie in page.context.cookies()}
    screen.shot("refused")
    site.provider.state = None
    site.provider.lie.clear()
    if act is forge_state:  # what a stranger sends back tells nothing of what was asked for
        page.goto(f"{site.url}/prompts?q=tutor")
    sign_in(page)
    page.wait_for_url("**/prompts?q=tutor")
