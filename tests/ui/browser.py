"""A window of the browser, with what every test of a page looks at."""

from __future__ import annotations

import functools
import json
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any

REPOSITORY = Path(__file__).resolve().parents[2]
SCREENSHOTS = REPOSITORY / "build" / "screenshots"
PATIENCE_MS = 20_000
WIDE = {"width": 1280, "height": 800}
NARROW = {"width": 390, "height": 844}
MOST_JUMPED = 0.1
"""How much of a page may jump while it loads and lives: its layout shifts but those within two seconds of an input.

The measure is Chromium's, and so is the limit for a good page. ``test_late.py`` is stricter: there answers are late by
design, while elsewhere they are when the machine has much to do.
"""
# What can change with the colours, and with the size of the window: the rest was looked at already.
_OF_COLOUR = ("color-contrast", "link-in-text-block")
_OF_SIZE = ("color-contrast", "scrollable-region-focusable", "target-size")
_LIGHT = "chromium-headless-shell"
_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def find_chromium(*, light: bool = False) -> str | None:
    """The path of a Chromium on this machine.

    ``light`` asks for the one that never has a window, which starts faster and draws nothing but pages, where it is
    there.
    """
    names = (_LIGHT, *_NAMES) if light else _NAMES
    return next((found for name in names if (found := shutil.which(name))), None)


def expect(what: Any) -> Any:
    """Playwright's assertions about a page or a part of it, which wait until they hold.

    What a page shows follows what was done to it a moment later: a test that looks once has looked too early now and
    then. What must never be there, or never be allowed, is looked for at once instead: it may not go away in time.
    """
    from playwright.sync_api import expect as assertions

    assertions.set_options(timeout=PATIENCE_MS)
    return assertions(what)


def says(part: Any, words: str) -> None:
    """Wait until these words can be read in a part of the page."""
    expect(part).to_contain_text(words, use_inner_text=True)


def address_has(page: Any, text: str) -> None:
    """Wait until this stands in the page's address."""
    expect(page).to_have_url(re.compile(re.escape(text)))


class Screen:
    """One window. ``page`` is Playwright's page; ``problems`` are errors in the console and uncaught ones.

    ``jumps`` are the layout shifts of its pages that nobody's input began.
    """

    def __init__(self, browser: Any, name: str, **context: Any) -> None:
        self._context = browser.new_context(
            viewport=WIDE, locale="en-GB", timezone_id="Europe/Berlin", color_scheme="light", **context
        )
        self._context.grant_permissions(["clipboard-read", "clipboard-write"])
        self.jumps: list[dict[str, Any]] = []
        self._context.expose_binding("__jumped", lambda source, jump: self.jumps.append(jump))
        self._context.add_init_script(_script("shifts"))
        self._name = re.sub(r"\W+", "-", name).strip("-")
        self.page = self._context.new_page()
        self.page.set_default_timeout(PATIENCE_MS)
        self.problems: list[str] = []
        self.page.on("console", self._said)
        self.page.on("pageerror", lambda error: self.problems.append(str(error)))

    def __enter__(self) -> Screen:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._context.close()

    def _said(self, message: Any) -> None:
        # What the server refused is shown by the page itself; the browser logs it besides.
        if message.type == "error" and "Failed to load resource" not in message.text:
            self.problems.append(message.text)

    def check(self) -> None:
        """Nothing went wrong in the page, and nothing in it jumped."""
        assert self.problems == []
        self.check_still()

    def check_still(self, most: float = MOST_JUMPED) -> None:
        """What was shown stayed where it was, while the rest came: in each page since it was loaded."""
        for page in self._context.pages:
            page.evaluate("() => window.__jumps?.()")
        for load in {jump["load"] for jump in self.jumps}:
            jumps = [jump for jump in self.jumps if jump["load"] == load]
            total = sum(jump["value"] for jump in jumps)
            assert total <= most, f"the page jumped by {total:.3f}:\n{json.dumps(jumps, indent=2)}"

    def open(self, url: str) -> Any:
        """Open an address; the page."""
        self.page.goto(url)
        return self.page

    @contextmanager
    def late(self, pattern: str) -> Iterator[None]:
        """Requests to these addresses, as Playwright's patterns name them, are answered when the block has ended."""
        held: list[Any] = []
        over = False

        def hold(route: Any) -> None:
            if over:
                route.continue_()
            else:
                held.append(route)

        self.page.route(pattern, hold)
        try:
            yield
        finally:
            over = True
            for route in held:
                route.continue_()
            self.page.unroute(pattern, hold)

    def shot(self, what: str) -> Path:
        """Keep a picture of the window as ``build/screenshots/TEST-WHAT.png``."""
        path = SCREENSHOTS / f"{self._name}-{what}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=path)
        return path

    def narrow(self) -> None:
        """Make the window a telephone's: 390 × 844."""
        self.page.set_viewport_size(NARROW)

    def wide(self) -> None:
        """Make the window 1280 × 800 again."""
        self.page.set_viewport_size(WIDE)

    def dark(self) -> None:
        """Show the page in its dark colours."""
        self.page.emulate_media(color_scheme="dark")

    def check_accessible(self, *, but: tuple[str, ...] = (), only: tuple[str, ...] = ()) -> None:
        """No finding of axe by WCAG 2.2 A and AA; ``but`` names rules that are left out, ``only`` the sole ones."""
        if not self.page.evaluate("() => 'axe' in window"):
            self.page.evaluate(_axe())
        found = self.page.evaluate(
            """async ([but, only]) => {
                const rules = Object.fromEntries(but.map((rule) => [rule, { enabled: false }]));
                const tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"];
                const runOnly = only.length ? { type: "rule", values: only } : { type: "tag", values: tags };
                const found = await axe.run(document, { runOnly, ...(only.length ? {} : { rules }) });
                return found.violations.map(({ id, help, nodes }) => ({
                    id, help, where: nodes.slice(0, 5).map(({ html, failureSummary }) => [html, failureSummary]),
                }));
            }""",
            [list(but), [rule for rule in only if rule not in but]],
        )
        assert found == [], json.dumps(found, indent=2)

    def check_fits(self) -> None:
        """The page is no wider than the window: only parts of it that are made for it scroll sideways."""
        over = self.page.evaluate(
            """() => {
                const root = document.scrollingElement;
                const main = document.querySelector("main") ?? root;
                return [root.scrollWidth - root.clientWidth, main.scrollWidth - main.clientWidth];
            }"""
        )
        assert max(over) <= 0, f"the page is {over} px wider than the window"

    def faults(self) -> dict[str, list[str]]:
        """Text that is cut and told nowhere (``cut``), and things that lie over one another (``over``)."""
        found: dict[str, list[str]] = self.page.evaluate(_script("faults"))
        return found

    def check_laid_out(self) -> None:
        """No text is cut without being told in full by a title, and nothing lies over anything else."""
        found = self.faults()
        assert found == {"cut": [], "over": []}, json.dumps(found, indent=2, ensure_ascii=False)

    def look(self, what: str, *, but: tuple[str, ...] = ()) -> None:
        """Look at the page wide and narrow, light and dark: it fits, nothing is cut or covered, axe finds nothing.

        Pictures of it are kept.
        """
        self.check_accessible(but=but)
        self.check_fits()
        self.check_laid_out()
        self.shot(what)
        self.dark()
        self.check_accessible(but=but, only=_OF_COLOUR)
        self.shot(f"{what}-dark")
        self.page.emulate_media(color_scheme="light")
        self.narrow()
        self.page.wait_for_timeout(150)
        self.check_fits()
        self.check_laid_out()
        self.check_accessible(but=but, only=_OF_SIZE)
        self.shot(f"{what}-narrow")
        self.wide()


@functools.cache
def _script(name: str) -> str:
    return Path(__file__).with_name(f"{name}.js").read_text(encoding="utf-8")


@functools.cache
def _axe() -> str:
    return (REPOSITORY / "ui" / "node_modules" / "axe-core" / "axe.min.js").read_text(encoding="utf-8")
