"""Traces as rows: what is listed of each, what groups of them used, what was pruned."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec

from quire.cli.output import clean, one_line, print_table, styled
from quire.cli.words import age, duration, number, plural, size
from quire.domain.errors import InvalidInput, NotFound
from quire.domain.ids import now_ms
from quire.domain.paging import Page
from quire.domain.trace_usage import Pruning, TraceUsage
from quire.domain.traces import COST, NAME_TAG, TOKEN_USAGE, TraceInfo, json_object
from quire.store.base import Store

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

_PAGE = 500
_AGE = re.compile(r"(\d+(?:\.\d+)?)\s*([smhdw])")
_UNITS = {"s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000, "w": 7 * 86_400_000}
STYLES = {"ERROR": "red", "OK": "green", "IN_PROGRESS": "yellow"}


class TraceView(msgspec.Struct, frozen=True, kw_only=True):
    """One trace without its spans, as ``--json`` prints it; times in milliseconds, cost in US dollars."""

    trace_id: str
    name: str | None
    experiment_id: str
    status: str
    start_time: int
    execution_time_ms: int | None
    total_tokens: int | None
    cost: float | None
    request_preview: str | None
    response_preview: str | None
    tags: dict[str, str]
    metadata: dict[str, str]

    @classmethod
    def of(cls, info: TraceInfo) -> TraceView:
        """The view of a trace."""
        return cls(
            trace_id=info.trace_id,
            name=info.tags.get(NAME_TAG),
            experiment_id=info.experiment_id,
            status=info.state,
            start_time=info.timestamp_ms,
            execution_time_ms=info.execution_time_ms,
            total_tokens=json_object(info.trace_metadata.get(TOKEN_USAGE)).get("total_tokens"),
            cost=json_object(info.trace_metadata.get(COST)).get("total_cost"),
            request_preview=info.request_preview,
            response_preview=info.response_preview,
            tags=info.tags,
            metadata=info.trace_metadata,
        )


def text_filter(text: str, filter_string: str) -> str:
    """The filter for traces that hold a text and meet a filter too."""
    if not text:
        raise InvalidInput("The text to search for is empty. `quire traces list` lists all traces.")
    quote = '"' if "'" in text else "'"
    if quote in text:
        raise InvalidInput("A text with both kinds of quotes cannot be searched for; leave one of them out.")
    found = f"trace.text ILIKE {quote}%{text}%{quote}"
    return f"{found} AND {filter_string}" if filter_string else found


def moment_before(text: str) -> int:
    """The time (ms since the epoch) that lies an age such as ``30d`` back."""
    found = _AGE.fullmatch(text.strip())
    if found is None:
        raise InvalidInput(f"{text!r} is not an age; expected a number with a unit, such as 90m, 12h, 30d or 4w.")
    return now_ms() - int(float(found[1]) * _UNITS[found[2]])


def search(
    store: Store, experiment_ids: Sequence[str], filter_string: str, order_by: Sequence[str], limit: int
) -> Page[TraceInfo]:
    """At most ``limit`` traces; the page's token tells whether there are more."""
    found: list[TraceInfo] = []
    token: str | None = None
    while experiment_ids and len(found) < limit:
        page = store.search_traces(
            experiment_ids,
            filter_string=filter_string,
            order_by=order_by,
            max_results=min(limit - len(found), _PAGE),
            page_token=token,
        )
        found += page
        token = page.token
        if token is None:
            break
    return Page(found, token)


def show(console: Console, infos: Sequence[TraceInfo], *, more: bool) -> None:
    """A row a trace."""
    if not infos:
        console.print("No traces match.")
        return
    now = now_ms()
    rows = []
    for view in map(TraceView.of, infos):
        rows.append(
            [
                view.trace_id,
                one_line(view.name or "-"),
                _status(view.status),
                age(view.start_time, now),
                duration(view.execution_time_ms),
                number(view.total_tokens),
                dollars(view.cost),
                one_line(view.request_preview or "-", 60),
            ]
        )
    print_table(
        console,
        [
            ("id", "id"),
            ("name", "word"),
            ("status", "id"),
            ("age", "id"),
            ("took", "number"),
            ("tokens", "number"),
            ("cost", "number"),
            ("request", "word"),
        ],
        rows,
    )
    if more:
        console.print("There are more; --limit shows more of them.")


def _status(state: str) -> Text:
    return styled(state, STYLES.get(state, ""))


def dollars(cost: float | None) -> str:
    """A cost in US dollars."""
    return "-" if cost is None else f"${cost:.4f}" if cost < 1 else f"${cost:,.2f}"


def show_usage(console: Console, by: str, found: Sequence[TraceUsage]) -> None:
    """A row a group, and a total where each trace is in one group alone."""
    if not found:
        console.print("No traces match.")
        return
    rows = [
        [
            clean(item.key or "-"),
            number(item.count),
            number(item.errors),
            number(item.input_tokens),
            number(item.output_tokens),
            dollars(item.cost),
            duration(item.p50_ms),
            duration(item.p95_ms),
            duration(item.p99_ms),
        ]
        for item in found
    ]
    titles = ("calls" if by == "model" else "traces", "errors", "input", "output", "cost", "p50", "p95", "p99")
    print_table(console, [(by.replace("_", " "), "word"), *((title, "number") for title in titles)], rows)


def delete_traces(store: Store, trace_ids: Sequence[str]) -> int:
    """Delete traces of any experiments; how many. NotFound if one of them is not there: then nothing is deleted."""
    found = store.get_trace_infos(trace_ids)
    missing = set(trace_ids) - {info.trace_id for info in found}
    if missing:
        raise NotFound(f"There is no trace {sorted(missing)[0]!r}. `quire traces list` shows the ids.")
    by_experiment: dict[str, list[str]] = defaultdict(list)
    for info in found:
        by_experiment[info.experiment_id].append(info.trace_id)
    return sum(store.delete_traces(experiment, trace_ids=ids) for experiment, ids in by_experiment.items())


def show_pruned(console: Console, pruned: Pruning, *, dry_run: bool) -> None:
    """One line, and one more for notes of answers without a trace."""
    done = "would be deleted" if dry_run else "deleted"
    console.print(f"{plural(pruned.traces, 'trace')} {done}, about {size(pruned.bytes)}.")
    if pruned.notes:
        console.print(f"{plural(pruned.notes, 'note')} of answers without a trace {done}.")
