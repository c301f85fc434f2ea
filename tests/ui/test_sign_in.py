"""Signing in and out in the web interface of a server with auth."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from quire.domain.ids import now_ms
from tests.quire_server import QuireServer
from tests.server.auth.conftest import PASSWORD
from tests.ui.browser import Screen, address_has, expect, says
from tests.ui.guarded import Site, guarded_site


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with guarded_site(tmp_path_factory.mktemp("site")) as made:
        yield made


def test_who_is_not_signed_in_comes_back_to_the_page_they_asked_for(screen: Screen, site: Site) -> None:
    page = screen.open(f"{site.url}/models?text=tutor")
    page.wait_for_url("**/sign-in?next=*")
    page.get_by_label("User name").wait_for()
    screen.look("form")
    page.get_by_label("User name").fill("grace")
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/models?text=tutor")
    page.get_by_role("banner").get_by_text("grace").wait_for()
    page.get_by_text("role: reader").wait_for()
    screen.look("signed-in")


def test_signing_out_ends_the_session_and_the_back_button_shows_nothing(screen: Screen, site: Site) -> None:
    page = site.open(screen, "/settings")
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url("**/sign-in")
    assert page.context.cookies() == []
    page.go_back()
    page.get_by_label("Password").wait_for()
    address_has(page, "/sign-in")


@pytest.mark.parametrize("username", ["ada", "nobody at all"])
def test_a_wrong_password_and_an_unknown_user_are_told_the_same(screen: Screen, site: Site, username: str) -> None:
    page = screen.open(f"{site.url}/sign-in")
    page.get_by_label("User name").fill(username)
    page.get_by_label("Password").fill("wrong")
    page.get_by_role("button", name="Sign in").click()
    said = page.get_by_role("alert")
    said.wait_for()
    says(said, "The user name or the password is wrong.")
    expect(page.get_by_label("User name")).to_have_value(username)
    screen.look("refused")


def test_a_session_that_ends_leads_to_the_sign_in_and_back(screen: Screen, site: Site) -> None:
    page = site.open(screen, "/settings")
    site.access.set_password_hash("ada", site.access.find_login("ada").password_hash)  # type: ignore[union-attr]
    page.wait_for_timeout(1100)  # a server looks at its users anew after a second
    page.reload()
    page.wait_for_url("**/sign-in?next=%2Fsettings*")


def test_the_sign_in_leads_to_no_other_site(screen: Screen, site: Site) -> None:
    page = screen.open(f"{site.url}/sign-in?next=//evil.example/")
    page.get_by_label("User name").fill("ada")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("navigation", name="Places").wait_for()
    expect(page).to_have_url(f"{site.url}/")


@pytest.mark.slow
def test_the_identity_provider_is_offered_under_a_prefix_too(
    screen: Screen, tmp_path_factory: pytest.TempPathFactory
) -> None:
    oidc = {"issuer": "https://login.example/realm", "client_id": "q", "redirect_uri": "https://q.example/x"}
    folder = tmp_path_factory.mktemp("oidc")
    with guarded_site(folder) as other:
        settings = {"failures": 50, "oidc": oidc}
        with QuireServer(folder, auth=settings, static_prefix="/team") as server:
            page = screen.open(f"{server.url}/team/sign-in?next=/team/runs?filter=a")
            link = page.get_by_role("link", name="Sign in at login.example")
            link.wait_for()
            assert (
                link.get_attribute("href") == f"{server.url}/team/api/quire/v1/login?next=%2Fteam%2Fruns%3Ffilter%3Da"
            )
            screen.look("provider")
        assert other.url


def test_a_server_that_asks_nobody_says_so(screen: Screen, quire_server: str) -> None:
    page = screen.open(f"{quire_server}/sign-in")
    page.get_by_text("This server asks nobody who they are.").wait_for()
    page.get_by_role("link", name="Go on").click()
    page.get_by_role("navigation", name="Places").wait_for()
    assert page.get_by_role("button", name="Sign out").count() == 0


def test_a_sign_in_and_out_is_in_the_audit_log(screen: Screen, site: Site) -> None:
    begun = now_ms()
    page = site.open(screen, "/", "grace")
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url("**/sign-in")
    entries = site.access.search_audit(username="grace", since=begun).to_list()
    assert [entry.action for entry in entries] == ["sign_out", "sign_in"]
