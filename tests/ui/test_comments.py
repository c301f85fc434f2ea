"""Comments on a page: written with a preview, linked to, changed, taken back; names offered after an @."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.ui.browser import Screen, expect, says

API = "/api/quire/v1/comments"


@pytest.fixture
def prompt(quire_server: str, request: pytest.FixtureRequest) -> str:
    """A prompt without comments."""
    name = f"commented-{abs(hash(request.node.name))}"
    answer = httpx.post(f"{quire_server}/api/quire/v1/prompts", json={"name": name, "template": "Hello {{who}}"})
    assert answer.status_code == 200, answer.text
    return name


def say(server: str, prompt: str, text: str, author: str = "Ada Lovelace") -> str:
    body = {"subject_kind": "prompt", "subject_id": prompt, "text": text, "author": author}
    return str(httpx.post(f"{server}{API}", json=body).json()["comment"]["comment_id"])


def opened(screen: Screen, server: str, prompt: str, anchor: str = "") -> Any:
    page = screen.open(f"{server}/prompts/{prompt}{anchor}")
    comments = page.get_by_role("region", name="Comments")
    comments.wait_for()
    return comments


def test_a_comment_is_written_changed_and_deleted(screen: Screen, quire_server: str, prompt: str) -> None:
    comments = opened(screen, quire_server, prompt)
    comments.get_by_text("Nobody has said anything").wait_for()
    send = comments.get_by_role("button", name="Comment", exact=True)
    comments.get_by_label("Say something").fill("**Better** than `v1` <img src=x onerror=alert(1)>")
    assert send.is_disabled()  # nobody knows who writes
    comments.get_by_label("Your name").fill("Grace")
    comments.get_by_role("button", name="Preview").click()
    expect(comments.locator("form strong")).to_have_text("Better", use_inner_text=True)
    comments.get_by_role("button", name="Write").click()
    comments.get_by_label("Say something").press("Control+Enter")
    said = comments.get_by_role("article")
    said.get_by_text("Better").wait_for()
    says(said, "<img")
    says(said, "Grace")
    screen.look("one")
    said.get_by_role("button", name="Edit").click()
    said.get_by_label("Change the comment").fill("Worse")
    said.get_by_role("button", name="Save").click()
    said.get_by_text("edited").wait_for()
    says(said, "Worse")
    said.get_by_role("button", name="Delete").click()
    said.get_by_role("button", name="Delete it").click()
    comments.get_by_text("Nobody has said anything").wait_for()


def test_the_name_is_asked_once(screen: Screen, quire_server: str, prompt: str) -> None:
    comments = opened(screen, quire_server, prompt)
    comments.get_by_label("Say something").fill("first")
    comments.get_by_label("Your name").fill("Grace")
    comments.get_by_role("button", name="Comment", exact=True).click()
    comments.get_by_role("article").wait_for()
    screen.page.reload()
    comments.get_by_text("as Grace").wait_for()


def test_names_are_offered_after_an_at(screen: Screen, quire_server: str, prompt: str) -> None:
    say(quire_server, prompt, "hello")
    comments = opened(screen, quire_server, prompt)
    text = comments.get_by_label("Say something")
    text.click()
    text.press_sequentially("ask @Ada")
    comments.get_by_role("option", name="Ada Lovelace").wait_for()
    screen.look("offered")
    text.press("Enter")
    comments.get_by_role("listbox").wait_for(state="hidden")
    expect(text).to_have_value('ask @"Ada Lovelace" ')


def test_mentions_stand_out_and_ones_own_more(screen: Screen, quire_server: str, prompt: str) -> None:
    text = 'for @grace, @"Ada Lovelace" and @ada@example.org, not `@grace`, me@example.org'
    say(quire_server, prompt, text, author="Bob")
    comments = opened(screen, quire_server, prompt)
    screen.page.evaluate("localStorage.setItem('quire-name', 'grace')")
    screen.page.reload()
    said = comments.get_by_role("article")
    said.get_by_title("You, grace").wait_for()
    expect(said.get_by_title("You, grace")).to_have_count(1)
    expect(said.get_by_title("Ada Lovelace", exact=True)).to_have_text("@Ada Lovelace", use_inner_text=True)
    expect(said.get_by_title("ada@example.org", exact=True)).to_have_text("@ada@example.org", use_inner_text=True)
    links = said.locator("a").evaluate_all("all => all.map((link) => link.getAttribute('href'))")
    assert links == ["mailto:me@example.org"]
    own = said.get_by_title("You, grace").evaluate("(at) => getComputedStyle(at).backgroundColor")
    other = said.get_by_title("Ada Lovelace", exact=True).evaluate("(at) => getComputedStyle(at).backgroundColor")
    assert own != other
    comments.get_by_label("Say something").fill("thanks @bob")
    comments.get_by_role("button", name="Preview").click()
    comments.locator("form").get_by_title("bob", exact=True).wait_for()
    screen.look("mentions")


@pytest.mark.slow
def test_a_link_leads_to_one_comment_also_on_a_later_page(screen: Screen, quire_server: str, prompt: str) -> None:
    ids = [say(quire_server, prompt, f"number {number}\n\nmore\n\nand more") for number in range(60)]
    comments = opened(screen, quire_server, prompt, f"#comment-{ids[57]}")
    linked = comments.locator(f"#comment-{ids[57]}")
    linked.wait_for()
    screen.page.wait_for_function(
        "id => { const {top, bottom} = document.getElementById(id).getBoundingClientRect();"
        " return top >= 0 && bottom <= innerHeight; }",
        arg=f"comment-{ids[57]}",
    )
    screen.look("linked")
    linked.get_by_role("button", name="Copy the link to this comment").click()
    copied = screen.page.evaluate("navigator.clipboard.readText()")
    assert copied.endswith(f"/prompts/{prompt}#comment-{ids[57]}")


def test_what_others_say_appears_by_itself(screen: Screen, quire_server: str, prompt: str) -> None:
    comments = opened(screen, quire_server, prompt)
    comments.get_by_text("Nobody has said anything").wait_for()
    screen.page.get_by_text("Live", exact=True).wait_for()
    say(quire_server, prompt, "from elsewhere")
    comments.get_by_text("from elsewhere").wait_for()


def test_long_names_and_texts_of_any_kind_stay_in_their_place(screen: Screen, quire_server: str, prompt: str) -> None:
    say(quire_server, prompt, "x" * 5000, author="n" * 255)
    say(quire_server, prompt, "[bad](javascript:alert(1)) \u202eright to left\u202c 🎉 \x1b[31mred", author="שלום")
    comments = opened(screen, quire_server, prompt)
    comments.get_by_text("right to left").wait_for()
    assert comments.locator('a[href^="javascript"]').count() == 0
    screen.look("hostile")
