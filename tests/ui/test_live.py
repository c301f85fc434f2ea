"""Live updates in the browser: what others change appears, windows that nobody sees do not listen."""

from __future__ import annotations

import httpx
import pytest

from tests.ui.browser import Screen

EVENTS = "**/api/quire/v1/events"


def test_what_changed_while_the_window_was_hidden_is_read_when_it_is_seen(screen: Screen, quire_server: str) -> None:
    page = screen.open(f"{quire_server}/prompts")
    page.get_by_text("Live", exact=True).wait_for()
    hide = """(hidden) => {
        Object.defineProperty(document, "hidden", { value: hidden, configurable: true });
        document.dispatchEvent(new Event("visibilitychange"));
    }"""
    page.evaluate(hide, True)
    answer = httpx.post(f"{quire_server}/api/quire/v1/prompts", json={"name": "made-in-the-dark", "template": "x"})
    assert answer.status_code == 200
    with page.expect_request(EVENTS):
        page.evaluate(hide, False)
    page.get_by_text("made-in-the-dark").wait_for()


def test_several_windows_follow_at_once(screen: Screen, quire_server: str) -> None:
    page = screen.open(f"{quire_server}/prompts")
    others = [page.context.new_page() for _ in range(2)]
    for other in others:
        other.goto(f"{quire_server}/prompts")
    for window in (page, *others):
        window.get_by_text("Live", exact=True).wait_for()
    httpx.post(f"{quire_server}/api/quire/v1/prompts", json={"name": "seen-by-all", "template": "x"})
    for window in (page, *others):
        window.get_by_text("seen-by-all").wait_for()


@pytest.mark.slow
def test_a_refused_stream_is_asked_for_again(screen: Screen, quire_server: str) -> None:
    refused = {"left": 1}

    def answer(route: object) -> None:
        if refused["left"]:
            refused["left"] -= 1
            route.fulfill(status=503, body="later")  # type: ignore[attr-defined]
        else:
            route.continue_()  # type: ignore[attr-defined]

    screen.page.route(EVENTS, answer)
    page = screen.open(f"{quire_server}/prompts")
    page.get_by_text("Not live").wait_for()
    page.get_by_text("Live", exact=True).wait_for()
