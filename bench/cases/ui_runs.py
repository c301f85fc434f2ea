"""The web interface in a Chromium: the first page, and the table of 100,000 runs.

Both servers keep the same runs in SQLite. The browser draws without a graphics processor, on the cores that the server
has too: a frame costs more here than on a desk.
"""

from __future__ import annotations

import contextlib
import statistics
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import httpx

from bench.browsing import browser, bytes_loaded, frame_times, interactions, seconds_to_see, traced_scroll, window
from bench.cases.server import installed
from bench.context import Benchmark, Context
from bench.figures import Bar, Figure, Sample, Unit
from bench.filling import fill
from bench.frames import Frames
from bench.layouts import LAYOUTS
from bench.servers import MLFLOW, QUIRE, Kind, Server
from bench.ui_rounds import rounds_of

FIRST = Bar("≤ 1 s", most=1.0)
LOADED = Bar("≤ 400 kB", most=400e3)
FRAME = Bar("60 a second", most=1 / 59)
INPUT = Bar("≤ 100 ms", most=0.1)
# A frame that came later than this was one that was left out.
LATE = 1.5 / 60
_SCROLLER = {"quire": "[role=region][aria-label='Runs, scrollable']", "mlflow": ".ag-body-viewport"}
# Pixels a second: at 60 frames a second a row of Quire's table, and a screen of it.
_SPEEDS = {"a row a frame": 60 * 34, "a screen a frame": 60 * 600}
# What shows that a page can be used, and that a table has rows.
_SEEN = {"quire": "main :text('What changed since')", "mlflow": "h1, h2, h3, h4"}
_ROWS = {"quire": "[role=row] a[href*='/runs/']", "mlflow": "[role=gridcell] a[href*='/runs/'], td a[href*='/runs/']"}


def measure(context: Context) -> list[Figure]:
    """Fill both stores, then measure in turn."""
    kinds = {kind.name: kind for kind in installed(context) if kind in (QUIRE, MLFLOW)}
    size = context.choose(100_000, 5_000)
    with browser() as running:
        places = {name: _filled(context, kind, size) for name, kind in kinds.items()}
        rounds = context.choose(5, 1)
        cold = rounds_of(
            context, {name: partial(_cold, running, kind, places[name]) for name, kind in kinds.items()}, rounds
        )
        figures = [
            *_figures("server started to first page usable", "s", _part(cold, 0), FIRST),
            *_figures("first page asked for to usable, server just started", "s", _part(cold, 1), FIRST),
            *_figures("sent for the first page, compressed", "B", _part(cold, 2), LOADED),
        ]
        with contextlib.ExitStack() as stack:
            servers = {
                name: stack.enter_context(Server(kind, places[name].folder, places[name].database))
                for name, kind in kinds.items()
            }
            opened = {name: partial(_rows, running, servers[name], name, places[name].experiment) for name in kinds}
            figures += _figures(
                f"{size:,} runs: table asked for to first rows", "s", rounds_of(context, opened, rounds), None
            )
            context.say("clicks and keys")
            used = {name: partial(_used, running, servers[name], name, places[name].experiment) for name in kinds}
            paints = {
                name: [statistics.quantiles(one, n=20)[-1] for one in found]
                for name, found in rounds_of(context, used, context.choose(3, 1)).items()
            }
            figures += _figures(f"{size:,} runs: input to next paint, p95", "s", paints, INPUT)
            context.say("scrolling")
            figures += _scrolled(context, running, servers, places, size)
    return figures


class Place(NamedTuple):
    """Where a server works, its database, and the experiment in it that has the runs."""

    folder: Path
    database: str
    experiment: str


def _filled(context: Context, kind: Kind, size: int) -> Place:
    database = f"sqlite:///{context.folder / kind.name}.db"
    with Server(kind, context.folder / kind.name, database) as server:
        url = f"http://127.0.0.1:{server.place.port}/api/2.0/mlflow/experiments/create"
        experiment = str(httpx.post(url, json={"name": "bench"}, timeout=60).json()["experiment_id"])
    fill(database, LAYOUTS[kind.name], int(experiment), size)
    context.say(f"{kind.title}: {size:,} runs")
    return Place(context.folder / kind.name, database, experiment)


def _cold(running: Any, kind: Kind, place: Place) -> tuple[float, float, float]:
    """Seconds from starting the server to its first page, of these from asking for the page, and bytes sent."""
    with window(running) as page, Server(kind, place.folder, place.database) as server:
        url = f"http://127.0.0.1:{server.place.port}/"
        seen = seconds_to_see(page, url, _SEEN[kind.name])
        return server.seconds_to_start + seen, seen, bytes_loaded(page)


def _table(server: Server, name: str, experiment: str) -> str:
    base = f"http://127.0.0.1:{server.place.port}"
    if name == "mlflow":
        return f"{base}/#/experiments/{experiment}/runs"
    return f'{base}/runs?experiments=["{experiment}"]'


def _rows(running: Any, server: Server, name: str, experiment: str) -> float:
    with window(running) as page:
        return seconds_to_see(page, _table(server, name, experiment), _ROWS[name])


def _used(running: Any, server: Server, name: str, experiment: str) -> list[float]:
    """Seconds to the next paint of each of a script's inputs: order, filter, select, columns, keys."""
    with window(running) as page:
        seconds_to_see(page, _table(server, name, experiment), _ROWS[name])
        page.wait_for_timeout(1500)
        return interactions(page, _script(page, name))


def _script(page: Any, name: str) -> list[Callable[[], None]]:
    if name == "mlflow":
        box = page.locator("input[placeholder*='metrics.rmse']").first
        head = page.locator("[role=columnheader]").filter(has_text="Created").first
        rows = page.locator(".ag-center-cols-container > [role=row]")
        select = [partial(rows.nth(number).click, position={"x": 20, "y": 12}) for number in range(8)]
        columns = page.get_by_role("button", name="Columns").first
    else:
        box = page.get_by_label("Filter of runs")
        head = page.get_by_role("columnheader", name="accuracy").get_by_role("button")
        boxes = page.locator("[role=row] input[type=checkbox]")
        select = [partial(boxes.nth(number).click, force=True) for number in range(1, 9)]
        columns = page.get_by_role("button", name="Columns")
    typed = "metrics.accuracy > 0.5"
    acts: list[Callable[[], None]] = [head.click] * 4
    acts += select
    acts += [columns.click, partial(page.keyboard.press, "Escape")] * 2
    acts += [box.click, *[partial(page.keyboard.press, sign if sign != " " else "Space") for sign in typed]]
    acts += [partial(page.keyboard.press, "Enter")]
    return [*acts, head.click, head.click]


def _scrolled(
    context: Context, running: Any, servers: dict[str, Server], places: dict[str, Place], size: int
) -> list[Figure]:
    """The tables scrolled by the wheel, at reading speed and fast; a trace of the browser says what it showed."""
    figures = []
    seconds, rounds = context.choose(5, 2), context.choose(3, 1)
    for what, speed in _SPEEDS.items():
        sides = {name: partial(_traced, running, servers[name], name, places[name], speed, seconds) for name in servers}
        found: dict[str, list[Frames]] = rounds_of(context, sides, rounds)
        title, bar = f"{size:,} runs scrolled {what}", FRAME if what == "a row a frame" else None
        figures += [
            *_figures(f"{title}: frames a second", "/s", _each(found, lambda one: one.rate), None),
            *_figures(f"{title}: median frame", "s", _each(found, lambda one: one.median), bar),
            *_figures(f"{title}: p95 frame", "s", _each(found, lambda one: one.p95), None),
            *_figures(
                f"{title}: left out of 100 frames",
                "count",
                _each(found, lambda one: 100 * one.dropped / one.wanted),
                None,
            ),
            *_figures(f"{title}: longest task", "s", _each(found, lambda one: one.longest_task), None),
        ]
    return figures + _counted_by_script(context, running, servers["quire"], places["quire"], size)


def _each(found: dict[str, list[Frames]], part: Callable[[Frames], float]) -> dict[str, list[float]]:
    return {name: [part(one) for one in each] for name, each in found.items()}


def _traced(running: Any, server: Server, name: str, place: Place, speed: int, seconds: int) -> Frames:
    with window(running) as page:
        seconds_to_see(page, _table(server, name, place.experiment), _ROWS[name])
        page.wait_for_timeout(1500)
        return traced_scroll(running, page, _SCROLLER[name], speed=speed, distance=speed * seconds)


def _counted_by_script(context: Context, running: Any, server: Server, place: Place, size: int) -> list[Figure]:
    """The same table moved by a script in each frame, the frames counted by it: to check the trace by."""
    frames = context.choose(600, 120)
    figures = []
    for what, step in (("a row", 34), ("a screen", 600)):
        with window(running) as page:
            seconds_to_see(page, _table(server, "quire", place.experiment), _ROWS["quire"])
            page.wait_for_timeout(1500)
            found = frame_times(page, _SCROLLER["quire"], frames, step)
        late = sum(one > LATE for one in found)
        title = f"{size:,} runs moved by {what} a frame by a script"
        figures += [
            Figure(what=f"{title}: median frame", quire=Sample("s", [statistics.median(found)])),
            Figure(what=f"{title}: late frames of {frames}", quire=Sample("count", [late])),
        ]
    return figures


def _part(rounds: dict[str, list[tuple[float, float, float]]], part: int) -> dict[str, list[float]]:
    return {name: [one[part] for one in found] for name, found in rounds.items()}


def _figures(what: str, unit: Unit, rounds: dict[str, list[float]], bar: Bar | None) -> list[Figure]:
    ours = Sample(unit, rounds["quire"])
    theirs = Sample(unit, rounds["mlflow"]) if "mlflow" in rounds else None
    return [Figure(what=what, quire=ours, peer=theirs, bar=bar)]


BENCHMARK = Benchmark("ui-runs", "The web interface", measure)
