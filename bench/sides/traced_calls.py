"""Make traced calls without any network, as autologging makes them: begin and finish a span, many times over."""

from __future__ import annotations

import os
import time

import msgspec

from bench.worker import serve
from quire import tracing
from quire.store import open_store

_INPUTS = msgspec.json.encode(
    {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "Where is my order? " * 10}]}
)
_OUTPUTS = msgspec.json.encode(
    {"choices": [{"index": 0, "message": {"role": "assistant", "content": "It arrives on Thursday. " * 10}}]}
)
_ATTRIBUTES = {
    "gen_ai.operation.name": "chat",
    "gen_ai.request.model": "gpt-4o-mini",
    "mlflow.llm.model": "gpt-4o-mini",
}
_USAGE = {"mlflow.chat.tokenUsage": {"input_tokens": 50, "output_tokens": 50, "total_tokens": 100}}

tracing.configure(spill_mb=64 * 1024)


def run(calls: int) -> float:
    """Make so many calls, each a trace of its own, as fast as that goes; seconds in this thread."""
    began = time.perf_counter()
    for _ in range(calls):
        span = tracing.begin("Completions", "CHAT_MODEL", inputs=_INPUTS, attributes=_ATTRIBUTES)
        span.finish(outputs=_OUTPUTS, attributes=_USAGE)
    return time.perf_counter() - began


def flush() -> None:
    """Wait until all are stored."""
    tracing.flush()


def stored() -> int:
    """How many traces the store has."""
    store = open_store(os.environ["QUIRE_TRACKING_URI"])
    with store._database.read() as session:  # type: ignore[attr-defined]
        from quire.store.sql.statement import Statement

        ((count,),) = session.rows(Statement("SELECT count(*) FROM traces"))
    return int(count)


def memory() -> int:
    """Bytes that the process has in memory now, without what is mapped of files: SQLite maps its own as it grows."""
    with open("/proc/self/statm") as file:
        _, resident, shared, *_ = map(int, file.read().split())
    return (resident - shared) * os.sysconf("SC_PAGE_SIZE")


def dropped() -> int:
    """Traces that found no room."""
    return tracing.dropped()


serve(run=run, flush=flush, stored=stored, memory=memory, dropped=dropped)
