"""Fills a store with traces of four spans, through the store itself; what a filter finds in them is known.

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
    made = _traces(random.Random(11), traces)
    while chunk := list(itertools.islice(made, _AT_ONCE)):
        store.log_spans(experiment_id, [span for trace in chunk for span in trace])


def _traces(source: random.Random, count: int) -> Iterator[list[SpanRecord]]:
    for number in range(count):
        yield list(_spans(source, number, source.randbytes(16)))


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
            content=_content(trace_id, step + 1, name, begin, end, attributes),
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


def _content(trace_id: bytes, number: int, name: str, begin: int, end: int, attributes: dict[str, str]) -> bytes:
    span = Span(trace_id=trace_id, span_id=number.to_bytes(8, "big"), name=name)
    span.start_time_unix_nano, span.end_time_unix_nano = begin, end
    for key, value in attributes.items():
        span.attributes.add(key=key).value.string_value = value
    return span.SerializeToString()
