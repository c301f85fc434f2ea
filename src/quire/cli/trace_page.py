"""The page of ``quire traces show``: the spans of a trace as a tree, and what is said of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from quire.cli.output import ColumnKind, clean, heading, one_line, print_pairs, print_table, styled
from quire.cli.traces_table import STYLES, TraceView, dollars
from quire.cli.words import duration, moment, number
from quire.domain.assessments import Assessment
from quire.domain.errors import NotFound
from quire.domain.span_names import INPUTS, OUTPUTS
from quire.domain.traces import SpanRecord
from quire.store.base import Store

if TYPE_CHECKING:
    from rich.console import Console

_NS_PER_MS = 1_000_000
_COLUMNS: list[tuple[str, ColumnKind]] = [
    ("span", "id"),
    ("type", "id"),
    ("took", "number"),
    ("tokens", "number"),
    ("cost", "number"),
    ("status", "id"),
]


class SpanView(msgspec.Struct, frozen=True, kw_only=True):
    """One span, as ``--json`` prints it; times in nanoseconds, cost in US dollars. ``depth`` is 0 for a root."""

    span_id: str
    parent_id: str | None
    depth: int
    name: str
    type: str
    status: str
    start_time_ns: int
    end_time_ns: int | None
    model: str | None
    total_tokens: int | None
    cost: float | None
    attributes: dict[str, Any]


class TracePage(msgspec.Struct, frozen=True, kw_only=True):
    """A trace, its spans in the order of the tree, and what was judged of it."""

    trace: TraceView
    spans: list[SpanView]
    assessments: list[Assessment]


def read(store: Store, trace_id: str) -> TracePage:
    """The page of a trace. Raises NotFound."""
    found = store.get_traces([trace_id])
    if not found:
        raise NotFound(f"There is no trace {trace_id!r}. `quire traces list` shows the ids.")
    trace = found[0]
    spans = [_view(span, depth) for span, depth in in_order(trace.spans)]
    return TracePage(trace=TraceView.of(trace.info), spans=spans, assessments=trace.info.assessments)


def in_order(spans: Sequence[SpanRecord]) -> Iterator[tuple[SpanRecord, int]]:
    """Each span with its depth, children after their parent; those whose parent is elsewhere count as roots."""
    known = {span.span_id for span in spans}
    children: dict[str | None, list[SpanRecord]] = defaultdict(list)
    for span in spans:
        children[span.parent_id if span.parent_id in known and span.parent_id != span.span_id else None].append(span)
    waiting = [(span, 0) for span in reversed(children[None])]
    seen: set[str] = set()
    while waiting:
        span, depth = waiting.pop()
        if span.span_id not in seen:
            seen.add(span.span_id)
            yield span, depth
            waiting += [(child, depth + 1) for child in reversed(children[span.span_id])]


def _view(span: SpanRecord, depth: int) -> SpanView:
    from opentelemetry.proto.trace.v1.trace_pb2 import Span

    from quire.domain.otlp import plain_attributes

    return SpanView(
        span_id=span.span_id,
        parent_id=span.parent_id,
        depth=depth,
        name=span.name,
        type=span.type,
        status=span.status,
        start_time_ns=span.start_time_ns,
        end_time_ns=span.end_time_ns,
        model=span.model,
        total_tokens=(span.usage or {}).get("total_tokens"),
        cost=(span.cost or {}).get("total_cost"),
        attributes=plain_attributes(Span.FromString(span.content).attributes),
    )


def show(console: Console, page: TracePage, *, content: bool) -> None:
    """What is said of the trace, the tree, and with ``content`` what went into and out of each span."""
    view = page.trace
    pairs = [
        ("id", view.trace_id),
        ("name", view.name or "-"),
        ("status", view.status),
        ("began", moment(view.start_time)),
        ("took", duration(view.execution_time_ms)),
        ("tokens", number(view.total_tokens)),
        ("cost", dollars(view.cost)),
        ("request", one_line(view.request_preview or "-")),
        ("response", one_line(view.response_preview or "-")),
    ]
    print_pairs(console, pairs)
    heading(console, "Spans")
    print_table(console, _COLUMNS, [_row(span, line) for span, line in zip(page.spans, _lines(page), strict=True)])
    for title, items in (("Tags", view.tags), ("Metadata", view.metadata)):
        if items:
            heading(console, title)
            print_pairs(console, sorted((key, one_line(value)) for key, value in items.items()))
    if page.assessments:
        heading(console, "Assessments")
        print_pairs(console, [(item.assessment_name, one_line(str(item.value))) for item in page.assessments])
    if content:
        _show_content(console, page.spans)


def _row(span: SpanView, line: str) -> list[Any]:
    took = None if span.end_time_ns is None else (span.end_time_ns - span.start_time_ns) // _NS_PER_MS
    model = f" ({one_line(span.model, 60)})" if span.model else ""
    status = styled(span.status, STYLES.get(span.status, ""))
    tokens = number(span.total_tokens)
    return [
        f"{line}{one_line(span.name, 80)}{model}",
        clean(span.type),
        duration(took),
        tokens,
        dollars(span.cost),
        status,
    ]


def _lines(page: TracePage) -> list[str]:
    """What stands before each span's name: the branches of the tree."""
    made = []
    open_below: list[bool] = []  # for each depth, whether a sibling is still to come
    for place, span in enumerate(page.spans):
        following = next((item for item in page.spans[place + 1 :] if item.depth <= span.depth), None)
        last = following is None or following.depth < span.depth
        open_below[span.depth :] = [not last]
        trunk = "".join("│  " if more else "   " for more in open_below[1 : span.depth])
        made.append("" if span.depth == 0 else f"{trunk}{'└─ ' if last else '├─ '}")
    return made


def _show_content(console: Console, spans: Sequence[SpanView]) -> None:
    for span in spans:
        texts = [
            (title, span.attributes[key])
            for title, key in (("inputs", INPUTS), ("outputs", OUTPUTS))
            if key in span.attributes
        ]
        if texts:
            heading(console, one_line(span.name, 80))
            print_pairs(console, [(title, _text(value)) for title, value in texts])


def _text(value: Any) -> str:
    return value if isinstance(value, str) else msgspec.json.format(msgspec.json.encode(value), indent=2).decode()
