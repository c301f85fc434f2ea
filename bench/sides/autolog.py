"""Call the OpenAI SDK with a library's autologging off and on; what that adds to a call in the caller's thread."""

from __future__ import annotations

import asyncio
import os
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

import openai

from bench.worker import serve

REQUEST: dict[str, Any] = {
    "model": "gpt-4o-mini",
    "messages": [
        {"role": "system", "content": "You answer questions about the orders of a shop. " * 10},
        {"role": "user", "content": "Where is my order, and when will it arrive? " * 10},
    ],
    "temperature": 0.2,
}
BLOCKS = 8
Took = tuple[float, float]
"""Seconds, and seconds of the processor in this thread."""
client = openai.OpenAI()
loop = asyncio.new_event_loop()
async_client = openai.AsyncOpenAI()


def _quire() -> tuple[Callable[[bool], None], Callable[[], None]]:
    import quire.openai
    from quire import tracing

    return lambda on: quire.openai.autolog(disable=not on), tracing.flush


def _mlflow() -> tuple[Callable[[bool], None], Callable[[], None]]:
    import mlflow

    mlflow.set_tracking_uri(os.environ["MLFLOW_TRACKING_URI"])
    return lambda on: mlflow.openai.autolog(disable=not on), mlflow.flush_trace_async_logging


def _openinference() -> tuple[Callable[[bool], None], Callable[[], None]]:
    from openinference.instrumentation.openai import OpenAIInstrumentor
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(BatchSpanProcessor(exporter))
    instrumentor = OpenAIInstrumentor()

    def switch(on: bool) -> None:
        if on:
            instrumentor.instrument(tracer_provider=provider)
        else:
            instrumentor.uninstrument()

    def flush() -> None:
        provider.force_flush()
        exporter.clear()

    return switch, flush


switch, flush = {"quire": _quire, "mlflow": _mlflow, "openinference": _openinference}[sys.argv[1]]()


def _sync() -> float:
    client.chat.completions.create(**REQUEST)
    return 1


def _streamed() -> float:
    return sum(1 for _ in client.chat.completions.create(**REQUEST, stream=True))


async def _awaited(calls: int) -> list[Took]:
    seconds = []
    for _ in range(calls):
        began, worked = time.perf_counter(), time.thread_time()
        await async_client.chat.completions.create(**REQUEST)
        seconds.append((time.perf_counter() - began, time.thread_time() - worked))
    return seconds


def _timed(kind: str, calls: int) -> list[Took]:
    """What each call took; of a stream, each of its chunks."""
    if kind == "async":
        return loop.run_until_complete(_awaited(calls))
    seconds, call = [], _streamed if kind == "stream" else _sync
    for _ in range(calls):
        began, worked = time.perf_counter(), time.thread_time()
        parts = call()
        seconds.append(((time.perf_counter() - began) / parts, (time.thread_time() - worked) / parts))
    return seconds


def measure(kind: str, calls: int) -> dict[str, float]:
    """What autologging adds to the median and to the 99th percentile, from short blocks of calls without and with it.

    Short, because a shared machine is faster at one moment than at the next; what is stored in the background is
    waited for after each block, so that it does not count for the next.
    """
    took: dict[bool, list[Took]] = {False: [], True: []}
    for block in range(2 * BLOCKS):
        on = block % 2 == 1
        switch(on)
        _timed(kind, 2)
        took[on] += _timed(kind, max(2, calls // BLOCKS))
        if on:
            flush()
            switch(False)
    found = {}
    for place, name in enumerate(("", "processor ")):
        off, on_ = (sorted(one[place] for one in took[on]) for on in (False, True))
        found[f"{name}median"] = statistics.median(on_) - statistics.median(off)
        found[f"{name}p99"] = _percentile(on_) - _percentile(off)
    return found


def steady(calls: int) -> float:
    """What autologging adds to a call on average when calls follow one another and all traces are stored."""
    seconds: dict[bool, float] = {False: 0.0, True: 0.0}
    for block in range(4):
        on = block % 2 == 1
        switch(on)
        began = time.perf_counter()
        _timed("sync", calls // 2)
        if on:
            flush()
        seconds[on] += time.perf_counter() - began
        switch(False)
    return (seconds[True] - seconds[False]) / calls


def _percentile(ascending: list[float]) -> float:
    return ascending[-(-len(ascending) * 99 // 100) - 1]


serve(measure=measure, steady=steady)
