"""The checks of a page's layout find what they are for, and nothing on a page that is well made."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.ui.browser import Screen

ONE_LINE = "width: 8rem; overflow: hidden; text-overflow: ellipsis; white-space: nowrap"
CLAMPED = "width: 8rem; display: -webkit-box; -webkit-box-orient: vertical; -webkit-line-clamp: 2; overflow: hidden"
LONG = "The name of a run that somebody gave it"
OPAQUE = "background: white"

CUT = {
    "one line": f'<p style="{ONE_LINE}">{LONG}</p>',
    "two lines": f'<p style="{CLAMPED}">{LONG}, which goes on and on</p>',
    "by a box around it": f'<div style="width: 8rem; overflow: clip"><p style="white-space: nowrap">{LONG}</p></div>',
    "its height": f'<div style="height: 2rem; width: 6rem; overflow: hidden">{LONG}</div>',
    "its beginning": f'<div dir="rtl" style="{ONE_LINE}"><bdi>{LONG}</bdi></div>',
    "another title": f'<div title="A run"><p style="{ONE_LINE}">{LONG}</p></div>',
    "a title that is cut too": f'<p style="{ONE_LINE}" title="The name of…">{LONG}</p>',
    "a choice": f'<select aria-label="Run" style="width: 8rem"><option>{LONG}</option></select>',
    "an example": f'<input aria-label="Run" placeholder="{LONG}" style="width: 8rem">',
}
OVER = {
    "a label on a field": '<div style="position: relative"><label for="a" style="position: absolute; '
    'left: 8px; top: 2px">Name</label><input id="a" style="width: 20rem"></div>',
    "a field on a label": '<div style="position: relative"><label for="a">Name of the run</label>'
    '<input id="a" style="position: absolute; left: 3rem; top: 0; width: 8rem"></div>',
    "words on words": '<p>What it cost</p><p style="margin-top: -2rem">How long it took</p>',
    "words that leave their column": '<div style="display: flex"><p style="width: 4rem; white-space: nowrap">'
    "A name without room</p><p>The next one</p></div>",
    "a panel on words": f'<p>What it cost</p><div style="{OPAQUE}; position: absolute; inset: 0 auto auto 0; '
    'width: 9rem; height: 9rem"></div>',
    "two buttons": '<button>Save</button><button style="margin-left: -1rem">Delete</button>',
    "a head on the first row": f'<div style="{OPAQUE}; position: sticky; top: 0; height: 2rem; margin-bottom: -2rem">'
    "</div><p>The first row</p>",
    "a menu that shows what is beneath": '<details open style="position: relative"><summary>More</summary>'
    '<div style="position: absolute; top: 1.5rem">Download it all</div></details><p>What it cost</p>',
    "below what is in sight": '<div style="height: 150vh"></div><p>What it cost</p>'
    '<p style="margin-top: -2rem">When</p>',
}
GOOD = {
    "a title": f'<p style="{ONE_LINE}" title="{LONG}">{LONG}</p>',
    "a title around it": f'<a title="{LONG}, and more" href="#">'
    f'<span style="display: block; {ONE_LINE}">{LONG}</span></a>',
    "a time": f'<p style="{ONE_LINE}"><time title="13 Nov 2026, 12:00:00">a very long time before now</time></p>',
    "a button for more": f'<div><p style="{CLAMPED}">{LONG}, which goes on</p><button>Show more</button></div>',
    "a button that unfolds": f'<p id="it" style="{CLAMPED}">{LONG}, which goes on</p>'
    '<button aria-controls="it" aria-expanded="false">⌄</button>',
    "a place that scrolls": f'<div tabindex="0" style="width: 8rem; overflow: auto; white-space: nowrap">{LONG}</div>',
    "words for those who hear": '<p style="position: absolute; width: 1px; height: 1px; overflow: hidden; '
    f'clip-path: inset(50%)">{LONG}</p>',
    "what is folded": f'<details><summary>More</summary><p style="{ONE_LINE}">{LONG}</p></details>',
    "lines close together": f'<div style="line-height: 1; width: 6rem">{LONG}</div>',
    "a link over a card": '<div style="position: relative"><h2>A run</h2><p>What it cost</p>'
    '<a href="#"><span style="position: absolute; inset: 0"></span></a></div>',
    "words in a button": "<button><span>Save</span> <b>it</b></button>",
    "a field in its label": "<label>Name <input></label>",
    "a bar with its words in it": '<div style="background: gold"><span>3 of 4</span></div>',
    "a menu": f'<details open style="position: relative"><summary>More</summary><div style="position: absolute; '
    f'top: 1.5rem; {OPAQUE}">Download <a href="#">it all</a></div></details><p>What <a href="#">it cost</a></p>',
    "a choice with room": f"<select aria-label='Run'><option>{LONG}</option></select>",
    "pictures": '<canvas style="width: 20rem; height: 5rem"></canvas>'
    '<svg width="80" height="20"><text y="15">ok</text></svg>',
}


def html(body: str) -> str:
    style = "body { font: 16px/1.5 sans-serif; margin: 0 } p { margin: 0 0 0.5rem }"
    return f'<!doctype html><html lang="en"><title>A page</title><style>{style}</style><main>{body}</main>'


@pytest.fixture(scope="module")
def one(chromium: Any) -> Iterator[Screen]:
    """One window for all these pages."""
    with Screen(chromium, "checks") as made:
        yield made


@pytest.mark.parametrize("what", CUT)
def test_text_that_is_cut_and_not_told_is_found(one: Screen, what: str) -> None:
    one.page.set_content(html(CUT[what]))
    found = one.faults()
    assert len(found["cut"]) == 1, found
    assert found["over"] == []


@pytest.mark.parametrize("what", OVER)
def test_things_over_one_another_are_found(one: Screen, what: str) -> None:
    one.page.set_content(html(OVER[what]))
    found = one.faults()
    assert found["over"], found
    assert found["cut"] == []


@pytest.mark.parametrize("what", GOOD)
def test_what_is_well_made_is_let_pass(one: Screen, what: str) -> None:
    one.page.set_content(html(GOOD[what]))
    assert one.faults() == {"cut": [], "over": []}


def test_what_scrolls_under_a_head_is_let_pass(one: Screen) -> None:
    rows = "".join(f"<p>Row <a href='#'>number {number}</a></p>" for number in range(200))
    one.page.set_content(html(f'<div style="{OPAQUE}; position: sticky; top: 0">The head of the table</div>{rows}'))
    assert one.faults() == {"cut": [], "over": []}
    one.page.evaluate("() => { document.scrollingElement.scrollTop = 333; }")
    assert one.faults() == {"cut": [], "over": []}
    assert one.page.evaluate("() => document.scrollingElement.scrollTop") == 333


def test_a_dialog_may_lie_over_the_page_and_is_looked_at_itself(one: Screen) -> None:
    page = "<p>Words <button>Do it</button></p>" * 30
    one.page.set_content(html(f"{page}<dialog>Sure?<div>{{}}</div></dialog>".format("<button>Yes</button>")))
    one.page.evaluate("() => document.querySelector('dialog').showModal()")
    assert one.faults() == {"cut": [], "over": []}
    one.page.set_content(html(f"{page}<dialog>{OVER['two buttons']}</dialog>"))
    one.page.evaluate("() => document.querySelector('dialog').showModal()")
    assert len(one.faults()["over"]) >= 1


LATE = """(where) => new Promise((done) => setTimeout(() => {
    const late = document.createElement("div");
    late.style.height = "100px";
    document.querySelector("main").insertAdjacentElement(where, late);
    requestAnimationFrame(() => setTimeout(done, 50));
}, 50))"""


def test_what_comes_late_and_pushes_is_a_jump(chromium: Any) -> None:
    with Screen(chromium, "jumps") as screen:
        body = html("<h1>A page</h1>" + "<p>What is there.</p>" * 9)
        screen.page.route("http://here.invalid/", lambda asked: asked.fulfill(body=body, content_type="text/html"))
        screen.open("http://here.invalid/")
        screen.page.evaluate(LATE, "beforeend")
        screen.check_still(0.0)
        screen.page.evaluate(LATE, "afterbegin")
        with pytest.raises(AssertionError, match="What is there"):
            screen.check_still(0.02)
