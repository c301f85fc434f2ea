"""Fills a store with traces of four spans, through the store itself; what a filter finds in them is known.

Or with one trace of many spans.

Values are random with a fixed seed. One trace in a hundred has failed, one in a thousand used the rare model, one in
ten thousand holds a word that no other does; words of messages are drawn as languages do, few often and most seldom.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator
from typing import Any

from opentelemetry.proto.trace.v1.trace_pb2 import Span

from quire.domain.traces import SpanRecord, TraceFacts
from quire.store import Store

PER_TRACE = 4
MODELS = ("gpt-4o-mini", "gpt-4o", "gpt-4.1-mini", "gpt-4.1")
RARE_MODEL = "o1-rare"
TEAMS = 500
NEEDLE_EVERY = 10_000
_AT_ONCE = 500
_STEPS = (("answer", "AGENT"), ("search", "RETRIEVER"), ("rank", "TOOL"), ("chat", "CHAT_MODEL"))
_START = 1_700_000_000_000_000_000
_source = random.Random(7)
_WORDS = ["".join(_source.choices("abcdefghijklmnopqrstuvwxyz", k=_source.randint(3, 10))) for _ in range(20_000)]
_WEIGHTS = list(itertools.accumulate(1 / (rank + 1) for rank in range(len(_WORDS))))
COMMON_WORD = _WORDS[3]


def fill_traces(store: Store, experiment_id: str, traces: int) -> None:
    """Add so many traces to an experiment."""
    made = made_traces(traces)
    while chunk := list(itertools.islice(made, _AT_ONCE)):
        store.log_spans(experiment_id, [span for trace in chunk for span in trace])


def made_traces(count: int) -> Iterator[list[SpanRecord]]:
    """So many traces, always the same."""
    source = random.Random(11)
    for number in range(count):
        yield list(_spans(source, number, source.randbytes(16)))


def large_trace(spans: int, width: int = 100) -> list[SpanRecord]:
    """A trace of so many spans: a root, groups below it, and up to ``width`` spans below each group."""
    trace_id = random.Random(13).randbytes(16)
    made = []
    for number in range(spans):
        group = number - (number - 1) % (width + 1) if number else 0
        parent = None if number == 0 else 0 if number == group else group
        begin = _START + number * 10_000
        end = begin + (spans * 10_000 if number == 0 else 1_000_000)
        name, kind = _STEPS[0] if parent is None else _STEPS[1 + number % 3]
        attributes = {"mlflow.spanType": kind}
        made.append(
            SpanRecord(
                trace_id=f"tr-{trace_id.hex()}",
                span_id=f"{number + 1:016x}",
                parent_id=None if parent is None else f"{parent + 1:016x}",
                name=name,
                type=kind,
                status="OK",
                start_time_ns=begin,
                end_time_ns=end,
                content=_content(trace_id, number + 1, name, begin, end, attributes, parent=parent),
            )
        )
    return made


def _spans(source: random.Random, number: int, trace_id: bytes) -> Iterator[SpanRecord]:
    start, took = _START + number * 1_000_000, int(source.lognormvariate(0, 1) * 1e9)
    failed = source.random() < 0.01
    asked, answered = _asked(source, number), _words(source)
    texts = {"mlflow.spanInputs": asked, "mlflow.spanOutputs": answered}
    for step, (name, kind) in enumerate(_STEPS):
        begin = start + step * 1000
        end = max(begin, start + took - step * 1000)
        attributes = {"mlflow.spanType": kind, **(texts if step in (0, PER_TRACE - 1) else {})}
        yield SpanRecord(
            trace_id=f"tr-{trace_id.hex()}",
            span_id=f"{step + 1:016x}",
            parent_id=f"{1:016x}" if step else None,
            name=name,
            type=kind,
            status="ERROR" if failed and step in (0, PER_TRACE - 1) else "OK",
            start_time_ns=begin,
            end_time_ns=end,
            content=_content(trace_id, step + 1, name, begin, end, attributes, parent=0 if step else None),
            facts=None if step else _facts(source, number, asked, answered),
            **(_used(source) if step == PER_TRACE - 1 else {}),
        )


def _asked(source: random.Random, number: int) -> str:
    holds_needle = number % NEEDLE_EVERY == NEEDLE_EVERY // 2
    return _words(source) + (f" needle{number // NEEDLE_EVERY}x" if holds_needle else "")


def _words(source: random.Random) -> str:
    return " ".join(source.choices(_WORDS, cum_weights=_WEIGHTS, k=60))


def _used(source: random.Random) -> dict[str, Any]:
    usage = {"input_tokens": int(source.paretovariate(1.2) * 200), "output_tokens": int(source.expovariate(0.005))}
    usage["total_tokens"] = sum(usage.values())
    model = RARE_MODEL if source.random() < 0.001 else source.choice(MODELS)
    return {"model": model, "usage": usage, "cost": {"total_cost": usage["total_tokens"] * 1e-6}}


def _facts(source: random.Random, number: int, asked: str, answered: str) -> TraceFacts:
    return TraceFacts(
        request_preview=asked[:100],
        response_preview=answered[:100],
        tags={"mlflow.traceName": "answer", "team": f"team-{source.randrange(TEAMS)}"},
        metadata={"mlflow.trace.session": f"session-{number // 10}"},
    )


def _content(
    trace_id: bytes, number: int, name: str, begin: int, end: int, attributes: dict[str, str], *, parent: int | None
) -> bytes:
    span = Span(trace_id=trace_id, span_id=number.to_bytes(8, "big"), name=name)
    if parent is not None:
        span.parent_span_id = (parent + 1).to_bytes(8, "big")
    span.start_time_unix_nano, span.end_time_unix_nano = begin, end
    for key, value in attributes.items():
        span.attributes.add(key=key).value.string_value = value
    return span.SerializeToString()
