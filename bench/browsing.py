"""A Chromium as a measured reader of web interfaces: how soon a page shows something, frames, answers to input."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from typing import Any

from bench.frames import BEGIN, CATEGORIES, END, Frames, frames_of, read_trace
from tests.ui.browser import WIDE, find_chromium

# Events shorter than this (seconds) the browser does not tell of: they count as long as this.
LEAST_EVENT = 0.016
PATIENCE_MS = 30_000

_WATCH = """() => {
    window.quireEvents = [];
    new PerformanceObserver((list) => {
        for (const entry of list.getEntries())
            if (entry.interactionId) window.quireEvents.push([entry.interactionId, entry.duration]);
    }).observe({ type: 'event', durationThreshold: 16, buffered: false });
}"""
_SCROLL = """async ([selector, frames, step]) => {
    const box = document.querySelector(selector);
    const found = [];
    let before = await new Promise(requestAnimationFrame);
    for (let frame = 0; frame < frames; frame += 1) {
        box.scrollTop += step;
        const now = await new Promise(requestAnimationFrame);
        found.push(now - before);
        before = now;
    }
    return found;
}"""
_LOADED = """() => {
    const [page] = performance.getEntriesByType('navigation');
    const files = performance.getEntriesByType('resource');
    return page.encodedBodySize + files
        .filter(({ initiatorType }) => ['script', 'link', 'css', 'other'].includes(initiatorType))
        .reduce((sum, { encodedBodySize }) => sum + encodedBodySize, 0);
}"""


@contextlib.contextmanager
def browser() -> Iterator[Any]:
    """A Chromium without a window. Raises RuntimeError where the machine has none."""
    found = find_chromium()
    if found is None:
        raise RuntimeError("Chromium is absent: `apt-get install chromium` brings it")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=found, args=["--no-sandbox", "--disable-gpu"])
        try:
            yield running
        finally:
            running.close()


@contextlib.contextmanager
def window(running: Any) -> Iterator[Any]:
    """A window with nothing in its cache."""
    context = running.new_context(viewport=WIDE)
    page = context.new_page()
    page.set_default_timeout(PATIENCE_MS)
    try:
        yield page
    finally:
        context.close()


def seconds_to_see(page: Any, url: str, selector: str) -> float:
    """Seconds from asking for a page to seeing the first element of a selector."""
    began = time.perf_counter()
    page.goto(url, wait_until="commit")
    page.locator(selector).first.wait_for(state="visible")
    return time.perf_counter() - began


def bytes_loaded(page: Any) -> float:
    """Bytes, as sent, of the document with its scripts and styles."""
    page.wait_for_load_state("load")
    page.wait_for_timeout(1000)
    return float(page.evaluate(_LOADED))


def frame_times(page: Any, selector: str, frames: int, step: int) -> list[float]:
    """Seconds between frames while a box is scrolled by ``step`` pixels in each."""
    return [found / 1000 for found in page.evaluate(_SCROLL, [selector, frames, step])]


def traced_scroll(running: Any, page: Any, selector: str, *, speed: int, distance: int) -> Frames:
    """Scroll a box with the wheel, ``speed`` pixels a second, ``distance`` pixels in all.

    A box that ends before is scrolled up again, and so on. A trace of the browser says what became of the frames.
    """
    box = page.locator(selector).first
    area = box.bounding_box()
    place = {"x": area["x"] + area["width"] / 2, "y": area["y"] + area["height"] / 2}
    turns = turns_of(distance, box.evaluate("(at) => at.scrollHeight - at.clientHeight"))
    hand = page.context.new_cdp_session(page)
    running.start_tracing(categories=list(CATEGORIES))
    try:
        for turn in turns:
            page.evaluate("(name) => performance.mark(name)", BEGIN)
            gesture = {"yDistance": -turn, "speed": speed, "gestureSourceType": "mouse", "preventFling": True}
            hand.send("Input.synthesizeScrollGesture", {**place, **gesture})
            page.evaluate("(name) => performance.mark(name)", END)
    finally:
        content = running.stop_tracing()
    return frames_of(read_trace(content))


def turns_of(distance: int, room: int) -> list[int]:
    """Pixels down, up, down, … that make a distance in a box that can be scrolled by ``room``."""
    if room <= 0:
        return []
    whole, rest = divmod(distance, room)
    lengths = [*[room] * whole, *([rest] if rest else [])]
    return [length if number % 2 == 0 else -length for number, length in enumerate(lengths)]


def interactions(page: Any, acts: list[Callable[[], None]]) -> list[float]:
    """Seconds from each input to the next paint, as the browser tells (in steps of 8 ms); of several, all."""
    page.evaluate(_WATCH)
    for act in acts:
        act()
        page.wait_for_timeout(120)
    page.wait_for_timeout(500)
    longest: dict[int, float] = {}
    for number, milliseconds in page.evaluate("() => window.quireEvents"):
        longest[number] = max(longest.get(number, 0.0), milliseconds / 1000)
    short = max(0, len(acts) - len(longest))
    return [*longest.values(), *[LEAST_EVENT] * short]
