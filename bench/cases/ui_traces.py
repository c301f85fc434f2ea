"""The list of a million spans' traces in a Chromium, and single traces; beside MLflow's."""

from __future__ import annotations

import contextlib
import statistics
import time
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import httpx

from bench.browsing import browser, interactions, seconds_to_see, window
from bench.cases.server import installed
from bench.context import Benchmark, Context
from bench.figures import Bar, Figure, Sample
from bench.mlflow_traces import PATTERNS, add_large_trace, copy_traces, send_patterns
from bench.servers import MLFLOW, QUIRE, Kind, Server
from bench.tracefilling import PER_TRACE, RARE_MODEL, fill_traces, large_trace
from bench.ui_rounds import rounds_of
from quire.store import open_store

INPUT = Bar("≤ 100 ms", most=0.1)
_LARGE = 10_000
_ROWS = {
    "quire": "[role=table][aria-label=Traces] [role=row] input[type=checkbox]",
    "mlflow": "[role=row] input[aria-label^='Select trace']",
}
_SPANS = {"quire": "[role=tree] [role=treeitem]", "mlflow": "[data-testid^='timeline-tree-node-']"}
_BOX = {"quire": "Text in inputs or outputs", "mlflow": "Search traces by id, input, or output"}
_SEARCHES = {
    "failed": "status=ERROR",
    "of a model (1 in 1,000)": f"model={RARE_MODEL}",
    "the slowest": "sort=latency",
    "of a session": "session=session-7",
}


class Traced(NamedTuple):
    """A server with traces: their experiment, one of them, and the large one."""

    server: Server
    experiment: str
    small: str
    large: str

    def list_address(self, query: str = "") -> str:
        """The list of all traces."""
        base = f"http://127.0.0.1:{self.server.place.port}"
        if self.server.kind is MLFLOW:
            return f"{base}/#/experiments/{self.experiment}/traces?startTimeLabel=ALL"
        return f'{base}/traces?experiments=["{self.experiment}"]&{query}'

    def trace_address(self, trace_id: str) -> str:
        """One trace with its waterfall."""
        if self.server.kind is MLFLOW:
            return f"{self.list_address()}&selectedEvaluationId={trace_id}"
        return f"http://127.0.0.1:{self.server.place.port}/traces/{trace_id}"


def measure(context: Context) -> list[Figure]:
    """Fill both stores, then measure in turn."""
    kinds = {kind.name: kind for kind in installed(context) if kind in (QUIRE, MLFLOW)}
    spans = context.choose(1_000_000, 40_000)
    rounds = context.choose(3, 1)
    with contextlib.ExitStack() as stack:
        running = stack.enter_context(browser())
        places = {name: stack.enter_context(_filled(context, kind, spans)) for name, kind in kinds.items()}
        figures = []
        for what, call in _asked().items():
            context.say(f"{spans:,} spans: {what}")
            sides = {name: partial(call, running, place) for name, place in places.items()}
            figures.append(_figure(f"{spans:,} spans: {what}", rounds_of(context, sides, rounds)))
        for what, query in _SEARCHES.items():
            found = rounds_of(context, {"quire": partial(_searched, running, places["quire"], query)}, rounds)
            figures.append(_figure(f"{spans:,} spans: list of traces {what} asked for to first rows", found))
        context.say("clicks and keys in the list of traces")
        used = {name: partial(_used, running, place) for name, place in places.items()}
        paints = {
            name: [statistics.quantiles(one, n=20)[-1] for one in found]
            for name, found in rounds_of(context, used, context.choose(3, 1)).items()
        }
        figures.append(_figure(f"{spans:,} spans: input to next paint in the list, p95", paints, INPUT))
    return figures


def _asked() -> dict[str, Callable[[Any, Traced], float]]:
    return {
        "list of traces asked for to first rows": _listed,
        "a word of one trace typed to that trace": _sought,
        f"a trace of {PER_TRACE} spans asked for to its waterfall": lambda running, at: _opened(running, at, at.small),
        f"a trace of {_LARGE:,} spans asked for to its waterfall": lambda running, at: _opened(running, at, at.large),
    }


@contextlib.contextmanager
def _filled(context: Context, kind: Kind, spans: int) -> Any:
    """A running server whose store holds so many spans, and a trace of many."""
    folder = context.folder / f"traces-{kind.name}"
    file = folder / "traces.db"
    folder.mkdir()
    uri = f"sqlite:///{file}"
    if kind is QUIRE:
        store = open_store(uri)
        experiment = store.create_experiment("traces")
        fill_traces(store, experiment, spans // PER_TRACE)
        made = large_trace(_LARGE)
        small = store.search_traces([experiment], max_results=1)[0].trace_id
        store.log_spans(experiment, made)
        store.close()
        large = made[0].trace_id
    else:
        with Server(kind, folder, uri) as server:
            url = f"http://127.0.0.1:{server.place.port}/api/2.0/mlflow/experiments/create"
            experiment = str(httpx.post(url, json={"name": "traces"}, timeout=60).json()["experiment_id"])
            send_patterns(server.place.port, experiment)
            small = copy_traces(str(file), spans // PER_TRACE // PATTERNS - 1)
            large = add_large_trace(str(file), server.place.port, experiment, _LARGE)
    context.say(f"{kind.title}: {spans:,} spans")
    with Server(kind, folder, uri) as server:
        yield Traced(server, experiment, small, large)


def _listed(running: Any, at: Traced) -> float:
    with window(running) as page:
        return seconds_to_see(page, at.list_address(), _ROWS[at.server.kind.name])


def _searched(running: Any, at: Traced, query: str) -> float:
    with window(running) as page:
        return seconds_to_see(page, at.list_address(query), _ROWS["quire"])


def _sought(running: Any, at: Traced) -> float:
    """Seconds from Enter after a word that one trace holds to a list of that one."""
    name = at.server.kind.name
    with window(running) as page:
        seconds_to_see(page, at.list_address(), _ROWS[name])
        page.wait_for_timeout(1500)
        _close_hints(page, name)
        box = page.get_by_label(_BOX[name])
        box.fill("needle0x")
        began = time.perf_counter()
        box.press("Enter")
        page.wait_for_function("(rows) => document.querySelectorAll(rows).length === 1", arg=_ROWS[name])
        return time.perf_counter() - began


def _opened(running: Any, at: Traced, trace_id: str) -> float:
    with window(running) as page:
        return seconds_to_see(page, at.trace_address(trace_id), _SPANS[at.server.kind.name])


def _used(running: Any, at: Traced) -> list[float]:
    """Seconds to the next paint of each of a script's inputs: choose, scroll and choose further down, sort, type."""
    name = at.server.kind.name
    with window(running) as page:
        seconds_to_see(page, at.list_address(), _ROWS[name])
        page.wait_for_timeout(1500)
        _close_hints(page, name)
        boxes = page.locator(_ROWS[name])
        acts: list[Callable[[], None]] = [partial(boxes.nth(number).click, force=True) for number in range(8)]
        if name == "quire":
            acts += [partial(_key_below, page, key) for key in "jjjjxjjjkkx"]
            acts += [page.get_by_role("columnheader", name="Latency").get_by_role("button").click] * 2
        box = page.get_by_label(_BOX[name])
        acts += [box.click, *[partial(page.keyboard.press, sign) for sign in "ykbvcpxf"]]
        acts += [partial(page.keyboard.press, "Enter")]
        return interactions(page, acts)


def _key_below(page: Any, key: str) -> None:
    """A key while the list moves under the wheel."""
    page.mouse.move(640, 600)
    page.mouse.wheel(0, 300)
    page.keyboard.press(key)


def _close_hints(page: Any, name: str) -> None:
    """MLflow covers its list with a hint until that is closed."""
    if name == "mlflow":
        with contextlib.suppress(Exception):
            page.get_by_role("button", name="Got it").click(timeout=3000)


def _figure(what: str, rounds: dict[str, list[float]], bar: Bar | None = None) -> Figure:
    theirs = Sample("s", rounds["mlflow"]) if "mlflow" in rounds else None
    return Figure(what=what, quire=Sample("s", rounds["quire"]), peer=theirs, bar=bar)


BENCHMARK = Benchmark("ui-traces", "The web interface: traces", measure)
