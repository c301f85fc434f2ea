"""What is around every page: navigation, shortcuts, colours, addresses, the policy of its content."""

from __future__ import annotations

import re

import httpx

from tests.ui.browser import Screen, expect, says


def test_every_place_opens_and_the_back_button_returns(screen: Screen, quire_server: str) -> None:
    page = screen.open(quire_server)
    links = page.get_by_role("navigation", name="Places").get_by_role("link")
    links.first.wait_for()
    names = links.all_inner_texts()
    assert len(names) == 10
    for name in names[1:]:
        page.get_by_role("navigation", name="Places").get_by_role("link", name=name.strip(), exact=True).click()
        page.locator("h1").wait_for()
        expect(page.locator("h1")).to_have_count(1)
    expect(page).to_have_url(re.compile("/settings/?$"))
    page.go_back()
    page.wait_for_url("**/models")
    screen.look("models")


def test_keys_lead_to_places_and_a_question_mark_lists_them(screen: Screen, quire_server: str) -> None:
    page = screen.open(f"{quire_server}/settings")
    page.locator("h1").wait_for()
    page.keyboard.press("g")
    page.keyboard.press("r")
    page.wait_for_url("**/runs")
    page.keyboard.press("?")
    dialog = page.get_by_role("dialog", name="Keyboard shortcuts")
    dialog.wait_for()
    says(dialog, "Go to Runs")
    screen.look("help")
    page.keyboard.press("Escape")
    dialog.wait_for(state="hidden")


def test_addresses_of_mlflow_lead_to_the_same_run(screen: Screen, quire_server: str) -> None:
    page = screen.open(f"{quire_server}/#/experiments/0/runs/0123456789abcdef0123456789abcdef")
    page.wait_for_url("**/runs/0123456789abcdef0123456789abcdef")


def test_an_address_that_leads_nowhere_says_so(screen: Screen, quire_server: str) -> None:
    page = screen.open(f"{quire_server}/settings/no/such/page")
    page.get_by_text("The address leads nowhere here").wait_for()


def test_colours_are_chosen_and_kept(screen: Screen, quire_server: str) -> None:
    page = screen.open(quire_server)
    page.get_by_label("Colours").select_option("dark")
    dark = page.evaluate("getComputedStyle(document.body).backgroundColor")
    page.reload()
    page.locator("h1").wait_for()
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == dark == "rgb(18, 21, 26)"


def test_nothing_inline_and_nothing_foreign_may_run(quire_server: str) -> None:
    answer = httpx.get(f"{quire_server}/runs")
    policies = answer.headers.get_list("content-security-policy")
    assert any("default-src 'none'; script-src 'self'; style-src 'self'" in policy for policy in policies)
    assert "unsafe" not in "".join(policies)
    assert "<script>" not in answer.text
    assert "style=" not in answer.text


def test_files_of_a_build_are_kept_and_the_document_is_asked_for_again(quire_server: str) -> None:
    document = httpx.get(quire_server)
    script = document.text.partition('src="./')[2].partition('"')[0]
    assert document.headers["cache-control"] == "no-cache"
    again = httpx.get(quire_server, headers={"if-none-match": document.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    answer = httpx.get(f"{quire_server}/{script}", headers={"accept-encoding": "gzip"})
    assert answer.headers["cache-control"].startswith("public, max-age=31536000")
    assert answer.headers["content-encoding"] == "gzip"
    assert answer.headers["content-type"] == "application/javascript"


def test_calls_of_the_protocol_are_not_pages(quire_server: str) -> None:
    assert httpx.get(f"{quire_server}/health").text == "OK"
    assert httpx.get(f"{quire_server}/metrics").headers["content-type"].startswith("text/plain")
    assert httpx.get(f"{quire_server}/no-such-thing").status_code == 404
    assert httpx.post(f"{quire_server}/runs").status_code in (404, 405)
    assert httpx.get(f"{quire_server}/../src/main.tsx").status_code == 404
