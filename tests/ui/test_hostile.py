"""Text of models and people is hostile: every page shows it as text, and nothing in it runs, loads or breaks a page.

One server holds such text wherever text goes; each page is then opened, wide and narrow, and everything in it that
unfolds is unfolded.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from quire.testing import Simulator
from tests.quire_server import QuireServer
from tests.ui.browser import Screen, expect, says
from tests.ui.everything import PAGES, Everything, Words

MARK = "hostile-mark"
HTML = (
    f'{MARK} <img src=x onerror="window.__owned=1;alert(1)"><script>window.__owned=1;alert(2)</script>'
    '<svg onload="window.__owned=1"></svg><iframe srcdoc="<script>parent.__owned=1</script>"></iframe>'
)
LINKS = (
    "[press](javascript:window.__owned=1) [data](data:text/html,<script>window.__owned=1</script>) "
    "![picture](http://evil.invalid/pixel.png) <http://evil.invalid/> [far](//evil.invalid/x)"
)
SIGNS = "\x1b[31mred\x1b[0m \x1b]8;;http://evil.invalid\x07link\x1b]8;;\x07 \x07\x7f \u202egnp.exe\u202c \ufeff\u200b"
PEOPLE = "שלום עולם مرحبا بالعالم 👩‍👩‍👧‍👦 🏳️‍🌈 e\u0301\u0301\u0301 \U0001f9d1\u200d\U0001f4bb"
WORD = "Donaudampfschiff" * 200
TEXT = f"{HTML} {LINKS} {SIGNS} {PEOPLE} {WORD}"
BIG = f"{MARK} {HTML} " + "many words of a long answer, " * 36_000
NAME = f"{MARK} <img src=x onerror=alert(3)> \u202egnp.exe {PEOPLE} " + "w" * 150
DEEP = "[" * 3_000 + "]" * 3_000
HOSTILE = Words(slug=MARK, name=NAME, line=HTML, text=TEXT, big=BIG, links=LINKS, deep=DEEP)


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Everything]:
    folder = tmp_path_factory.mktemp("hostile")
    with pytest.MonkeyPatch.context() as patch, Simulator() as simulator:
        patch.chdir(folder)
        for name, value in simulator.environment.items():
            patch.setenv(name, value)
        with QuireServer(folder / "server") as server:
            made = Everything(server.url, HOSTILE)
            made.simulator = simulator  # type: ignore[attr-defined]
            yield made


class Watched:
    """A window whose page tells of everything that hostile text could have made it do."""

    def __init__(self, screen: Screen, url: str) -> None:
        self.screen, self.page, self.url = screen, screen.page, url
        self.dialogs: list[str] = []
        self.foreign: list[str] = []
        self.page.on("dialog", self._dialog)
        self.pending: set[Any] = set()
        self.page.on("request", self._request)
        self.page.on("requestfinished", lambda request: self.pending.discard(request))
        self.page.on("requestfailed", lambda request: self.pending.discard(request))
        self.page.on("popup", lambda popup: self.foreign.append(f"popup {popup.url}"))
        self.page.add_init_script(
            "window.__violations = [];"
            "document.addEventListener('securitypolicyviolation', (event) => window.__violations.push("
            "`${event.violatedDirective} ${event.blockedURI}`));"
        )

    def _dialog(self, dialog: Any) -> None:
        self.dialogs.append(dialog.message)
        dialog.dismiss()

    def _request(self, request: Any) -> None:
        if not request.url.endswith("/events"):
            self.pending.add(request)
        if not request.url.startswith((self.url, "blob:" + self.url)):
            self.foreign.append(request.url)

    def open(self, path: str) -> None:
        """Open a page and wait until it has shown what it loads."""
        self.page.goto(self.url + path)
        self.page.locator("h1").first.wait_for()
        self.settle()

    def settle(self) -> None:
        """Wait until nothing is loaded any more."""
        quiet = 0
        while quiet < 3:
            self.page.wait_for_timeout(50)
            quiet = 0 if self.pending else quiet + 1
        self.page.wait_for_function(
            "() => ![...document.querySelectorAll('main [role=status]')].some((e) => /^Loading/.test(e.textContent))"
        )

    def unfold(self) -> None:
        """Open what is folded, show more of what is cut, and look at each tab."""
        page, jumps = self.page, len(self.screen.jumps)
        page.evaluate("() => document.querySelectorAll('main details').forEach((part) => { part.open = true; })")
        self.check()
        page.evaluate("() => document.querySelectorAll('main details').forEach((part) => { part.open = false; })")
        page.wait_for_timeout(50)
        page.evaluate("() => window.__jumps()")
        del self.screen.jumps[jumps:]  # what was unfolded here pushes what is below it
        more = page.locator("main").get_by_role("button", name="Show more").locator("visible=true").first
        if more.count():
            more.click()
        tabs = page.locator("main [role=group] button[aria-pressed=false]:enabled:visible")
        for index in range(min(tabs.count(), 8)):
            if index < tabs.count():
                tabs.nth(index).click()
                self.settle()
                self.check()

    def check(self) -> None:
        """Nothing ran, nothing was asked for elsewhere, nothing is wider than the window, the page answers."""
        page = self.page
        found = page.evaluate(
            """() => ({
                owned: window.__owned ?? 0,
                violations: window.__violations,
                elements: [...document.querySelectorAll(
                    "img[src='x'], main script, main iframe, main object, main embed, main [onerror], main [onload]"
                )].map((element) => element.outerHTML.slice(0, 200)),
                links: [...document.querySelectorAll("a[href]")].map((link) => link.getAttribute("href"))
                    .filter((href) => /^\\s*(javascript|data|vbscript):/i.test(href)),
            })"""
        )
        assert found == {"owned": 0, "violations": [], "elements": [], "links": []}
        assert (self.dialogs, self.foreign) == ([], [])
        self.screen.check()
        self.check_fits()
        frame_ms = page.evaluate(
            "() => new Promise((done) => { const from = performance.now();"
            " requestAnimationFrame(() => requestAnimationFrame(() => done(performance.now() - from))); })"
        )
        assert frame_ms < 3000

    def check_fits(self) -> None:
        """The page is no wider than the window; else what stands out is named."""
        assert self.page.evaluate(_STANDS_OUT) == []
        self.screen.check_fits()


_STANDS_OUT = """() => {
    const main = document.querySelector("main");
    if (main.scrollWidth <= main.clientWidth) return [];
    const edge = main.getBoundingClientRect().right;
    const texts = document.createTreeWalker(main, NodeFilter.SHOW_TEXT);
    const found = [];
    for (let text = texts.nextNode(); text && found.length < 8; text = texts.nextNode()) {
        const range = document.createRange();
        range.selectNodeContents(text);
        const { tagName, className, parentElement } = text.parentElement;
        if (range.getBoundingClientRect().right > edge + 1)
            found.push([tagName, className, parentElement.className, text.textContent.slice(0, 40)].join(" | "));
    }
    return found;
}"""
SHOWN = {"runs", "run", "compare", "prompt", "evaluations", "evaluation", "compared", "row", "traces", "trace"} | {
    "queue",
    "pairs",
    "agreement",
    "trial",
}
"""Pages that show such text as soon as they are opened."""


@pytest.mark.slow
@pytest.mark.parametrize("page", PAGES)
def test_a_page_shows_hostile_text_as_text(screen: Screen, hostile: Everything, page: str) -> None:
    watched = Watched(screen, hostile.url)
    watched.open(hostile.address(page))
    watched.check()
    if page in SHOWN:
        says(screen.page.locator("main"), MARK)
    screen.shot("wide")
    watched.unfold()
    watched.check()
    screen.narrow()
    watched.open(hostile.address(page))
    watched.check()
    screen.shot("narrow")


def test_an_answer_in_the_playground_is_text(screen: Screen, hostile: Everything) -> None:
    hostile.simulator.behave(recording={"Say it.": TEXT, "Say much.": BIG[:150_000]})  # type: ignore[attr-defined]
    watched = Watched(screen, hostile.url)
    watched.open("/playground")
    page = screen.page
    for words in ("Say it.", "Say much."):
        page.get_by_role("textbox", name="Message 1", exact=True).fill(words)
        page.get_by_role("button", name="Run", exact=True).click()
        page.get_by_text("Tokens out").wait_for(timeout=60_000)
        page.get_by_text(MARK).locator("visible=true").first.wait_for()
        watched.check()
    screen.shot("answer")


def test_words_in_the_playgrounds_address_are_words(screen: Screen, hostile: Everything) -> None:
    watched = Watched(screen, hostile.url)
    values = json.dumps({"<img src=x onerror=alert(1)>": HTML})
    watched.open(f'/playground?bases=["javascript:alert(1)","{MARK}<script>"]&values={values}')
    watched.check()
    expect(screen.page.get_by_role("alert")).to_have_count(2)


@pytest.mark.parametrize("name", ["page.html", "x.svg", "notes.md", "bad.txt", "deep.json"])
def test_a_file_opened_by_itself_does_not_run(screen: Screen, hostile: Everything, name: str) -> None:
    answer = httpx.get(f"{hostile.url}/get-artifact", params={"run_uuid": hostile.runs[0], "path": name})
    policy = answer.headers.get("content-security-policy", "")
    attached = answer.headers.get("content-disposition", "").startswith("attachment")
    assert attached or "sandbox" in policy or "script-src 'none'" in policy or "default-src 'none'" in policy
    assert "nosniff" in answer.headers["x-content-type-options"]


def test_half_a_character_is_refused_or_shown(screen: Screen, hostile: Everything) -> None:
    """Lone surrogates can be written in JSON (``\\ud800``), and come from the bytes of broken clients."""
    place = f"{hostile.url}/api/2.0/mlflow/runs/set-tag"
    body = f'{{"run_id": "{hostile.runs[0]}", "key": "half", "value": "{MARK} \\ud800 half"}}'
    assert httpx.post(place, content=body.encode()).status_code in (200, 400)
    raw = b'{"run_id": "' + hostile.runs[0].encode() + b'", "key": "bytes", "value": "\xff\xfe"}'
    assert httpx.post(place, content=raw).status_code == 400
    watched = Watched(screen, hostile.url)
    watched.open(f"/runs/{hostile.runs[0]}")
    watched.check()
