"""Call the OpenAI SDK with a library's autologging off and on; what that adds to a call in the caller's thread.

The service is behind a socket, or answers within the process: without the socket's own spread, which is larger than
what is looked for, the rare slow call can be seen.
"""

from __future__ import annotations

import asyncio
import gc
import itertools
import os
import random
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

import httpx2
import openai

from bench.instant import whole_answer
from bench.worker import serve

REQUEST: dict[str, Any] = {
    "model": "gpt-4o-mini",
    "messages": [
        {"role": "system", "content": "You answer questions about the orders of a shop. " * 10},
        {"role": "user", "content": "Where is my order, and when will it arrive? " * 10},
    ],
    "temperature": 0.2,
}
BLOCKS, STRETCH = 16, 100
_ROUND = gc.get_threshold()[0]
Took = tuple[float, float]
"""Seconds, and seconds of the processor in this thread."""
loop = asyncio.new_event_loop()
_WHOLE = whole_answer()


def _at_once(_request: httpx2.Request) -> httpx2.Response:
    return httpx2.Response(200, content=_WHOLE, headers={"content-type": "application/json"})


async def _at_once_awaited(request: httpx2.Request) -> httpx2.Response:
    return _at_once(request)


_within = openai.DefaultHttpxClient(transport=httpx2.MockTransport(_at_once))
_within_async = openai.DefaultAsyncHttpxClient(transport=httpx2.MockTransport(_at_once_awaited))
CLIENTS: dict[str, tuple[openai.OpenAI, openai.AsyncOpenAI]] = {
    "socket": (openai.OpenAI(), openai.AsyncOpenAI()),
    "process": (openai.OpenAI(http_client=_within), openai.AsyncOpenAI(http_client=_within_async)),
}


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


def _sync(client: openai.OpenAI) -> float:
    client.chat.completions.create(**REQUEST)
    return 1


def _streamed(client: openai.OpenAI) -> float:
    return sum(1 for _ in client.chat.completions.create(**REQUEST, stream=True))


async def _awaited(client: openai.AsyncOpenAI, calls: int) -> list[Took]:
    seconds = []
    for _ in range(calls):
        began, worked = time.perf_counter(), time.thread_time()
        await client.chat.completions.create(**REQUEST)
        seconds.append((time.perf_counter() - began, time.thread_time() - worked))
    return seconds


def _timed(kind: str, calls: int, upstream: str = "socket") -> list[Took]:
    """What each call took; of a stream, each of its chunks."""
    client, async_client = CLIENTS[upstream]
    if kind == "async":
        return loop.run_until_complete(_awaited(async_client, calls))
    seconds, call = [], _streamed if kind == "stream" else _sync
    for _ in range(calls):
        began, worked = time.perf_counter(), time.thread_time()
        parts = call(client)
        seconds.append(((time.perf_counter() - began) / parts, (time.thread_time() - worked) / parts))
    return seconds


def measure(kind: str, calls: int, upstream: str) -> dict[str, float]:
    """What autologging adds to the median and to the 99th percentile, from short blocks of calls without and with it.

    Short, because a shared machine is faster at one moment than at the next, by more than what is to be seen: each
    block is compared with the one just before it, and the median of these differences counts. The 99th percentile needs
    at least a hundred calls, so for that as many neighbouring blocks are taken together. What is stored in the
    background is waited for after each block, so that it does not count for the next, and the first calls after that
    are left out. The collector may be anywhere in its round when a block begins, as in a program that goes on: calls
    without autologging meet its rounds too, if less often.
    """
    took: dict[bool, list[list[Took]]] = {False: [], True: []}
    for block in range(2 * BLOCKS):
        on = block % 2 == 1
        switch(on)
        _timed(kind, 2 if kind == "stream" else 10, upstream)
        _held = [[] for _ in range(random.randrange(_ROUND))]
        took[on].append(_timed(kind, max(2, calls // BLOCKS), upstream))
        if on:
            flush()
            switch(False)
    together = max(1, BLOCKS // max(1, calls // STRETCH))
    found = {}
    for place, name in enumerate(("", "processor ")):
        off, on_ = ([[call[place] for call in block] for block in took[on]] for on in (False, True))
        found[f"{name}median"] = _added(off, on_, statistics.median)
        found[f"{name}p99"] = _added(_joined(off, together), _joined(on_, together), _percentile)
    return found


def _added(off: list[list[float]], on: list[list[float]], what: Callable[[list[float]], float]) -> float:
    return statistics.median(what(later) - what(before) for before, later in zip(off, on, strict=True))


def _joined(blocks: list[list[float]], count: int) -> list[list[float]]:
    return [list(itertools.chain.from_iterable(blocks[at : at + count])) for at in range(0, len(blocks), count)]


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


def _percentile(values: list[float]) -> float:
    ascending = sorted(values)
    return ascending[-(-len(ascending) * 99 // 100) - 1]


serve(measure=measure, steady=steady)
