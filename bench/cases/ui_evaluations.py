"""An evaluation of many rows in a Chromium: the verdict, the rows in another order, one row after another."""

from __future__ import annotations

import statistics
import time
from functools import partial
from typing import Any, NamedTuple

from bench.browsing import browser, interactions, seconds_to_see, window
from bench.context import Benchmark, Context
from bench.figures import Bar, Figure, Sample
from bench.servers import QUIRE, Server

INPUT = Bar("≤ 100 ms", most=0.1)
_VERDICT = "#verdict"
_ROWS = "[role=table][aria-label=Rows] [role=rowgroup] [role=row][aria-rowindex='2'] [role=cell]"


class _Seen(NamedTuple):
    """Seconds from asking for the page until something was seen, and of the server's processor meanwhile."""

    verdict: float
    rows: float
    processor: float
    again: float
    ordered: float
    stepped: float
    input_p95: float


def measure(context: Context) -> list[Figure]:
    """A server that has just started looks at the evaluation for the first time; then once more, and at its rows."""
    rows = context.choose(100_000, 5_000)
    with context.worker("quire", "ui_evaluation") as worker:
        filled = worker.ask("fill", rows=rows)
    context.say(f"an evaluation of {rows:,} rows")
    with browser() as running:
        seen = [_look(context, running, filled) for _ in range(context.choose(3, 1))]

    def figure(what: str, part: str, bar: Bar | None = None) -> Figure:
        return Figure(what=what, quire=Sample("s", [getattr(one, part) for one in seen]), bar=bar)

    title = f"evaluation of {rows:,} rows"
    return [
        figure(f"{title}, never looked at: asked for to its verdict", "verdict"),
        figure(f"{title}, never looked at: asked for to its first rows", "rows"),
        figure(f"{title}, never looked at: the server's processor time for it", "processor"),
        figure(f"{title}: asked for again to its verdict", "again"),
        figure(f"{title}: disagreement on another score chosen to its rows", "ordered"),
        figure(f"{title}: j pressed to the next row", "stepped"),
        figure(f"{title}: input to next paint going through rows, p95", "input_p95", INPUT),
    ]


def _look(context: Context, running: Any, filled: dict[str, str]) -> _Seen:
    with Server(QUIRE, context.folder / "evaluation", filled["database"]) as server, window(running) as page:
        address = f"http://127.0.0.1:{server.place.port}/evaluations/{filled['run_id']}"
        used = server.processor_seconds()
        began = time.perf_counter()
        verdict = seconds_to_see(page, address, _VERDICT)
        page.locator(_ROWS).first.wait_for()
        rows = time.perf_counter() - began
        page.wait_for_load_state("networkidle")
        processor = server.processor_seconds() - used
        again = seconds_to_see(page, address, _VERDICT)
        page.locator(_ROWS).first.wait_for()
        ordered = _ordered(page)
        page.goto(f"{address}?at=0")
        page.get_by_role("status").filter(has_text="1 of").wait_for()
        page.wait_for_timeout(1000)
        stepped = [_step(page, number) for number in range(2, 12)]
        paints = interactions(page, [partial(page.keyboard.press, key) for key in "jjjjjkkkkkjjjjj"])
        return _Seen(
            verdict,
            rows,
            processor,
            again,
            ordered,
            statistics.median(stepped),
            statistics.quantiles(paints, n=20)[-1],
        )


def _ordered(page: Any) -> float:
    """Seconds from choosing to sort by the disagreement on one score to other rows."""
    choice = page.get_by_role("combobox", name="By", exact=True)
    before = page.locator(_ROWS).first.inner_text()
    began = time.perf_counter()
    choice.select_option("letters")
    page.wait_for_function(
        "([rows, before]) => { const at = document.querySelector(rows); return at && at.innerText !== before; }",
        arg=[_ROWS, before],
    )
    return time.perf_counter() - began


def _step(page: Any, number: int) -> float:
    began = time.perf_counter()
    page.keyboard.press("j")
    page.get_by_role("status").filter(has_text=f"{number:,} of").wait_for()
    page.get_by_role("region", name="Answer of second").wait_for()
    return time.perf_counter() - began


BENCHMARK = Benchmark("ui-evaluations", "The web interface: evaluations", measure)
